//! How long a request goes on, and where.

/// How long a request goes on, and where.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Resilience {
    /// Attempts in all, the first included. Zero gives up at once.
    pub max_attempts: u32,
    /// Give an attempt up when its first token has not come after this many milliseconds.
    pub first_token_ms: Option<u64>,
}

impl Default for Resilience {
    fn default() -> Self {
        Self { max_attempts: 4, first_token_ms: None }
    }
}
