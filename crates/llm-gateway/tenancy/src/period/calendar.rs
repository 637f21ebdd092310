//! Months and Mondays, in UTC.

use llm_types::UnixMs;

use super::DAY_MS;

/// The same time of day, so many months later; the month's last day where it has no such day.
pub(super) const fn months_after(start: UnixMs, months: u32) -> UnixMs {
    let (_, _, date) = start.date();
    let (year, month) = month_after(start, months);
    let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    let last = (UnixMs::of_date(next_year, next, 1).0 - UnixMs::of_date(year, month, 1).0) / DAY_MS;
    let date = if date > last { last } else { date };
    UnixMs(UnixMs::of_date(year, month, date).0 + start.0.rem_euclid(DAY_MS))
}

/// The beginning of the `months`-th first of a month after `now`.
pub(super) const fn first_of_month_after(now: UnixMs, months: u32) -> UnixMs {
    let (year, month) = month_after(now, months);
    UnixMs::of_date(year, month, 1)
}

/// The beginning of the `weeks`-th Monday after `now`.
pub(super) const fn monday_after(now: UnixMs, weeks: i64) -> UnixMs {
    let day = now.0.div_euclid(DAY_MS);
    // The epoch was a Thursday.
    let of_week = (day + 3).rem_euclid(7);
    UnixMs((day - of_week + 7 * weeks) * DAY_MS)
}

/// Year and month, so many months after an instant's.
const fn month_after(start: UnixMs, months: u32) -> (i64, i64) {
    let (year, month, _) = start.date();
    let total = year * 12 + month - 1 + months as i64;
    (total.div_euclid(12), total.rem_euclid(12) + 1)
}
