//! Error bodies in the shapes of both vendors.

use bytes::Bytes;
use serde::Serialize;

use crate::respond::Wire;
use crate::script::ErrorScript;

#[derive(Serialize)]
struct OpenAi<'a> {
    error: OpenAiError<'a>,
}

#[derive(Serialize)]
struct OpenAiError<'a> {
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    param: Option<&'a str>,
    code: Option<&'a str>,
}

#[derive(Serialize)]
struct Anthropic<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    error: AnthropicError<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

#[derive(Serialize)]
struct AnthropicError<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    message: &'a str,
}

/// The JSON of an error. `request_id` goes where the vendor puts it; an error in mid-stream has none.
pub(crate) fn body(wire: Wire, error: &ErrorScript, request_id: Option<&str>) -> Bytes {
    let message =
        error.message.clone().unwrap_or_else(|| format!("Scripted error with status {}.", error.status));
    let json = match wire {
        Wire::OpenAi => {
            let (kind, code) = openai_kind(error.status);
            let kind = error.kind.as_deref().unwrap_or(kind);
            let code = error.code.as_deref().or(code);
            serde_json::to_vec(&OpenAi { error: OpenAiError { message: &message, kind, param: None, code } })
        }
        Wire::Anthropic => {
            let kind = error.kind.as_deref().unwrap_or_else(|| anthropic_kind(error.status));
            let error = AnthropicError { kind, message: &message };
            serde_json::to_vec(&Anthropic { kind: "error", error, request_id })
        }
    };
    // Strings alone always serialise.
    json.map(Bytes::from).unwrap_or_default()
}

/// Type and code by status.
///
/// Source: OpenAI API docs, Error codes, read 2026-11.
fn openai_kind(status: u16) -> (&'static str, Option<&'static str>) {
    match status {
        401 => ("invalid_request_error", Some("invalid_api_key")),
        403 => ("request_forbidden", Some("unsupported_country_region_territory")),
        404 => ("invalid_request_error", Some("model_not_found")),
        429 => ("requests", Some("rate_limit_exceeded")),
        500.. => ("server_error", None),
        _ => ("invalid_request_error", None),
    }
}

/// Type by status.
///
/// Source: Anthropic API docs, Errors, read 2026-11.
fn anthropic_kind(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        409 => "conflict_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}
