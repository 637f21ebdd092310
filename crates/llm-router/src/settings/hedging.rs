//! What happens while a first token is waited for.

use std::fmt;

use serde::{Deserialize, Serialize, de};

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

/// When an attempt is given up for want of a first token: seconds, or `{p95_factor, min_samples}`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum FirstTokenTimeout {
    /// After so many seconds.
    Fixed(Seconds),
    /// After a multiple of the time that 95 of 100 of the group's own requests stay under.
    Learned(LearnedTimeout),
}

impl<'de> Deserialize<'de> for FirstTokenTimeout {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl Visitor {
            fn fixed<E: de::Error>(seconds: f64) -> Result<FirstTokenTimeout, E> {
                Seconds::try_from(seconds).map(FirstTokenTimeout::Fixed).map_err(E::custom)
            }
        }
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = FirstTokenTimeout;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of seconds, or {p95_factor, min_samples}")
            }

            fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<FirstTokenTimeout, E> {
                Self::fixed(seconds)
            }

            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<FirstTokenTimeout, E> {
                Self::fixed(seconds as f64)
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<FirstTokenTimeout, E> {
                Self::fixed(seconds as f64)
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<FirstTokenTimeout, A::Error> {
                LearnedTimeout::deserialize(de::value::MapAccessDeserializer::new(map))
                    .map(FirstTokenTimeout::Learned)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for FirstTokenTimeout {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FirstTokenTimeout".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "When an attempt is given up for want of a first token: seconds, or {p95_factor, \
                            min_samples}.",
            "oneOf": [generator.subschema_for::<Seconds>(), generator.subschema_for::<LearnedTimeout>()]
        })
    }
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
