//! The management API over a store of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod access_groups;
mod audit;
mod budgets;
mod credentials;
mod customers;
mod keys;
mod matrix;
mod members;
mod models;
mod office;
mod organizations;
mod people;
mod projects;
mod reach;
mod rights;
mod secrets;
mod spend;
mod tags;
mod teams;
mod users;
