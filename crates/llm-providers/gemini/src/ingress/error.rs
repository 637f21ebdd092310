//! Errors in Google's words: `google.rpc.Status`.
//!
//! Source: Google Cloud, "Error model" (google.aip.dev/193), read 2026-11.

use llm_types::{ApiError, Nullable};
use serde_json::{Value, json};

use crate::error::{DETAILS, is_status_name, status_name};
use crate::wire::{ErrorBody, ErrorResponse};

/// An error as Google writes it.
pub(super) fn response(error: &ApiError) -> ErrorResponse {
    let status = error.status();
    let own = error.vendor_type.as_deref().filter(|name| is_status_name(name, status));
    let body = ErrorBody {
        code: Nullable::Value(status),
        message: Nullable::Value(error.message.clone()),
        status: Nullable::Value(own.unwrap_or_else(|| status_name(status)).to_owned()),
        details: crate::turn::some(details(error)),
        ..ErrorBody::default()
    };
    ErrorResponse { error: Nullable::Value(body), ..ErrorResponse::default() }
}

/// Google's own details as they came, else what is known of the error in Google's words.
fn details(error: &ApiError) -> Vec<Value> {
    let said = error.details.as_deref().and_then(|said| said.get(DETAILS)?.as_array());
    let is_googles =
        |said: &&Vec<Value>| !said.is_empty() && said.iter().all(|one| one.get("@type").is_some());
    if let Some(said) = said.filter(is_googles) {
        return said.clone();
    }
    let mut details = Vec::new();
    if let Some(code) = &error.code {
        details.push(json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": code, "domain": error.layer.label(),
        }));
    }
    if let Some(param) = &error.param {
        details.push(json!({
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [{ "field": param, "description": error.message }],
        }));
    }
    if let Some(ms) = error.retry_after_ms {
        let delay = match ms % 1000 {
            0 => format!("{}s", ms / 1000),
            rest => format!("{}.{rest:03}s", ms / 1000),
        };
        details.push(json!({ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay }));
    }
    details
}
