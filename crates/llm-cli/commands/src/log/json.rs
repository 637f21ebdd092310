//! Events as JSON, one object a line.

use std::fmt;

use llm_gateway::telemetry::json_line::JsonLine;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes `{"timestamp":…,"level":…,"target":…,` and the event's fields.
pub(super) struct JsonLines;

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
        let mut line = JsonLine::new(metadata.level().as_str(), metadata.target());
        event.record(&mut Members(&mut line));
        writer.write_str(&line.end())
    }
}

struct Members<'a>(&'a mut JsonLine);

impl Visit for Members<'_> {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.number(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.number(field.name(), value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.float(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.flag(field.name(), value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.text(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.display(field.name(), format_args!("{value:?}"));
    }
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
