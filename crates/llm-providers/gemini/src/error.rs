//! Google's errors: `google.rpc.Status` as a body, as an array of one, or inside a stream.
//!
//! Source: Gemini API docs, "Troubleshooting guide", and Google Cloud, "Error model" (google.aip.dev/193), read
//! 2026-11.

use bytes::Bytes;
use http::Response;
use llm_provider_core::{UpstreamError, header_text, retry_after_ms, triage};
use llm_types::{ErrorKind, Extra};
use serde_json::Value;

use crate::wire::{ErrorBody, ErrorResponse};

/// The member in which Google tells more about an error.
pub(crate) const DETAILS: &str = "details";

/// The HTTP status that each status of gRPC stands for.
const STATUS: &[(&str, u16)] = &[
    ("INVALID_ARGUMENT", 400),
    ("FAILED_PRECONDITION", 400),
    ("OUT_OF_RANGE", 400),
    ("UNAUTHENTICATED", 401),
    ("PERMISSION_DENIED", 403),
    ("NOT_FOUND", 404),
    ("ALREADY_EXISTS", 409),
    ("ABORTED", 409),
    ("RESOURCE_EXHAUSTED", 429),
    ("CANCELLED", 499),
    ("INTERNAL", 500),
    ("UNKNOWN", 500),
    ("DATA_LOSS", 500),
    ("UNIMPLEMENTED", 501),
    ("UNAVAILABLE", 503),
    ("DEADLINE_EXCEEDED", 504),
];

/// The status of gRPC that an HTTP status stands for.
pub(crate) fn status_name(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        402 | 403 => "PERMISSION_DENIED",
        404 | 405 => "NOT_FOUND",
        408 | 504 => "DEADLINE_EXCEEDED",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        400..=498 => "INVALID_ARGUMENT",
        502 | 503 | 529 => "UNAVAILABLE",
        _ => "INTERNAL",
    }
}

/// Whether this is a status of gRPC that stands for that HTTP status.
pub(crate) fn is_status_name(name: &str, status: u16) -> bool {
    STATUS.contains(&(name, status))
}

/// Reads an answer that is no success.
pub(crate) fn read(response: &Response<&[u8]>) -> UpstreamError {
    let status = response.status();
    let body = *response.body();
    let mut error = match body_of(body) {
        Some(told_body) => told(&told_body, Some(status.as_u16())),
        None => {
            let text = String::from_utf8_lossy(body);
            let text = text.trim();
            let words = if text.is_empty() { status.canonical_reason().unwrap_or("no words") } else { text };
            UpstreamError::new(triage(status.as_u16(), &[Some(text)]), status.as_u16(), words)
        }
    };
    error.request_id = header_text(response.headers(), "x-request-id").map(str::to_owned);
    error.retry_after_ms = error.retry_after_ms.or_else(|| retry_after_ms(response.headers()));
    error.body = Bytes::copy_from_slice(body);
    error
}

/// Reads the error that a frame of a stream is.
pub(crate) fn in_stream(error: &ErrorBody, data: &[u8]) -> UpstreamError {
    UpstreamError { body: Bytes::copy_from_slice(data), ..told(error, None) }
}

fn body_of(body: &[u8]) -> Option<ErrorBody> {
    let tree: Value = serde_json::from_slice(body).ok()?;
    let tree = match tree {
        Value::Array(mut list) if !list.is_empty() => list.swap_remove(0),
        other => other,
    };
    match serde_json::from_value::<ErrorResponse>(tree).ok()?.error.into_option()? {
        error if error.message.is_value() || error.status.is_value() => Some(error),
        _ => None,
    }
}

/// `status` is `None` inside a stream: the code, or what it stands for, is then one.
fn told(error: &ErrorBody, status: Option<u16>) -> UpstreamError {
    let name = error.status.as_deref().unwrap_or_default();
    let stands_for = STATUS.iter().find(|(known, _)| *known == name).map(|(_, status)| *status);
    let status = status.or(error.code.get().copied()).or(stands_for).unwrap_or(500);
    let message = error.message.as_deref().unwrap_or(name);
    let details = error.details.as_deref().unwrap_or_default();
    let reason = details.iter().find_map(|detail| detail.get("reason")?.as_str());
    let retry = details.iter().find_map(|detail| detail.get("retryDelay")?.as_str()).and_then(duration_ms);
    let meant = if status < 400 { stands_for.unwrap_or(500) } else { status };
    let kind = match triage(meant, &[Some(message), reason]) {
        _ if meant == 429 && spans_a_day(details) => ErrorKind::QuotaExceeded,
        // Google's words on quota are the same for a minute and for good; a time to wait tells them apart.
        ErrorKind::QuotaExceeded if retry.is_some() => ErrorKind::RateLimit,
        kind => kind,
    };
    UpstreamError {
        code: reason.map(str::to_owned),
        vendor_type: error.status.get().cloned(),
        param: details.iter().find_map(|detail| {
            let violation = detail.get("fieldViolations")?.as_array()?.first()?;
            violation.get("field")?.as_str().map(str::to_owned)
        }),
        retry_after_ms: retry,
        details: (!details.is_empty())
            .then(|| Box::new(Extra::from_iter([(DETAILS.to_owned(), details.to_vec().into())]))),
        ..UpstreamError::new(kind, status, message)
    }
}

/// Whether the quota that is used up is one of a day: waiting a little does not help.
fn spans_a_day(details: &[Value]) -> bool {
    let violations = details.iter().filter_map(|detail| detail.get("violations")?.as_array()).flatten();
    let ids = violations.filter_map(|violation| violation.get("quotaId")?.as_str());
    ids.into_iter().any(|id| id.contains("PerDay"))
}

/// A time as Google writes it: seconds, with a fraction, and an `s`.
fn duration_ms(text: &str) -> Option<u64> {
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    (0.0..=31_536_000.0).contains(&seconds).then_some((seconds * 1000.0) as u64)
}

#[cfg(test)]
mod tests;
