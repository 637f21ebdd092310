//! The real binary: started, driven, reloaded, drained. Loopback only; every wait is bounded.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests, and what they measure"
)]

mod auto_routers;
mod bounds;
mod client;
mod commands;
mod drain;
mod explain;
mod faults;
mod full_files;
mod hangup;
mod ledger;
mod limits;
mod manage;
mod paths;
mod process;
mod readers;
mod reload;
mod routing;
mod shared;
mod silence;
mod start;
mod tenants;
mod tls;
mod translate;
