//! Answers that are one text: Titan's, Llama's, DeepSeek R1's, Mistral's, Cohere's.
//!
//! Source: the pages named in `prompt.rs`, read 2026-11.

use http::Response;
use llm_provider_core::UpstreamError;
use llm_types::{ChatResponse, Choice, FinishReason, Message, MessageContent, Nullable, Role, Usage};
use serde_json::{Value, json};

/// A piece of an answer, or all of it, whoever wrote it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    pub(super) text: String,
    /// The model's own word for why it stopped.
    pub(super) stop: Option<String>,
    pub(super) usage: Option<Usage>,
}

pub(super) fn is_answer(body: &[u8]) -> bool {
    serde_json::from_slice(body).is_ok_and(|value| piece(&value).is_some())
}

/// Reads a piece by the member that holds its text.
pub(super) fn piece(value: &Value) -> Option<Piece> {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let count = |value: &Value, name: &str| value.get(name).and_then(Value::as_u64);
    let usage = |read: Option<u64>, written: Option<u64>| read.zip(written).map(|(read, written)| Usage::new(read, written));
    if let Some(result) = value.get("results").and_then(|results| results.get(0)) {
        return Some(Piece {
            text: text(result, "outputText").unwrap_or_default(),
            stop: text(result, "completionReason"),
            usage: usage(count(value, "inputTextTokenCount"), count(result, "tokenCount")),
        });
    }
    if let Some(said) = text(value, "outputText") {
        let written = count(value, "totalOutputTextTokenCount");
        let stop = text(value, "completionReason");
        return Some(Piece { text: said, usage: usage(count(value, "inputTextTokenCount"), written).filter(|_| stop.is_some()), stop });
    }
    if let Some(said) = value.get("generation") {
        let stop = text(value, "stop_reason");
        let usage = usage(count(value, "prompt_token_count"), count(value, "generation_token_count"));
        return Some(Piece { text: said.as_str().unwrap_or_default().to_owned(), usage: usage.filter(|_| stop.is_some()), stop });
    }
    if let Some(output) = value.get("outputs").and_then(|outputs| outputs.get(0)) {
        return Some(Piece { text: text(output, "text").unwrap_or_default(), stop: text(output, "stop_reason"), usage: None });
    }
    if let Some(generation) = value.get("generations").and_then(|generations| generations.get(0)) {
        return Some(Piece { text: text(generation, "text").unwrap_or_default(), stop: text(generation, "finish_reason"), usage: None });
    }
    // Cohere's stream says its end once more with all of the answer inside.
    match value.get("event_type").and_then(Value::as_str) {
        Some("stream-end") => return Some(Piece { text: String::new(), stop: text(value, "finish_reason"), usage: None }),
        Some("text-generation") => return Some(Piece { text: text(value, "text").unwrap_or_default(), stop: None, usage: None }),
        Some(_) => return None,
        None => {}
    }
    let said = text(value, "text")?;
    Some(Piece { text: said, stop: text(value, "finish_reason"), usage: None })
}

pub(super) fn decode(response: &Response<&[u8]>) -> Result<ChatResponse, UpstreamError> {
    let unreadable = |why: &str| UpstreamError::unreadable(response.status(), response.body(), why);
    let value: Value = serde_json::from_slice(response.body()).map_err(|error| unreadable(&error.to_string()))?;
    let piece = piece(&value).ok_or_else(|| unreadable("no words of any model's are in it"))?;
    let mut message = Message::empty(Role::Assistant);
    let (thought, said) = split_thought(&piece.text);
    message.reasoning_content = thought.map(str::to_owned).into();
    message.content = Nullable::Value(MessageContent::Text(said.to_owned()));
    let finish = finish_reason(piece.stop.as_deref());
    let mut choice = Choice::new(message, finish.clone());
    keep_native(piece.stop.as_deref(), &finish, &mut choice.extra);
    let mut answer = ChatResponse::new(String::new(), 0, String::new(), choice);
    answer.id = value.get("generation_id").or_else(|| value.get("id")).and_then(Value::as_str).map(str::to_owned).into();
    answer.created = Nullable::Absent;
    answer.model = Nullable::Absent;
    answer.usage = piece.usage.into();
    Ok(answer)
}

/// Where a model that was made to begin with its thinking ends it.
pub(super) const THOUGHT_ENDS: &str = "</think>";

/// Thinking, and what follows it.
fn split_thought(text: &str) -> (Option<&str>, &str) {
    match text.split_once(THOUGHT_ENDS) {
        Some((thought, said)) => {
            let thought = thought.trim_start().strip_prefix("<think>").unwrap_or(thought);
            (Some(thought.trim()), said.trim_start())
        }
        None => (None, text),
    }
}

pub(super) fn finish_reason(stop: Option<&str>) -> FinishReason {
    match stop {
        Some("LENGTH" | "length" | "MAX_TOKENS" | "max_tokens") => FinishReason::Length,
        Some("CONTENT_FILTERED" | "ERROR_TOXIC") => FinishReason::ContentFilter,
        _ => FinishReason::Stop,
    }
}

pub(super) fn keep_native(native: Option<&str>, ours: &FinishReason, extra: &mut llm_types::Extra) {
    if let Some(native) = native.filter(|native| *native != ours.as_str()) {
        extra.insert("provider_specific_fields".to_owned(), json!({ "native_finish_reason": native }));
    }
}
