//! The gateway as others see it: the real binary, with a vendor that keeps its own record in a process of its own.
//!
//! [`crash`] kills it at random moments and compares what the vendor was asked with what the ledger says. [`race`] lets
//! many requests run for budgets at once, [`burst`] for one that has room for all; [`lease`] kills one of two gateways while it holds a budget, and [`outage`] takes
//! their Redis away under load. The first two compare from outside: nothing of the gateway is linked here.
//!
//! ```
//! use llm_lab::Chance;
//!
//! let mut chance = Chance::new(7);
//! assert!((1..=4_000).contains(&chance.tokens()));
//! ```

mod books;
pub mod burst;
mod chance;
pub mod crash;
mod databases;
mod disk;
mod http;
pub mod lease;
pub mod outage;
mod process;
pub mod race;
#[path = "../../../crates/llm-gateway/shared/tests/redis/server.rs"]
#[expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of tests, of which this uses what it needs"
)]
mod redis;
mod scene;
mod vendor;

pub use books::{Books, Entry, Sum};
pub use chance::Chance;
pub use databases::DatabaseKind;
pub use scene::{COMPLETION_NANOS, PROMPT_NANOS, price};
pub use vendor::{Served, Vendor};
