//! Sums of days by whose entries they are and which way they went: the models as clients and vendors name them, and the
//! route.

use crate::table::{Column, Keyed, NAME, create_keyed, drop};
use crate::{Dialect, Migration, Statement};

pub(crate) const MIGRATION: Migration = Migration { name: "m20261123_000004_ways", up, down };

/// Characters of a vendor's name.
const VENDOR: u32 = 32;
/// Characters of a deployment's id.
const DEPLOYMENT: u32 = 128;

fn up(dialect: Dialect) -> Vec<Statement> {
    [ways(), way_days()].into_iter().flat_map(|table| create_keyed(dialect, table)).collect()
}

fn down() -> Vec<Statement> {
    ["ledger_way_days", "ledger_ways"].map(drop).into()
}

/// Ways that entries went: each combination of these once. Its id is made of what it says.
fn ways() -> Keyed {
    Keyed {
        name: "ledger_ways",
        columns: vec![
            Column::Whole("id"),
            Column::Text("model", NAME),
            Column::Text("vendor", VENDOR),
            Column::Text("deployment", DEPLOYMENT),
            Column::Text("vendor_model", NAME),
            Column::Text("route", NAME),
        ],
        key: &["id"],
        indexes: vec![],
        parts: None,
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

/// Sums of a day. A day is written as in 20261122.
fn way_days() -> Keyed {
    let mut columns = vec![Column::Whole("day"), Column::Whole("account_id"), Column::Whole("way_id")];
    columns.extend(SUMS.map(Column::Whole));
    Keyed {
        name: "ledger_way_days",
        columns,
        key: &["day", "account_id", "way_id"],
        indexes: vec![],
        parts: None,
        by_key: true,
    }
}
