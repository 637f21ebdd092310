//! What is written beside records: changes for other replicas, the audit log, rotated keys, and what was deleted.

use crate::table::{Column, NAME, PAIR, create, drop, over};
use crate::{Dialect, Migration, Statement};

pub(crate) const MIGRATION: Migration = Migration { name: "m20261121_000002_journals", up, down };

/// Characters of a word of ours, such as a kind's name.
const WORD: u32 = 64;

fn up(dialect: Dialect) -> Vec<Statement> {
    let changes = create(
        dialect,
        "changes",
        [
            Column::Sequence("seq"),
            Column::Text("kind", WORD),
            Column::MaybeText("record_id", PAIR),
            Column::Whole("at_ms"),
        ],
        &[over(&["at_ms"])],
    );
    let audit = create(
        dialect,
        "audit_log",
        [
            Column::Key("id", WORD),
            Column::Whole("at_ms"),
            Column::Text("action", WORD),
            Column::Text("kind", WORD),
            Column::Text("record_id", PAIR),
            Column::MaybeText("changed_by", NAME),
            Column::MaybeText("changed_by_key", NAME),
            Column::Document("body"),
        ],
        &[over(&["at_ms"]), over(&["kind", "record_id"]), over(&["changed_by"])],
    );
    let graces = create(
        dialect,
        "key_graces",
        [Column::Key("old_hash", NAME), Column::Text("key_id", NAME), Column::Whole("until_ms")],
        &[over(&["key_id"]), over(&["until_ms"])],
    );
    let deleted = create(
        dialect,
        "deleted_records",
        [
            Column::Sequence("seq"),
            Column::Text("kind", WORD),
            Column::Text("record_id", PAIR),
            Column::Whole("deleted_ms"),
            Column::MaybeText("deleted_by", NAME),
            Column::MaybeText("alias", NAME),
            Column::MaybeText("user_id", NAME),
            Column::MaybeText("team_id", NAME),
            Column::MaybeText("organization_id", NAME),
            Column::Whole("spend_nanos"),
            Column::Whole("created_ms"),
            Column::Whole("updated_ms"),
            Column::Document("body"),
        ],
        &[over(&["kind", "record_id"]), over(&["user_id"]), over(&["team_id"]), over(&["deleted_ms"])],
    );
    [changes, audit, graces, deleted].concat()
}

fn down() -> Vec<Statement> {
    ["deleted_records", "key_graces", "audit_log", "changes"].map(drop).to_vec()
}
