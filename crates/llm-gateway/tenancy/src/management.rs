//! Who may manage what.
//!
//! A request to manage names a [`Resource`] and a [`Verb`]: [`ROUTES`] says which. [`Manager::scope`] answers how far the
//! one who asks may go, as a [`Scope`] that the store puts into its queries: what lies outside is not there, so that what
//! is foreign and what is absent cannot be told apart. [`Manager::may_set`] says which members of a record one may set, and
//! [`Manager::check_key`] and its like that nobody grants what he does not have.

mod fields;
mod grant;
mod holder;
mod manager;
mod references;
mod rights;
mod routes;
mod scope;
#[cfg(test)]
mod tests;

pub use fields::{Least, least};
pub use grant::{Ceiling, Forbidden};
pub use manager::{Manager, Membership, Rank};
pub use references::{has_reference, is_reference, is_tenants_parameter};
pub use rights::{Resource, Rights, Verb, Verbs, rights};
pub use routes::{ManagementRoute, ROUTES, route};
pub use scope::{Place, Scope};
