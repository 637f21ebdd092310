//! What happens while a first token is waited for.

use serde::{Deserialize, Serialize};

use super::Seconds;

/// `hedging`: a second request where the first is slow; the first answer wins.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct HedgingSettings {
    /// Whether to do so. Default: false.
    pub enabled: bool,
    /// Seconds without a first token after which the second request goes out. Default: the time that 95 of 100 of the
    /// group's own requests stay under.
    pub after: Option<Seconds>,
    /// Samples before the group's own times count. Default: 20.
    pub min_samples: u32,
    /// Second requests as a share of all, at most, `0.0..=1.0`. Default: 0.05.
    pub max_extra: f64,
}

impl Default for HedgingSettings {
    fn default() -> Self {
        Self { enabled: false, after: None, min_samples: 20, max_extra: 0.05 }
    }
}

/// When an attempt is given up for want of a first token.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub enum FirstTokenTimeout {
    /// After so many seconds.
    Fixed(Seconds),
    /// After a multiple of the time that 95 of 100 of the group's own requests stay under.
    Learned(LearnedTimeout),
}

/// A time learned from the group's own.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct LearnedTimeout {
    /// The multiple of the group's 95th percentile. Default: 2.
    pub p95_factor: f64,
    /// Samples before it counts. Default: 50.
    pub min_samples: u32,
}

impl Default for LearnedTimeout {
    fn default() -> Self {
        Self { p95_factor: 2.0, min_samples: 50 }
    }
}
