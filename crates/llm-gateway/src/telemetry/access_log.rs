//! One line per request.

use std::net::IpAddr;

use llm_router::Reason;

use crate::exchange::{Outcome, Record, Sink};

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

/// Writes one event per request, at level `INFO`, or `WARN` for a failure on our side or the vendor's.
#[derive(Debug, Default)]
pub struct AccessLog;

impl Sink for AccessLog {
    fn record(&self, record: &Record) {
        let counts = record.seen.usage.as_ref().map(llm_types::Usage::counts);
        let leg = record.leg();
        let client = record.client.map(text_of);
        let failed = failed_attempts(record);
        let hedges = record.legs.iter().filter(|leg| leg.reason == Reason::Hedge).count();
        macro_rules! line {
            ($level:expr, $message:literal, $($more:tt)*) => {
                tracing::event!(
                    target: "llm_gateway::access",
                    $level,
                    request.id = record.id,
                    mirror_of = record.mirror_of.as_deref(),
                    route = record.route,
                    outcome = record.outcome.label(),
                    status = record.status,
                    model = record.model.as_deref(),
                    deployment.id = leg.map(|leg| leg.deployment.as_str()),
                    provider = leg.map(|leg| &*leg.provider),
                    relayed = leg.map(|leg| leg.relayed),
                    stream = record.stream,
                    attempts = record.legs.len(),
                    retries = record.retries,
                    fallbacks = record.fallbacks,
                    hedges = hedges,
                    rule = record.rule.as_deref(),
                    variant = record.variant.as_deref(),
                    failed_attempts = failed.as_deref(),
                    continuations = (record.continuations > 0).then_some(record.continuations),
                    not_continued = record.not_continued,
                    principal = record.principal.as_ref().map(crate::auth::Principal::label),
                    client = client.as_deref(),
                    tokens.input = counts.map(|counts| counts.input_total()),
                    tokens.output = counts.map(|counts| counts.output_total()),
                    cost.usd = record.bill.as_ref().map(|bill| bill.cost.total.to_string()).as_deref(),
                    cost.estimate = record.bill.as_ref().and_then(|bill| bill.is_estimate.then_some(true)),
                    finish_reason = record.seen.finish_reason.as_ref().map(llm_types::FinishReason::as_str),
                    notes = record.notes.len(),
                    request.bytes = record.request_bytes,
                    response.bytes = record.response_bytes,
                    first_byte_ms = record.first_byte_at.map(|at| at.as_millis() as u64),
                    duration_ms = record.duration.as_millis() as u64,
                    overhead_us = record.overhead().as_micros() as u64,
                    config.version = record.config_version,
                    $($more)*
                    $message
                )
            };
        }
        match &record.outcome {
            Outcome::Answered => line!(tracing::Level::INFO, "request answered",),
            Outcome::HungUp => line!(tracing::Level::INFO, "client hung up", stage = record.stage.label(),),
            Outcome::Drained => {
                line!(tracing::Level::WARN, "request cut off at shutdown", stage = record.stage.label(),);
            }
            Outcome::Panicked => {
                line!(tracing::Level::ERROR, "request panicked", stage = record.stage.label(),);
            }
            Outcome::Failed { kind, layer, message } if kind.status() < 500 => {
                line!(
                    tracing::Level::INFO,
                    "request refused",
                    stage = record.stage.label(),
                    error.kind = kind.label(),
                    error.layer = layer.label(),
                    error.message = message,
                );
            }
            Outcome::Failed { kind, layer, message } => {
                line!(
                    tracing::Level::WARN,
                    "request failed",
                    stage = record.stage.label(),
                    error.kind = kind.label(),
                    error.layer = layer.label(),
                    error.message = message,
                );
            }
        }
    }
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
