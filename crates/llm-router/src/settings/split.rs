//! `splits`: experiments.

use serde::{Deserialize, Serialize};

/// An experiment: each key or user always gets the same variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct SplitSettings {
    /// Its name. Another name deals the variants anew.
    pub name: String,
    /// The model group whose requests take part.
    pub model: String,
    /// Who stays with a variant. Default: the key.
    #[serde(default)]
    pub sticky_by: SplitBy,
    /// The variants, two at least.
    pub variants: Vec<Variant>,
}

/// Who stays with a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum SplitBy {
    /// The key.
    #[default]
    Key,
    /// The end user.
    User,
    /// The conversation.
    Session,
}

/// One variant of an experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Variant {
    /// Its name, for log, metrics and the answer's header.
    pub name: String,
    /// Its share, in proportion to those of the others.
    pub weight: f64,
    /// The model group that serves it.
    pub model: String,
}
