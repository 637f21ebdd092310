//! Why a deployment is asked.

use serde::{Deserialize, Serialize};

/// Why a deployment is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It was the first choice.
    #[default]
    First,
    /// An attempt in the same group had failed.
    Retry,
    /// Its group stands in for another that had failed.
    Fallback,
    /// Another was slow; the first answer wins.
    Hedge,
    /// A stream had broken off, and goes on here.
    Continuation,
    /// It gets a copy, and its answer is thrown away.
    Mirror,
}

impl Reason {
    /// A name for logs.
    pub const fn label(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Retry => "retry",
            Self::Fallback => "fallback",
            Self::Hedge => "hedge",
            Self::Continuation => "continuation",
            Self::Mirror => "mirror",
        }
    }
}
