//! The real binary: started, driven, reloaded, drained. Loopback only; every wait is bounded.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod bounds;
mod client;
mod commands;
mod drain;
mod hangup;
mod process;
mod readers;
mod reload;
mod silence;
mod start;
mod tls;
mod translate;
