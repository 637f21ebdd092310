//! The management API over a store of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod budgets;
mod keys;
mod members;
mod office;
mod organizations;
mod projects;
mod rights;
mod teams;
