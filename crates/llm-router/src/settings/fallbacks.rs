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

/// Where a request says that it may go on: targets, or lists of them by the group that has failed, as the configuration has
/// them. LiteLLM takes either.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(transparent)]
pub struct WishedFallbacks(Vec<Wished>);

#[derive(Debug, Clone, PartialEq)]
enum Wished {
    Target(FallbackTarget),
    ByGroup(IndexMap<String, FallbackTargets>),
}

impl WishedFallbacks {
    /// The targets of a request that began at this group. Where there are only lists for others they are those of `*`, and
    /// none without.
    pub fn of(self, group: &str) -> FallbackTargets {
        let (mut targets, mut lists) = (Vec::new(), Fallbacks::default());
        for wished in self.0 {
            match wished {
                Wished::Target(target) => targets.push(target),
                Wished::ByGroup(by_group) => lists.0.push(by_group),
            }
        }
        targets.extend(lists.of(group).or_else(|| lists.of("*")).into_iter().flatten().cloned());
        targets
    }
}

impl<'de> Deserialize<'de> for Wished {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let is_by_group = value.as_object().is_some_and(|map| map.values().any(Value::is_array))
            && !value.get("model").is_some_and(Value::is_string);
        if is_by_group {
            return IndexMap::deserialize(value).map(Self::ByGroup).map_err(de::Error::custom);
        }
        FallbackTarget::deserialize(value).map(Self::Target).map_err(de::Error::custom)
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wished(value: Value) -> Result<WishedFallbacks, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn a_request_names_targets_or_lists_by_group() {
        let of = |value, group: &str| serde_json::to_value(wished(value).unwrap().of(group)).unwrap();
        assert_eq!(of(json!(["b", {"model": "c", "seed": 1}]), "a"), json!(["b", {"model": "c", "seed": 1}]));
        let by_group = || json!([{"a": ["b"]}, {"model": ["c"]}, {"*": [{"model": "d", "stop": ["x"]}]}]);
        assert_eq!(of(by_group(), "a"), json!(["b"]));
        assert_eq!(of(by_group(), "model"), json!(["c"]));
        assert_eq!(of(by_group(), "e"), json!([{"model": "d", "stop": ["x"]}]));
        assert_eq!(of(json!([{"a": ["b"]}]), "e"), json!([]));
        assert_eq!(of(json!([]), "a"), json!([]));
    }

    #[test]
    fn what_is_neither_is_told() {
        for (value, expected) in [
            (json!([7]), "invalid type: integer `7`, expected a model group's name, or a map with `model`"),
            (
                json!([{"a": "b"}]),
                "a map without `model`, expected a model group's name, or a map with `model`",
            ),
            (
                json!([{"a": [7]}]),
                "invalid type: integer `7`, expected a model group's name, or a map with `model`",
            ),
            (json!([{"a": ["b"], "c": "d"}]), "invalid type: string \"d\", expected a sequence"),
        ] {
            assert_eq!(wished(value).unwrap_err(), expected);
        }
    }
}
