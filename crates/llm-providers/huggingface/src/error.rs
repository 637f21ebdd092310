//! Errors of the router and of servers: `{"error": "…", "error_type": …}`, `{"error": {…}}`, and what providers behind
//! the router say.
//!
//! Source: Hugging Face docs, "Text Generation Inference", "Messages API" and API reference, and "Text Embeddings
//! Inference", API reference, read 2026-11.

use http::Response;
use llm_provider_core::UpstreamError;
use llm_provider_openai::{WireOptions, read_error};
use llm_types::ErrorKind;
use serde::Deserialize;

/// What Hugging Face says beside the words.
#[derive(Default, Deserialize)]
struct Beside {
    #[serde(default)]
    error_type: Option<String>,
    /// Seconds until a model is loaded.
    #[serde(default)]
    estimated_time: Option<f64>,
}

/// Reads an answer that is no success.
pub(crate) fn read(response: &Response<&[u8]>, options: &WireOptions) -> UpstreamError {
    let mut error = read_error(response, options);
    let beside: Beside = serde_json::from_slice(response.body()).unwrap_or_default();
    error.kind = match (beside.error_type.as_deref(), error.status) {
        (Some("overloaded" | "Overloaded"), _) => ErrorKind::Unavailable,
        // The server's own failure, whatever 424 means elsewhere.
        (Some("generation" | "Backend"), _) | (None, 424) => ErrorKind::Internal,
        _ => error.kind,
    };
    if error.retry_after_ms.is_none() {
        error.retry_after_ms = beside
            .estimated_time
            .filter(|time| (0.0..86_400.0).contains(time))
            .map(|time| (time * 1000.0) as u64);
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form() {
        for (status, body, kind, words) in [
            (
                400,
                r#"{"error":"Model x is not supported"}"#,
                ErrorKind::InvalidRequest,
                "Model x is not supported",
            ),
            (
                401,
                r#"{"error":"Invalid username or password."}"#,
                ErrorKind::Authentication,
                "Invalid username or password.",
            ),
            (
                402,
                r#"{"error":"You have exceeded your monthly included credits for Inference Providers."}"#,
                ErrorKind::PaymentRequired,
                "You have exceeded your monthly included credits for Inference Providers.",
            ),
            (
                404,
                r#"{"error":{"message":"no such model","type":"x"}}"#,
                ErrorKind::NotFound,
                "no such model",
            ),
            (
                422,
                r#"{"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096","error_type":"validation"}"#,
                ErrorKind::ContextWindow,
                "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096",
            ),
            (
                424,
                r#"{"error":"Request failed during generation","error_type":"generation"}"#,
                ErrorKind::Internal,
                "Request failed during generation",
            ),
            (
                429,
                r#"{"error":"Model is overloaded","error_type":"overloaded"}"#,
                ErrorKind::Unavailable,
                "Model is overloaded",
            ),
            (429, r#"{"error":"slow down"}"#, ErrorKind::RateLimit, "slow down"),
            (502, "<html><title>Bad Gateway</title></html>", ErrorKind::BadGateway, "Bad Gateway"),
        ] {
            let response = Response::builder().status(status).body(body.as_bytes()).unwrap();
            let error = read(&response, &WireOptions::default());
            assert_eq!((error.kind, error.message.as_str()), (kind, words), "{status} {body}");
        }
    }

    #[test]
    fn a_model_that_is_loaded_first() {
        let body = br#"{"error":"Model x is currently loading","estimated_time":20.5}"#;
        let response = Response::builder().status(503).body(body.as_slice()).unwrap();
        let error = read(&response, &WireOptions::default());
        assert_eq!((error.kind, error.retry_after_ms), (ErrorKind::Unavailable, Some(20_500)));
    }
}
