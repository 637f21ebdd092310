//! The ledger, its sums, what accounts hold and who holds shares of them, and when budgets begin anew.

use crate::table::{Column, Keyed, NAME, Only, PAIR, create_keyed, drop, drop_view, over, partly, view};
use crate::{Dialect, Migration, Statement};

pub(crate) const MIGRATION: Migration = Migration { name: "m20261122_000003_ledger", up, down };

/// Characters of a word of ours, such as a status or a dimension.
const WORD: u32 = 16;
/// Characters of a vendor's name.
const VENDOR: u32 = 32;
/// Characters of a deployment's id, of which a day's sum has several beside it in one index of InnoDB.
const DEPLOYMENT: u32 = 128;
/// Characters of an account's name, so that it and its window fit into one index of InnoDB.
const ACCOUNT: u32 = 640;
/// Characters of a replica's name. With an account's they fit into one index of InnoDB.
const REPLICA: u32 = 64;

fn up(dialect: Dialect) -> Vec<Statement> {
    let tables = [
        accounts(),
        targets(),
        terms(),
        entries(),
        tags(),
        days(),
        totals(),
        account_days(),
        counters(),
        shares(),
        replicas(),
        resets(),
    ];
    let made = tables.into_iter().flat_map(|table| create_keyed(dialect, table));
    made.chain([view(dialect, "ledger", LEDGER)]).collect()
}

fn down() -> Vec<Statement> {
    let tables = [
        "resets",
        "replicas",
        "shares",
        "counters",
        "ledger_account_days",
        "ledger_totals",
        "ledger_days",
        "ledger_tags",
        "ledger_entries",
        "ledger_terms",
        "ledger_targets",
        "ledger_accounts",
    ];
    [drop_view("ledger")].into_iter().chain(tables.map(drop)).collect()
}

/// Entries with what they share with others. What is not asked for of that is not looked up.
const LEDGER: &str = "SELECT e.at_ms, e.request_id, e.leg, e.account_id, e.target_id, e.status, e.flags, e.call_id, \
    e.session_id, a.key_id, a.user_id, a.team_id, a.organization_id, a.project_id, e.end_user_id, t.model, t.vendor, \
    t.deployment, e.prompt_tokens, e.completion_tokens, e.cache_read_tokens, e.cache_write_tokens, \
    e.reasoning_tokens, e.spend_nanos, e.list_nanos, e.duration_ms, e.rest, s.body AS terms \
    FROM ledger_entries e LEFT JOIN ledger_accounts a ON a.id = e.account_id \
    LEFT JOIN ledger_targets t ON t.id = e.target_id LEFT JOIN ledger_terms s ON s.id = e.terms_id";

/// Whose entries are: each combination of these once. Its id is made of what it says.
fn accounts() -> Keyed {
    let name = |name| Column::Text(name, NAME);
    Keyed {
        name: "ledger_accounts",
        columns: vec![
            Column::Whole("id"),
            name("key_id"),
            name("user_id"),
            name("team_id"),
            name("organization_id"),
            name("project_id"),
        ],
        key: &["id"],
        indexes: vec![
            over(&["key_id"]),
            over(&["user_id"]),
            over(&["team_id"]),
            over(&["organization_id"]),
            over(&["project_id"]),
        ],
        parts: None,
        by_key: true,
    }
}

/// What entries were for, likewise.
fn targets() -> Keyed {
    Keyed {
        name: "ledger_targets",
        columns: vec![
            Column::Whole("id"),
            Column::Text("model", NAME),
            Column::Text("vendor", VENDOR),
            Column::Text("deployment", DEPLOYMENT),
        ],
        key: &["id"],
        indexes: vec![over(&["model"]), over(&["vendor"]), over(&["deployment"])],
        parts: None,
        by_key: true,
    }
}

/// What else entries of a day have in common: the accounts that are charged, the route. Nothing is looked up by it.
fn terms() -> Keyed {
    Keyed {
        name: "ledger_terms",
        columns: vec![Column::Whole("id"), Column::Whole("day"), Column::Long("body")],
        key: &["id"],
        indexes: vec![over(&["day"])],
        parts: None,
        by_key: true,
    }
}

/// One row for each entry. What is filtered, grouped or summed is in columns, the rest in a document. What many have in
/// common is elsewhere, and an index has its number alone: each index is written with each entry.
fn entries() -> Keyed {
    let name = |name| Column::Text(name, NAME);
    let named = |column, columns| partly(columns, Only::Not(column, ""));
    Keyed {
        name: "ledger_entries",
        columns: vec![
            Column::Whole("at_ms"),
            Column::Bytes("request_id", 16),
            Column::Whole("leg"),
            Column::Whole("account_id"),
            Column::Whole("target_id"),
            Column::Whole("terms_id"),
            Column::Text("status", WORD),
            Column::Whole("flags"),
            name("call_id"),
            name("session_id"),
            name("end_user_id"),
            Column::Whole("prompt_tokens"),
            Column::Whole("completion_tokens"),
            Column::Whole("cache_read_tokens"),
            Column::Whole("cache_write_tokens"),
            Column::Whole("reasoning_tokens"),
            Column::Whole("spend_nanos"),
            Column::Whole("list_nanos"),
            Column::Whole("duration_ms"),
            Column::Long("rest"),
        ],
        key: &["at_ms", "request_id", "leg"],
        // What most entries do not have is in an index where it is.
        indexes: vec![
            over(&["account_id", "at_ms"]),
            over(&["target_id", "at_ms"]),
            named("end_user_id", &["end_user_id", "at_ms"]),
            partly(&["status", "at_ms"], Only::Not("status", "answered")),
            // For the dearest of all.
            over(&["spend_nanos"]),
            named("call_id", &["call_id"]),
            named("session_id", &["session_id"]),
        ],
        parts: Some("at_ms"),
        by_key: false,
    }
}

/// Labels of entries.
fn tags() -> Keyed {
    Keyed {
        name: "ledger_tags",
        columns: vec![
            Column::Whole("at_ms"),
            Column::Bytes("request_id", 16),
            Column::Whole("leg"),
            Column::Text("tag", NAME),
        ],
        key: &["tag", "at_ms", "request_id", "leg"],
        indexes: vec![over(&["at_ms"])],
        parts: Some("at_ms"),
        by_key: true,
    }
}

/// What is summed.
const SUMS: [&str; 12] = [
    "requests",
    "successes",
    "failures",
    "estimated",
    "prompt_tokens",
    "completion_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "spend_nanos",
    "list_nanos",
    "duration_ms",
];

/// Sums of a day. A day is written as in 20261122. It is said before the id, so that what one batch raises lies together.
fn days() -> Keyed {
    let mut columns = vec![
        Column::Text("dimension", WORD),
        Column::Whole("day"),
        Column::Text("id", NAME),
        Column::Text("model", NAME),
        Column::Text("vendor", VENDOR),
        Column::Text("deployment", DEPLOYMENT),
    ];
    columns.extend(SUMS.map(Column::Whole));
    Keyed {
        name: "ledger_days",
        columns,
        key: &["dimension", "day", "id", "model", "vendor", "deployment"],
        indexes: vec![],
        parts: None,
        by_key: true,
    }
}

/// The same of all models, vendors and deployments together.
fn totals() -> Keyed {
    let mut columns = vec![Column::Text("dimension", WORD), Column::Whole("day"), Column::Text("id", NAME)];
    columns.extend(SUMS.map(Column::Whole));
    Keyed {
        name: "ledger_totals",
        columns,
        key: &["dimension", "day", "id"],
        indexes: vec![],
        parts: None,
        by_key: true,
    }
}

/// Sums of a day by whose entries they are, for reports by several of key, user, team and so on at once.
fn account_days() -> Keyed {
    let mut columns = vec![Column::Whole("day"), Column::Whole("account_id")];
    columns.extend(SUMS.map(Column::Whole));
    Keyed {
        name: "ledger_account_days",
        columns,
        key: &["day", "account_id"],
        indexes: vec![],
        parts: None,
        by_key: true,
    }
}

/// What was taken out of an account in each of its periods.
fn counters() -> Keyed {
    Keyed {
        name: "counters",
        columns: vec![
            Column::Text("account", ACCOUNT),
            Column::Whole("window_ms"),
            Column::Whole("booked_nanos"),
            Column::Whole("touched_ms"),
        ],
        key: &["account", "window_ms"],
        // No index over what changes whenever something is booked, but for those to which nothing is.
        indexes: vec![over(&["window_ms"]), partly(&["touched_ms"], Only::Zero("booked_nanos"))],
        parts: None,
        by_key: true,
    }
}

/// What each replica holds of an account, and until when that matters to anybody.
fn shares() -> Keyed {
    Keyed {
        name: "shares",
        columns: vec![
            Column::Text("account", ACCOUNT),
            Column::Whole("window_ms"),
            Column::Text("replica", REPLICA),
            Column::Whole("held"),
            Column::Whole("until_ms"),
        ],
        key: &["account", "window_ms", "replica"],
        indexes: vec![over(&["replica"]), over(&["until_ms"])],
        parts: None,
        by_key: false,
    }
}

/// Replicas that hold shares, and until when they do unless they say that they are alive.
fn replicas() -> Keyed {
    Keyed {
        name: "replicas",
        columns: vec![Column::Text("replica", REPLICA), Column::Whole("until_ms")],
        key: &["replica"],
        indexes: vec![],
        parts: None,
        by_key: false,
    }
}

/// When records' budgets begin anew.
fn resets() -> Keyed {
    Keyed {
        name: "resets",
        columns: vec![
            Column::Text("kind", 2 * WORD),
            Column::Text("record_id", PAIR),
            Column::Whole("at_ms"),
        ],
        key: &["kind", "record_id"],
        indexes: vec![over(&["at_ms"])],
        parts: None,
        by_key: false,
    }
}
