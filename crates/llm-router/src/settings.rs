//! LiteLLM's config keys that concern routing.

use std::fmt;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize, de};
use serde_json::{Map, Value};

#[cfg(test)]
mod tests;

/// `router_settings`: how requests are spread over the deployments of a model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct RouterSettings {
    /// How a deployment is chosen among those of one `model_name`. Default: `simple-shuffle`.
    pub routing_strategy: RoutingStrategy,
    /// Seconds until a request is given up. Holds for deployments without a `timeout` of their own.
    /// Default: `litellm_settings.request_timeout`.
    pub timeout: Option<Seconds>,
    /// The same for streamed requests. Default: `timeout`.
    pub stream_timeout: Option<Seconds>,
    /// Further names for model groups: a request for the key goes to the value. Default: none.
    pub model_group_alias: IndexMap<String, ModelAlias>,
    /// `litellm_params` of every deployment that does not set them itself. Default: none.
    pub default_litellm_params: Map<String, Value>,
}

/// `routing_strategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum RoutingStrategy {
    /// A draw by `weight`, else `rpm`, else `tpm`, else uniform.
    #[default]
    SimpleShuffle,
}

/// The keys of `litellm_params` that concern routing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct DeploymentSettings {
    /// This deployment's share of its group's requests. As soon as one deployment of the group has a
    /// weight, those without get nothing. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// Lower goes first: only the deployments with the lowest order are asked while one of them is well.
    /// Default: after all that have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<i64>,
    /// Requests per minute that the vendor allows. Serves as weight where no deployment of the group has
    /// one. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpm: Option<u64>,
    /// Tokens per minute that the vendor allows. Serves as weight where no deployment of the group has a
    /// weight or `rpm`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpm: Option<u64>,
    /// Labels of this deployment. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// Where a further name leads: a model's name, or `{model, hidden}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelAlias {
    /// The model group.
    pub model: String,
    /// Whether lists of models leave this name out. Default: false.
    pub hidden: bool,
}

impl<'de> Deserialize<'de> for ModelAlias {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// The long form.
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Long {
            model: String,
            #[serde(default)]
            hidden: bool,
        }

        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = ModelAlias;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a model's name, or {model, hidden}")
            }

            fn visit_str<E: de::Error>(self, model: &str) -> Result<ModelAlias, E> {
                Ok(ModelAlias { model: model.to_owned(), hidden: false })
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<ModelAlias, A::Error> {
                let Long { model, hidden } = Long::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(ModelAlias { model, hidden })
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for ModelAlias {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ModelAlias".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "Where a further name leads: a model's name, or {model, hidden}.",
            "oneOf": [
                { "type": "string" },
                {
                    "type": "object",
                    "properties": {
                        "model": { "type": "string" },
                        "hidden": { "type": "boolean", "default": false }
                    },
                    "required": ["model"],
                    "additionalProperties": false
                }
            ]
        })
    }
}

/// A time in seconds, as LiteLLM writes it; more than zero, fractions allowed.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(extend("exclusiveMinimum" = 0)))]
pub struct Seconds(f64);

impl Seconds {
    /// Whole milliseconds, at least one.
    pub fn as_ms(self) -> u64 {
        (self.0 * 1000.0).round().max(1.0) as u64
    }
}

impl TryFrom<f64> for Seconds {
    type Error = InvalidSeconds;

    fn try_from(seconds: f64) -> Result<Self, InvalidSeconds> {
        if seconds.is_finite() && seconds > 0.0 { Ok(Self(seconds)) } else { Err(InvalidSeconds) }
    }
}

impl From<Seconds> for f64 {
    fn from(seconds: Seconds) -> Self {
        seconds.0
    }
}

/// A number that is no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidSeconds;

impl fmt::Display for InvalidSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a number of seconds above zero")
    }
}

impl std::error::Error for InvalidSeconds {}
