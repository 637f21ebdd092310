//! What the configuration says of one model group, made ready.

use std::sync::Arc;

mod breaker;
mod resilience;
mod retries;
mod selection;

pub(crate) use breaker::ms;
pub use breaker::{Breaker, BreakerRule};
pub use resilience::{Hedging, Lists, Resilience, Target};
pub use retries::{Backoff, Retries};
pub(crate) use selection::Patterns;
pub use selection::{Bonds, Selection};

/// What the configuration says of one model group, made ready.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Policy {
    /// The group.
    pub group: Arc<str>,
    /// How one of its deployments is chosen.
    pub selection: Selection,
    /// How long a request goes on, and where.
    pub resilience: Resilience,
}
