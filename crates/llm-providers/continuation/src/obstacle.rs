//! Why an answer cannot be gone on with.

use llm_types::{ChatRequest, Delta, Extra, ResponseFormat, Tool, ToolCall};
use serde_json::Value;

/// Why an answer that broke off cannot be gone on with elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Obstacle {
    /// The request wants several answers.
    #[error("several answers were asked for")]
    SeveralAnswers,
    /// Probabilities of two models do not belong together.
    #[error("probabilities of tokens were asked for")]
    LogProbs,
    /// Sound cannot be joined.
    #[error("spoken output was asked for or has begun")]
    Audio,
    /// The answer is kept at the vendor, who has only half of it.
    #[error("the vendor keeps the answer")]
    Stored,
    /// Tools run at the vendor, and their state stays there.
    #[error("tools run at the vendor")]
    VendorTools,
    /// Functions in the oldest form.
    #[error("functions are spoken of in their oldest form")]
    OldFunctions,
    /// Thinking that only its vendor can sign, or encrypt, has been handed out.
    #[error("thinking that its vendor signs has been streamed")]
    SignedThinking,
    /// The model refuses.
    #[error("the model has begun to refuse")]
    Refusal,
    /// Sources name places in the text, counted by the vendor.
    #[error("sources have been streamed")]
    Sources,
    /// Something that only this vendor has.
    #[error("something of the vendor's own has been streamed")]
    VendorState,
}

impl Obstacle {
    /// A name for logs.
    pub const fn label(self) -> &'static str {
        match self {
            Self::SeveralAnswers => "several_answers",
            Self::LogProbs => "logprobs",
            Self::Audio => "audio",
            Self::Stored => "stored",
            Self::VendorTools => "vendor_tools",
            Self::OldFunctions => "old_functions",
            Self::SignedThinking => "signed_thinking",
            Self::Refusal => "refusal",
            Self::Sources => "sources",
            Self::VendorState => "vendor_state",
        }
    }

    /// What in a request stands against it, before anybody is asked.
    pub fn of_request(request: &ChatRequest) -> Option<Self> {
        let tools = request.tools.get().map_or(&[][..], Vec::as_slice);
        if request.n.get().is_some_and(|n| *n > 1) {
            Some(Self::SeveralAnswers)
        } else if request.logprobs.get() == Some(&true) || request.top_logprobs.get().is_some_and(|n| *n > 0)
        {
            Some(Self::LogProbs)
        } else if request.audio.is_value()
            || request.modalities.get().is_some_and(|kinds| kinds.iter().any(|kind| kind != "text"))
        {
            Some(Self::Audio)
        } else if request.store.get() == Some(&true) {
            Some(Self::Stored)
        } else if request.web_search_options.is_value()
            || tools.iter().any(|tool| matches!(tool, Tool::Unknown(_)))
        {
            Some(Self::VendorTools)
        } else if request.functions.is_value() {
            Some(Self::OldFunctions)
        } else {
            None
        }
    }

    /// What in a piece of an answer stands against it.
    pub(crate) fn of_delta(delta: &Delta) -> Option<Self> {
        let calls = delta.tool_calls.get().map_or(&[][..], Vec::as_slice);
        if delta.thinking_blocks.get().is_some_and(|blocks| !blocks.is_empty())
            || is_sealed(&delta.extra)
            || delta.provider_specific_fields.get().is_some_and(is_sealed)
            || calls.iter().any(is_sealed_call)
        {
            Some(Self::SignedThinking)
        } else if delta.audio.is_value() {
            Some(Self::Audio)
        } else if delta.function_call.is_value() {
            Some(Self::OldFunctions)
        } else if delta.refusal.get().is_some_and(|words| !words.is_empty()) {
            Some(Self::Refusal)
        } else if delta.annotations.get().is_some_and(|sources| !sources.is_empty()) {
            Some(Self::Sources)
        } else if delta.provider_specific_fields.get().is_some_and(|own| own.iter().any(is_state)) {
            Some(Self::VendorState)
        } else {
            None
        }
    }
}

/// Whether an answer is wanted as JSON.
pub(crate) fn wants_json(request: &ChatRequest) -> bool {
    match request.response_format.get() {
        None => false,
        Some(format) => !matches!(format, ResponseFormat::Text(_)),
    }
}

fn is_sealed_call(call: &ToolCall) -> bool {
    is_sealed(&call.extra) || call.function.get().is_some_and(|function| is_sealed(&function.extra))
}

/// Whether any name in it tells of a signature or of something encrypted.
fn is_sealed(members: &Extra) -> bool {
    members.iter().any(|(name, value)| {
        let name = name.to_ascii_lowercase();
        let tells = ["signature", "encrypted", "redacted"].iter().any(|word| name.contains(word));
        tells && !value.is_null() || within(value)
    })
}

fn within(value: &Value) -> bool {
    match value {
        Value::Object(members) => is_sealed(members),
        Value::Array(items) => items.iter().any(within),
        _ => false,
    }
}

/// Whether a vendor's own member is more than the beginning of a block of text.
fn is_state((name, value): (&String, &Value)) -> bool {
    let is_text = |block: &Value| block.get("type").and_then(Value::as_str) == Some("text");
    match name.as_str() {
        "content_block" => !is_text(value),
        "content_blocks" => value.as_array().is_none_or(|blocks| !blocks.iter().all(is_text)),
        _ => !value.is_null(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn requests() {
        let of = |members: Value| {
            let mut request = json!({"model": "m", "messages": []});
            request.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            Obstacle::of_request(&llm_types::from_value(request).unwrap())
        };
        for (members, expected) in [
            (json!({"n": 1, "logprobs": false, "store": false, "modalities": ["text"]}), None),
            (json!({"tools": [{"type": "function", "function": {"name": "f"}}]}), None),
            (json!({"n": 2}), Some(Obstacle::SeveralAnswers)),
            (json!({"logprobs": true}), Some(Obstacle::LogProbs)),
            (json!({"modalities": ["text", "audio"]}), Some(Obstacle::Audio)),
            (json!({"store": true}), Some(Obstacle::Stored)),
            (json!({"tools": [{"type": "web_search_20250305", "name": "web"}]}), Some(Obstacle::VendorTools)),
            (json!({"web_search_options": {}}), Some(Obstacle::VendorTools)),
            (json!({"functions": []}), Some(Obstacle::OldFunctions)),
        ] {
            assert_eq!(of(members.clone()), expected, "{members}");
        }
    }

    #[test]
    fn pieces() {
        for (delta, expected) in [
            (json!({"content": "a", "reasoning_content": "b", "role": "assistant"}), None),
            (json!({"provider_specific_fields": {"content_block": {"type": "text"}}}), None),
            (
                json!({"thinking_blocks": [{"type": "thinking", "thinking": ""}]}),
                Some(Obstacle::SignedThinking),
            ),
            (
                json!({"reasoning_details": [{"type": "reasoning.encrypted", "encrypted_data": "x"}]}),
                Some(Obstacle::SignedThinking),
            ),
            (json!({"provider_specific_fields": {"thought_signature": "x"}}), Some(Obstacle::SignedThinking)),
            (
                json!({"tool_calls": [{"index": 0, "provider_specific_fields": {"thought_signature": "x"}}]}),
                Some(Obstacle::SignedThinking),
            ),
            (json!({"audio": {}}), Some(Obstacle::Audio)),
            (json!({"refusal": "No"}), Some(Obstacle::Refusal)),
            (json!({"refusal": null, "annotations": []}), None),
            (json!({"annotations": [{"type": "url_citation"}]}), Some(Obstacle::Sources)),
            (json!({"function_call": {"name": "f"}}), Some(Obstacle::OldFunctions)),
            (
                json!({"provider_specific_fields": {"content_block": {"type": "server_tool_use"}}}),
                Some(Obstacle::VendorState),
            ),
        ] {
            let read: Delta = llm_types::from_value(delta.clone()).unwrap();
            assert_eq!(Obstacle::of_delta(&read), expected, "{delta}");
        }
    }
}
