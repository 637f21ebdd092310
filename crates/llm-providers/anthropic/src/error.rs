//! Anthropic's errors, as a whole body or inside a stream.
//!
//! Source: Anthropic API reference, "Errors" (platform.claude.com/docs/en/api/errors), read 2026-11.

use bytes::Bytes;
use http::Response;
use llm_provider_core::{UpstreamError, header_text, retry_after_ms, triage};
use llm_types::{ErrorKind, Extra};
use serde_json::Value;

use crate::wire::{ErrorBody, ErrorResponse, StreamError};

/// The status that each type stands for.
const STATUS: &[(&str, u16)] = &[
    ("invalid_request_error", 400),
    ("authentication_error", 401),
    ("billing_error", 402),
    ("permission_error", 403),
    ("not_found_error", 404),
    ("conflict_error", 409),
    ("request_too_large", 413),
    ("rate_limit_error", 429),
    ("api_error", 500),
    ("timeout_error", 504),
    ("overloaded_error", 529),
];

/// Reads an answer that is no success.
pub(crate) fn read(response: &Response<&[u8]>) -> UpstreamError {
    let status = response.status();
    let headers = response.headers();
    let body = *response.body();
    let mut error = match serde_json::from_slice::<ErrorResponse>(body) {
        Ok(read) => {
            let mut error = told(&read.error, Some(status.as_u16()));
            error.request_id = read.request_id.into_option();
            error
        }
        Err(_) => {
            let text = String::from_utf8_lossy(body);
            let text = text.trim();
            let words = if text.is_empty() { status.canonical_reason().unwrap_or("no words") } else { text };
            UpstreamError::new(triage(status.as_u16(), &[Some(text)]), status.as_u16(), words)
        }
    };
    error.request_id = error.request_id.or_else(|| header_text(headers, "request-id").map(str::to_owned));
    error.retry_after_ms = retry_after_ms(headers);
    error.body = Bytes::copy_from_slice(body);
    error
}

/// Reads an `error` event; `data` is its JSON.
pub(crate) fn in_stream(error: &StreamError, data: &[u8]) -> UpstreamError {
    UpstreamError {
        request_id: error.request_id.get().cloned(),
        body: Bytes::copy_from_slice(data),
        ..told(&error.error, None)
    }
}

/// What else an error says; `null` says nothing.
fn details(extra: &Extra) -> Option<Box<Extra>> {
    let said = extra.iter().filter(|(_, value)| !value.is_null());
    let said: Extra = said.map(|(name, value)| (name.clone(), value.clone())).collect();
    (!said.is_empty()).then(|| Box::new(said))
}

/// `status` is `None` inside a stream: the type then stands for one.
fn told(error: &ErrorBody, status: Option<u16>) -> UpstreamError {
    let known = STATUS.iter().find(|(kind, _)| *kind == error.r#type).map(|(_, status)| *status);
    let status = status.or(known).unwrap_or(500);
    // A type that says something of its own counts more than a status that a proxy may have changed.
    let meant = match error.r#type.as_str() {
        "invalid_request_error" | "api_error" => status,
        _ => known.unwrap_or(status),
    };
    let code = error.extra.get("details").and_then(|details| details.get("error_code"));
    let code = code.and_then(Value::as_str).map(str::to_owned);
    let kind = match code.as_deref() {
        Some(code) if code.ends_with("spend_limit_reached") => ErrorKind::QuotaExceeded,
        _ => triage(meant, &[Some(&error.r#type), Some(&error.message)]),
    };
    UpstreamError {
        code,
        vendor_type: Some(error.r#type.clone()),
        param: param(&error.message),
        details: details(&error.extra),
        ..UpstreamError::new(kind, status, error.message.clone())
    }
}

/// The member that a message begins with: `messages.0.content: …`.
fn param(message: &str) -> Option<String> {
    let (head, _) = message.split_once(": ")?;
    let is_path =
        head.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.".contains(&byte));
    (is_path && head.starts_with(|letter: char| letter.is_ascii_lowercase())).then(|| head.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(status: u16, kind: &str, message: &str) -> ErrorKind {
        let body =
            serde_json::json!({ "type": "error", "error": { "type": kind, "message": message } }).to_string();
        read(&Response::builder().status(status).body(body.as_bytes()).unwrap()).kind
    }

    #[test]
    fn every_type() {
        for (status, name, message, wanted) in [
            (400, "invalid_request_error", "max_tokens: Field required", ErrorKind::InvalidRequest),
            (
                400,
                "invalid_request_error",
                "prompt is too long: 9 tokens > 8 maximum",
                ErrorKind::ContextWindow,
            ),
            (
                400,
                "invalid_request_error",
                "Output blocked by content filtering policy",
                ErrorKind::ContentPolicy,
            ),
            (400, "invalid_request_error", "Your credit balance is too low", ErrorKind::PaymentRequired),
            (401, "authentication_error", "invalid x-api-key", ErrorKind::Authentication),
            (402, "billing_error", "no card", ErrorKind::PaymentRequired),
            (403, "permission_error", "not yours", ErrorKind::PermissionDenied),
            (404, "not_found_error", "model: x", ErrorKind::NotFound),
            (409, "conflict_error", "busy", ErrorKind::Conflict),
            (413, "request_too_large", "too large", ErrorKind::PayloadTooLarge),
            (429, "rate_limit_error", "slow down", ErrorKind::RateLimit),
            (500, "api_error", "oh", ErrorKind::Internal),
            (504, "timeout_error", "late", ErrorKind::GatewayTimeout),
            (529, "overloaded_error", "Overloaded", ErrorKind::Unavailable),
            (500, "overloaded_error", "Overloaded", ErrorKind::Unavailable),
            (418, "future_error", "what", ErrorKind::InvalidRequest),
        ] {
            assert_eq!(kind(status, name, message), wanted, "{status} {name} {message}");
        }
    }

    #[test]
    fn names_and_times_are_kept() {
        let body = br#"{"type":"error","error":{"type":"rate_limit_error","message":"limit",
            "details":{"error_code":"enforced_spend_limit_reached"}}}"#;
        let response = Response::builder()
            .status(429)
            .header("request-id", "req_1")
            .header("retry-after", "3")
            .body(body.as_slice())
            .unwrap();
        let error = read(&response);
        assert_eq!(error.request_id.as_deref(), Some("req_1"));
        assert_eq!(error.retry_after_ms, Some(3000));
        assert_eq!(error.kind, ErrorKind::QuotaExceeded);
        assert_eq!(error.code.as_deref(), Some("enforced_spend_limit_reached"));
        let details = error.details.as_deref().and_then(|details| details.get("details"));
        assert_eq!(details, Some(&serde_json::json!({"error_code": "enforced_spend_limit_reached"})));
        assert_eq!(error.body, body.as_slice());
    }

    #[test]
    fn members_at_fault() {
        assert_eq!(param("messages.0.content: Field required").as_deref(), Some("messages.0.content"));
        assert_eq!(param("prompt is too long: 9 tokens"), None);
        assert_eq!(param("Overloaded"), None);
    }

    #[test]
    fn bodies_that_are_no_json() {
        let error = read(&Response::builder().status(502).body(b"<html>".as_slice()).unwrap());
        assert_eq!((error.kind, error.message.as_str()), (ErrorKind::BadGateway, "<html>"));
    }
}
