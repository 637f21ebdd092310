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

/// Types that Bedrock has beside those of the kinds, with their statuses: what it said itself, its clients are told.
const OWN: &[(&str, u16)] = &[("ModelErrorException", 424), ("ModelNotReadyException", 429)];

/// Type and status of an error.
fn of(error: &ApiError) -> (&'static str, u16) {
    let said = error.vendor_type.as_deref().filter(|_| error.configured_status.is_none());
    let own = OWN.iter().find(|(name, status)| said == Some(*name) && error.vendor_status == Some(*status));
    own.copied().unwrap_or_else(|| told(error.told_kind()))
}

/// The error's type.
pub(super) fn name(error: &ApiError) -> &'static str {
    of(error).0
}

/// The error as a whole body.
pub(super) fn body(error: &ApiError) -> Value {
    json!({ "__type": name(error), "message": error.message })
}

pub(super) fn status(error: &ApiError) -> u16 {
    of(error).1
}

/// The error as a frame in mid-stream. A stream knows fewer types than a whole answer.
pub(super) fn write_exception(error: &ApiError, out: &mut BytesMut) {
    let name = match name(error) {
        "ThrottlingException" | "ServiceQuotaExceededException" => "throttlingException",
        "ServiceUnavailableException" | "ModelTimeoutException" | "ModelNotReadyException" => {
            "serviceUnavailableException"
        }
        "ModelErrorException" => "modelStreamErrorException",
        "InternalServerException" => "internalServerException",
        _ => "validationException",
    };
    let headers =
        [(":exception-type", name), (":content-type", "application/json"), (":message-type", "exception")];
    write_event_stream(&headers, json!({ "message": error.message }).to_string().as_bytes(), out);
}

#[cfg(test)]
mod tests {
    use llm_types::Layer;

    use super::*;

    #[test]
    fn bedrocks_own_types_are_told_as_they_came() {
        let error = |kind, name: &str, status| ApiError {
            vendor_type: Some(name.to_owned()),
            vendor_status: Some(status),
            ..ApiError::new(kind, Layer::Provider, "m")
        };
        for (kind, name, status, expected) in [
            (ErrorKind::BadGateway, "ModelErrorException", 424, ("ModelErrorException", 424)),
            (ErrorKind::Unavailable, "ModelNotReadyException", 429, ("ModelNotReadyException", 429)),
            (ErrorKind::Unavailable, "overloaded_error", 529, ("ServiceUnavailableException", 503)),
            (ErrorKind::RateLimit, "ThrottlingException", 429, ("ThrottlingException", 429)),
        ] {
            assert_eq!(of(&error(kind, name, status)), expected, "{name}");
        }
        let wanted = ApiError {
            configured_status: Some(503),
            ..error(ErrorKind::BadGateway, "ModelErrorException", 424)
        };
        assert_eq!(of(&wanted), ("ServiceUnavailableException", 503));
    }
}
