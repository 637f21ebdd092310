//! What the management API needs of the gateway that it is part of.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use http::request::Parts;
use llm_identity::Identity;
use llm_tenancy::{Actor, Document, Route, StoredModel};
use llm_types::{ApiError, UnixMs};

/// Who asks, as the gateway has found out.
#[derive(Debug, Clone)]
pub enum Caller {
    /// The holder of the master key; or anybody, where none is set.
    Master,
    /// The holder of a virtual key, or of a token that stands for one.
    Key(Arc<Identity>),
}

/// A request that was let in.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// Who asks.
    pub caller: Caller,
    /// The same for the audit.
    pub actor: Actor,
}

/// The gateway that the management API is part of.
pub trait Host: Send + Sync + 'static {
    /// The time.
    fn now(&self) -> UnixMs;

    /// Fills with random bytes fit for keys.
    fn fill(&self, bytes: &mut [u8]);

    /// Lets a request in: key, standing, address and route are looked at. What it may do with which records is looked at
    /// later.
    fn admit<'a>(&'a self, parts: &'a Parts, route: Route<'a>) -> BoxFuture<'a, Result<Admitted, ApiError>>;

    /// Until all that was changed up to now holds for requests to this process.
    fn settled(&self) -> BoxFuture<'_, ()>;

    /// Whether the gateway could serve a model beside those that it has; `secrets` are the values of those of its
    /// parameters that are sealed in the record, and of those that its credential brings. A credential that it names and
    /// has no id of is one of the configuration's, or none.
    ///
    /// # Errors
    /// What is wrong with it, by its place.
    fn check_model(&self, model: &StoredModel, secrets: &Document) -> Result<(), ApiError>;
}
