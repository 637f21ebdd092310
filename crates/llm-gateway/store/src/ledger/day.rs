//! [`Day`].

use std::fmt;
use std::str::FromStr;

use llm_types::UnixMs;

use crate::StoreError;

/// A day in UTC, from 1970-01-01 to 9999-12-31. Its text is `2026-11-22`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

/// A day's milliseconds.
pub(super) const DAY_MS: i64 = 86_400_000;
/// The first and the last instant that have a day.
const FIRST: i64 = 0;
const LAST: i64 = 253_402_300_799_999;

impl Day {
    /// The day of an instant. What is before the first day or after the last is of these.
    pub fn of(at: UnixMs) -> Self {
        let (year, month, day) = UnixMs(at.0.clamp(FIRST, LAST)).date();
        Self(year * 10_000 + month * 100 + day)
    }

    /// Its first millisecond.
    pub const fn start(self) -> UnixMs {
        let (year, month, day) = self.date();
        UnixMs::of_date(year, month, day)
    }

    /// The first millisecond after it.
    pub const fn end(self) -> UnixMs {
        UnixMs(self.start().0 + DAY_MS)
    }

    /// The first day of its month.
    pub const fn first_of_month(self) -> Self {
        Self(self.0 - self.0 % 100 + 1)
    }

    /// Year; month and day from 1.
    pub const fn date(self) -> (i64, i64, i64) {
        (self.0 / 10_000, self.0 / 100 % 100, self.0 % 100)
    }

    /// As the database has it: 20261122.
    pub(super) const fn number(self) -> i64 {
        self.0
    }

    pub(super) const fn from_number(number: i64) -> Self {
        Self(number)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl FromStr for Day {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let day = UnixMs::from_rfc3339(&format!("{text}T00:00:00Z")).map(Self::of);
        // What is no day of the calendar comes out as another one.
        day.filter(|day| day.to_string() == text)
            .ok_or_else(|| StoreError::Invalid(format!("{text:?} is no day such as 2026-11-22")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for text in ["1970-01-01", "2024-02-29", "2026-11-22", "9999-12-31"] {
            let day: Day = text.parse().unwrap();
            assert_eq!(day.to_string(), text);
            assert_eq!((Day::of(day.start()), Day::of(UnixMs(day.end().0 - 1))), (day, day));
        }
        for text in ["", "2026-02-29", "2026-13-01", "2026-1-1", "2026-11-22T00", "20261122", "1969-12-31"] {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
        assert_eq!(Day::of(UnixMs(i64::MAX)).to_string(), "9999-12-31");
        assert_eq!(Day::of(UnixMs(-1)).to_string(), "1970-01-01");
    }
}
