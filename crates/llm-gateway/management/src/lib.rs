#![doc = include_str!("../README.md")]

mod bounds;
mod budgets;
mod desk;
mod endpoint;
mod fault;
mod host;
mod keys;
mod member;
mod members;
mod office;
mod openapi;
mod paging;
mod parts;
mod people;
mod said;
mod shape;
mod teams;
mod terms;
mod veil;
mod wire;

use endpoint::Endpoint;

pub use host::{Admitted, Caller, Host};
pub use office::Office;
pub use openapi::paths;

/// Every route that is served. A test holds them against `llm-tenancy`'s table of rights.
fn endpoints() -> Vec<Endpoint> {
    [
        budgets::endpoints(),
        keys::endpoints(),
        members::endpoints(),
        teams::endpoints(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
