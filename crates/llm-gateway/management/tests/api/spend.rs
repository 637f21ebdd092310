//! What was spent: every route's figures, who sees which, and what makes no sense.

mod ledger;
mod logs;
mod prices;
mod reach;
mod reports;
mod reprice;
