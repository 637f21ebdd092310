//! What was spent: every route's figures, who sees which, and what makes no sense.

pub(crate) mod ledger;
mod logs;
mod prices;
mod reach;
mod reports;
mod reprice;
