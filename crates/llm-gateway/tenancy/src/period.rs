//! Lengths of time as LiteLLM writes them, and when budgets begin anew.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use llm_types::UnixMs;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

mod calendar;
#[cfg(test)]
mod tests;

/// A length of time: `30s`, `30m`, `30h`, `30d`, `2w`, `1mo`. `hourly`, `daily`, `weekly` and `monthly` are read as `1h`,
/// `24h`, `7d` and `30d`.
///
/// As an expiry it is a length from an instant on; a month then ends on the same day of a later month, or on that
/// month's last. As the duration of a budget it may follow the calendar: see [`Period::next_reset`].
///
/// Source: LiteLLM docs, "Budgets, Rate Limits", read 2026-11.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Period {
    count: NonZeroU32,
    unit: Unit,
}

/// What a [`Period`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// `s`
    Second,
    /// `m`
    Minute,
    /// `h`
    Hour,
    /// `d`
    Day,
    /// `w`
    Week,
    /// `mo`
    Month,
}

impl Unit {
    /// How it is written.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Second => "s",
            Self::Minute => "m",
            Self::Hour => "h",
            Self::Day => "d",
            Self::Week => "w",
            Self::Month => "mo",
        }
    }

    /// Its length in milliseconds; months have none.
    const fn ms(self) -> Option<i64> {
        match self {
            Self::Second => Some(1_000),
            Self::Minute => Some(60_000),
            Self::Hour => Some(3_600_000),
            Self::Day => Some(DAY_MS),
            Self::Week => Some(7 * DAY_MS),
            Self::Month => None,
        }
    }
}

const DAY_MS: i64 = 86_400_000;

/// Longer than a thousand years makes no sense and must not overflow.
const MAX_MS: i64 = 1_000 * 366 * DAY_MS;
const MAX_MONTHS: u32 = 12_000;

/// Why a text is no [`Period`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeriodError {
    /// Not a number and a unit.
    #[error("{0:?} is no duration: a number and one of s, m, h, d, w, mo, as in 30d")]
    Form(String),
    /// None at all, or more than a thousand years.
    #[error("{0:?} is no duration: it must be more than nothing and at most a thousand years")]
    Range(String),
}

impl Period {
    /// So many of a unit.
    ///
    /// # Errors
    /// [`PeriodError::Range`] for none, and for more than a thousand years.
    pub fn new(count: u32, unit: Unit) -> Result<Self, PeriodError> {
        let range = || PeriodError::Range(format!("{count}{}", unit.suffix()));
        let fits = match unit.ms() {
            Some(ms) => i64::from(count) <= MAX_MS / ms,
            None => count <= MAX_MONTHS,
        };
        match NonZeroU32::new(count) {
            Some(count) if fits => Ok(Self { count, unit }),
            _ => Err(range()),
        }
    }

    /// How many.
    pub const fn count(self) -> u32 {
        self.count.get()
    }

    /// Of what.
    pub const fn unit(self) -> Unit {
        self.unit
    }

    /// This long after `start`.
    pub const fn after(self, start: UnixMs) -> UnixMs {
        match self.unit.ms() {
            Some(ms) => UnixMs(start.0.saturating_add(ms * self.count.get() as i64)),
            None => calendar::months_after(start, self.count.get()),
        }
    }

    /// When a budget that is counted over this period next begins anew: the first such instant after `now`.
    ///
    /// Periods shorter than a day are counted from the beginning of the UTC day, so that `1h` ends on the hour. A number
    /// of days ends at midnight UTC; `7d` and weeks at the beginning of Monday; `30d` and months at the beginning of the
    /// first of a month.
    ///
    /// Source: LiteLLM docs, "Budget Reset Times", read 2026-11.
    pub fn next_reset(self, now: UnixMs) -> UnixMs {
        let count = i64::from(self.count.get());
        match (self.unit, count) {
            (Unit::Month, _) => calendar::first_of_month_after(now, self.count.get()),
            (Unit::Day, 30) => calendar::first_of_month_after(now, 1),
            (Unit::Day, 7) => calendar::monday_after(now, 1),
            (Unit::Week, weeks) => calendar::monday_after(now, weeks),
            (Unit::Day, days) => {
                UnixMs((now.0.div_euclid(DAY_MS)).saturating_add(days).saturating_mul(DAY_MS))
            }
            (unit, count) => {
                let length = unit.ms().unwrap_or(DAY_MS) * count;
                if length >= DAY_MS {
                    // As long as days, but written in hours: counted from the epoch, so that all replicas agree.
                    return UnixMs((now.0.div_euclid(length) + 1).saturating_mul(length));
                }
                let midnight = now.0.div_euclid(DAY_MS) * DAY_MS;
                let next = midnight + ((now.0 - midnight) / length + 1) * length;
                UnixMs(next.min(midnight + DAY_MS))
            }
        }
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let form = || PeriodError::Form(text.chars().take(40).collect());
        let trimmed = match text.trim() {
            word if word.eq_ignore_ascii_case("hourly") => "1h",
            word if word.eq_ignore_ascii_case("daily") => "24h",
            word if word.eq_ignore_ascii_case("weekly") => "7d",
            word if word.eq_ignore_ascii_case("monthly") => "30d",
            other => other,
        };
        let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = trimmed.split_at(digits);
        if number.is_empty() {
            return Err(form());
        }
        let unit = match unit {
            "s" => Unit::Second,
            "m" => Unit::Minute,
            "h" => Unit::Hour,
            "d" => Unit::Day,
            "w" => Unit::Week,
            "mo" => Unit::Month,
            _ => return Err(form()),
        };
        let range = || PeriodError::Range(text.chars().take(40).collect());
        Self::new(number.parse().map_err(|_| range())?, unit).map_err(|_| range())
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.count, self.unit.suffix())
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
