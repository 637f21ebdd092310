//! Lengths of time as LiteLLM writes them, and when budgets begin anew.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use llm_types::UnixMs;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

mod calendar;
#[cfg(test)]
mod tests;

pub use calendar::{Calendar, CalendarError};

/// A length of time: `30s`, `30m`, `30h`, `30d`, `2w`, `1mo`. `hourly`, `daily`, `weekly` and `monthly` are read as `1h`,
/// `24h`, `7d` and `30d`.
///
/// As an expiry it is a length from an instant on; a month then ends on the same day of a later month, or on that
/// month's last. As the duration of a budget it may follow the calendar: see [`Period::window`].
///
/// Source: LiteLLM docs, "Budgets, Rate Limits", read 2026-11.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Period {
    count: NonZeroU32,
    unit: Unit,
}

impl Period {
    /// A day.
    pub const DAY: Self = Self { count: NonZeroU32::MIN, unit: Unit::Day };
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

    /// When a budget that is counted over this period next begins anew in UTC: the first such instant after `now`.
    pub fn next_reset(self, now: UnixMs) -> UnixMs {
        self.window(now, &Calendar::UTC).end
    }

    /// The window that an instant is in, for what is counted over this period. Windows follow each other without a gap,
    /// and depend on nothing but the calendar, so that all replicas agree on them.
    ///
    /// Periods shorter than a day are counted from the beginning of the day, so that `1h` ends on the hour. A number of
    /// days ends with a day; `7d` and weeks with a Sunday; `30d` and months with a month. Several days, weeks or months are
    /// counted from 1970 on, months from a January.
    ///
    /// Source: LiteLLM docs, "Budget Reset Times", read 2026-11.
    pub fn window(self, now: UnixMs, calendar: &Calendar) -> Window {
        let count = i64::from(self.count.get());
        let length = self.unit.ms().map(|unit| unit * count);
        let days =
            |begin: i64, end: i64| Window { begin: calendar.begin_of(begin), end: calendar.begin_of(end) };
        match (self.unit, count, length) {
            (Unit::Month, months, _) => in_months(months, now, calendar),
            (Unit::Day, 30, _) => in_months(1, now, calendar),
            (Unit::Day, 7, _) => in_weeks(1, now, calendar),
            (Unit::Week, weeks, _) => in_weeks(weeks, now, calendar),
            (_, _, Some(length)) if length % DAY_MS == 0 => {
                let count = length / DAY_MS;
                let begin = calendar.day_of(now).div_euclid(count) * count;
                days(begin, begin + count)
            }
            (_, _, Some(length)) if length < DAY_MS => {
                let day = calendar.day_of(now);
                let Window { begin: from, end: until } = days(day, day + 1);
                let begin = from.0 + (now.0 - from.0) / length * length;
                Window { begin: UnixMs(begin), end: UnixMs((begin + length).min(until.0)) }
            }
            (_, _, length) => {
                let length = length.unwrap_or(DAY_MS);
                let begin = now.0.div_euclid(length).saturating_mul(length);
                Window { begin: UnixMs(begin), end: UnixMs(begin.saturating_add(length)) }
            }
        }
    }
}

/// One of the windows of a [`Period`]: from its beginning on, until before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// The first instant in it.
    pub begin: UnixMs,
    /// The first instant after it.
    pub end: UnixMs,
}

fn in_weeks(weeks: i64, now: UnixMs, calendar: &Calendar) -> Window {
    // The epoch was a Thursday.
    let monday = 4;
    let length = 7 * weeks;
    let begin = (calendar.day_of(now) - monday).div_euclid(length) * length + monday;
    Window { begin: calendar.begin_of(begin), end: calendar.begin_of(begin + length) }
}

fn in_months(months: i64, now: UnixMs, calendar: &Calendar) -> Window {
    let begin = calendar::month_of(calendar.day_of(now)).div_euclid(months) * months;
    let first = |month| calendar.begin_of(calendar::first_of(month));
    Window { begin: first(begin), end: first(begin + months) }
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
