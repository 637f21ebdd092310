//! The ledger: entries, their sums, what is left of accounts, and the reports.

mod book;
mod check;
mod counters;
mod day;
mod days;
mod kin;
mod list;
mod parts;
mod period;
mod prune;
mod reach;
mod report;
pub(crate) mod resets;
mod row;
mod shares;
mod spend;
mod sums;
mod take;
mod upsert;

pub use book::Booked;
pub use check::Mismatch;
pub use day::Day;
pub use days::{Dimension, Sums};
pub(crate) use kin::Known;
pub use list::{EntryCount, EntryOrder, EntryPage, EntryQuery};
pub(crate) use parts::Parts;
pub(crate) use prune::Portion;
pub use prune::Pruned;
pub use report::{Facet, ReportLine, ReportQuery};
pub use sums::{DaySum, Group, SumOrder, SumQuery};
pub use take::{ShareAsk, ShareGrant, Taken};
