//! Bedrock's errors, as a whole body or inside a stream.
//!
//! Source: Amazon Bedrock User Guide, "Troubleshooting Amazon Bedrock API error codes", API Reference "Converse",
//! errors, and the statuses in the service model, read 2026-11.

use bytes::Bytes;
use http::Response;
use llm_provider_core::{UpstreamError, header_text, retry_after_ms, triage};
use llm_types::ErrorKind;
use serde::Deserialize;
use serde_json::Value;

use crate::wire::Exception;

/// The status that each type stands for.
const STATUS: &[(&str, u16)] = &[
    ("AccessDeniedException", 403),
    ("ConflictException", 400),
    ("ExpiredTokenException", 403),
    ("IncompleteSignature", 400),
    ("IncompleteSignatureException", 400),
    ("InternalServerException", 500),
    ("InvalidSignatureException", 403),
    ("MissingAuthenticationTokenException", 403),
    ("ModelErrorException", 424),
    ("ModelNotReadyException", 429),
    ("ModelStreamErrorException", 424),
    ("ModelTimeoutException", 408),
    ("ResourceNotFoundException", 404),
    ("ServiceQuotaExceededException", 400),
    ("ServiceUnavailableException", 503),
    ("ThrottlingException", 429),
    ("UnrecognizedClientException", 403),
    ("ValidationException", 400),
];

/// Phrases by which Bedrock says that a credential is wrong, in lower case; it says it with a 403.
const CREDENTIAL: &[&str] = &[
    "security token included in the request",
    "request signature we calculated",
    "signature expired",
    "missing authentication token",
    "api key",
    "bearer token",
    "authentication failed",
];

/// Phrases by which Bedrock says that there is no such model here, in lower case; it says it with a 400.
const NO_MODEL: &[&str] = &[
    "model identifier is invalid",
    "on-demand throughput isn",
    "could not resolve the foundation model",
    "model not found",
];

/// Phrases by which Bedrock says that a prompt does not fit, in lower case, beside those of all vendors.
const TOO_LONG: &[&str] =
    &["input is too long", "too many input tokens", "too large for the model", "maximum context length"];

/// A failure's body. Gateways before the service write other names.
#[derive(Debug, Default, Deserialize)]
struct Body {
    #[serde(default)]
    message: Option<Value>,
    #[serde(default, rename = "Message")]
    message_upper: Option<Value>,
    #[serde(default, rename = "__type")]
    kind: Option<Value>,
    #[serde(default)]
    code: Option<Value>,
    #[serde(default, rename = "originalStatusCode")]
    original_status: Option<Value>,
    #[serde(default, rename = "originalMessage")]
    original_message: Option<Value>,
}

/// Reads an answer that is no success.
pub(crate) fn read(response: &Response<&[u8]>) -> UpstreamError {
    let status = response.status();
    let headers = response.headers();
    let body = *response.body();
    let read: Body = serde_json::from_slice(body).unwrap_or_default();
    let text = |value: Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
    let kind = header_text(headers, "x-amzn-errortype")
        .map(str::to_owned)
        .or_else(|| text(read.kind))
        .or_else(|| text(read.code));
    let kind = kind.as_deref().map(bare).map(str::to_owned);
    let message =
        text(read.message).or_else(|| text(read.message_upper)).filter(|message| !message.is_empty());
    let message = message.unwrap_or_else(|| {
        let body = String::from_utf8_lossy(body);
        let words = body.trim();
        if words.is_empty() || words == "{}" {
            status.canonical_reason().unwrap_or("no words").to_owned()
        } else {
            words.to_owned()
        }
    });
    let original =
        read.original_status.as_ref().and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
    let mut error =
        told(kind, message, text(read.original_message).as_deref(), Some(status.as_u16()), original);
    error.request_id = request_id(headers);
    error.retry_after_ms = retry_after_ms(headers);
    error.body = Bytes::copy_from_slice(body);
    error
}

/// Bedrock's name for a request.
pub(crate) fn request_id(headers: &http::HeaderMap) -> Option<String> {
    header_text(headers, "x-amzn-requestid").map(str::to_owned)
}

/// Reads an exception in mid-stream; `name` stands in its headers.
pub(crate) fn in_stream(name: &str, data: &[u8]) -> UpstreamError {
    let read: Exception = serde_json::from_slice(data).unwrap_or_default();
    let message = read.message.into_option().unwrap_or_else(|| String::from_utf8_lossy(data).into_owned());
    let original = read
        .original_status_code
        .get()
        .and_then(serde_json::Number::as_u64)
        .and_then(|status| u16::try_from(status).ok());
    // In a stream the names begin with a small letter.
    let mut letters = name.chars();
    let name: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    UpstreamError {
        body: Bytes::copy_from_slice(data),
        ..told(Some(name), message, read.original_message.as_deref(), None, original)
    }
}

/// Whether an event is a failure.
pub(crate) fn is_exception(name: &str, data: &[u8]) -> bool {
    let ends = ["Exception", "Error", "Failure", "Fault"];
    ends.iter().any(|end| name.ends_with(end)) || !data.trim_ascii_start().starts_with(b"{")
}

/// A type without the namespace before it and the page after it: `com.amazon#ValidationException:http://…`.
fn bare(kind: &str) -> &str {
    let kind = kind.split_once(':').map_or(kind, |(kind, _)| kind);
    kind.rsplit_once('#').map_or(kind, |(_, kind)| kind).trim()
}

/// `status` is `None` inside a stream: the type then stands for one. `original` is what the model's own server said.
fn told(
    name: Option<String>,
    message: String,
    original_message: Option<&str>,
    status: Option<u16>,
    original: Option<u16>,
) -> UpstreamError {
    let known = STATUS.iter().find(|(known, _)| Some(*known) == name.as_deref()).map(|(_, status)| *status);
    let status = status.or(known).unwrap_or(500);
    let words = [message.to_lowercase(), original_message.unwrap_or_default().to_lowercase()];
    let says =
        |phrases: &[&str]| phrases.iter().any(|phrase| words.iter().any(|words| words.contains(phrase)));
    let kind = match name.as_deref() {
        Some("ThrottlingException" | "TooManyRequestsException") => ErrorKind::RateLimit,
        Some("ServiceQuotaExceededException") => ErrorKind::QuotaExceeded,
        Some("ModelNotReadyException" | "ServiceUnavailableException") => ErrorKind::Unavailable,
        Some("ModelTimeoutException") => ErrorKind::GatewayTimeout,
        Some("InternalServerException") => ErrorKind::Internal,
        Some("ResourceNotFoundException") => ErrorKind::NotFound,
        Some(
            "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "IncompleteSignature"
            | "IncompleteSignatureException"
            | "ExpiredTokenException"
            | "MissingAuthenticationTokenException",
        ) => ErrorKind::Authentication,
        // What the model's own server said tells more than Bedrock's 424.
        Some("ModelErrorException" | "ModelStreamErrorException") => match original {
            Some(original) if original >= 400 => triage(original, &[Some(&message), original_message]),
            _ => ErrorKind::BadGateway,
        },
        _ if matches!(status, 400 | 403) && says(CREDENTIAL) => ErrorKind::Authentication,
        _ if status == 400 && says(TOO_LONG) => ErrorKind::ContextWindow,
        _ if status == 400 && says(NO_MODEL) => ErrorKind::NotFound,
        _ if status == 424 => ErrorKind::BadGateway,
        _ => triage(known.unwrap_or(status), &[Some(&message), original_message]),
    };
    UpstreamError { param: param(&message), vendor_type: name, ..UpstreamError::new(kind, status, message) }
}

/// The member that a message speaks of: `… object at messages.0.content.0 is blank`.
fn param(message: &str) -> Option<String> {
    let word = message.split([' ', ',', ';']).find(|word| {
        word.split_once('.').is_some_and(|(first, rest)| {
            matches!(first, "messages" | "system" | "toolConfig" | "inferenceConfig") && !rest.is_empty()
        })
    })?;
    Some(word.trim_matches(['.', ':', '\'', '"', '`']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, kind: &str, body: &str) -> UpstreamError {
        let response = Response::builder()
            .status(status)
            .header("x-amzn-errortype", kind)
            .header("x-amzn-requestid", "r-1")
            .body(body.as_bytes())
            .unwrap();
        read(&response)
    }

    #[test]
    fn every_type() {
        use ErrorKind::{
            Authentication, BadGateway, ContentPolicy, ContextWindow, GatewayTimeout, Internal,
            InvalidRequest, NotFound, PermissionDenied, QuotaExceeded, RateLimit, Unavailable,
        };
        for (status, kind, message, wanted) in [
            (403, "AccessDeniedException", "You don't have access to the model", PermissionDenied),
            (
                403,
                "AccessDeniedException",
                "Authentication failed: Please make sure your API Key is valid.",
                Authentication,
            ),
            (
                403,
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
                Authentication,
            ),
            (
                403,
                "ExpiredTokenException",
                "The security token included in the request is expired",
                Authentication,
            ),
            (
                403,
                "InvalidSignatureException",
                "The request signature we calculated does not match",
                Authentication,
            ),
            (429, "ThrottlingException", "Too many tokens, please wait before trying again.", RateLimit),
            (400, "ServiceQuotaExceededException", "quota", QuotaExceeded),
            (400, "ValidationException", "Input is too long for requested model.", ContextWindow),
            (400, "ValidationException", "The provided model identifier is invalid.", NotFound),
            (
                400,
                "ValidationException",
                "Invocation of model ID x with on-demand throughput isn\u{2019}t supported.",
                NotFound,
            ),
            (400, "ValidationException", "Output blocked by content filtering policy", ContentPolicy),
            (400, "ValidationException", "The text field is blank", InvalidRequest),
            (404, "ResourceNotFoundException", "none", NotFound),
            (408, "ModelTimeoutException", "late", GatewayTimeout),
            (424, "ModelErrorException", "broken", BadGateway),
            (429, "ModelNotReadyException", "wait", Unavailable),
            (500, "InternalServerException", "oh", Internal),
            (503, "ServiceUnavailableException", "busy", Unavailable),
        ] {
            let body = serde_json::json!({ "message": message }).to_string();
            let error = of(status, &format!("{kind}:http://internal.amazon.com/"), &body);
            assert_eq!(error.kind, wanted, "{kind} {message}");
            assert_eq!(error.vendor_type.as_deref(), Some(kind));
            assert_eq!((error.message.as_str(), error.status), (message, status));
            assert_eq!(error.request_id.as_deref(), Some("r-1"));
        }
    }

    #[test]
    fn the_models_own_server_tells_more() {
        let body = r#"{"message":"failed","originalStatusCode":429,"resourceName":"m"}"#;
        assert_eq!(of(424, "ModelErrorException", body).kind, ErrorKind::RateLimit);
        let error = in_stream(
            "modelStreamErrorException",
            br#"{"message":"m","originalStatusCode":400,"originalMessage":"prompt is too long"}"#,
        );
        assert_eq!((error.kind, error.status), (ErrorKind::ContextWindow, 424));
        assert_eq!(error.vendor_type.as_deref(), Some("ModelStreamErrorException"));
    }

    #[test]
    fn types_and_words_in_other_places() {
        let response = Response::builder()
            .status(400)
            .body(
                br#"{"__type":"com.amazon.coral.service#ExpiredTokenException","Message":"old"}"#.as_slice(),
            )
            .unwrap();
        let error = read(&response);
        assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Authentication, "old"));
        let error = read(&Response::builder().status(502).body(b"<html>".as_slice()).unwrap());
        assert_eq!((error.kind, error.message.as_str()), (ErrorKind::BadGateway, "<html>"));
        let error = read(&Response::builder().status(500).body(b"".as_slice()).unwrap());
        assert_eq!(error.message, "Internal Server Error");
    }

    #[test]
    fn members_at_fault() {
        let message = "The text field in the ContentBlock object at messages.0.content.0 is blank.";
        assert_eq!(param(message).as_deref(), Some("messages.0.content.0"));
        let message = "The model returned the following errors: messages.2.content.2.document.source.type: Field required";
        assert_eq!(param(message).as_deref(), Some("messages.2.content.2.document.source.type"));
        assert_eq!(param("Input is too long."), None);
    }

    #[test]
    fn failures_in_streams() {
        for name in ["throttlingException", "internalFailure", "modelTimeoutException"] {
            assert!(is_exception(name, b"{}"), "{name}");
        }
        assert!(is_exception("anything", b"sorry"));
        assert!(!is_exception("metadata", b"{}"));
        let error = in_stream("internalFailure", b"sorry");
        assert_eq!((error.kind, error.status, error.message.as_str()), (ErrorKind::Internal, 500, "sorry"));
    }
}
