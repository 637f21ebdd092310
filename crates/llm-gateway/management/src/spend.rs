//! What was spent: entries of the ledger, and what they come to.
//!
//! Sums of everything are read from the days' sums; whoever does not reach everything, and whoever asks for several
//! dimensions at once, gets them from the entries, as far back as those are kept.

mod activity;
mod check;
mod daily;
mod dates;
mod global;
mod logs;
mod named;
mod prices;
mod records;
mod reports;
mod reprice;
mod row;
mod tally;

use crate::endpoint::Endpoint;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    [
        logs::endpoints(),
        records::endpoints(),
        global::endpoints(),
        activity::endpoints(),
        daily::endpoints(),
        reports::endpoints(),
        prices::endpoints(),
        tally::endpoints(),
        check::endpoints(),
        reprice::endpoints(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
