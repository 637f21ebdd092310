//! Refusals: `{"errors": [{"code": …, "message": …, "more_info": …}], "trace": …, "status_code": …}`.
//!
//! Source: IBM Cloud API docs, "IBM watsonx.ai", section "Error handling", read 2026-11.

use http::Response;
use llm_provider_core::UpstreamError;
use llm_provider_openai::read_error;
use llm_types::ErrorKind;
use serde_json::Value;

use crate::vendor::options;

/// By which words the vendor says that a prompt does not fit, in lower case.
const CONTEXT_WINDOW: &str = "cannot exceed the total tokens limit";

/// Codes whose kind their status does not tell.
const CODES: &[(&str, ErrorKind)] = &[
    ("token_quota_reached", ErrorKind::QuotaExceeded),
    ("consumption_limit_reached", ErrorKind::RateLimit),
    ("model_not_supported", ErrorKind::NotFound),
];

/// Reads an answer that is no success; `None` for one that is.
pub(crate) fn refusal(response: &Response<&[u8]>) -> Option<UpstreamError> {
    if response.status().is_success() {
        return None;
    }
    let mut error = read_error(response, &options());
    if error.kind == ErrorKind::InvalidRequest && error.message.to_lowercase().contains(CONTEXT_WINDOW) {
        error.kind = ErrorKind::ContextWindow;
    }
    if let Some((_, kind)) = CODES.iter().find(|(code, _)| error.code.as_deref() == Some(*code)) {
        error.kind = *kind;
    }
    if error.request_id.is_none() {
        let body: Option<Value> = serde_json::from_slice(response.body()).ok();
        error.request_id = body.and_then(|body| body["trace"].as_str().map(str::to_owned));
    }
    Some(error)
}
