#![doc = include_str!("../README.md")]

mod budgets;
mod desk;
mod endpoint;
mod fault;
mod host;
mod keys;
mod member;
mod office;
mod openapi;
mod said;
mod shape;
mod terms;
mod wire;

use endpoint::Endpoint;

pub use host::{Admitted, Caller, Host};
pub use office::Office;
pub use openapi::paths;

/// Every route that is served. A test holds them against `llm-tenancy`'s table of rights.
fn endpoints() -> Vec<Endpoint> {
    [budgets::endpoints(), keys::endpoints()].into_iter().flatten().collect()
}
