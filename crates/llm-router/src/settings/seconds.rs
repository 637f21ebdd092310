//! [`Seconds`]: times as LiteLLM writes them.

use std::fmt;

use serde::{Deserialize, Serialize};

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
