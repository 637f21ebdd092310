//! [`ResponsesWire`]: chat over a Responses API.

mod decode;
mod encode;
mod input;
mod mcp;
mod stream;
mod tools;
mod unknown;

use std::sync::Arc;

use llm_provider_core::{
    Call, Chat, Decoded, Decoder, EncodeError, Encoded, StreamDecoder, Translator, UpstreamError,
};
use llm_types::{ChatRequest, ChatResponse, ErrorKind, FinishReason};
use serde_json::{Value, json};

pub(super) use decode::{annotation, is_plain};
pub use stream::ResponsesInterpret;

use super::options::ResponsesOptions;
use super::wire::{IncompleteDetails, Status};
use crate::{Changes, error};

/// Chat requests for a vendor or a model that has the Responses API and no other.
///
/// The vendor keeps nothing unless the request says `store: true`; then thinking comes encrypted, where the model has
/// it, and goes back with the conversation. It stands in `thinking_blocks`: a block without a signature, whose
/// `reasoning_item` is the vendor's item as it came and whose `reasoning_vendor` says who made it.
///
/// An answer that holds more than thinking, one text and calls in this order, such as searches that ran at the vendor,
/// has all its items in the message's `provider_specific_fields.output_items`, and they go back as they came.
#[derive(Debug, Clone)]
pub struct ResponsesWire {
    options: Arc<ResponsesOptions>,
}

impl ResponsesWire {
    /// A translator for one vendor.
    pub fn new(options: ResponsesOptions) -> Self {
        Self { options: Arc::new(options) }
    }

    /// The vendor's API.
    pub fn options(&self) -> &ResponsesOptions {
        &self.options
    }

    /// What reads the events of one streamed answer.
    pub fn interpret(&self) -> ResponsesInterpret {
        ResponsesInterpret::new(Arc::clone(&self.options))
    }

    /// Writes a request that has been changed already.
    ///
    /// # Errors
    /// As [`Translator::encode`].
    pub fn encode_changed(
        &self,
        request: &ChatRequest,
        call: &Call<'_>,
        changes: Changes<'_>,
    ) -> Result<Encoded, EncodeError> {
        encode::encode(request, call, &self.options, changes)
    }
}

impl Translator<Chat> for ResponsesWire {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        self.encode_changed(request, call, Changes::new(call))
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        decode::decode(&response, &self.options).map(Decoded::Answer)
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        Box::new(StreamDecoder::sse(self.interpret()))
    }
}

/// Why an answer ended. What was called counts more than what was said of it.
pub(super) fn finish_reason(
    status: &Status,
    details: Option<&IncompleteDetails>,
    called: bool,
) -> FinishReason {
    if *status == Status::Incomplete {
        return match details.and_then(|details| details.reason.as_deref()) {
            Some("content_filter") => FinishReason::ContentFilter,
            Some("max_output_tokens" | "max_tokens") | None => FinishReason::Length,
            Some(other) => FinishReason::from(other),
        };
    }
    if called { FinishReason::ToolCalls } else { FinishReason::Stop }
}

/// The vendor's own word for that.
fn native_reason(status: &Status, details: Option<&IncompleteDetails>) -> String {
    match details.and_then(|details| details.reason.as_deref()) {
        Some(reason) if *status == Status::Incomplete => reason.to_owned(),
        _ => status.as_str().to_owned(),
    }
}

/// Codes of failed answers whose kind the words do not tell.
///
/// Source: OpenAI API reference, "The response object", `error.code`, and the types of the official Python package
/// 3.52, read 2026-11.
fn kind_of(code: &str) -> Option<ErrorKind> {
    match code {
        "rate_limit_exceeded" => Some(ErrorKind::RateLimit),
        "invalid_prompt" | "data_residency_mismatch" => Some(ErrorKind::InvalidRequest),
        "bio_policy"
        | "cyber_policy"
        | "misalignment_policy_violation"
        | "image_content_policy_violation" => Some(ErrorKind::ContentPolicy),
        "vector_store_timeout" => Some(ErrorKind::GatewayTimeout),
        "server_is_overloaded" | "slow_down" => Some(ErrorKind::Unavailable),
        code if code.starts_with("invalid_") && code.contains("image")
            || code.starts_with("image_")
            || matches!(
                code,
                "unsupported_image_media_type" | "empty_image_file" | "failed_to_download_image"
            ) =>
        {
            Some(ErrorKind::InvalidRequest)
        }
        _ => None,
    }
}

/// Reads a failure: an event `response.failed` or `error`, or an answer that failed.
pub(super) fn failed(value: &Value, data: &[u8], codes: &[(String, ErrorKind)]) -> UpstreamError {
    let told =
        value.pointer("/response/error").or_else(|| value.get("error")).filter(|error| !error.is_null());
    let told = match (told, value) {
        (Some(error), _) => json!({ "error": error }),
        (None, Value::Object(members)) if members.contains_key("message") => {
            // `type` is the event's name here and no kind of error.
            let mut members = members.clone();
            members.shift_remove("type");
            Value::Object(members)
        }
        (None, Value::Object(_)) => json!({ "error": "the vendor broke the answer off" }),
        (None, other) => other.clone(),
    };
    let mut error = error::in_stream(&told, data, codes);
    if let Some(kind) = error.code.as_deref().and_then(kind_of)
        && error.kind == ErrorKind::Internal
    {
        error.kind = kind;
        error.status = kind.status();
    }
    error
}
