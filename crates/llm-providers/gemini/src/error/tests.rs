use serde_json::json;

use super::*;

fn error(status: u16, body: &Value) -> UpstreamError {
    read(&Response::builder().status(status).body(body.to_string().as_bytes()).unwrap())
}

fn kind(status: u16, name: &str, message: &str) -> ErrorKind {
    error(status, &json!({"error": {"code": status, "message": message, "status": name}})).kind
}

#[test]
fn every_kind() {
    for (status, name, message, wanted) in [
        (400, "INVALID_ARGUMENT", "Invalid JSON payload received.", ErrorKind::InvalidRequest),
        (
            400,
            "INVALID_ARGUMENT",
            "API key not valid. Please pass a valid API key.",
            ErrorKind::Authentication,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
            ErrorKind::ContextWindow,
        ),
        (
            400,
            "FAILED_PRECONDITION",
            "User location is not supported for the API use.",
            ErrorKind::InvalidRequest,
        ),
        (
            401,
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials.",
            ErrorKind::Authentication,
        ),
        (403, "PERMISSION_DENIED", "Your API key was reported as leaked.", ErrorKind::PermissionDenied),
        (404, "NOT_FOUND", "models/x is not found for API version v1beta", ErrorKind::NotFound),
        (429, "RESOURCE_EXHAUSTED", "Resource exhausted. Please try again later.", ErrorKind::RateLimit),
        (429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", ErrorKind::QuotaExceeded),
        (499, "CANCELLED", "The operation was cancelled.", ErrorKind::ClientClosed),
        (500, "INTERNAL", "An internal error has occurred.", ErrorKind::Internal),
        (503, "UNAVAILABLE", "The model is overloaded.", ErrorKind::Unavailable),
        (504, "DEADLINE_EXCEEDED", "The service is unable to finish in time.", ErrorKind::GatewayTimeout),
    ] {
        assert_eq!(kind(status, name, message), wanted, "{status} {name} {message}");
    }
}

#[test]
fn details_tell_when_what_and_why() {
    let quota = |id: &str| {
        json!({"error": {
            "code": 429, "status": "RESOURCE_EXHAUSTED", "message": "You exceeded your current quota.",
            "details": [
                {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": id}]},
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.074824224s"},
            ],
        }})
    };
    let minute = error(429, &quota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier"));
    assert_eq!((minute.kind, minute.retry_after_ms), (ErrorKind::RateLimit, Some(34_074)));
    let day = error(429, &quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier"));
    assert_eq!(day.kind, ErrorKind::QuotaExceeded);

    let key = error(
        400,
        &json!({"error": {
            "code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT",
            "details": [
                {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"},
                {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{"field": "contents[0]"}]},
            ],
        }}),
    );
    assert_eq!(key.kind, ErrorKind::Authentication);
    assert_eq!(key.code.as_deref(), Some("API_KEY_INVALID"));
    assert_eq!(key.vendor_type.as_deref(), Some("INVALID_ARGUMENT"));
    assert_eq!(key.param.as_deref(), Some("contents[0]"));
}

#[test]
fn arrays_streams_and_what_is_no_json() {
    let array = json!([{"error": {"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"}}]);
    assert_eq!(error(503, &array).kind, ErrorKind::Unavailable);
    let body: ErrorBody = llm_types::from_value(json!({"message": "No.", "status": "UNAVAILABLE"})).unwrap();
    let inside = in_stream(&body, b"{}");
    assert_eq!((inside.kind, inside.status), (ErrorKind::Unavailable, 503));
    let page =
        read(&Response::builder().status(502).header("retry-after", "3").body(b"<html>".as_slice()).unwrap());
    assert_eq!(
        (page.kind, page.message.as_str(), page.retry_after_ms),
        (ErrorKind::BadGateway, "<html>", Some(3000))
    );
    let empty = read(&Response::builder().status(503).body(b"".as_slice()).unwrap());
    assert_eq!(empty.message, "Service Unavailable");
}
