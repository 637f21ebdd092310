//! The ledger and the budgets from outside: against the record of a vendor that runs in a process of its own.

mod burst;
mod crash;
mod outage;
mod race;
mod reports;
