//! Rates for the hours in which a vendor has little to do: `off_peak_pricing`.

use llm_types::UnixMs;

use crate::{Item, Rate};

const DAY_MINUTES: i64 = 24 * 60;

/// Replacement rates, and when they apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OffPeak {
    pub(crate) rates: Vec<(Item, Rate)>,
    pub(crate) windows: Vec<Window>,
    /// How far the clock on whose calendar weekdays are read is ahead of UTC.
    pub(crate) weekday_offset_minutes: i16,
}

/// Hours of a day, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// The first minute of the day.
    pub(crate) start: u16,
    /// The first minute after it. At or before the start, it runs past midnight.
    pub(crate) end: u16,
    pub(crate) weekdays: Weekdays,
}

/// Days of the week, one bit each; Monday is the lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weekdays(pub(crate) u8);

impl Weekdays {
    pub(crate) const ALL: Self = Self(0x7F);
}

impl OffPeak {
    pub(super) fn rate(&self, item: Item) -> Option<Rate> {
        self.rates.iter().find(|(it, _)| *it == item).map(|(_, rate)| *rate)
    }

    /// Whether the rates apply at an instant.
    pub(crate) fn is_open(&self, at: UnixMs) -> bool {
        let minutes = at.seconds().div_euclid(60);
        let minute = minutes.rem_euclid(DAY_MINUTES);
        let local_day = (minutes + i64::from(self.weekday_offset_minutes)).div_euclid(DAY_MINUTES);
        // The first of January 1970 was a Thursday.
        let weekday = (local_day + 3).rem_euclid(7);
        self.windows.iter().any(|window| window.holds(minute) && window.weekdays.0 >> weekday & 1 == 1)
    }
}

impl Window {
    fn holds(&self, minute: i64) -> bool {
        let (start, end) = (i64::from(self.start), i64::from(self.end));
        if start < end { start <= minute && minute < end } else { minute >= start || minute < end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21T00:00:00Z, a Saturday.
    const SATURDAY: i64 = 1_795_219_200_000;
    const HOUR: i64 = 3_600_000;

    fn open(windows: &[Window], offset: i16, at: i64) -> bool {
        let block = OffPeak { rates: vec![], windows: windows.to_vec(), weekday_offset_minutes: offset };
        block.is_open(UnixMs(at))
    }

    #[test]
    fn a_window_has_a_first_minute_and_no_last() {
        let window = [Window { start: 4 * 60, end: 6 * 60, weekdays: Weekdays::ALL }];
        assert!(!open(&window, 0, SATURDAY + 4 * HOUR - 1));
        assert!(open(&window, 0, SATURDAY + 4 * HOUR));
        assert!(open(&window, 0, SATURDAY + 6 * HOUR - 1));
        assert!(!open(&window, 0, SATURDAY + 6 * HOUR));
    }

    #[test]
    fn a_window_may_run_past_midnight_or_all_day() {
        let night = [Window { start: 16 * 60 + 30, end: 30, weekdays: Weekdays::ALL }];
        assert!(open(&night, 0, SATURDAY + 17 * HOUR));
        assert!(open(&night, 0, SATURDAY + HOUR / 4));
        assert!(!open(&night, 0, SATURDAY + HOUR));
        let day = [Window { start: 0, end: 0, weekdays: Weekdays::ALL }];
        assert!(open(&day, 0, SATURDAY) && open(&day, 0, SATURDAY + 23 * HOUR));
    }

    #[test]
    fn weekdays_are_read_on_the_vendors_calendar() {
        let weekend = [Window { start: 0, end: 0, weekdays: Weekdays(0b110_0000) }];
        assert!(open(&weekend, 0, SATURDAY));
        assert!(!open(&weekend, 0, SATURDAY - 1));
        // Friday 17:00 in UTC is Saturday in Shanghai.
        assert!(open(&weekend, 8 * 60, SATURDAY - 7 * HOUR));
        assert!(!open(&weekend, 8 * 60, SATURDAY - 9 * HOUR));
        assert!(!open(&weekend, 8 * 60, SATURDAY + 2 * 24 * HOUR - 7 * HOUR));
    }
}
