//! What a vendor says is left of its limits, in the headers of its answers.

use http::{HeaderMap, HeaderName};
use llm_types::UnixMs;

/// What a vendor says is left of its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowances {
    /// Of requests.
    pub requests: Option<Allowance>,
    /// Of tokens.
    pub tokens: Option<Allowance>,
}

/// What is left of one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// How many are left.
    pub left: u64,
    /// How many there are when nothing has been used.
    pub limit: Option<u64>,
    /// When all of it is there again.
    pub until: UnixMs,
}

impl Allowances {
    /// Whether nothing was said.
    pub const fn is_empty(&self) -> bool {
        self.requests.is_none() && self.tokens.is_none()
    }
}

/// The headers in which a vendor says what is left of one limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowanceHeaders {
    /// How many are left.
    pub left: HeaderName,
    /// How many there are at most.
    pub limit: Option<HeaderName>,
    /// When all of it is there again: a length of time (`6m0s`, `820ms`, `26.3`), a date of RFC 3339, or a time since
    /// 1970 in seconds or milliseconds.
    pub reset: Option<HeaderName>,
    /// Milliseconds until then where the vendor does not say: the limit's period.
    pub period_ms: u64,
}

impl AllowanceHeaders {
    /// The period of most limits: a minute.
    pub const MINUTE_MS: u64 = 60_000;

    /// Names that are known to be some.
    ///
    /// # Panics
    /// If one of them cannot be a header's name; in a constant that is an error of the compiler.
    pub const fn new(left: &'static str, limit: &'static str, reset: Option<&'static str>) -> Self {
        Self {
            left: HeaderName::from_static(left),
            limit: Some(HeaderName::from_static(limit)),
            reset: match reset {
                Some(reset) => Some(HeaderName::from_static(reset)),
                None => None,
            },
            period_ms: Self::MINUTE_MS,
        }
    }

    /// What an answer says, if it says anything and that still holds.
    pub fn read(&self, headers: &HeaderMap, now: UnixMs) -> Option<Allowance> {
        let left = number(text(headers, &self.left)?)?;
        let limit = self.limit.as_ref().and_then(|name| number(text(headers, name)?));
        let told = self.reset.as_ref().and_then(|name| text(headers, name));
        let until = match told {
            Some(told) => instant(told, now)?,
            None => now.plus(self.period_ms),
        };
        (until > now).then_some(Allowance { left, limit, until })
    }
}

/// A header as text. Names are compared, each with each: there are few, and hashing one costs more.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.iter().find(|(own, _)| *own == name)?.1.to_str().ok()
}

/// A count; what was overdrawn is none.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    match text.parse::<u64>() {
        Ok(number) => Some(number),
        Err(_) => {
            text.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| number.max(0.0) as u64)
        }
    }
}

/// When a limit is there again, however it is said.
fn instant(text: &str, now: UnixMs) -> Option<UnixMs> {
    /// What is more than this many seconds is no length of time but a time since 1970.
    const LONGEST: f64 = 1e9;
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        return match number {
            _ if !number.is_finite() || number < 0.0 => None,
            ms if ms >= LONGEST * 1000.0 => Some(UnixMs(ms as i64)),
            s if s >= LONGEST => Some(UnixMs((s * 1000.0) as i64)),
            s => Some(now.plus((s * 1000.0).ceil() as u64)),
        };
    }
    UnixMs::from_rfc3339(text).or_else(|| duration_ms(text).map(|ms| now.plus(ms)))
}

/// Milliseconds of a length of time in parts: `1h2m3.5s`, `820ms`.
fn duration_ms(text: &str) -> Option<u64> {
    const UNITS: [(&str, f64); 5] =
        [("ms", 1.0), ("s", 1_000.0), ("m", 60_000.0), ("h", 3_600_000.0), ("d", 86_400_000.0)];
    let mut rest = text;
    let mut ms = 0.0;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?);
        let unit_ends = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_ends);
        let (_, length) = UNITS.iter().find(|(name, _)| *name == unit)?;
        ms += number.parse::<f64>().ok()? * length;
        rest = after;
    }
    (ms > 0.0).then_some(ms.ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs(1_763_700_000_000);

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair =
            |(name, value): &(&'static str, &str)| (HeaderName::from_static(name), value.parse().unwrap());
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn every_way_to_say_when() {
        for (text, ms) in [
            ("1s", Some(1_000)),
            ("6m0s", Some(360_000)),
            ("2m59.56s", Some(179_560)),
            ("825ms", Some(825)),
            ("1h2m3s", Some(3_723_000)),
            ("1d", Some(86_400_000)),
            ("26.28409242630005", Some(26_285)),
            ("60", Some(60_000)),
            ("1763700030", Some(30_000)),
            ("1763700000250", Some(250)),
            ("2025-11-21T04:40:05Z", Some(5_000)),
            ("0s", None),
            ("soon", None),
            ("5 apples", None),
            ("-4", None),
            ("", None),
            ("NaN", None),
        ] {
            assert_eq!(instant(text, NOW), ms.map(|ms| NOW.plus(ms)), "{text}");
        }
    }

    #[test]
    fn an_allowance_is_read_as_far_as_it_is_told() {
        let names = AllowanceHeaders::new("x-left", "x-limit", Some("x-reset"));
        let read = |pairs: &[(&'static str, &str)]| names.read(&headers(pairs), NOW);
        let whole = Allowance { left: 3, limit: Some(10), until: NOW.plus(2_000) };
        assert_eq!(read(&[("x-left", "3"), ("x-limit", "10"), ("x-reset", "2s")]), Some(whole));
        assert_eq!(
            read(&[("x-left", "-5"), ("x-reset", "2s")]),
            Some(Allowance { left: 0, limit: None, ..whole })
        );
        assert_eq!(
            read(&[("x-left", "3")]),
            Some(Allowance { limit: None, until: NOW.plus(60_000), ..whole }),
            "a minute where nobody says"
        );
        for nothing in [
            &[("x-limit", "10"), ("x-reset", "2s")][..],
            &[("x-left", "many"), ("x-reset", "2s")],
            &[("x-left", "3"), ("x-reset", "0s")],
            &[("x-left", "3"), ("x-reset", "1763699999")],
        ] {
            assert_eq!(read(nothing), None, "{nothing:?}");
        }
    }
}
