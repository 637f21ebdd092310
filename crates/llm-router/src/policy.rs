//! What one request is allowed.

use crate::strategy::{self, Strategy};
use crate::{RouterSettings, RoutingStrategy};

/// How a session chooses, and how long it goes on.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Policy {
    /// How one candidate is chosen from those left after all filters.
    pub strategy: Strategy,
    /// Attempts in all, the first included. Zero gives up at once. Default: 1.
    pub max_attempts: u32,
    /// Give an attempt up when its first token has not come after this many milliseconds. Default: no bound.
    pub first_token_ms: Option<u64>,
}

impl Default for Policy {
    fn default() -> Self {
        Self { strategy: strategy::weighted_shuffle, max_attempts: 1, first_token_ms: None }
    }
}

impl From<&RouterSettings> for Policy {
    fn from(settings: &RouterSettings) -> Self {
        let strategy: Strategy = match settings.routing_strategy {
            RoutingStrategy::SimpleShuffle => strategy::weighted_shuffle,
        };
        Self { strategy, ..Self::default() }
    }
}
