#![doc = include_str!("../README.md")]

mod access_groups;
mod audit;
mod bounds;
mod budgets;
mod credentials;
mod customers;
mod desk;
mod docs;
mod endpoint;
mod fault;
mod host;
mod keys;
mod lift;
mod member;
mod members;
mod models;
mod office;
mod openapi;
mod organizations;
mod owner;
mod paging;
mod parts;
mod people;
mod projects;
mod said;
mod seals;
mod shape;
mod spend;
mod tags;
mod teams;
mod terms;
mod users;
mod veil;
mod wire;

use endpoint::Endpoint;

pub use docs::{DOCS_PAGE, DOCS_POLICY, DOCS_SCRIPT, DOCS_SHEET};
pub use host::{Admitted, Caller, Host, KeyBounds, Quote, Repriced, UserDefaults};
pub use keys::Rotated;
pub use office::Office;
pub use openapi::{openapi, paths};

/// Every route that is served. A test holds them against `llm-tenancy`'s table of rights.
fn endpoints() -> Vec<Endpoint> {
    [
        access_groups::endpoints(),
        audit::endpoints(),
        budgets::endpoints(),
        credentials::endpoints(),
        customers::endpoints(),
        keys::endpoints(),
        members::endpoints(),
        models::endpoints(),
        organizations::endpoints(),
        projects::endpoints(),
        spend::endpoints(),
        tags::endpoints(),
        teams::endpoints(),
        users::endpoints(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
