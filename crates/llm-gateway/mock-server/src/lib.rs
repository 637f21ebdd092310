#![doc = include_str!("../README.md")]

mod control;
mod exchanges;
mod record;
mod routes;
mod server;
mod stage;

pub use exchanges::{Exchange, ExchangeError, ExchangeResponse};
pub use record::{Outcome, Record};
pub use server::{Handle, MockServer, Options};

pub use llm_provider_mock::{Cut, PlanBody, Reported, Script};
