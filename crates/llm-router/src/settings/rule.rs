//! `rules`: some requests go to some deployments.

use serde::{Deserialize, Serialize};

/// A rule: requests for which `when` is true are served by the deployments that it names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct RuleSettings {
    /// Its name, for records.
    pub name: String,
    /// A CEL expression over `model`, `stream`, `input_tokens`, `tags`, `key`, `user`, `team`, `request`.
    pub when: String,
    /// Ids of deployments. Default: those of `model`.
    #[serde(default)]
    pub deployments: Vec<String>,
    /// Labels of deployments. Default: any.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Regions of deployments. Default: any.
    #[serde(default)]
    pub regions: Vec<String>,
    /// Another model group for these requests. Default: the one that was asked for.
    #[serde(default)]
    pub model: Option<String>,
}
