use super::*;

fn at(text: &str) -> UnixMs {
    UnixMs::from_rfc3339(text).unwrap()
}

fn period(text: &str) -> Period {
    text.parse().unwrap()
}

#[test]
fn written_as_read() {
    for text in ["30s", "30m", "1h", "30h", "1d", "7d", "30d", "2w", "1mo", "12mo"] {
        assert_eq!(period(text).to_string(), text);
        assert_eq!(serde_json::to_string(&period(text)).unwrap(), format!("{text:?}"));
    }
    assert_eq!(serde_json::from_str::<Period>("\"30d\"").unwrap(), period(" 30d "));
    for (word, text) in [("hourly", "1h"), (" Daily", "24h"), ("weekly", "7d"), ("monthly", "30d")] {
        assert_eq!(period(word).to_string(), text);
    }
}

#[test]
fn what_is_no_duration() {
    for text in ["", "d", "30", "-1", "-1d", "+1d", "1.5h", "30 d", "1y", "1M", "30D", "1mod", "٣d", "1d1h"]
    {
        assert!(matches!(text.parse::<Period>(), Err(PeriodError::Form(_))), "{text}");
    }
    for text in ["0s", "0mo", "99999999999d", "400000d", "12001mo", "4294967295w"] {
        assert!(matches!(text.parse::<Period>(), Err(PeriodError::Range(_))), "{text}");
    }
}

#[test]
fn lengths_from_an_instant() {
    for (length, start, end) in [
        ("30s", "2026-11-21T10:00:00Z", "2026-11-21T10:00:30Z"),
        ("90m", "2026-11-21T23:00:00Z", "2026-11-22T00:30:00Z"),
        ("30d", "2026-02-01T08:00:00.250Z", "2026-03-03T08:00:00.250Z"),
        ("2w", "2026-12-25T00:00:00Z", "2027-01-08T00:00:00Z"),
        ("1mo", "2026-01-31T12:34:56Z", "2026-02-28T12:34:56Z"),
        ("1mo", "2028-01-31T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("13mo", "2026-12-05T00:00:00Z", "2028-01-05T00:00:00Z"),
        ("12mo", "2028-02-29T00:00:00Z", "2029-02-28T00:00:00Z"),
    ] {
        assert_eq!(period(length).after(at(start)).rfc3339(), at(end).rfc3339(), "{length} after {start}");
    }
}

#[test]
fn budgets_begin_anew_by_the_calendar() {
    // 2026-11-21 is a Saturday.
    for (length, now, reset) in [
        ("30s", "2026-11-21T10:00:31Z", "2026-11-21T10:01:00Z"),
        ("30m", "2026-11-21T10:00:00Z", "2026-11-21T10:30:00Z"),
        ("1h", "2026-11-21T10:59:59.999Z", "2026-11-21T11:00:00Z"),
        ("5h", "2026-11-21T21:00:00Z", "2026-11-22T00:00:00Z"),
        ("1d", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"),
        ("3d", "2026-11-21T18:00:00Z", "2026-11-24T00:00:00Z"),
        ("3d", "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z"),
        ("7d", "2026-11-21T18:00:00Z", "2026-11-23T00:00:00Z"),
        ("7d", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"),
        ("1w", "2026-11-22T23:59:59Z", "2026-11-23T00:00:00Z"),
        ("2w", "2026-11-22T23:59:59Z", "2026-11-23T00:00:00Z"),
        ("2w", "2026-11-23T00:00:00Z", "2026-12-07T00:00:00Z"),
        ("30d", "2026-11-21T18:00:00Z", "2026-12-01T00:00:00Z"),
        ("1mo", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("3mo", "2026-11-30T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("3mo", "2027-01-01T00:00:00Z", "2027-04-01T00:00:00Z"),
    ] {
        assert_eq!(period(length).next_reset(at(now)).rfc3339(), at(reset).rfc3339(), "{length} at {now}");
    }
}

/// Zones of all kinds: far east and west, half hours, changes of the clock at midnight, a day left out.
const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "Africa/Cairo",
];

#[test]
fn days_begin_at_home() {
    for (zone, time, length, now, begin, end) in [
        // The clock goes forward on 2026-03-29 and back on 2026-10-25: days of 23 and of 25 hours.
        (
            "Europe/Berlin",
            "00:00",
            "1d",
            "2026-03-29T12:00:00Z",
            "2026-03-28T23:00:00Z",
            "2026-03-29T22:00:00Z",
        ),
        (
            "Europe/Berlin",
            "00:00",
            "1d",
            "2026-10-25T12:00:00Z",
            "2026-10-24T22:00:00Z",
            "2026-10-25T23:00:00Z",
        ),
        (
            "Europe/Berlin",
            "00:00",
            "24h",
            "2026-10-25T12:00:00Z",
            "2026-10-24T22:00:00Z",
            "2026-10-25T23:00:00Z",
        ),
        (
            "Europe/Berlin",
            "00:00",
            "7d",
            "2026-03-29T12:00:00Z",
            "2026-03-22T23:00:00Z",
            "2026-03-29T22:00:00Z",
        ),
        (
            "Europe/Berlin",
            "00:00",
            "30d",
            "2026-03-31T22:30:00Z",
            "2026-03-31T22:00:00Z",
            "2026-04-30T22:00:00Z",
        ),
        (
            "Europe/Berlin",
            "00:00",
            "1mo",
            "2026-10-31T22:59:59Z",
            "2026-09-30T22:00:00Z",
            "2026-10-31T23:00:00Z",
        ),
        (
            "Europe/Berlin",
            "17:30",
            "1d",
            "2026-11-21T16:29:00Z",
            "2026-11-20T16:30:00Z",
            "2026-11-21T16:30:00Z",
        ),
        ("UTC", "06:00", "1mo", "2026-11-01T05:59:59Z", "2026-10-01T06:00:00Z", "2026-11-01T06:00:00Z"),
        (
            "Asia/Kolkata",
            "00:00",
            "1d",
            "2026-11-21T18:30:00Z",
            "2026-11-21T18:30:00Z",
            "2026-11-22T18:30:00Z",
        ),
        (
            "America/New_York",
            "00:00",
            "5h",
            "2026-11-21T23:30:00Z",
            "2026-11-21T20:00:00Z",
            "2026-11-22T01:00:00Z",
        ),
        // Midnight did not exist on 2018-11-04: the day began at one o'clock.
        (
            "America/Sao_Paulo",
            "00:00",
            "1d",
            "2018-11-04T12:00:00Z",
            "2018-11-04T03:00:00Z",
            "2018-11-05T02:00:00Z",
        ),
    ] {
        let calendar = Calendar::named(zone).unwrap().beginning_at(time).unwrap();
        let window = period(length).window(at(now), &calendar);
        let expected = (at(begin).rfc3339(), at(end).rfc3339());
        assert_eq!(
            (window.begin.rfc3339(), window.end.rfc3339()),
            expected,
            "{length} at {now}, {zone} {time}"
        );
    }
}

#[test]
fn what_is_no_calendar() {
    for name in ["Europe/Atlantis", "", "../../etc/passwd"] {
        let error = Calendar::named(name).unwrap_err();
        assert!(error.to_string().contains(&format!("{name:?}")), "{error}");
    }
    for time in ["", "24:00", "12:60", "9:00", "0900", "12:00:00", "-1:00", "+1:00"] {
        assert!(matches!(Calendar::UTC.beginning_at(time), Err(CalendarError::Time(_))), "{time}");
    }
}

proptest::proptest! {
    #[test]
    fn a_reset_is_always_ahead(count in 1_u32..400, unit in 0_usize..6, now in -4_000_000_000_000_i64..40_000_000_000_000) {
        let unit = [Unit::Second, Unit::Minute, Unit::Hour, Unit::Day, Unit::Week, Unit::Month][unit];
        let period = Period::new(count, unit).unwrap();
        let reset = period.next_reset(UnixMs(now));
        proptest::prop_assert!(reset.0 > now);
        proptest::prop_assert!(period.after(UnixMs(now)).0 > now);
        // Nobody waits longer than the period, but for those that the calendar rounds up to whole months.
        proptest::prop_assert!(reset.0 <= period.after(UnixMs(now)).0 + 31 * DAY_MS);
    }

    #[test]
    fn windows_follow_each_other(count in 1_u32..40, unit in 0_usize..6, zone in 0_usize..8, now in 0_i64..4_000_000_000_000) {
        let unit = [Unit::Second, Unit::Minute, Unit::Hour, Unit::Day, Unit::Week, Unit::Month][unit];
        let (period, calendar) = (Period::new(count, unit).unwrap(), Calendar::named(ZONES[zone]).unwrap());
        let window = period.window(UnixMs(now), &calendar);
        proptest::prop_assert!(window.begin.0 <= now && now < window.end.0);
        for inside in [window.begin.0, window.end.0 - 1] {
            proptest::prop_assert_eq!(period.window(UnixMs(inside), &calendar), window);
        }
        proptest::prop_assert_eq!(period.window(window.end, &calendar).begin, window.end);
        proptest::prop_assert_eq!(period.window(UnixMs(window.begin.0 - 1), &calendar).end, window.begin);
    }
}
