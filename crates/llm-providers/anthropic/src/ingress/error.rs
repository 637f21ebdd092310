//! Errors in Anthropic's words.
//!
//! Source: Anthropic API docs, "Errors" (platform.claude.com/docs/en/api/errors), read 2026-11.

use std::borrow::Cow;

use bytes::BytesMut;
use llm_provider_core::Reply;
use llm_types::{ApiError, ErrorKind, Extra};

use super::stream::events::Event;
use crate::wire::{ErrorBody, ErrorResponse};

/// An error as Anthropic writes it.
pub(super) fn response(error: &ApiError, reply: &Reply) -> ErrorResponse {
    // What else the vendor says of it, such as Anthropic's own `details`.
    let mut extra = error.details.as_deref().cloned().unwrap_or_default();
    if let Some(param) = &error.param {
        extra.insert("param".to_owned(), param.as_str().into());
    }
    if let Some(code) = &error.code {
        extra.insert("code".to_owned(), code.as_str().into());
    }
    ErrorResponse {
        r#type: "error".to_owned(),
        error: ErrorBody {
            r#type: error_type(error.told_kind()).to_owned(),
            message: message(error).into_owned(),
            extra,
        },
        request_id: Some(&reply.request_id).filter(|id| !id.is_empty()).cloned().into(),
        extra: Extra::new(),
    }
}

/// What Anthropic says when it has too much to do. Its clients wait longer for this than for a 503.
const OVERLOADED: u16 = 529;

/// Anthropic's own status for an overload that a vendor told as such; otherwise the kind's.
pub(super) fn status(error: &ApiError) -> u16 {
    let is_overload = error.kind == ErrorKind::Unavailable && error.vendor_status == Some(OVERLOADED);
    if is_overload { OVERLOADED } else { error.status() }
}

/// The error as an event in mid-stream.
pub(super) fn write_event(error: &ApiError, reply: &Reply, out: &mut BytesMut) {
    let response = response(error, reply);
    Event::Error { error: &response.error, request_id: response.request_id.as_deref() }.write(out);
}

/// The type that Anthropic gives to a kind. It fits the status that the kind has, as clients read both.
const fn error_type(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Authentication => "authentication_error",
        ErrorKind::PaymentRequired => "billing_error",
        ErrorKind::PermissionDenied => "permission_error",
        ErrorKind::NotFound => "not_found_error",
        ErrorKind::Conflict => "conflict_error",
        ErrorKind::PayloadTooLarge => "request_too_large",
        ErrorKind::RateLimit | ErrorKind::QuotaExceeded => "rate_limit_error",
        ErrorKind::Timeout | ErrorKind::GatewayTimeout => "timeout_error",
        ErrorKind::Unavailable => "overloaded_error",
        kind if kind.status() < 499 => "invalid_request_error",
        _ => "api_error",
    }
}

/// Clients that shorten a conversation when it no longer fits, Claude Code among them, look for these words.
const TOO_LONG: &str = "prompt is too long";

fn message(error: &ApiError) -> Cow<'_, str> {
    if error.kind == ErrorKind::ContextWindow && !error.message.to_ascii_lowercase().contains(TOO_LONG) {
        format!("{TOO_LONG}: {}", error.message).into()
    } else {
        error.message.as_str().into()
    }
}
