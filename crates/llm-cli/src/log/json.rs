//! One JSON object a line, written straight into the line: no map is built on the way.

use std::fmt::{self, Write as _};
use std::time::{SystemTime, UNIX_EPOCH};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes `{"timestamp":…,"level":…,"target":…,` and the event's fields.
pub(super) struct JsonLines;

/// Room for the line of a request.
const LINE: usize = 1024;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        // Gathered here and handed on once: each piece that goes through the writer is a call through a table.
        let mut line = String::with_capacity(LINE);
        line.push_str("{\"timestamp\":\"");
        push_time(&mut line, now());
        line.push_str("\",\"level\":\"");
        line.push_str(metadata.level().as_str());
        line.push_str("\",\"target\":\"");
        line.push_str(metadata.target());
        line.push('"');
        event.record(&mut Members { line: &mut line });
        line.push_str("}\n");
        writer.write_str(&line)
    }
}

#[expect(clippy::disallowed_methods, reason = "a log line's own time; nothing is decided by it")]
fn now() -> SystemTime {
    SystemTime::now()
}

/// RFC 3339 in UTC, to the microsecond.
fn push_time(line: &mut String, time: SystemTime) {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    for (mut number, place) in [
        (year, 0..4),
        (month, 5..7),
        (day, 8..10),
        (hour, 11..13),
        (minute, 14..16),
        (second, 17..19),
        (u64::from(since.subsec_micros()), 20..26),
    ] {
        for digit in text[place].iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
    }
    line.push_str(str::from_utf8(&text).unwrap_or_default());
}

/// Year, month and day in the Gregorian calendar, of days since 1970.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`, read 2026-11.
const fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    // Years begin in March here, so that a leap day is the last of its year.
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + if month <= 2 { 1 } else { 0 }, month, day)
}

struct Members<'a> {
    line: &'a mut String,
}

impl Members<'_> {
    fn name(&mut self, field: &Field) {
        self.line.push_str(",\"");
        self.line.push_str(field.name());
        self.line.push_str("\":");
    }
}

impl Visit for Members<'_> {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.name(field);
        self.line.push_str(itoa::Buffer::new().format(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.name(field);
        self.line.push_str(itoa::Buffer::new().format(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.name(field);
        if value.is_finite() {
            let _a_string_takes_all = write!(self.line, "{value}");
        } else {
            self.line.push_str("null");
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.name(field);
        self.line.push_str(if value { "true" } else { "false" });
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        self.line.push('"');
        push_escaped(self.line, value);
        self.line.push('"');
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.name(field);
        self.line.push('"');
        let _a_string_takes_all = write!(Escaped(self.line), "{value:?}");
        self.line.push('"');
    }
}

/// Text inside a JSON string.
struct Escaped<'a>(&'a mut String);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        push_escaped(self.0, text);
        Ok(())
    }
}

fn push_escaped(line: &mut String, text: &str) {
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    let mut plain = 0;
    // Nearly all texts have nothing to escape: one pass tells, of many bytes at a time.
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let are_plain = |bytes: &[u8]| bytes.iter().fold(true, |all, byte| all & is_plain(*byte));
    if !(words.iter().all(|word| are_plain(word)) && are_plain(rest)) {
        for (at, byte) in text.bytes().enumerate().filter(|(_, byte)| !is_plain(*byte)) {
            line.push_str(&text[plain..at]);
            match byte {
                b'"' => line.push_str("\\\""),
                b'\\' => line.push_str("\\\\"),
                b'\n' => line.push_str("\\n"),
                b'\r' => line.push_str("\\r"),
                b'\t' => line.push_str("\\t"),
                byte => {
                    let _a_string_takes_all = write!(line, "\\u{byte:04x}");
                }
            }
            plain = at + 1;
        }
    }
    line.push_str(&text[plain..]);
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn times_are_rfc_3339() {
        for (seconds, micros, expected) in [
            (0, 0, "1970-01-01T00:00:00.000000Z"),
            (951_782_399, 999_999, "2000-02-28T23:59:59.999999Z"),
            (951_782_400, 1, "2000-02-29T00:00:00.000001Z"),
            (1_709_251_199, 20, "2024-02-29T23:59:59.000020Z"),
            (1_735_689_599, 0, "2024-12-31T23:59:59.000000Z"),
            (4_107_542_400, 0, "2100-03-01T00:00:00.000000Z"),
        ] {
            let mut text = String::new();
            push_time(&mut text, UNIX_EPOCH + std::time::Duration::new(seconds, micros * 1000));
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn every_line_is_json_and_nothing_breaks_out() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber =
            tracing_subscriber::fmt().with_writer(move || writer.clone()).event_format(JsonLines).finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(a = 1, b = -2, c = 0.5, d = true, e = "q\"\\\n\u{1}é", f = ?Some("x\"y"), none = None::<u64>, "said \"so\"");
            tracing::warn!(nan = f64::NAN, "second");
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let parsed: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(parsed.len(), 2);
        assert_eq!(parsed[0]["e"], "q\"\\\n\u{1}é");
        assert_eq!(parsed[0]["f"], "Some(\"x\\\"y\")");
        assert_eq!(parsed[0]["message"], "said \"so\"");
        assert_eq!(
            (&parsed[0]["a"], &parsed[0]["b"], &parsed[0]["c"], &parsed[0]["d"]),
            (&1.into(), &(-2).into(), &0.5.into(), &true.into())
        );
        assert!(parsed[0].get("none").is_none() && parsed[1]["nan"].is_null());
        assert_eq!(parsed[1]["level"], "WARN");
    }
}
