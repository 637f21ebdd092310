//! A whole answer.

use http::Response;
use llm_provider_core::UpstreamError;
use llm_types::{
    Annotation, ChatResponse, Choice, ContentPart, Extra, FinishReason, Message, MessageContent, Nullable,
    Role, ThinkingBlock, ToolCall,
};
use serde_json::{Value, json};

use crate::wire::{self, Citation, Logprob};
use crate::{error, usage};

/// Reads a whole answer of status 200.
pub(super) fn decode(response: &Response<&[u8]>) -> Result<ChatResponse, UpstreamError> {
    let body = *response.body();
    let answer: wire::ChatResponse =
        llm_types::from_slice(body).map_err(|why| UpstreamError::unreadable(response.status(), body, why))?;
    let mut specifics = answer.extra;
    let mut message = read(answer.message);
    let called = message.tool_calls.is_value();
    let mut choice = Choice::new(Message::empty(Role::Assistant), FinishReason::Stop);
    if let Some(native) = answer.finish_reason.as_deref() {
        if failed(native) {
            return Err(error::ended(native, None, body));
        }
        let reason = finish_reason(native, called);
        keep_native(native, &reason, &mut choice.extra);
        choice.finish_reason = Nullable::Value(reason);
    } else if called {
        choice.finish_reason = Nullable::Value(FinishReason::ToolCalls);
    }
    if let Some(logprobs) = answer.logprobs.get() {
        choice.logprobs = Nullable::Value(probabilities(logprobs));
        specifics.insert("logprobs".to_owned(), json!(logprobs));
    }
    if message.content.is_absent() {
        message.content = Nullable::Null;
    }
    choice.message = message;
    let mut out = ChatResponse::new(String::new(), 0, String::new(), choice);
    // Cohere tells neither its model nor the time; whoever knows them puts them in.
    out.id = answer.id;
    out.model = Nullable::Absent;
    out.created = Nullable::Absent;
    out.usage = answer.usage.get().map(usage::canonical).into();
    if !specifics.is_empty() {
        out.provider_specific_fields = Nullable::Value(specifics);
    }
    Ok(out)
}

fn read(wire: wire::ResponseMessage) -> Message {
    let mut message = Message::empty(Role::Assistant);
    let mut specifics = wire.extra;
    let mut text = String::new();
    let mut starts = Vec::new();
    let mut blocks = Vec::new();
    let mut others = Vec::new();
    let mut has_text = false;
    for part in wire.content.into_option().unwrap_or_default() {
        starts.push(text.chars().count());
        match part {
            ContentPart::Text(part) => {
                has_text = true;
                text.push_str(&part.text);
                // What is said of the text, without the text.
                if !part.extra.is_empty() {
                    let mut rest = part.extra;
                    rest.insert("type".to_owned(), "text".into());
                    others.push(Value::Object(rest));
                }
            }
            ContentPart::Unknown(part) if part.get("type").is_some_and(|kind| kind == "thinking") => {
                blocks.push(thought(part));
            }
            other => others.extend(serde_json::to_value(other)),
        }
    }
    if has_text {
        message.content = Nullable::Value(MessageContent::Text(text));
    }
    if !others.is_empty() {
        specifics.insert("content_parts".to_owned(), Value::Array(others));
    }
    let mut reasoning: String = blocks.iter().filter_map(|block| block.thinking.as_deref()).collect();
    if let Some(plan) = wire.tool_plan.into_option().filter(|plan| !plan.is_empty()) {
        if !reasoning.is_empty() {
            reasoning.push_str(BETWEEN);
        }
        reasoning.push_str(&plan);
        specifics.insert(PLAN.to_owned(), plan.into());
    }
    if !reasoning.is_empty() {
        message.reasoning_content = Nullable::Value(reasoning);
    }
    if !blocks.is_empty() {
        message.thinking_blocks = Nullable::Value(blocks);
    }
    let calls = wire.tool_calls.into_option().unwrap_or_default();
    if !calls.is_empty() {
        let calls = calls.into_iter().enumerate().map(|(index, call)| whole_call(call, index));
        message.tool_calls = Nullable::Value(calls.collect());
    }
    if let Some(citations) = wire.citations.get().filter(|citations| !citations.is_empty()) {
        let pages: Vec<_> = citations.iter().flat_map(|citation| pages(citation, &starts)).collect();
        if !pages.is_empty() {
            message.annotations = Nullable::Value(pages);
        }
        specifics.insert(CITATIONS.to_owned(), json!(citations));
    }
    if !specifics.is_empty() {
        message.provider_specific_fields = Nullable::Value(specifics);
    }
    message
}

/// Where the plan stands in `provider_specific_fields`, so that it goes back as one.
pub(crate) const PLAN: &str = "tool_plan";

/// Where the citations stand in `provider_specific_fields`.
pub(crate) const CITATIONS: &str = "citations";

/// What stands between thinking and a plan, which are one text to a client.
pub(super) const BETWEEN: &str = "\n\n";

/// Whether an answer that ended so is none.
pub(crate) fn failed(native: &str) -> bool {
    matches!(native, "ERROR" | "TIMEOUT")
}

/// Why the model stopped. A model that calls tools wants them called, whatever the vendor says.
pub(crate) fn finish_reason(native: &str, called: bool) -> FinishReason {
    let reason = match native {
        "COMPLETE" | "STOP_SEQUENCE" => FinishReason::Stop,
        "MAX_TOKENS" => FinishReason::Length,
        "TOOL_CALL" => FinishReason::ToolCalls,
        "ERROR_TOXIC" => FinishReason::ContentFilter,
        other => FinishReason::from(other),
    };
    if called && reason == FinishReason::Stop { FinishReason::ToolCalls } else { reason }
}

/// Keeps the vendor's own word beside ours.
pub(super) fn keep_native(native: &str, reason: &FinishReason, extra: &mut Extra) {
    if native != reason.as_str() {
        extra.insert("provider_specific_fields".to_owned(), json!({ "native_finish_reason": native }));
    }
}

fn thought(mut part: Extra) -> ThinkingBlock {
    part.shift_remove("type");
    let text = match part.shift_remove("thinking") {
        Some(Value::String(text)) => text,
        _ => String::new(),
    };
    ThinkingBlock { extra: part, ..block(text) }
}

/// Thinking, which Cohere does not sign.
pub(super) fn block(text: String) -> ThinkingBlock {
    ThinkingBlock {
        r#type: "thinking".to_owned(),
        thinking: Nullable::Value(text),
        signature: Nullable::Absent,
        data: Nullable::Absent,
        cache_control: Nullable::Absent,
        extra: Extra::new(),
    }
}

/// Gives a call what every client counts on. A tool without parameters is called with nothing.
pub(super) fn whole_call(mut call: ToolCall, index: usize) -> ToolCall {
    if call.id.as_deref().unwrap_or_default().is_empty() {
        call.id = Nullable::Value(format!("call_{index}"));
    }
    if !call.r#type.is_value() {
        call.r#type = Nullable::Value("function".to_owned());
    }
    if let Some(function) = call.function.get_mut()
        && function.arguments.as_deref().unwrap_or_default().trim().is_empty()
    {
        function.arguments = Nullable::Value("{}".to_owned());
    }
    call
}

/// The pages that a citation names, with the span that they support in the joined text. Documents without an address
/// are in `provider_specific_fields` only.
pub(super) fn pages(citation: &Citation, starts: &[usize]) -> Vec<Annotation> {
    if citation.r#type.as_deref().is_some_and(|kind| kind != "TEXT_CONTENT") {
        return Vec::new();
    }
    let part = citation.content_index.get().and_then(|index| usize::try_from(*index).ok()).unwrap_or(0);
    let base = starts.get(part).copied().unwrap_or(0) as u64;
    let place = |at: &Nullable<u64>| base + at.get().copied().unwrap_or(0);
    let sources = citation.sources.get().into_iter().flatten();
    let pages = sources.filter_map(|source| {
        let content = source.get("document").or_else(|| source.get("tool_output"))?;
        let url = content.get("url")?.as_str()?;
        Some(Annotation {
            r#type: "url_citation".to_owned(),
            url_citation: Nullable::Value(json!({
                "start_index": place(&citation.start), "end_index": place(&citation.end), "url": url,
                "title": content.get("title").and_then(Value::as_str).unwrap_or_default(),
            })),
            extra: Extra::new(),
        })
    });
    pages.collect()
}

/// Log probabilities in OpenAI's form: one entry for each piece of text, whose tokens Cohere gives by number only.
pub(super) fn probabilities(pieces: &[Logprob]) -> Value {
    let content: Vec<Value> = pieces
        .iter()
        .map(|piece| {
            let text = piece.text.as_deref().unwrap_or_default();
            let sum: f64 =
                piece.logprobs.get().into_iter().flatten().filter_map(serde_json::Number::as_f64).sum();
            json!({ "token": text, "logprob": sum, "bytes": text.as_bytes(), "top_logprobs": [] })
        })
        .collect();
    json!({ "content": content, "refusal": null })
}
