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
    /// Whether the model was made to begin with its thinking, which ends in a tag.
    pub(super) thinks: bool,
}

impl Piece {
    fn new(text: Option<String>, stop: Option<String>, usage: Option<Usage>) -> Self {
        Self { text: text.unwrap_or_default(), stop, usage, thinks: false }
    }
}

pub(super) fn is_answer(body: &[u8]) -> bool {
    serde_json::from_slice(body).is_ok_and(|value| piece(&value).is_some())
}

/// Reads a piece by the member that holds its text.
pub(super) fn piece(value: &Value) -> Option<Piece> {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let count = |value: &Value, name: &str| value.get(name).and_then(Value::as_u64);
    let first = |name: &str| value.get(name).and_then(|list| list.get(0));
    // A stream counts as it goes; only its last count is whole.
    let usage = |read: Option<u64>, written: Option<u64>, stop: &Option<String>| {
        read.zip(written).filter(|_| stop.is_some()).map(|(read, written)| Usage::new(read, written))
    };
    if let Some(result) = first("results") {
        let stop = text(result, "completionReason");
        let usage = usage(count(value, "inputTextTokenCount"), count(result, "tokenCount"), &stop);
        return Some(Piece::new(text(result, "outputText"), stop, usage));
    }
    if value.get("outputText").is_some() {
        let stop = text(value, "completionReason");
        let usage =
            usage(count(value, "inputTextTokenCount"), count(value, "totalOutputTextTokenCount"), &stop);
        return Some(Piece::new(text(value, "outputText"), stop, usage));
    }
    if value.get("generation").is_some() {
        let stop = text(value, "stop_reason");
        let usage = usage(count(value, "prompt_token_count"), count(value, "generation_token_count"), &stop);
        return Some(Piece::new(text(value, "generation"), stop, usage));
    }
    if let Some(output) = first("outputs") {
        return Some(Piece::new(text(output, "text"), text(output, "stop_reason"), None));
    }
    if let Some(generation) = first("generations") {
        return Some(Piece::new(text(generation, "text"), text(generation, "finish_reason"), None));
    }
    if let Some(choice) = first("choices").filter(|choice| choice.get("text").is_some()) {
        let stop = text(choice, "stop_reason").or_else(|| text(choice, "finish_reason"));
        return Some(Piece { thinks: true, ..Piece::new(text(choice, "text"), stop, None) });
    }
    // Cohere's stream says its end once more with all of the answer inside.
    match value.get("event_type").and_then(Value::as_str) {
        Some("stream-end") => return Some(Piece::new(None, text(value, "finish_reason"), None)),
        Some("text-generation") => return Some(Piece::new(text(value, "text"), None, None)),
        Some(_) => return None,
        None => {}
    }
    let said = text(value, "text")?;
    Some(Piece::new(Some(said), text(value, "finish_reason"), None))
}

pub(super) fn decode(response: &Response<&[u8]>) -> Result<ChatResponse, UpstreamError> {
    let unreadable = |why: &str| UpstreamError::unreadable(response.status(), response.body(), why);
    let value: Value =
        serde_json::from_slice(response.body()).map_err(|error| unreadable(&error.to_string()))?;
    let piece = piece(&value).ok_or_else(|| unreadable("no words of any model's are in it"))?;
    let mut message = Message::empty(Role::Assistant);
    let (thought, said) = split_thought(&piece.text);
    message.reasoning_content = thought.map(str::to_owned).into();
    message.content = Nullable::Value(MessageContent::Text(said.to_owned()));
    let finish = finish_reason(piece.stop.as_deref());
    let mut choice = Choice::new(message, finish.clone());
    keep_native(piece.stop.as_deref(), &finish, &mut choice.extra);
    let mut answer = ChatResponse::new(String::new(), 0, String::new(), choice);
    answer.id = value
        .get("generation_id")
        .or_else(|| value.get("id"))
        .and_then(Value::as_str)
        .map(str::to_owned)
        .into();
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
