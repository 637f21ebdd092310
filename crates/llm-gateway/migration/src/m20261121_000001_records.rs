//! A table for each kind of record: what is looked up, filtered or counted in columns, the whole record in `body`.

use crate::table::{Column, NAME, OWNER, Over, PAIR, create, drop, over, unique};
use crate::{Dialect, Migration, Statement};

pub(crate) const MIGRATION: Migration = Migration { name: "m20261121_000001_records", up, down };

struct Kind {
    table: &'static str,
    /// Characters of its id.
    id: u32,
    columns: fn() -> Vec<Column>,
    indexes: &'static [Over],
}

const KINDS: &[Kind] = &[
    Kind {
        table: "keys",
        id: NAME,
        columns: || {
            let mut columns = names(&[
                "alias",
                "user_id",
                "team_id",
                "organization_id",
                "project_id",
                "agent_id",
                "budget_id",
                "created_by",
                "token_claim",
            ]);
            columns.extend([
                Column::MaybeWhole("expires_ms"),
                Column::MaybeWhole("rotates_ms"),
                Column::Flag("blocked"),
            ]);
            columns
        },
        indexes: &[
            unique(&["alias"]),
            unique(&["token_claim"]),
            over(&["user_id"]),
            over(&["team_id"]),
            over(&["organization_id"]),
            over(&["project_id"]),
            over(&["budget_id"]),
            over(&["created_by"]),
            over(&["expires_ms"]),
            over(&["rotates_ms"]),
            over(&["created_ms", "id"]),
        ],
    },
    Kind {
        table: "teams",
        id: NAME,
        columns: || {
            let mut columns = names(&["alias", "organization_id", "budget_id"]);
            columns.push(Column::Flag("blocked"));
            columns
        },
        indexes: &[
            over(&["alias"]),
            over(&["organization_id"]),
            over(&["budget_id"]),
            over(&["created_ms", "id"]),
        ],
    },
    Kind {
        table: "team_members",
        id: PAIR,
        columns: || {
            let mut columns = vec![Column::Text("team_id", NAME), Column::Text("user_id", NAME)];
            columns.extend(names(&["role", "budget_id"]));
            columns
        },
        indexes: &[unique(&["team_id", "user_id"]), over(&["user_id"]), over(&["budget_id"])],
    },
    Kind {
        table: "users",
        id: NAME,
        columns: || {
            let mut columns = names(&["email", "alias", "sso_id", "role", "budget_id"]);
            columns.push(Column::Flag("blocked"));
            columns
        },
        indexes: &[
            unique(&["email"]),
            unique(&["sso_id"]),
            over(&["role"]),
            over(&["budget_id"]),
            over(&["created_ms", "id"]),
        ],
    },
    Kind {
        table: "organizations",
        id: NAME,
        columns: || {
            let mut columns = names(&["alias", "budget_id"]);
            columns.push(Column::Flag("blocked"));
            columns
        },
        indexes: &[over(&["alias"]), over(&["budget_id"]), over(&["created_ms", "id"])],
    },
    Kind {
        table: "organization_members",
        id: PAIR,
        columns: || {
            let mut columns = vec![Column::Text("organization_id", NAME), Column::Text("user_id", NAME)];
            columns.extend(names(&["role", "budget_id"]));
            columns
        },
        indexes: &[unique(&["organization_id", "user_id"]), over(&["user_id"]), over(&["budget_id"])],
    },
    Kind {
        table: "projects",
        id: NAME,
        columns: || {
            let mut columns = names(&["alias", "team_id", "budget_id"]);
            columns.push(Column::Flag("blocked"));
            columns
        },
        indexes: &[over(&["alias"]), over(&["team_id"]), over(&["budget_id"]), over(&["created_ms", "id"])],
    },
    Kind {
        table: "end_users",
        id: NAME,
        columns: || {
            let mut columns = names(&["alias", "budget_id"]);
            columns.push(Column::Flag("blocked"));
            columns
        },
        indexes: &[over(&["alias"]), over(&["budget_id"]), over(&["created_ms", "id"])],
    },
    Kind { table: "budgets", id: NAME, columns: Vec::new, indexes: &[over(&["created_ms", "id"])] },
    Kind {
        table: "tags",
        id: NAME,
        columns: || names(&["budget_id"]),
        indexes: &[over(&["budget_id"]), over(&["created_ms", "id"])],
    },
    Kind {
        table: "access_groups",
        id: NAME,
        columns: || names(&["name", "budget_id"]),
        indexes: &[unique(&["name"]), over(&["budget_id"]), over(&["created_ms", "id"])],
    },
    Kind {
        table: "models",
        id: NAME,
        columns: || {
            let mut columns = names(&["name", "team_id", "organization_id", "seal_id"]);
            columns.push(Column::Flag("blocked"));
            columns
        },
        indexes: &[
            over(&["name"]),
            over(&["team_id"]),
            over(&["organization_id"]),
            over(&["seal_id"]),
            over(&["created_ms", "id"]),
        ],
    },
    Kind {
        table: "credentials",
        id: NAME,
        columns: || {
            let mut columns = vec![Column::Text("name", NAME), Column::Text("owner", OWNER)];
            columns.extend(names(&["team_id", "organization_id", "seal_id"]));
            columns
        },
        indexes: &[
            // One name belongs to one credential of each owner, and of nobody.
            unique(&["name", "owner"]),
            over(&["team_id"]),
            over(&["organization_id"]),
            over(&["seal_id"]),
            over(&["created_ms", "id"]),
        ],
    },
];

fn names(columns: &[&'static str]) -> Vec<Column> {
    columns.iter().map(|name| Column::MaybeText(name, NAME)).collect()
}

fn up(dialect: Dialect) -> Vec<Statement> {
    KINDS.iter().flat_map(|kind| record(dialect, kind)).collect()
}

fn down() -> Vec<Statement> {
    KINDS.iter().rev().map(|kind| drop(kind.table)).collect()
}

/// What every record has: its id, its version, what was spent in nano-dollars, when it was made and changed last.
fn record(dialect: Dialect, kind: &Kind) -> Vec<Statement> {
    let mut columns = vec![
        Column::Key("id", kind.id),
        Column::Whole("version"),
        Column::Whole("spend_nanos"),
        Column::Whole("created_ms"),
        Column::Whole("updated_ms"),
    ];
    columns.extend((kind.columns)());
    columns.push(Column::Document("body"));
    create(dialect, kind.table, columns, kind.indexes)
}
