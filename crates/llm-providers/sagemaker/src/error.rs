//! Refusals of SageMaker's and of containers behind it.
//!
//! Source: Amazon SageMaker Runtime API Reference, "InvokeEndpoint", section "Errors", read 2026-11: a container's refusal
//! is a `ModelError` of status 424 with `OriginalStatusCode` and `OriginalMessage`.

use bytes::Bytes;
use http::Response;
use llm_provider_core::{UpstreamError, header_text, retry_after_ms, triage};
use llm_types::ErrorKind;
use serde_json::Value;

/// Reads an answer that is no success; `None` for one that is.
pub(crate) fn refusal(response: &Response<&[u8]>) -> Option<UpstreamError> {
    let status = response.status();
    if status.is_success() {
        return None;
    }
    let body = *response.body();
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |names: [&str; 3]| names.into_iter().find_map(|name| said[name].as_str());
    let original = said["OriginalStatusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
    let inner = said["OriginalMessage"].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let words = inner.as_ref().and_then(words).or_else(|| text(["OriginalMessage", "Message", "message"]));
    let plain = String::from_utf8_lossy(body);
    let words = words.unwrap_or_else(|| plain.trim());
    let kind_name =
        header_text(response.headers(), "x-amzn-errortype").or_else(|| text(["__type", "ErrorCode", "code"]));
    // `ValidationError:http://…` and `com.amazonaws#ValidationError` are the same.
    let kind_name =
        kind_name.map(|name| name.split(':').next().unwrap_or(name).rsplit('#').next().unwrap_or(name));
    let kind = match kind_name {
        Some("ThrottlingException" | "Throttling" | "ModelNotReadyException") => ErrorKind::RateLimit,
        Some("AccessDeniedException") => ErrorKind::PermissionDenied,
        Some("UnrecognizedClientException" | "ExpiredTokenException" | "InvalidSignatureException") => {
            ErrorKind::Authentication
        }
        Some("ServiceUnavailable") => ErrorKind::Unavailable,
        Some("ValidationError") if words.contains("not found") => ErrorKind::NotFound,
        _ => triage(original.unwrap_or_else(|| status.as_u16()), &[Some(words), kind_name]),
    };
    Some(UpstreamError {
        code: kind_name.map(str::to_owned),
        request_id: header_text(response.headers(), "x-amzn-requestid").map(str::to_owned),
        retry_after_ms: retry_after_ms(response.headers()),
        body: Bytes::copy_from_slice(body),
        ..UpstreamError::new(kind, status.as_u16(), if words.is_empty() { "no reason given" } else { words })
    })
}

/// A container's words in its own form.
fn words(said: &Value) -> Option<&str> {
    let places = [&said["error"]["message"], &said["error"], &said["message"], &said["detail"]];
    places.into_iter().find_map(Value::as_str)
}
