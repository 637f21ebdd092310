//! Refusals: `{"error": {"request_id", "code", "message", "location", "intermediate_results"}}`.
//!
//! Source: SAP AI Core docs, "Orchestration", "Error handling", version 2 of its API, read 2026-11.

use http::Response;
use llm_provider_core::UpstreamError;
use llm_provider_openai::read_error;
use llm_types::ErrorKind;
use serde_json::Value;

use crate::vendor::options;

/// By which words the service says that a filter held something back, in lower case.
const FILTERED: &str = "content filtered";

/// Reads an answer that is no success; `None` for one that is.
pub(crate) fn refusal(response: &Response<&[u8]>) -> Option<UpstreamError> {
    if response.status().is_success() {
        return None;
    }
    let mut error = read_error(response, &options());
    if error.kind == ErrorKind::InvalidRequest && error.message.to_lowercase().contains(FILTERED) {
        error.kind = ErrorKind::ContentPolicy;
    }
    let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    // A chain of modules tells one error for each.
    let told = body["error"].as_array().and_then(|list| list.first()).unwrap_or(&body["error"]);
    if error.request_id.is_none() {
        error.request_id = told["request_id"].as_str().map(str::to_owned);
    }
    error.param = error.param.or_else(|| told["location"].as_str().map(str::to_owned));
    Some(error)
}
