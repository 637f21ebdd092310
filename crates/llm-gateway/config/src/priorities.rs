//! `litellm_settings.priority_reservation`: what of a model group's rates is reserved for whom.

use std::fmt;

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::{self, MapAccess};

/// What of the rates of every model group is reserved for each priority.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Priorities {
    /// By the priorities that keys and teams have; none where nothing is reserved.
    pub levels: IndexMap<String, Reservation>,
    /// What holds for all of them.
    pub settings: PrioritySettings,
}

/// What is reserved for one priority: a share such as `0.9`, or `{type: rpm, value: 900}`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reservation {
    /// A share of the group's requests and tokens, from 0 to 1.
    Percent(f64),
    /// Requests in a minute.
    Rpm(f64),
    /// Tokens in a minute.
    Tpm(f64),
}

/// `litellm_settings.priority_reservation_settings`: what holds for all priorities.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct PrioritySettings {
    /// The share of a group's rates that all keys have together for which no priority is set, or one without a
    /// reservation. Default: 0.25.
    #[serde(deserialize_with = "share")]
    pub default_priority: f64,
    /// The share of a group's rates whose use makes it saturated: from then on each priority has what is reserved for it,
    /// and before nothing is refused. Default: 0.5.
    #[serde(deserialize_with = "share")]
    pub saturation_threshold: f64,
    /// Taken for LiteLLM's files' sake: how much is used is always known here. Default: none.
    pub saturation_check_cache_ttl: Option<f64>,
    /// Taken for LiteLLM's files' sake: what is used is counted by the minute. Default: none.
    pub tracking_ttl: Option<f64>,
}

impl Default for PrioritySettings {
    fn default() -> Self {
        Self {
            default_priority: 0.25,
            saturation_threshold: 0.5,
            saturation_check_cache_ttl: None,
            tracking_ttl: None,
        }
    }
}

fn share<'de, D: de::Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    checked(f64::deserialize(deserializer)?)
}

fn checked<E: de::Error>(share: f64) -> Result<f64, E> {
    if (0.0..=1.0).contains(&share) {
        return Ok(share);
    }
    Err(E::custom(format_args!("{share} is no share: it must be between 0 and 1, and nine tenths are 0.9")))
}

/// What the number in `{type, value}` is.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum ReservationKind {
    /// A share of the group's requests and tokens.
    #[default]
    Percent,
    /// Requests in a minute.
    Rpm,
    /// Tokens in a minute.
    Tpm,
}

#[derive(Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct TypedReservation {
    /// What the number is. Default: `percent`, a share from 0 to 1.
    #[serde(default)]
    r#type: ReservationKind,
    /// The number.
    value: f64,
}

impl<'de> Deserialize<'de> for Reservation {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = Reservation;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a share such as 0.9, or an object with `type` and `value`")
    }

    fn visit_f64<E: de::Error>(self, share: f64) -> Result<Reservation, E> {
        checked(share).map(Reservation::Percent)
    }

    fn visit_u64<E: de::Error>(self, share: u64) -> Result<Reservation, E> {
        self.visit_f64(share as f64)
    }

    fn visit_i64<E: de::Error>(self, share: i64) -> Result<Reservation, E> {
        self.visit_f64(share as f64)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Reservation, A::Error> {
        let TypedReservation { r#type, value } =
            TypedReservation::deserialize(de::value::MapAccessDeserializer::new(map))?;
        let rate = |rate: f64| {
            let fits = rate.is_finite() && rate >= 0.0;
            fits.then_some(rate).ok_or_else(|| de::Error::custom(format_args!("{rate} is no rate")))
        };
        match r#type {
            ReservationKind::Percent => self.visit_f64(value),
            ReservationKind::Rpm => rate(value).map(Reservation::Rpm),
            ReservationKind::Tpm => rate(value).map(Reservation::Tpm),
        }
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Reservation {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Reservation".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "What is reserved for one priority: a share such as `0.9`, or `{type: rpm, value: 900}`.",
            "oneOf": [
                {"type": "number", "minimum": 0, "maximum": 1},
                generator.subschema_for::<TypedReservation>(),
            ]
        })
    }
}
