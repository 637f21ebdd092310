//! What holds from some day on.

use std::collections::BTreeSet;

use llm_types::UnixMs;
use serde::de::{self, Deserialize, Deserializer};

/// Something of which there are versions, each from an instant on.
///
/// ```
/// use llm_pricing::{Dated, Since};
///
/// let december: Since = "2026-12-01".parse()?;
/// let mut price = Dated::new(5);
/// price.change(december.0, 4);
/// assert_eq!((price.at(llm_types::UnixMs(december.0.0 - 1)), price.at(december.0)), (&5, &4));
/// # Ok::<(), llm_pricing::NotADate>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dated<T> {
    first: T,
    /// Sorted; no instant twice.
    later: Vec<(UnixMs, T)>,
}

impl<T> Dated<T> {
    /// What holds at all times, until it [changes](Self::change).
    pub const fn new(first: T) -> Self {
        Self { first, later: Vec::new() }
    }

    /// From `from` on, `value` holds, until the next change. Of two changes at the same instant the later call's holds.
    pub fn change(&mut self, from: UnixMs, value: T) {
        match self.later.binary_search_by_key(&from, |(from, _)| *from) {
            Ok(at) => self.later[at].1 = value,
            Err(at) => self.later.insert(at, (from, value)),
        }
    }

    /// What holds at an instant.
    pub fn at(&self, at: UnixMs) -> &T {
        let begun = self.later.partition_point(|(from, _)| *from <= at);
        begun.checked_sub(1).map_or(&self.first, |last| &self.later[last].1)
    }

    /// What holds before any change.
    pub const fn first(&self) -> &T {
        &self.first
    }

    /// The changes, from the earliest on.
    pub fn changes(&self) -> impl Iterator<Item = (UnixMs, &T)> + '_ {
        self.later.iter().map(|(from, value)| (*from, value))
    }

    /// What is made of the versions, each for itself.
    pub fn map<U>(&self, make: impl Fn(&T) -> U) -> Dated<U> {
        Dated {
            first: make(&self.first),
            later: self.later.iter().map(|(from, value)| (*from, make(value))).collect(),
        }
    }

    /// What is made of both, with a version for each change of either.
    pub fn with<U, V>(&self, other: &Dated<U>, make: impl Fn(&T, &U) -> V) -> Dated<V> {
        let mine = self.later.iter().map(|(from, _)| *from);
        let from: BTreeSet<UnixMs> = mine.chain(other.later.iter().map(|(from, _)| *from)).collect();
        Dated {
            first: make(&self.first, &other.first),
            later: from.into_iter().map(|from| (from, make(self.at(from), other.at(from)))).collect(),
        }
    }
}

/// The instant from which something holds.
///
/// In configuration a day, `2026-12-01`, which begins at midnight in UTC, or an instant of RFC 3339,
/// `2026-12-01T08:00:00+01:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Since(pub UnixMs);

/// A text that names no instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a day such as 2026-12-01, or a time such as 2026-12-01T08:00:00Z")]
pub struct NotADate;

impl std::str::FromStr for Since {
    type Err = NotADate;

    fn from_str(text: &str) -> Result<Self, NotADate> {
        let (day, time) = text.split_at_checked(10).ok_or(NotADate)?;
        let midnight = midnight(day).ok_or(NotADate)?;
        if time.is_empty() {
            return Ok(Self(midnight));
        }
        if !is_time(time) {
            return Err(NotADate);
        }
        UnixMs::from_rfc3339(text).map(Self).ok_or(NotADate)
    }
}

/// The beginning of a day that is on the calendar.
fn midnight(text: &str) -> Option<UnixMs> {
    if !is_shaped(text, "0000-00-00") {
        return None;
    }
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // What is after the last day of a month would be of the next.
    let at = UnixMs::of_date(year, month, day);
    (at.date() == (year, month, day)).then_some(at)
}

/// Whether a text is what stands after the day: `T08:00:00`, maybe parts of a second, and a zone.
fn is_time(text: &str) -> bool {
    let Some((time, rest)) = text.split_at_checked(9) else { return false };
    let below = |range: std::ops::Range<usize>, limit| {
        let number: Option<u8> = time.get(range).and_then(|digits: &str| digits.parse().ok());
        number.is_some_and(|number| number < limit)
    };
    let zone = match rest.strip_prefix('.') {
        Some(rest) => {
            let zone = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == rest.len() {
                return false;
            }
            zone
        }
        None => rest,
    };
    let is_zone = matches!(zone, "Z" | "z")
        || zone.strip_prefix(['+', '-']).is_some_and(|zone| {
            let of =
                |range: std::ops::Range<usize>| zone.get(range).and_then(|digits: &str| digits.parse().ok());
            is_shaped(zone, "00:00") && of(0..2) < Some(24_u8) && of(3..5) < Some(60_u8)
        });
    (is_shaped(time, "T00:00:00") || is_shaped(time, "t00:00:00"))
        && below(1..3, 24)
        && below(4..6, 60)
        && below(7..9, 60)
        && is_zone
}

/// Whether a text has digits where `shape` has zeros, and is the same elsewhere.
fn is_shaped(text: &str, shape: &str) -> bool {
    let fits =
        |(letter, shape): (u8, u8)| if shape == b'0' { letter.is_ascii_digit() } else { letter == shape };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(fits)
}

impl<'de> Deserialize<'de> for Since {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SinceVisitor)
    }
}

struct SinceVisitor;

impl de::Visitor<'_> for SinceVisitor {
    type Value = Since;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a day such as 2026-12-01, or a time such as 2026-12-01T08:00:00Z")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Since, E> {
        text.parse().map_err(|error| E::custom(format_args!("{text:?} is no date: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<String> {
        text.parse().ok().map(|Since(at)| at.rfc3339())
    }

    #[test]
    fn a_day_begins_at_midnight_in_utc() {
        assert_eq!(at("2026-12-01").as_deref(), Some("2026-12-01T00:00:00Z"));
        assert_eq!(at("2028-02-29").as_deref(), Some("2028-02-29T00:00:00Z"));
        assert_eq!(at("2026-12-01T08:00:00+01:00").as_deref(), Some("2026-12-01T07:00:00Z"));
        assert_eq!(at("2026-12-01t08:00:00.25z").as_deref(), Some("2026-12-01T08:00:00.250Z"));
    }

    #[test]
    fn what_is_not_on_the_calendar_is_no_date() {
        for text in [
            "",
            "tomorrow",
            "2026-12",
            "2026-12-1",
            "2026-13-01",
            "2026-00-01",
            "2026-12-00",
            "2026-02-29",
            "2026-11-31",
            "2026/12/01",
            "+026-12-01",
            "2026-12-01 ",
            "2026-12-01T08:00:00",
            "2026-12-01T08:00Z",
            "2026-12-01T24:00:00Z",
            "2026-12-01T08:60:00Z",
            "2026-12-01T08:00:60Z",
            "2026-12-01T08:00:00.Z",
            "2026-12-01T08:00:00+1:00",
            "2026-12-01T08:00:00+24:00",
            "2026-12-01T08:00:00+01:00 ",
            "2026-12-01x08:00:00Z",
            "2026-12-0äT08:00:00Z",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
        let error = serde_json::from_str::<Since>("\"2026-02-29\"").unwrap_err().to_string();
        assert!(error.starts_with("\"2026-02-29\" is no date: expected a day such as"), "{error}");
        assert!(serde_json::from_str::<Since>("20261201").is_err());
    }

    #[test]
    fn the_latest_change_that_has_begun_holds() {
        let mut dated = Dated::new('a');
        dated.change(UnixMs(20), 'c');
        dated.change(UnixMs(10), 'b');
        let held: String = [0, 9, 10, 19, 20, 99].map(|at| *dated.at(UnixMs(at))).iter().collect();
        assert_eq!(held, "aabbcc");
        dated.change(UnixMs(20), 'd');
        assert_eq!((dated.first(), dated.changes().count(), dated.at(UnixMs(20))), (&'a', 2, &'d'));
    }

    #[test]
    fn both_change_for_themselves() {
        let (mut one, mut other) = (Dated::new(1), Dated::new(10));
        one.change(UnixMs(5), 2);
        other.change(UnixMs(3), 20);
        other.change(UnixMs(5), 30);
        other.change(UnixMs(7), 40);
        let both = one.with(&other, |one, other| one + other);
        assert_eq!([0, 3, 4, 5, 6, 7].map(|at| *both.at(UnixMs(at))), [11, 21, 21, 32, 32, 42]);
        assert_eq!(both.changes().count(), 3);
        assert_eq!(*one.map(|one| one * 2).at(UnixMs(5)), 4);
    }
}
