//! How hard a prompt is, by its words.

use serde::{Deserialize, Serialize};

/// How hard a prompt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Small talk, a definition, a look-up.
    Simple,
    /// Anything else.
    Medium,
    /// Code, or matters of a trade.
    Complex,
    /// To be thought through.
    Reasoning,
}

impl Tier {
    /// Every tier, the easiest first.
    pub const ALL: [Self; 4] = [Self::Simple, Self::Medium, Self::Complex, Self::Reasoning];

    /// Its name in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Medium => "medium",
            Self::Complex => "complex",
            Self::Reasoning => "reasoning",
        }
    }
}
