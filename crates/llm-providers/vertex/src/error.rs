//! Errors: Google's own, and those of partners' models, which come in their own words.

use http::Response;
use llm_provider_anthropic::Anthropic;
use llm_provider_core::{Chat, Dialect, Provider as _, Translator, UpstreamError};
use llm_provider_gemini::generate;
use serde_json::Value;

/// Reads an answer that is no success.
pub(crate) fn read(response: &Response<&[u8]>) -> UpstreamError {
    let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let is_claude = body["type"] == "error" && body["error"]["type"].is_string();
    if is_claude && let Some(relay) = Anthropic.relay(Dialect::AnthropicMessages) {
        return relay.error(response.clone());
    }
    let is_googles = body["error"]["status"].is_string() || body.is_array();
    if !is_googles
        && (body["error"].is_object() || body["object"] == "error")
        && let Err(error) = Translator::<Chat>::decode(&crate::chat::open_wire(), response.clone())
    {
        return error;
    }
    generate::failure(response)
}

#[cfg(test)]
mod tests {
    use llm_types::ErrorKind;

    use super::*;

    fn error(status: u16, body: &str) -> UpstreamError {
        read(&Response::builder().status(status).body(body.as_bytes()).unwrap())
    }

    #[test]
    fn errors_of_every_family() {
        for (status, body, kind, message) in [
            (
                429,
                r#"{"error":{"code":429,"message":"Resource exhausted.","status":"RESOURCE_EXHAUSTED"}}"#,
                ErrorKind::RateLimit,
                "Resource exhausted.",
            ),
            (
                404,
                r#"[{"error":{"code":404,"message":"No model.","status":"NOT_FOUND"}}]"#,
                ErrorKind::NotFound,
                "No model.",
            ),
            (
                529,
                r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
                ErrorKind::Unavailable,
                "Overloaded",
            ),
            (
                400,
                r#"{"error":{"message":"This model's maximum context length is 8 tokens.","type":"BadRequestError","code":400}}"#,
                ErrorKind::ContextWindow,
                "This model's maximum context length is 8 tokens.",
            ),
            (
                422,
                r#"{"object":"error","message":"bad","type":"invalid_request_error"}"#,
                ErrorKind::Unprocessable,
                "bad",
            ),
            (502, "<html>", ErrorKind::BadGateway, "<html>"),
        ] {
            let error = error(status, body);
            assert_eq!((error.kind, error.message.as_str(), error.status), (kind, message, status), "{body}");
        }
    }
}
