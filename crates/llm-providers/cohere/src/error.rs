//! Cohere's errors, as a whole body or inside a stream.
//!
//! Source: Cohere docs, "Errors" (docs.cohere.com/reference/errors), read 2026-11.

use bytes::Bytes;
use http::Response;
use llm_provider_core::{UpstreamError, header_text, retry_after_ms, triage};
use llm_types::ErrorKind;
use serde_json::Value;

use crate::wire::ErrorBody;

/// Status of an answer or a request with words that the vendor does not allow.
pub(crate) const BLOCKED: u16 = 498;

/// What Cohere does not have.
pub(crate) const NOT_IMPLEMENTED: u16 = 501;

/// Reads an answer that is no success.
pub(crate) fn read(response: &Response<&[u8]>) -> UpstreamError {
    let status = response.status();
    let body = *response.body();
    let (words, id) = match serde_json::from_slice::<Value>(body) {
        Ok(value) => said(&value),
        Err(_) => (String::from_utf8_lossy(body).trim().to_owned(), None),
    };
    let words =
        if words.is_empty() { status.canonical_reason().unwrap_or("no words").to_owned() } else { words };
    UpstreamError {
        request_id: id.or_else(|| header_text(response.headers(), "x-debug-trace-id").map(str::to_owned)),
        retry_after_ms: retry_after_ms(response.headers()),
        body: Bytes::copy_from_slice(body),
        ..UpstreamError::new(kind(status.as_u16(), &words), status.as_u16(), words)
    }
}

/// The failure that an answer ends in: `finish_reason` and, in a stream, the words beside it.
pub(crate) fn ended(reason: &str, words: Option<&str>, body: &[u8]) -> UpstreamError {
    let kind = if reason == "TIMEOUT" { ErrorKind::GatewayTimeout } else { ErrorKind::Unavailable };
    let words = match words {
        Some(words) if !words.is_empty() => words.to_owned(),
        _ => format!("the vendor broke the answer off: {reason}"),
    };
    UpstreamError {
        code: Some(reason.to_owned()),
        body: Bytes::copy_from_slice(body),
        ..UpstreamError::new(kind, kind.status(), words)
    }
}

/// An event that has words of an error and no type.
pub(crate) fn in_stream(value: &Value, frame: &[u8]) -> UpstreamError {
    let (words, request_id) = said(value);
    let kind = match triage(400, &[Some(&words)]) {
        ErrorKind::InvalidRequest => ErrorKind::Unavailable,
        told => told,
    };
    UpstreamError {
        request_id,
        body: Bytes::copy_from_slice(frame),
        ..UpstreamError::new(kind, kind.status(), words)
    }
}

/// Words and id: `{"message": …, "id": …}`, or whatever a proxy in between says.
fn said(value: &Value) -> (String, Option<String>) {
    if let Ok(body) = llm_types::from_value::<ErrorBody>(value.clone())
        && let Some(message) = body.message.into_option()
    {
        return (message, body.id.into_option());
    }
    let other = ["error", "detail", "data"].iter().find_map(|name| match value.get(name)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        inner => Some(inner.get("message").and_then(Value::as_str).map_or(inner.to_string(), str::to_owned)),
    });
    (other.unwrap_or_else(|| value.to_string()), None)
}

fn kind(status: u16, words: &str) -> ErrorKind {
    if status == BLOCKED {
        return ErrorKind::ContentPolicy;
    }
    if status == NOT_IMPLEMENTED {
        return ErrorKind::Unsupported;
    }
    // A trial key's allowance of a month does not come back in a moment.
    if status == 429 && words.contains("/ month") {
        return ErrorKind::QuotaExceeded;
    }
    triage(status, &[Some(words)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, body: &str) -> UpstreamError {
        read(&Response::builder().status(status).body(body.as_bytes()).unwrap())
    }

    #[test]
    fn every_status() {
        for (status, message, wanted) in [
            (400, "invalid request: prompt must be at least 1 token long.", ErrorKind::InvalidRequest),
            (400, "too many tokens: max tokens must be less than or equal to 4096", ErrorKind::ContextWindow),
            (401, "invalid api token", ErrorKind::Authentication),
            (402, "Please add or update your payment method", ErrorKind::PaymentRequired),
            (403, "not yours", ErrorKind::PermissionDenied),
            (404, "model 'x' not found", ErrorKind::NotFound),
            (422, "oh", ErrorKind::Unprocessable),
            (
                429,
                "You are using a Trial key, which is limited to 40 API calls / minute.",
                ErrorKind::RateLimit,
            ),
            (
                429,
                "You are using a Trial key, which is limited to 1000 API calls / month.",
                ErrorKind::QuotaExceeded,
            ),
            (498, "blocked input", ErrorKind::ContentPolicy),
            (499, "request cancelled", ErrorKind::ClientClosed),
            (500, "internal server error", ErrorKind::Internal),
            (501, "not implemented", ErrorKind::Unsupported),
            (503, "busy", ErrorKind::Unavailable),
            (504, "late", ErrorKind::GatewayTimeout),
        ] {
            let body = serde_json::json!({ "message": message, "id": "e1" }).to_string();
            let error = told(status, &body);
            assert_eq!((error.kind, error.message.as_str()), (wanted, message), "{status}");
            assert_eq!(error.request_id.as_deref(), Some("e1"));
        }
    }

    #[test]
    fn bodies_of_others() {
        assert_eq!(told(502, "<html>").message, "<html>");
        assert_eq!(told(502, "").message, "Bad Gateway");
        assert_eq!(told(400, r#"{"error":{"message":"no"}}"#).message, "no");
        assert_eq!(told(400, r#"{"detail":"no"}"#).message, "no");
        assert_eq!(told(400, r#"[1]"#).message, "[1]");
    }

    #[test]
    fn endings() {
        let error = ended("TIMEOUT", None, b"");
        assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::GatewayTimeout, Some("TIMEOUT")));
        let error = ended("ERROR", Some("oh"), b"");
        assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Unavailable, "oh"));
    }
}
