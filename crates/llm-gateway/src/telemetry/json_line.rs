//! [`JsonLine`]: a log line as one JSON object, written straight into a string: no map is built on the way.

use std::fmt::{self, Write as _};
use std::time::{SystemTime, UNIX_EPOCH};

use llm_types::UnixMs;

/// Room for the line of a request.
const ROOM: usize = 1024;

/// A log line while it is written: `{"timestamp":…,"level":…,"target":…` and the members that are added.
///
/// ```
/// use llm_gateway::telemetry::json_line::JsonLine;
///
/// let mut line = JsonLine::new("INFO", "example");
/// line.text("said", "\"so\"");
/// assert!(line.end().ends_with("\"target\":\"example\",\"said\":\"\\\"so\\\"\"}\n"));
/// ```
#[derive(Debug)]
pub struct JsonLine(String);

impl JsonLine {
    /// Begins a line, at this moment. Level and target are plain words.
    pub fn new(level: &str, target: &str) -> Self {
        let mut line = String::with_capacity(ROOM);
        line.push_str("{\"timestamp\":\"");
        push_time(&mut line, now());
        line.push_str("\",\"level\":\"");
        line.push_str(level);
        line.push_str("\",\"target\":\"");
        line.push_str(target);
        line.push('"');
        Self(line)
    }

    /// The whole line, with its line break.
    pub fn end(mut self) -> String {
        self.0.push_str("}\n");
        self.0
    }

    /// Any text.
    #[inline]
    pub fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        self.0.push('"');
        push_escaped(&mut self.0, value);
        self.0.push('"');
    }

    /// A word in which nothing has to be escaped.
    #[inline]
    pub(crate) fn word(&mut self, name: &str, value: &str) {
        self.name(name);
        self.0.push('"');
        self.0.push_str(value);
        self.0.push('"');
    }

    /// What a value says of itself.
    pub fn display(&mut self, name: &str, value: fmt::Arguments<'_>) {
        self.name(name);
        self.0.push('"');
        let _a_string_takes_all = write!(Escaped(&mut self.0), "{value}");
        self.0.push('"');
    }

    /// A number.
    #[inline]
    pub fn number(&mut self, name: &str, value: impl itoa::Integer) {
        self.name(name);
        self.0.push_str(itoa::Buffer::new().format(value));
    }

    /// A number with a fraction; `null` if it is none.
    pub fn float(&mut self, name: &str, value: f64) {
        self.name(name);
        if value.is_finite() {
            let _a_string_takes_all = write!(self.0, "{value}");
        } else {
            self.0.push_str("null");
        }
    }

    /// Yes or no.
    #[inline]
    pub fn flag(&mut self, name: &str, value: bool) {
        self.name(name);
        self.0.push_str(if value { "true" } else { "false" });
    }

    #[inline]
    fn name(&mut self, name: &str) {
        self.0.push_str(",\"");
        self.0.push_str(name);
        self.0.push_str("\":");
    }
}

#[expect(clippy::disallowed_methods, reason = "a log line's own time; nothing is decided by it")]
fn now() -> SystemTime {
    SystemTime::now()
}

/// RFC 3339 in UTC, to the microsecond.
fn push_time(line: &mut String, time: SystemTime) {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    let (year, month, day) = UnixMs(ms).date();
    let second = since.as_secs() % 86_400;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    for (mut number, place) in [
        (year.cast_unsigned(), 0..4),
        (month.cast_unsigned(), 5..7),
        (day.cast_unsigned(), 8..10),
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
    use super::*;

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
    fn nothing_breaks_out_of_a_text() {
        let text = "q\"\\\n\r\t\u{1}é and more than eight bytes";
        let mut line = JsonLine::new("INFO", "test");
        line.text("text", text);
        line.display("shown", format_args!("{text}"));
        line.float("nan", f64::NAN);
        let parsed: serde_json::Value = serde_json::from_str(&line.end()).unwrap();
        assert_eq!((parsed["text"].as_str(), parsed["shown"].as_str()), (Some(text), Some(text)));
        assert!(parsed["nan"].is_null());
    }
}
