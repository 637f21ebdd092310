//! A whole answer in canonical form; and what a streamed one has in common with it.

use http::Response;
use llm_provider_core::UpstreamError;
use llm_types::{
    Annotation, ChatResponse, Choice, Extra, FinishReason, Message, MessageContent, Nullable, Role,
    ThinkingBlock, ToolCall,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{CALLER, FORM_TOOL};
use crate::usage;
use crate::wire::{ContentBlock, MessageResponse, StopDetails, StopReason, ToolUseBlock};

pub(super) fn decode(response: &Response<&[u8]>) -> Result<ChatResponse, UpstreamError> {
    let wire: MessageResponse = llm_types::from_slice(response.body())
        .map_err(|why| UpstreamError::unreadable(response.status(), response.body(), why))?;
    Ok(read(wire))
}

fn read(wire: MessageResponse) -> ChatResponse {
    let mut message = Message::empty(Role::Assistant);
    let mut text = String::new();
    let mut has_text = false;
    let mut letters = 0;
    let mut reasoning = String::new();
    let mut thinking = Vec::new();
    let mut calls = Vec::new();
    let mut annotations = Vec::new();
    for block in &wire.content {
        match block {
            ContentBlock::Text(block) => {
                has_text = true;
                let start = letters;
                letters += block.text.chars().count();
                text.push_str(&block.text);
                annotations.extend(
                    block
                        .citations
                        .get()
                        .into_iter()
                        .flatten()
                        .filter_map(|citation| annotation(citation, start, letters)),
                );
            }
            ContentBlock::Thinking(block) => {
                reasoning.push_str(&block.thinking);
                thinking.push(ThinkingBlock {
                    thinking: Nullable::Value(block.thinking.clone()),
                    signature: block.signature.clone(),
                    extra: block.extra.clone(),
                    ..thinking_block("thinking")
                });
            }
            ContentBlock::RedactedThinking(block) => thinking.push(ThinkingBlock {
                data: Nullable::Value(block.data.clone()),
                extra: block.extra.clone(),
                ..thinking_block("redacted_thinking")
            }),
            ContentBlock::ToolUse(block) if block.name == FORM_TOOL => {
                has_text = true;
                let answer = block.input.to_string();
                letters += answer.chars().count();
                text.push_str(&answer);
            }
            ContentBlock::ToolUse(block) => {
                calls.push(call(block, block.input.to_string()));
            }
            _ => {}
        }
    }
    let ending = Ending {
        stop_reason: wire.stop_reason.into_option(),
        stop_sequence: wire.stop_sequence.into_option(),
        stop_details: wire.stop_details,
        container: wire.container,
        context_management: wire.context_management,
    };
    message.content = if has_text { Nullable::Value(MessageContent::Text(text)) } else { Nullable::Null };
    message.reasoning_content =
        if reasoning.is_empty() { Nullable::Absent } else { Nullable::Value(reasoning) };
    let finish_reason = finish_reason(ending.stop_reason.as_ref(), !calls.is_empty());
    message.thinking_blocks = some(thinking);
    message.tool_calls = some(calls);
    message.annotations = some(annotations);
    message.refusal = ending.refusal().into();
    message.provider_specific_fields = ending.specifics(wire.content);

    let mut response =
        ChatResponse::new(String::new(), 0, String::new(), Choice::new(message, finish_reason));
    response.id = wire.id;
    response.model = wire.model;
    // Anthropic tells no time; whoever knows the clock puts it in.
    response.created = Nullable::Absent;
    if let Some(wire) = wire.usage.get() {
        response.usage = Nullable::Value(usage::canonical(wire));
        response.service_tier = usage::tier(wire).into();
    }
    if !wire.extra.is_empty() {
        response.provider_specific_fields = Nullable::Value(wire.extra);
    }
    response
}

/// A call of the client's tools, with these arguments.
pub(super) fn call(block: &ToolUseBlock, arguments: impl Into<String>) -> ToolCall {
    let mut call = ToolCall::function(block.id.as_str(), block.name.as_str(), arguments);
    if let Some(caller) = block.extra.get(CALLER) {
        call.extra.insert(CALLER.to_owned(), caller.clone());
    }
    call
}

/// How an answer ended, and what Anthropic says of it as a whole.
#[derive(Debug, Default)]
pub(super) struct Ending {
    pub(super) stop_reason: Option<StopReason>,
    pub(super) stop_sequence: Option<String>,
    pub(super) stop_details: Nullable<StopDetails>,
    pub(super) container: Nullable<Value>,
    pub(super) context_management: Nullable<Value>,
}

impl Ending {
    /// Anthropic's words on a refusal.
    pub(super) fn refusal(&self) -> Option<String> {
        self.stop_details.get()?.explanation.get().cloned()
    }

    /// What has no place in the canonical form; with the blocks themselves, where their order or members
    /// must come back exactly.
    pub(super) fn specifics(self, blocks: Vec<ContentBlock>) -> Nullable<Extra> {
        let mut fields = Extra::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                fields.insert(name.to_owned(), value);
            }
        };
        put("stop_reason", self.stop_reason.map(|reason| reason.as_str().into()));
        put("stop_sequence", self.stop_sequence.map(Value::from));
        put("stop_details", said(&self.stop_details));
        put("citations", citations(&blocks));
        put("container", said(&self.container));
        put("context_management", said(&self.context_management));
        put("content_blocks", replay(blocks));
        if fields.is_empty() { Nullable::Absent } else { Nullable::Value(fields) }
    }
}

/// A member that was told, if only as `null`.
fn said<T: Serialize>(member: &Nullable<T>) -> Option<Value> {
    if member.is_absent() { None } else { serde_json::to_value(member).ok() }
}

/// The citations of each text that has some.
fn citations(blocks: &[ContentBlock]) -> Option<Value> {
    let lists = blocks.iter().filter_map(|block| match block {
        ContentBlock::Text(text) => text.citations.get().filter(|citations| !citations.is_empty()),
        _ => None,
    });
    let lists: Vec<Value> = lists.map(|citations| Value::Array(citations.clone())).collect();
    (!lists.is_empty()).then_some(Value::Array(lists))
}

/// The blocks as they must come back, if thinking, text and calls in this order cannot say them.
fn replay(blocks: Vec<ContentBlock>) -> Option<Value> {
    let is_direct = |call: &ToolUseBlock| {
        call.extra.iter().all(|(name, value)| name == CALLER && value["type"] == "direct")
    };
    let mut rank = 0;
    let is_plain = blocks.iter().all(|block| {
        let next = match block {
            ContentBlock::Thinking(_) | ContentBlock::RedactedThinking(_) => 1,
            ContentBlock::Text(text) if text.extra.is_empty() && text.citations.is_absent() => 2,
            ContentBlock::ToolUse(call) if call.name == FORM_TOOL && call.extra.is_empty() => 2,
            ContentBlock::ToolUse(call) if is_direct(call) => 3,
            _ => return false,
        };
        let in_order = next >= rank;
        rank = next;
        in_order
    });
    if is_plain {
        return None;
    }
    // The answer that came as a tool's input goes back as the text that the client saw.
    let blocks = blocks.into_iter().map(|block| match block {
        ContentBlock::ToolUse(call) if call.name == FORM_TOOL => {
            let mut text = ContentBlock::text(call.input.to_string());
            if let ContentBlock::Text(text) = &mut text {
                text.extra = call.extra;
            }
            text
        }
        block => block,
    });
    serde_json::to_value(blocks.collect::<Vec<_>>()).ok()
}

/// A page that the text from `start` to `end`, in letters, rests on.
pub(super) fn annotation(citation: &Value, start: usize, end: usize) -> Option<Annotation> {
    if citation["type"] != "web_search_result_location" {
        return None;
    }
    let page =
        json!({ "start_index": start, "end_index": end, "url": citation["url"], "title": citation["title"] });
    Some(Annotation {
        r#type: "url_citation".to_owned(),
        url_citation: Nullable::Value(page),
        extra: Extra::new(),
    })
}

/// Why the model stopped, in OpenAI's words. What was called counts more than what was said of it.
pub(crate) fn finish_reason(stop: Option<&StopReason>, has_calls: bool) -> FinishReason {
    match stop {
        Some(StopReason::EndTurn | StopReason::StopSequence | StopReason::ToolUse) | None => {
            if has_calls {
                FinishReason::ToolCalls
            } else {
                FinishReason::Stop
            }
        }
        Some(
            StopReason::MaxTokens
            | StopReason::ModelContextWindowExceeded
            | StopReason::PauseTurn
            | StopReason::Compaction,
        ) => FinishReason::Length,
        Some(StopReason::Refusal) => FinishReason::ContentFilter,
        Some(StopReason::Other(other)) => FinishReason::from(other.as_str()),
    }
}

/// A block with nothing but its type.
pub(crate) fn thinking_block(kind: &str) -> ThinkingBlock {
    ThinkingBlock {
        r#type: kind.to_owned(),
        thinking: Nullable::Absent,
        signature: Nullable::Absent,
        data: Nullable::Absent,
        cache_control: Nullable::Absent,
        extra: Extra::new(),
    }
}

fn some<T>(list: Vec<T>) -> Nullable<Vec<T>> {
    if list.is_empty() { Nullable::Absent } else { Nullable::Value(list) }
}
