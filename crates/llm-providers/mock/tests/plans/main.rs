//! Plans as a driver sees them, for both wires.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod common;
mod faults;
mod wires;
