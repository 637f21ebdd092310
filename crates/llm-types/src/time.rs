//! [`UnixMs`]: an instant that is passed in, never read.

use serde::{Deserialize, Serialize};

/// Wall-clock milliseconds since 1970-01-01T00:00:00Z.
///
/// Wall-clock, so that replicas agree and stored instants can be read. Time that runs backwards counts as
/// no time passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct UnixMs(pub i64);

impl UnixMs {
    /// Milliseconds from `earlier` to `self`; zero if the clock ran backwards.
    pub const fn since(self, earlier: Self) -> u64 {
        let passed = self.0.saturating_sub(earlier.0);
        if passed > 0 { passed.unsigned_abs() } else { 0 }
    }

    /// This instant and `ms` milliseconds more.
    pub const fn plus(self, ms: u64) -> Self {
        let ms = if ms > i64::MAX as u64 { i64::MAX } else { ms.cast_signed() };
        Self(self.0.saturating_add(ms))
    }

    /// Whole seconds since the epoch, as OpenAI's `created` counts them.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The date in UTC: year, month from 1, day from 1.
    pub const fn date(self) -> (i64, i64, i64) {
        civil(self.0.div_euclid(DAY_MS))
    }

    /// The beginning of a date in UTC; month and day from 1.
    pub const fn of_date(year: i64, month: i64, day: i64) -> Self {
        Self(days(year, month, day) * DAY_MS)
    }
}

impl UnixMs {
    /// The instant that a text of RFC 3339 names, such as `2026-08-04T19:59:11.5Z`; `None` if it is none.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
        let rest = text.get(19..)?;
        let (fraction, zone) = match rest.strip_prefix('.') {
            Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())),
            None => ("", rest),
        };
        let sign = match zone.as_bytes().first()? {
            b'Z' | b'z' => 0,
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let offset = match sign {
            0 => 0,
            _ => zone.get(1..3)?.parse::<i64>().ok()? * 3600 + zone.get(4..6)?.parse::<i64>().ok()? * 60,
        };
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
        let ms = digits.fold(0, |ms, digit| ms * 10 + i64::from(digit - b'0'));
        let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - sign * offset;
        Some(Self(seconds * 1000 + ms))
    }

    /// This instant as RFC 3339 has it, in UTC; with three digits of a second unless those are zero.
    pub fn rfc3339(self) -> String {
        let (seconds, part) = (self.0.div_euclid(1000), self.0.rem_euclid(1000));
        let (day, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, date) = civil(day);
        let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
        let fraction = if part == 0 { String::new() } else { format!(".{part:03}") };
        format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
    }
}

const DAY_MS: i64 = 86_400_000;

/// Days since the epoch of a date of the Gregorian calendar. The year begins in March, so that the leap day is its last.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date of a day since the epoch: year, month, day.
const fn civil(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + (month <= 2) as i64, month, date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for (text, at) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59Z", 951_868_799_000),
            ("2026-08-04T19:59:11.820Z", 1_785_873_551_820),
            ("2100-03-01T00:00:00Z", 4_107_542_400_000),
            ("1969-12-31T23:59:59Z", -1_000),
        ] {
            assert_eq!(UnixMs::from_rfc3339(text), Some(UnixMs(at)), "{text}");
            assert_eq!(UnixMs(at).rfc3339(), text);
        }
    }

    #[test]
    fn fractions_and_zones() {
        let at = UnixMs::from_rfc3339("2026-08-04T19:59:11.8Z");
        for text in ["2026-08-04T12:59:11.800123-07:00", "2026-08-05T01:29:11.800000001+05:30"] {
            assert_eq!(UnixMs::from_rfc3339(text), at, "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2026-13-04T19:59:11Z",
            "2026-08-04T19:59:11",
            "2026-08-04T19:59:11+x",
            "2026-08-ä4T19:59:11Z",
        ] {
            assert_eq!(UnixMs::from_rfc3339(text), None, "{text}");
        }
    }
}
