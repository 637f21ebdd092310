//! Ollama's errors: `{"error": "…"}`, as a whole body or as a line of a stream.
//!
//! Source: Ollama docs, "Errors" (docs.ollama.com/api/errors), read 2026-11.

use bytes::Bytes;
use http::Response;
use llm_provider_core::{UpstreamError, header_text, retry_after_ms, triage};
use llm_types::ErrorKind;
use serde_json::Value;

/// Reads an answer that is no success.
pub(crate) fn read(response: &Response<&[u8]>) -> UpstreamError {
    let status = response.status();
    let body = *response.body();
    let words = match serde_json::from_slice::<Value>(body) {
        Ok(value) => said(&value).unwrap_or_else(|| value.to_string()),
        Err(_) => String::from_utf8_lossy(body).trim().to_owned(),
    };
    let words =
        if words.is_empty() { status.canonical_reason().unwrap_or("no words").to_owned() } else { words };
    UpstreamError {
        request_id: header_text(response.headers(), "x-request-id").map(str::to_owned),
        retry_after_ms: retry_after_ms(response.headers()),
        body: Bytes::copy_from_slice(body),
        ..UpstreamError::new(kind(status.as_u16(), &words), status.as_u16(), words)
    }
}

/// A failure that is told with a status of success: in a whole body, or in a line of a stream.
pub(crate) fn in_answer(words: &str, body: &[u8]) -> UpstreamError {
    let kind = kind(500, words);
    UpstreamError {
        body: Bytes::copy_from_slice(body),
        ..UpstreamError::new(kind, kind.status(), words.to_owned())
    }
}

/// The words of an error: a text, or an object with a `message`, as the cloud and proxies have it.
pub(crate) fn said(value: &Value) -> Option<String> {
    match value.get("error")? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        inner => Some(inner.get("message").and_then(Value::as_str).map_or(inner.to_string(), str::to_owned)),
    }
}

fn kind(status: u16, words: &str) -> ErrorKind {
    let lower = words.to_lowercase();
    if matches!(status, 400 | 500) {
        if lower.contains("exceeds the context length") || lower.contains("exceeds maximum context length") {
            return ErrorKind::ContextWindow;
        }
        if lower.contains("does not support") {
            return ErrorKind::Unsupported;
        }
    }
    triage(status, &[Some(words)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind() {
        for (status, body, wanted, words) in [
            (400, r#"{"error":"invalid options"}"#, ErrorKind::InvalidRequest, "invalid options"),
            (
                400,
                r#"{"error":"\"x\" does not support tools"}"#,
                ErrorKind::Unsupported,
                "\"x\" does not support tools",
            ),
            (
                400,
                r#"{"error":"the input length exceeds the context length"}"#,
                ErrorKind::ContextWindow,
                "the input length exceeds the context length",
            ),
            (401, r#"{"error":"unauthorized"}"#, ErrorKind::Authentication, "unauthorized"),
            (404, r#"{"error":"model 'x' not found"}"#, ErrorKind::NotFound, "model 'x' not found"),
            (429, r#"{"error":{"message":"slow down"}}"#, ErrorKind::RateLimit, "slow down"),
            (
                500,
                r#"{"error":"llama runner process has terminated"}"#,
                ErrorKind::Internal,
                "llama runner process has terminated",
            ),
            (502, "<html>", ErrorKind::BadGateway, "<html>"),
            (
                503,
                r#"{"error":"server busy, please try again"}"#,
                ErrorKind::Unavailable,
                "server busy, please try again",
            ),
            (503, "", ErrorKind::Unavailable, "Service Unavailable"),
            (400, r#"{"detail":1}"#, ErrorKind::InvalidRequest, r#"{"detail":1}"#),
        ] {
            let error = read(&Response::builder().status(status).body(body.as_bytes()).unwrap());
            assert_eq!((error.kind, error.message.as_str()), (wanted, words), "{status} {body}");
            assert_eq!(error.body, body);
        }
    }
}
