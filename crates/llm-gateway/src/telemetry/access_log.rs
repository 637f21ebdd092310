//! One line per request.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use llm_router::Reason;
use tracing::Level;

use super::json_line::JsonLine;
use crate::auth::Principal;
use crate::exchange::{Outcome, Record, Sink};

/// The target of all lines, for filters.
const TARGET: &str = "llm_gateway::access";

/// Takes whole log lines.
pub trait Lines: fmt::Debug + Send + Sync {
    /// Takes a line, with its line break.
    fn line(&self, line: &str);
}

/// Writes one line per request, at level `INFO`, or `WARN` for a failure on our side or the vendor's.
#[derive(Debug, Default)]
pub struct AccessLog {
    lines: Option<Arc<dyn Lines>>,
}

impl AccessLog {
    /// With lines: JSON objects, handed over as they are. Without: events of `tracing`, whose fields are part of the
    /// message. The filter of `tracing` holds for both.
    ///
    /// The lines are by far the cheaper: an event's fields go through tables of functions, one by one.
    pub const fn new(lines: Option<Arc<dyn Lines>>) -> Self {
        Self { lines }
    }
}

impl Sink for AccessLog {
    fn record(&self, record: &Record) {
        let (level, message) = match &record.outcome {
            Outcome::Answered => (Level::INFO, "request answered"),
            Outcome::HungUp => (Level::INFO, "client hung up"),
            Outcome::Drained => (Level::WARN, "request cut off at shutdown"),
            Outcome::Panicked => (Level::ERROR, "request panicked"),
            Outcome::Failed { kind, .. } if kind.status() < 500 => (Level::INFO, "request refused"),
            Outcome::Failed { .. } => (Level::WARN, "request failed"),
        };
        // A filter is asked by a constant level.
        let wanted = match level {
            Level::ERROR => tracing::enabled!(target: TARGET, Level::ERROR),
            Level::WARN => tracing::enabled!(target: TARGET, Level::WARN),
            _ => tracing::enabled!(target: TARGET, Level::INFO),
        };
        if !wanted {
            return;
        }
        if let Some(lines) = &self.lines {
            let mut line = JsonLine::new(level.as_str(), TARGET);
            line.word("message", message);
            tell(record, &mut line);
            lines.line(&line.end());
            return;
        }
        let mut fields = Words(String::new());
        tell(record, &mut fields);
        let Words(fields) = fields;
        match level {
            Level::ERROR => tracing::error!(target: TARGET, "{message}{fields}"),
            Level::WARN => tracing::warn!(target: TARGET, "{message}{fields}"),
            _ => tracing::info!(target: TARGET, "{message}{fields}"),
        }
    }
}

/// Whatever a line's members are written to.
trait Members {
    /// A word in which nothing has to be escaped.
    fn word(&mut self, name: &'static str, value: &str);
    /// Any text.
    fn text(&mut self, name: &'static str, value: &str);
    /// A number.
    fn number(&mut self, name: &'static str, value: u64);
    /// Yes or no.
    fn flag(&mut self, name: &'static str, value: bool);
}

impl Members for JsonLine {
    #[inline]
    fn word(&mut self, name: &'static str, value: &str) {
        Self::word(self, name, value);
    }

    #[inline]
    fn text(&mut self, name: &'static str, value: &str) {
        Self::text(self, name, value);
    }

    #[inline]
    fn number(&mut self, name: &'static str, value: u64) {
        Self::number(self, name, value);
    }

    #[inline]
    fn flag(&mut self, name: &'static str, value: bool) {
        Self::flag(self, name, value);
    }
}

/// ` name=value` for people.
struct Words(String);

impl Words {
    fn add(&mut self, name: &str, value: fmt::Arguments<'_>) {
        use fmt::Write as _;
        let _a_string_takes_all = write!(self.0, " {name}={value}");
    }
}

impl Members for Words {
    fn word(&mut self, name: &'static str, value: &str) {
        self.add(name, format_args!("{value}"));
    }

    fn text(&mut self, name: &'static str, value: &str) {
        self.add(name, format_args!("{value:?}"));
    }

    fn number(&mut self, name: &'static str, value: u64) {
        self.add(name, format_args!("{value}"));
    }

    fn flag(&mut self, name: &'static str, value: bool) {
        self.add(name, format_args!("{value}"));
    }
}

/// Everything a line says of a request.
fn tell(record: &Record, to: &mut impl Members) {
    to.text("request.id", &record.id);
    if let Some(original) = &record.mirror_of {
        to.text("mirror_of", original);
    }
    to.word("route", record.route);
    to.word("outcome", record.outcome.label());
    if let Some(status) = record.status {
        to.number("status", status.into());
    }
    if let Some(model) = &record.model {
        to.text("model", model);
    }
    if let Some(leg) = record.leg() {
        to.text("deployment.id", leg.deployment.as_str());
        to.text("provider", &leg.provider);
        to.flag("relayed", leg.relayed);
    }
    to.flag("stream", record.stream);
    to.number("attempts", record.legs.len() as u64);
    to.number("retries", record.retries.into());
    to.number("fallbacks", record.fallbacks.into());
    to.number("hedges", record.legs.iter().filter(|leg| leg.reason == Reason::Hedge).count() as u64);
    if let Some(rule) = &record.rule {
        to.text("rule", rule);
    }
    if let Some(variant) = &record.variant {
        to.text("variant", variant);
    }
    if let Some(tier) = &record.quality {
        to.text("quality_tier", tier);
    }
    if let Some(failed) = failed_attempts(record) {
        to.text("failed_attempts", &failed);
    }
    if !record.queued.is_zero() {
        to.number("queue_ms", u64::try_from(record.queued.as_millis()).unwrap_or(u64::MAX));
    }
    if record.continuations > 0 {
        to.number("continuations", record.continuations.into());
    }
    if let Some(why) = record.not_continued {
        to.word("not_continued", why);
    }
    if let Some(principal) = &record.principal {
        to.text("principal", Principal::label(principal));
    }
    if let Some(client) = record.client {
        to.word("client", &text_of(client));
    }
    if let Some(counts) = record.seen.usage.as_ref().map(llm_types::Usage::counts) {
        to.number("tokens.input", counts.input_total());
        to.number("tokens.output", counts.output_total());
    }
    if let Some(bill) = &record.bill {
        to.word("cost.usd", &bill.cost.total.to_string());
        if bill.is_estimate {
            to.flag("cost.estimate", true);
        }
    } else if record.is_unpriced() {
        to.flag("cost.unpriced", true);
    }
    if let Some(reason) = &record.seen.finish_reason {
        to.text("finish_reason", reason.as_str());
    }
    to.number("notes", record.notes.len() as u64);
    to.number("request.bytes", record.request_bytes);
    to.number("response.bytes", record.response_bytes);
    if let Some(at) = record.first_byte_at {
        to.number("first_byte_ms", at.as_millis() as u64);
    }
    to.number("duration_ms", record.duration.as_millis() as u64);
    to.number("overhead_us", record.overhead().as_micros() as u64);
    to.number("config.version", record.config_version);
    match &record.outcome {
        Outcome::Answered => {}
        Outcome::HungUp | Outcome::Drained | Outcome::Panicked => to.word("stage", record.stage.label()),
        Outcome::Failed { kind, layer, message } => {
            to.word("stage", record.stage.label());
            to.word("error.kind", kind.label());
            to.word("error.layer", layer.label());
            to.text("error.message", message);
        }
    }
}

/// An address as text. Nearly all are of version 4, and the standard library takes its time for these.
fn text_of(address: IpAddr) -> String {
    let IpAddr::V4(address) = address else { return address.to_string() };
    let mut text = String::with_capacity(15);
    for (at, part) in address.octets().into_iter().enumerate() {
        if at > 0 {
            text.push('.');
        }
        text.push_str(itoa::Buffer::new().format(part));
    }
    text
}

/// The attempts that did not answer, in order: `deployment=kind, ...`; `None` if there are none.
fn failed_attempts(record: &Record) -> Option<String> {
    let mut failed = record.legs.iter().filter(|leg| leg.over_at.is_some()).peekable();
    failed.peek()?;
    let named: Vec<String> = failed.map(|leg| format!("{}={}", leg.deployment, leg.label())).collect();
    Some(named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_usual() {
        for address in ["127.0.0.1", "255.10.0.9", "::1", "2001:db8::7"] {
            assert_eq!(text_of(address.parse().unwrap()), address);
        }
    }
}
