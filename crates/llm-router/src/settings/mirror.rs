//! `mirrors`: copies of requests for others.

use serde::{Deserialize, Serialize};

/// Copies of a model group's requests. Their answers are thrown away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct MirrorSettings {
    /// Who gets them: a model group, or a deployment by its id.
    pub to: String,
    /// The share of requests that are copied, `0.0..=1.0`. Default: 1.
    #[serde(default = "all")]
    pub share: f64,
}

const fn all() -> f64 {
    1.0
}
