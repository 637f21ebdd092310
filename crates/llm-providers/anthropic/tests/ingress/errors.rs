//! Errors, whole and in mid-stream.

use bytes::BytesMut;
use llm_provider_core::{Reply, SseEvent};
use llm_types::{ApiError, ErrorKind, Layer};
use serde_json::{Value, json};

use super::{ingress, reply};

fn body(error: &ApiError, reply: &Reply) -> Value {
    serde_json::from_slice(&ingress().error(error, reply)).unwrap()
}

#[test]
fn every_kind_has_anthropics_type() {
    for kind in ErrorKind::ALL {
        let expected = match kind.status() {
            401 => "authentication_error",
            402 => "billing_error",
            403 => "permission_error",
            404 => "not_found_error",
            408 | 504 => "timeout_error",
            409 => "conflict_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            503 => "overloaded_error",
            499 | 500 | 502 => "api_error",
            400 | 405 | 415 | 422 => "invalid_request_error",
            status => panic!("a new status, {status}"),
        };
        let body = body(&ApiError::new(kind, Layer::Provider, "m"), &reply());
        assert_eq!(body["error"]["type"], expected, "{kind:?}");
    }
}

#[test]
fn a_body() {
    let error = ApiError::new(ErrorKind::InvalidRequest, Layer::Client, "messages[0].role: is missing")
        .with_param("messages[0].role")
        .with_code("c");
    assert_eq!(
        body(&error, &reply()),
        json!({
            "type": "error",
            "error": {
                "type": "invalid_request_error", "message": "messages[0].role: is missing",
                "param": "messages[0].role", "code": "c"
            },
            "request_id": "req-1"
        })
    );
    let plain = ApiError::new(ErrorKind::Internal, Layer::Gateway, "m");
    assert_eq!(
        body(&plain, &Reply::default()),
        json!({ "type": "error", "error": { "type": "api_error", "message": "m" } })
    );
}

#[test]
fn clients_that_shorten_conversations_are_told_in_the_words_they_know() {
    let message = |words: &str| {
        body(&ApiError::new(ErrorKind::ContextWindow, Layer::Provider, words), &reply())["error"]["message"]
            .clone()
    };
    assert_eq!(
        message("maximum context length is 8192"),
        "prompt is too long: maximum context length is 8192"
    );
    assert_eq!(
        message("Prompt is too long: 9 tokens > 8 maximum"),
        "Prompt is too long: 9 tokens > 8 maximum"
    );
}

#[test]
fn an_event_is_the_body_under_its_name() {
    let error = ApiError::new(ErrorKind::Unavailable, Layer::Provider, "Overloaded");
    let event = ingress().error_event(&error, &reply());
    let parsed = SseEvent::parse(&event);
    assert_eq!(parsed.event, b"error");
    assert_eq!(serde_json::from_slice::<Value>(&parsed.data).unwrap(), body(&error, &reply()));
    let mut out = BytesMut::new();
    ingress().writer(&reply()).error(&error, &mut out);
    assert_eq!(out, event);
}
