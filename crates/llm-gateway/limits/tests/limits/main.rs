//! Limits as a gateway uses them.
#![expect(clippy::unwrap_used, reason = "a failure is told by the test")]

mod alone;
mod booked;
mod compile;
mod demand;
mod late;
mod priorities;
mod shared;
mod stress;
mod support;
mod whatever;
