//! `fallbacks`: `[{group: [targets]}]`.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Lists of model groups to go on with, by the group that has failed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Fallbacks(pub Vec<IndexMap<String, FallbackTargets>>);

/// Where one group's requests go on.
pub type FallbackTargets = Vec<FallbackTarget>;

impl Fallbacks {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every group that has a list, and its list.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[FallbackTarget])> {
        self.0.iter().flatten().map(|(group, targets)| (group.as_str(), targets.as_slice()))
    }

    /// The list of this group.
    pub fn of(&self, group: &str) -> Option<&[FallbackTarget]> {
        self.iter().find(|(name, _)| *name == group).map(|(_, targets)| targets)
    }
}

/// A model group to go on with: its name, or a map of `model` and members that replace the request's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub enum FallbackTarget {
    /// The group.
    Name(String),
    /// The group, as `model`, and members that replace the request's.
    Changed(Map<String, Value>),
}

impl FallbackTarget {
    /// The group's name; `None` for a map without `model`.
    pub fn group(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Changed(members) => members.get("model").and_then(Value::as_str),
        }
    }
}
