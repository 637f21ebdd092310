//! The management API over a store of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod access_groups;
mod audit;
mod budgets;
mod credentials;
mod customers;
mod models;
mod office;
mod people;
mod reach;
mod tags;
mod users;
