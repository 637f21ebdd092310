//! Why a model stopped: vendors' many words for OpenAI's few.
//!
//! Source: the vendors' chat references (see the table of compatible vendors), read 2026-11.

use llm_provider_core::UpstreamError;
use llm_types::{ErrorKind, Extra, FinishReason};
use serde_json::json;

use crate::error;

/// What a finish reason amounts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The answer ended, for this reason.
    Ended(FinishReason),
    /// Nothing: an empty string, which some vendors send in every chunk.
    Empty,
    /// The vendor failed and says so in this place.
    Failed,
}

impl Verdict {
    /// Reads a reason; `called` says whether the answer calls tools.
    pub(crate) fn of(reason: &FinishReason, called: bool) -> Self {
        let ended = match reason {
            FinishReason::Other(word) => match word.as_str() {
                "" => return Self::Empty,
                "error" | "network_error" | "insufficient_system_resource" | "abort" | "timeout" => {
                    return Self::Failed;
                }
                "eos" | "eos_token" | "end_turn" | "stop_sequence" | "STOP" | "COMPLETE" => {
                    FinishReason::Stop
                }
                "max_tokens" | "MAX_TOKENS" | "model_length" | "model_context_window_exceeded" => {
                    FinishReason::Length
                }
                "tool_use" | "tool_call" | "TOOL_CALL" | "TOOL_CALLS" => FinishReason::ToolCalls,
                "content_filtered" | "sensitive" | "refusal" | "SAFETY" => FinishReason::ContentFilter,
                _ => reason.clone(),
            },
            _ => reason.clone(),
        };
        // A model that calls tools wants them called, whatever its vendor says.
        Self::Ended(if called && ended == FinishReason::Stop { FinishReason::ToolCalls } else { ended })
    }
}

/// Keeps the vendor's own word where ours differs.
pub(super) fn keep_native(native: &FinishReason, ours: &FinishReason, extra: &mut Extra) {
    if native != ours {
        let fields = extra.entry("provider_specific_fields").or_insert_with(|| json!({}));
        if let Some(fields) = fields.as_object_mut() {
            fields.insert("native_finish_reason".to_owned(), native.as_str().into());
        }
    }
}

/// The failure that a finish reason tells, in the words that the choice has for it.
pub(crate) fn failure(reason: &FinishReason, choice: &Extra, codes: &[(String, ErrorKind)]) -> UpstreamError {
    if let Some(error) = choice.get("error").filter(|error| error.is_object()) {
        let said = json!({ "error": error });
        return error::in_stream(&said, said.to_string().as_bytes(), codes);
    }
    UpstreamError {
        code: Some(reason.as_str().to_owned()),
        ..UpstreamError::new(
            ErrorKind::Unavailable,
            ErrorKind::Unavailable.status(),
            format!("the vendor broke the answer off: {reason}"),
        )
    }
}
