//! The server over loopback sockets.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod client;
mod control;
mod faults;
mod wire;
