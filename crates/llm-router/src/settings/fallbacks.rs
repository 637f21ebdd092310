//! `fallbacks`: `[{group: [targets]}]`.

use std::fmt;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize, de};
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
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum FallbackTarget {
    /// The group.
    Name(String),
    /// The group, as `model`, and members that replace the request's.
    Changed(Map<String, Value>),
}

impl FallbackTarget {
    /// The group's name; `None` for a map without `model`, which is never read from configuration.
    pub fn group(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Changed(members) => members.get("model").and_then(Value::as_str),
        }
    }
}

const EXPECTED: &str = "a model group's name, or a map with `model`";

impl<'de> Deserialize<'de> for FallbackTarget {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = FallbackTarget;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(EXPECTED)
            }

            fn visit_str<E: de::Error>(self, group: &str) -> Result<FallbackTarget, E> {
                Ok(FallbackTarget::Name(group.to_owned()))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<FallbackTarget, A::Error> {
                let members = Map::deserialize(de::value::MapAccessDeserializer::new(map))?;
                match members.get("model") {
                    Some(Value::String(_)) => Ok(FallbackTarget::Changed(members)),
                    Some(_) => Err(de::Error::custom("`model` must be a model group's name")),
                    None => {
                        Err(de::Error::custom(format_args!("a map without `model`, expected {EXPECTED}")))
                    }
                }
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for FallbackTarget {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FallbackTarget".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A model group to go on with: its name, or a map of `model` and members that replace the \
                            request's.",
            "oneOf": [
                { "type": "string" },
                {
                    "type": "object",
                    "properties": { "model": { "type": "string" } },
                    "required": ["model"]
                }
            ]
        })
    }
}
