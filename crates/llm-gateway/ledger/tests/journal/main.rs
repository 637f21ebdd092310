//! The journal as its users see it: what it promises, whatever crashes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod crash;
mod damage;
mod full;
mod legs;
mod process;
mod reading;
mod support;
mod together;
