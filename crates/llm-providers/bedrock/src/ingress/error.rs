//! Errors in Amazon's words.
//!
//! Source: Amazon Bedrock API Reference, "Converse" and "ConverseStream", errors; AWS restJson1 protocol
//! (smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html), "Operation error serialization", read 2026-11.

use bytes::BytesMut;
use llm_provider_core::write_event_stream;
use llm_types::{ApiError, ErrorKind};
use serde_json::{Value, json};

/// The type and the status that Bedrock gives to a kind.
const fn told(kind: ErrorKind) -> (&'static str, u16) {
    match kind {
        ErrorKind::Authentication => ("UnrecognizedClientException", 403),
        ErrorKind::PermissionDenied => ("AccessDeniedException", 403),
        ErrorKind::NotFound | ErrorKind::MethodNotAllowed => ("ResourceNotFoundException", 404),
        ErrorKind::RateLimit => ("ThrottlingException", 429),
        ErrorKind::QuotaExceeded | ErrorKind::PaymentRequired => ("ServiceQuotaExceededException", 400),
        ErrorKind::Timeout | ErrorKind::GatewayTimeout => ("ModelTimeoutException", 408),
        ErrorKind::Unavailable | ErrorKind::BadGateway => ("ServiceUnavailableException", 503),
        kind if kind.status() < 499 => ("ValidationException", 400),
        _ => ("InternalServerException", 500),
    }
}

/// The error's type.
pub(super) fn name(error: &ApiError) -> &'static str {
    told(error.told_kind()).0
}

/// The error as a whole body.
pub(super) fn body(error: &ApiError) -> Value {
    json!({ "__type": name(error), "message": error.message })
}

pub(super) fn status(error: &ApiError) -> u16 {
    told(error.told_kind()).1
}

/// The error as a frame in mid-stream. A stream knows fewer types than a whole answer.
pub(super) fn write_exception(error: &ApiError, out: &mut BytesMut) {
    let name = match name(error) {
        "ThrottlingException" | "ServiceQuotaExceededException" => "throttlingException",
        "ServiceUnavailableException" | "ModelTimeoutException" => "serviceUnavailableException",
        "InternalServerException" => "internalServerException",
        _ => "validationException",
    };
    let headers =
        [(":exception-type", name), (":content-type", "application/json"), (":message-type", "exception")];
    write_event_stream(&headers, json!({ "message": error.message }).to_string().as_bytes(), out);
}
