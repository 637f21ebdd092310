//! Throw-away database servers for tests: on loopback, at a free port, in a folder of their own, ended with the test.
//!
//! The distribution's packages are enough; their services are not needed and not touched. The servers' programs refuse
//! to run as root, so that root starts them as `nobody`.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod mariadb;
mod postgres;
mod program;
mod server;

pub use server::{Kind, Server};
