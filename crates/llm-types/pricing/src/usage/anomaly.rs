//! What cannot be true of a usage.

use std::fmt;

use serde::Serialize;

/// Something in a usage that cannot be true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Anomaly {
    /// Which side it makes worthless.
    pub side: Side,
    /// What it is.
    pub contradiction: Contradiction,
}

/// The sides of a usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// What was read.
    Prompt,
    /// What was written.
    Completion,
    /// What tools did.
    Tools,
}

/// What cannot be true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Contradiction {
    /// A sum is not there.
    Missing(&'static str),
    /// A count is below zero, a fraction, too large, or no number.
    NoCount {
        /// Which.
        field: &'static str,
        /// What stands there.
        value: String,
    },
    /// The total is not the sum of prompt and completion.
    TotalDiffers {
        /// The total, as reported.
        total: u64,
        /// The sum.
        sum: u64,
    },
    /// A part is larger than the whole.
    Exceeds {
        /// The part.
        part: &'static str,
        /// How much it is.
        tokens: u64,
        /// The whole.
        whole: &'static str,
        /// How much that is.
        of: u64,
    },
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.contradiction.fmt(f)
    }
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(field) => write!(f, "{field} is missing"),
            Self::NoCount { field, value } => write!(f, "{field} is {value}"),
            Self::TotalDiffers { total, sum } => write!(f, "total_tokens is {total}, the sum is {sum}"),
            Self::Exceeds { part, tokens, whole, of } => write!(f, "{part}: {tokens}, of {whole}: {of}"),
        }
    }
}
