#![doc = include_str!("../README.md")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "this crate is test code: a law that does not hold panics"
)]

pub mod conformance;
pub mod corpus;
pub mod fuzz;
pub mod laws;
pub mod suite;

mod answers;
mod assemble;
#[cfg(test)]
mod plain;
mod random;
mod requests;

pub use answers::random_answer;
pub use assemble::assemble;
pub use random::Random;
pub use requests::{random_request, sprinkle};
