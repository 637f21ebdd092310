#![doc = include_str!("../README.md")]

mod dialect;
mod m20261121_000001_records;
mod m20261121_000002_journals;
mod m20261122_000003_ledger;
mod m20261123_000004_ways;
mod statement;
mod table;
#[cfg(test)]
mod tests;

pub use dialect::Dialect;
pub use statement::Statement;

/// One step of the schema, forth and back.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Migration {
    /// What the database remembers it by; names sort in the order of the steps.
    pub name: &'static str,
    /// Makes it. What is there already stays, so that a step cut short can be taken again.
    pub up: fn(Dialect) -> Vec<Statement>,
    /// Unmakes it, with what it holds.
    pub down: fn() -> Vec<Statement>,
}

/// Every step, first to last.
pub const ALL: &[Migration] = &[
    m20261121_000001_records::MIGRATION,
    m20261121_000002_journals::MIGRATION,
    m20261122_000003_ledger::MIGRATION,
    m20261123_000004_ways::MIGRATION,
];
