//! A whole answer in canonical form; and what a streamed one has in common with it.

use http::Response;
use llm_provider_core::{Unheard, UpstreamError};
use llm_types::{
    Annotation, ChatResponse, Choice, Extra, FinishReason, Message, MessageContent, Nullable, Role,
    ThinkingBlock, ToolCall,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::names;
use super::{FORM_TOOL, KEPT};
use crate::wire::{ContentBlock, ConverseResponse, MediaBlock, ReasoningContent, StopReason};
use crate::{error, usage};

pub(crate) fn decode(response: &Response<&[u8]>) -> Result<ChatResponse, UpstreamError> {
    let wire: ConverseResponse = llm_types::from_slice(response.body())
        .map_err(|why| UpstreamError::unreadable(response.status(), response.body(), why))?;
    let Some(said) = wire.output.message.get() else {
        return Err(UpstreamError::unreadable(
            response.status(),
            response.body(),
            "output.message: is missing",
        ));
    };
    let (blocks, company) = said.content.iter().cloned().map(ContentBlock::without_company).unzip();
    let mut read = read(wire, blocks, company);
    read.id = error::request_id(response.headers()).into();
    Ok(read)
}

/// `company` are members beside the one that says what each block is.
fn read(wire: ConverseResponse, blocks: Vec<ContentBlock>, company: Vec<Extra>) -> ChatResponse {
    let mut message = Message::empty(Role::Assistant);
    let mut text = String::new();
    let mut has_text = false;
    let mut letters = 0;
    let mut reasoning = String::new();
    let mut thinking = Vec::new();
    let mut calls = Vec::new();
    let mut annotations = Vec::new();
    let mut images = Vec::new();
    for block in &blocks {
        match block {
            ContentBlock::Text(said) => {
                has_text = true;
                letters += said.chars().count();
                text.push_str(said);
            }
            ContentBlock::Citations(cited) => {
                has_text = true;
                let start = letters;
                let said = cited.text();
                letters += said.chars().count();
                text.push_str(&said);
                let citations = cited.citations.get().into_iter().flatten();
                annotations.extend(citations.filter_map(|citation| annotation(citation, start, letters)));
            }
            ContentBlock::Reasoning(thought) => {
                if let Some(text) = thought.reasoning_text.get() {
                    reasoning.push_str(&text.text);
                }
                thinking.extend(thinking_block(thought));
            }
            ContentBlock::ToolUse(call) if call.name == FORM_TOOL => {
                has_text = true;
                let answer = call.input.to_string();
                letters += answer.chars().count();
                text.push_str(&answer);
            }
            ContentBlock::ToolUse(call) if !call.runs_at_bedrock() => {
                calls.push(self::call(&call.tool_use_id, &call.name, call.input.to_string()));
            }
            ContentBlock::Image(made) => images.extend(image(made, images.len())),
            _ => {}
        }
    }
    if !images.is_empty() {
        message.extra.insert(IMAGES.to_owned(), images.into());
    }
    message.content = if has_text { Nullable::Value(MessageContent::Text(text)) } else { Nullable::Null };
    message.reasoning_content =
        if reasoning.is_empty() { Nullable::Absent } else { Nullable::Value(reasoning) };
    let finish = finish_reason(wire.stop_reason.get(), !calls.is_empty());
    message.thinking_blocks = some(thinking);
    message.tool_calls = some(calls);
    message.annotations = some(annotations);
    let mut unknown = Unheard::default();
    company.into_iter().for_each(|members| unknown.keep(members));
    for block in &blocks {
        if let ContentBlock::ToolUse(call) = block
            && call.name == FORM_TOOL
        {
            unknown.keep(call.extra.clone());
        }
    }
    unknown.keep(wire.output.extra);
    if let Nullable::Value(said) = wire.output.message {
        unknown.keep(said.extra);
    }
    if let Some(kept) = kept(blocks) {
        unknown.put(KEPT, kept);
    }
    message.provider_specific_fields = unknown.take();

    let mut choice = Choice::new(message, finish.clone());
    keep_native(wire.stop_reason.get(), &finish, &mut choice.extra);
    let mut response = ChatResponse::new(String::new(), 0, String::new(), choice);
    // Converse tells neither time nor model; whoever knows them puts them in.
    response.id = Nullable::Absent;
    response.created = Nullable::Absent;
    response.model = Nullable::Absent;
    let own = wire.additional_model_response_fields.get();
    if let Some(told) = wire.usage.get() {
        response.usage = Nullable::Value(usage::canonical(told, own));
    }
    response.service_tier = wire.service_tier.get().map(usage::tier).into();
    let specifics = specifics(&[
        ("metrics", said(&wire.metrics)),
        ("trace", said(&wire.trace)),
        ("performanceConfig", said(&wire.performance_config)),
        ("additionalModelResponseFields", said(&wire.additional_model_response_fields)),
    ]);
    let mut specifics = specifics.unwrap_or_default();
    if let Nullable::Value(tier) = wire.service_tier {
        specifics.extend(tier.extra);
    }
    specifics.extend(wire.extra);
    if !specifics.is_empty() {
        response.provider_specific_fields = Nullable::Value(specifics);
    }
    response
}

/// What Bedrock says that has no place in the canonical form.
pub(super) fn specifics(members: &[(&str, Option<Value>)]) -> Option<Extra> {
    let fields: Extra =
        members.iter().filter_map(|(name, value)| Some(((*name).to_owned(), value.clone()?))).collect();
    (!fields.is_empty()).then_some(fields)
}

/// A member that was told, and not as `null`.
pub(super) fn said<T: Serialize>(member: &Nullable<T>) -> Option<Value> {
    member.get().and_then(|value| serde_json::to_value(value).ok())
}

/// A call of the client's tools.
pub(super) fn call(id: &str, name: &str, arguments: impl Into<String>) -> ToolCall {
    ToolCall::function(id, names::tool_back(name), arguments)
}

/// Why the model stopped, in OpenAI's words. What was called counts more than what was said of it.
pub(crate) fn finish_reason(stop: Option<&StopReason>, has_calls: bool) -> FinishReason {
    match stop {
        Some(StopReason::MaxTokens | StopReason::ModelContextWindowExceeded) => FinishReason::Length,
        Some(StopReason::GuardrailIntervened | StopReason::ContentFiltered) => FinishReason::ContentFilter,
        Some(StopReason::Other(other)) => FinishReason::from(other.as_str()),
        _ if has_calls => FinishReason::ToolCalls,
        _ => FinishReason::Stop,
    }
}

/// Keeps Bedrock's own word beside ours.
pub(super) fn keep_native(native: Option<&StopReason>, ours: &FinishReason, extra: &mut Extra) {
    if let Some(native) = native.filter(|native| native.as_str() != ours.as_str()) {
        let fields = json!({ "native_finish_reason": native.as_str() });
        extra.insert("provider_specific_fields".to_owned(), fields);
    }
}

/// Thinking as a block: readable, signed or not, or redacted.
pub(crate) fn thinking_block(thought: &ReasoningContent) -> Option<ThinkingBlock> {
    let mut block =
        empty_thinking(if thought.redacted_content.is_value() { "redacted_thinking" } else { "thinking" });
    if let Some(data) = thought.redacted_content.get() {
        block.data = Nullable::Value(data.clone());
        return Some(block);
    }
    let text = thought.reasoning_text.get()?;
    block.thinking = Nullable::Value(text.text.clone());
    block.signature = text.signature.clone();
    Some(block)
}

/// A block with nothing but its type.
pub(crate) fn empty_thinking(kind: &str) -> ThinkingBlock {
    ThinkingBlock {
        r#type: kind.to_owned(),
        thinking: Nullable::Absent,
        signature: Nullable::Absent,
        data: Nullable::Absent,
        cache_control: Nullable::Absent,
        extra: Extra::new(),
    }
}

/// Where the images that a model made stand beside the text, in a message and in a delta.
pub(crate) const IMAGES: &str = "images";

/// An image that the model made, in the form in which chat has them: as other vendors' are told. `None` if nothing of it is
/// there.
pub(super) fn image(made: &MediaBlock, index: usize) -> Option<Value> {
    let url = match (made.source.bytes.get(), made.source.s3_location.get()) {
        (Some(bytes), _) => format!("data:image/{};base64,{bytes}", made.format),
        (None, Some(stored)) => stored.uri.clone(),
        (None, None) => return None,
    };
    Some(json!({ "type": "image_url", "image_url": { "url": url }, "index": index }))
}

/// A page that the text from `start` to `end`, in letters, rests on.
pub(super) fn annotation(citation: &Value, start: usize, end: usize) -> Option<Annotation> {
    let url = citation.pointer("/location/web/url")?;
    let title = citation.get("title").or_else(|| citation.pointer("/location/web/domain"));
    let page = json!({ "start_index": start, "end_index": end, "url": url, "title": title });
    Some(Annotation {
        r#type: "url_citation".to_owned(),
        url_citation: Nullable::Value(page),
        extra: Extra::new(),
    })
}

/// The blocks as they must come back, if thinking, text and calls in this order cannot say them.
pub(crate) fn kept(blocks: Vec<ContentBlock>) -> Option<Value> {
    let mut rank = 0;
    let is_plain = blocks.iter().all(|block| {
        let next = match block {
            ContentBlock::Reasoning(thought)
                if thought.extra.is_empty()
                    && thought.reasoning_text.get().is_none_or(|text| text.extra.is_empty()) =>
            {
                1
            }
            // Said and not said at once, and taken back by nobody.
            ContentBlock::Text(text) if text.trim().is_empty() => rank,
            ContentBlock::Text(_) => 2,
            ContentBlock::ToolUse(call) if call.name == FORM_TOOL => 2,
            ContentBlock::ToolUse(call) if !call.runs_at_bedrock() && call.extra.is_empty() => 3,
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
        ContentBlock::ToolUse(call) if call.name == FORM_TOOL => ContentBlock::Text(call.input.to_string()),
        block => block,
    });
    serde_json::to_value(blocks.collect::<Vec<_>>()).ok()
}

fn some<T>(list: Vec<T>) -> Nullable<Vec<T>> {
    if list.is_empty() { Nullable::Absent } else { Nullable::Value(list) }
}
