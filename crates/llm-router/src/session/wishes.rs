//! What a request asks of the router.

use llm_types::UnixMs;

use crate::settings::{FallbackTarget, RetryPolicy};

/// What a request asks of the router; goes before the configuration.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Wishes {
    /// Further attempts in each group, at most [`Retries::MOST_WISHED`](crate::Retries::MOST_WISHED). Zero sets
    /// policies aside.
    pub num_retries: Option<u32>,
    /// Further attempts by the kind of failure.
    pub retry_policy: Option<RetryPolicy>,
    /// Groups to go on with, whatever went wrong.
    pub fallbacks: Option<Vec<FallbackTarget>>,
    /// Groups to go on with when the prompt is too long.
    pub context_window_fallbacks: Option<Vec<FallbackTarget>>,
    /// Groups to go on with when the content is refused.
    pub content_policy_fallbacks: Option<Vec<FallbackTarget>>,
    /// Whether no other group may serve it.
    pub disable_fallbacks: bool,
    /// Milliseconds until the first token of a stream, at most.
    pub first_token_ms: Option<u64>,
    /// Whether it has set its time limit itself: that it ran into that says nothing about a deployment.
    pub own_timeout: bool,
    /// Whether it asks for vectors, which do not compare with those of another model.
    pub embedding: bool,
    /// When it is given up whatever happens: nobody waits beyond.
    pub deadline: Option<UnixMs>,
}
