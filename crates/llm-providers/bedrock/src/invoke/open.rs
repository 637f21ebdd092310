//! Models that speak OpenAI's words: gpt-oss, Qwen, Kimi, MiniMax, GLM, DeepSeek, Jamba, newer models of Mistral.
//!
//! Source: Amazon Bedrock User Guide, "OpenAI models", "Mistral AI chat completion", "AI21 Labs Jamba models", "Qwen
//! models" and "DeepSeek models", read 2026-11.

use std::borrow::Cow;
use std::sync::LazyLock;

use http::Response;
use llm_provider_core::{
    Call, Chat, Decoded, Decoder, Edit, EncodeError, Encoded, NoteKind, Payload, Peek, Translator,
    UpstreamError, apply,
};
use llm_provider_openai::{AnswerOptions, ChatWire, DoneMarker, OutputLimit, RequestOptions, WireOptions};
use llm_types::{ChatRequest, ChatResponse};
use serde_json::Value;

use super::Said;
use crate::model::Model;

static WIRE: LazyLock<ChatWire> = LazyLock::new(|| {
    let request = RequestOptions {
        limit: OutputLimit::MaxTokens,
        developer_role: false,
        stream_usage: false,
        top_k: true,
        ..RequestOptions::default()
    };
    let answer = AnswerOptions { think_tags: true, done: DoneMarker::Optional, ..AnswerOptions::default() };
    let wire = WireOptions { request, answer, ..WireOptions::default() };
    ChatWire::new(wire)
});

pub(super) fn encode(request: &ChatRequest, model: Model<'_>, call: &Call<'_>) -> Result<Said, EncodeError> {
    let call = Call { model: model.id, base_url: None, credential: None, ..call.clone() };
    let Encoded { request: sent, mut notes } = WIRE.encode(request, &call)?;
    let Payload::Bytes(body) = sent.body() else {
        return Err(EncodeError::Setup("a chat request is one piece".to_owned()));
    };
    // What the address says is no loss.
    notes.retain(|note| {
        !(note.kind == NoteKind::Dropped && matches!(note.path.as_str(), "stream" | "stream_options"))
    });
    let peek = Peek::new(body).map_err(|error| EncodeError::invalid(error.path, error.message))?;
    let edits: Vec<Edit> = ["model", "stream", "stream_options"]
        .into_iter()
        .map(|name| Edit::Remove { name: name.into(), reason: "stands in the address".into() })
        .collect();
    Ok(Said { body: apply(body, &peek, &edits).into(), notes })
}

pub(super) fn decode(response: &Response<&[u8]>) -> Result<ChatResponse, UpstreamError> {
    let body = with_finish_reasons(response.body());
    let mut read = Response::new(body.as_ref());
    *read.status_mut() = response.status();
    *read.headers_mut() = response.headers().clone();
    match WIRE.decode(read)? {
        Decoded::Answer(answer) => Ok(answer),
        Decoded::Again { .. } => {
            Err(UpstreamError::unreadable(response.status(), response.body(), "no answer"))
        }
    }
}

pub(super) fn decoder() -> Box<dyn Decoder<Chat>> {
    WIRE.decoder()
}

/// Mistral's models say `stop_reason` here, where OpenAI says `finish_reason`.
pub(super) fn with_finish_reasons(body: &[u8]) -> Cow<'_, [u8]> {
    const THEIRS: &[u8] = b"\"stop_reason\"";
    if !body.windows(THEIRS.len()).any(|window| window == THEIRS) {
        return Cow::Borrowed(body);
    }
    let Ok(mut answer) = serde_json::from_slice::<Value>(body) else { return Cow::Borrowed(body) };
    for choice in answer.get_mut("choices").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(choice) = choice.as_object_mut()
            && choice.get("finish_reason").is_none_or(Value::is_null)
            && let Some(reason) = choice.shift_remove("stop_reason")
        {
            choice.insert("finish_reason".to_owned(), reason);
        }
    }
    Cow::Owned(answer.to_string().into_bytes())
}
