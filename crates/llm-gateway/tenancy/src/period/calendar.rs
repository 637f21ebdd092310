//! [`Calendar`]: where days begin.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use llm_types::UnixMs;

use super::DAY_MS;

/// By which days, weeks and months are counted: a time zone, and the time of day at which a day begins.
///
/// ```
/// use llm_tenancy::{Calendar, Period};
/// use llm_types::UnixMs;
///
/// let daily: Period = "1d".parse()?;
/// let now = UnixMs::from_rfc3339("2026-03-29T12:00:00Z").unwrap();
/// assert_eq!(daily.window(now, &Calendar::UTC).end.rfc3339(), "2026-03-30T00:00:00Z");
/// # if std::path::Path::new("/usr/share/zoneinfo/Europe/Berlin").exists() {
/// let berlin = Calendar::named("Europe/Berlin")?;
/// assert_eq!(daily.window(now, &berlin).end.rfc3339(), "2026-03-29T22:00:00Z");
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Calendar {
    /// `None` is UTC.
    zone: Option<TimeZone>,
    /// Minutes after midnight at which a day begins.
    begins_at: u16,
}

/// Why there is no such [`Calendar`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CalendarError {
    /// The system knows no such zone, or has no database of time zones.
    #[error("the time zone {name:?} is not in this system's database of time zones: {reason}")]
    Zone {
        /// As it was written.
        name: String,
        /// What was found wrong.
        reason: String,
    },
    /// No time of day.
    #[error("{0:?} is no time of day such as 00:00 or 17:30")]
    Time(String),
}

impl Calendar {
    /// That of UTC.
    pub const UTC: Self = Self { zone: None, begins_at: 0 };

    /// That of a time zone by its IANA name, such as `Europe/Berlin`. Reads the system's database of time zones: to be
    /// called when a configuration is read.
    ///
    /// # Errors
    /// [`CalendarError::Zone`] if it is not there.
    pub fn named(name: &str) -> Result<Self, CalendarError> {
        if matches!(name, "UTC" | "Etc/UTC" | "Z") {
            return Ok(Self::UTC);
        }
        let zone = TimeZone::get(name)
            .map_err(|error| CalendarError::Zone { name: name.to_owned(), reason: error.to_string() })?;
        Ok(Self { zone: Some(zone), begins_at: 0 })
    }

    /// The same, but days begin at a time of day such as `17:30`.
    ///
    /// # Errors
    /// [`CalendarError::Time`] if it is none.
    pub fn beginning_at(self, time: &str) -> Result<Self, CalendarError> {
        let minutes = || {
            let (hour, minute) = time.trim().split_once(':')?;
            let number = |text: &str, most| {
                let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
                text.parse::<u16>().ok().filter(|number| is_number && *number < most)
            };
            Some(number(hour, 24)? * 60 + number(minute, 60)?)
        };
        let begins_at = minutes().ok_or_else(|| CalendarError::Time(time.chars().take(20).collect()))?;
        Ok(Self { begins_at, ..self })
    }

    /// The day that an instant is in, counted from 1970-01-01.
    pub(super) fn day_of(&self, now: UnixMs) -> i64 {
        let mut day = (now.0 + self.offset_ms(now)).div_euclid(DAY_MS);
        // Around a change of the clock, and before the time at which days begin.
        while self.begin_of(day).0 > now.0 {
            day -= 1;
        }
        while self.begin_of(day + 1).0 <= now.0 {
            day += 1;
        }
        day
    }

    /// When a day begins. A time that the clock leaves out is the next that it shows, of one that it shows twice the first
    /// counts.
    pub(super) fn begin_of(&self, day: i64) -> UnixMs {
        let plain = UnixMs(day.saturating_mul(DAY_MS).saturating_add(i64::from(self.begins_at) * 60_000));
        self.zone.as_ref().and_then(|zone| in_zone(zone, day, self.begins_at)).unwrap_or(plain)
    }

    fn offset_ms(&self, now: UnixMs) -> i64 {
        let Some(zone) = &self.zone else { return 0 };
        let at = Timestamp::from_millisecond(now.0);
        at.map_or(0, |at| i64::from(zone.to_offset(at).seconds()) * 1000)
    }
}

/// `None` beyond the years that jiff counts.
fn in_zone(zone: &TimeZone, day: i64, begins_at: u16) -> Option<UnixMs> {
    let (year, month, date) = UnixMs(day.checked_mul(DAY_MS)?).date();
    let date = Date::new(year.try_into().ok()?, month.try_into().ok()?, date.try_into().ok()?).ok()?;
    let (hour, minute) = (begins_at / 60, begins_at % 60);
    let time = date.at(hour.try_into().ok()?, minute.try_into().ok()?, 0, 0);
    Some(UnixMs(zone.to_timestamp(time).ok()?.as_millisecond()))
}

/// The same time of day in UTC, so many months later; the month's last day where it has no such day.
pub(super) const fn months_after(start: UnixMs, months: u32) -> UnixMs {
    let (year, month, date) = start.date();
    let month = year * 12 + month - 1 + months as i64;
    let last = first_of(month + 1) - first_of(month);
    let date = if date > last { last } else { date };
    UnixMs((first_of(month) + date - 1) * DAY_MS + start.0.rem_euclid(DAY_MS))
}

/// The month that a day is in, counted from the year 0.
pub(super) const fn month_of(day: i64) -> i64 {
    let (year, month, _) = UnixMs(day * DAY_MS).date();
    year * 12 + month - 1
}

/// The first day of a month.
pub(super) const fn first_of(month: i64) -> i64 {
    UnixMs::of_date(month.div_euclid(12), month.rem_euclid(12) + 1, 1).0.div_euclid(DAY_MS)
}
