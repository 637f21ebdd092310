//! Anthropic's Messages wire: an answer as one body, and as events.
//!
//! Source: Anthropic API docs, Messages and Streaming Messages, read 2026-11.

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::answer::{Answer, Block, BlockKind, Usage};
use crate::errors;
use crate::json::{push_json, push_member};
use crate::pace::Frames;
use crate::respond::Wire;
use crate::script::ErrorScript;

#[derive(Serialize)]
struct Message<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    role: &'static str,
    model: &'a str,
    content: Vec<ContentBlock<'a>>,
    stop_reason: Option<&'a str>,
    stop_sequence: Option<&'a str>,
    usage: UsageWire,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ContentBlock<'a> {
    Thinking { thinking: &'a str, signature: String },
    Text { text: &'a str },
    ToolUse { id: String, name: &'a str, input: Box<RawValue> },
}

#[derive(Serialize)]
struct UsageWire {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_creation: Option<CacheCreation>,
    output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens_details: Option<OutputDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'static str>,
}

#[derive(Serialize)]
struct CacheCreation {
    ephemeral_5m_input_tokens: u64,
    ephemeral_1h_input_tokens: u64,
}

#[derive(Serialize)]
struct OutputDetails {
    thinking_tokens: u64,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event<'a> {
    MessageStart { message: Message<'a> },
    ContentBlockStart { index: usize, content_block: ContentBlock<'a> },
    Ping,
    ContentBlockStop { index: usize },
    MessageDelta { delta: StopDelta<'a>, usage: UsageWire },
    MessageStop,
}

#[derive(Serialize)]
struct StopDelta<'a> {
    stop_reason: &'a str,
    stop_sequence: Option<&'a str>,
}

/// The whole answer as one JSON body.
pub(crate) fn whole(answer: &Answer) -> Bytes {
    let content = answer.blocks.iter().map(|block| content_block(answer.hash, block, true)).collect();
    let message = message(answer, content, Some(stop_reason(&answer.finish_reason)), usage(answer.usage));
    // Strings and numbers always serialise.
    serde_json::to_vec(&message).map(Bytes::from).unwrap_or_default()
}

fn message<'a>(
    answer: &'a Answer,
    content: Vec<ContentBlock<'a>>,
    stop_reason: Option<&'a str>,
    usage: UsageWire,
) -> Message<'a> {
    Message {
        id: format!("msg_mock{:016x}", answer.hash),
        kind: "message",
        role: "assistant",
        model: &answer.model,
        content,
        stop_reason,
        stop_sequence: None,
        usage,
    }
}

/// A block as it is in a whole answer, or, not `filled`, as a stream announces it.
fn content_block(hash: u64, block: &Block, filled: bool) -> ContentBlock<'_> {
    let body = if filled { block.body.as_str() } else { "" };
    match &block.kind {
        BlockKind::Reasoning => ContentBlock::Thinking {
            thinking: body,
            signature: if filled { signature(hash) } else { String::new() },
        },
        BlockKind::Text => ContentBlock::Text { text: body },
        BlockKind::Tool { id, name, position } => ContentBlock::ToolUse {
            id: id.clone().unwrap_or_else(|| format!("toolu_mock{hash:016x}{position}")),
            name,
            input: input(if filled { body } else { "{}" }),
        },
    }
}

/// Arguments as `input`. A script may ask for broken JSON; a whole answer can only carry it as a string.
fn input(arguments: &str) -> Box<RawValue> {
    RawValue::from_string(arguments.to_owned())
        .or_else(|_| serde_json::value::to_raw_value(arguments))
        .unwrap_or_default()
}

/// Looks like the vendor's opaque signatures: base64 that only its maker can read.
fn signature(hash: u64) -> String {
    format!("bW9jayBzaWduYXR1cmUg{hash:016x}")
}

fn usage(usage: Usage) -> UsageWire {
    UsageWire {
        input_tokens: usage.prompt.saturating_sub(usage.cached).saturating_sub(usage.cache_write),
        cache_creation_input_tokens: usage.cache_write,
        cache_read_input_tokens: usage.cached,
        cache_creation: Some(CacheCreation {
            ephemeral_5m_input_tokens: usage.cache_write,
            ephemeral_1h_input_tokens: 0,
        }),
        output_tokens: usage.completion,
        output_tokens_details: (usage.reasoning > 0)
            .then_some(OutputDetails { thinking_tokens: usage.reasoning }),
        service_tier: Some("standard"),
    }
}

/// OpenAI's finish reason in Anthropic's words; others as they are.
fn stop_reason(finish_reason: &str) -> &str {
    match finish_reason {
        "stop" => "end_turn",
        "length" => "max_tokens",
        "tool_calls" => "tool_use",
        "content_filter" => "refusal",
        other => other,
    }
}

/// Renders events.
#[derive(Debug)]
pub(crate) struct AnthropicFrames {
    hash: u64,
    open: Bytes,
    close: Bytes,
}

impl AnthropicFrames {
    pub(crate) fn new(answer: &Answer) -> Self {
        let at_start = UsageWire { output_tokens: 1, output_tokens_details: None, ..usage(answer.usage) };
        let at_end = UsageWire { cache_creation: None, service_tier: None, ..usage(answer.usage) };
        let mut open = Vec::with_capacity(512);
        push_event(
            &mut open,
            "message_start",
            &Event::MessageStart { message: message(answer, Vec::new(), None, at_start) },
        );
        let mut close = Vec::with_capacity(384);
        let delta = StopDelta { stop_reason: stop_reason(&answer.finish_reason), stop_sequence: None };
        push_event(&mut close, "message_delta", &Event::MessageDelta { delta, usage: at_end });
        push_event(&mut close, "message_stop", &Event::MessageStop);
        Self { hash: answer.hash, open: open.into(), close: close.into() }
    }
}

impl Frames for AnthropicFrames {
    fn open(&self) -> Bytes {
        self.open.clone()
    }

    fn start(&self, index: usize, block: &Block) -> Bytes {
        let mut out = Vec::with_capacity(256);
        let content_block = content_block(self.hash, block, false);
        push_event(&mut out, "content_block_start", &Event::ContentBlockStart { index, content_block });
        if index == 0 {
            push_event(&mut out, "ping", &Event::Ping);
        }
        out.into()
    }

    fn delta(&self, index: usize, block: &Block, chunk: &str) -> Bytes {
        let (kind, member) = match block.kind {
            BlockKind::Text => ("text_delta", "text"),
            BlockKind::Reasoning => ("thinking_delta", "thinking"),
            BlockKind::Tool { .. } => ("input_json_delta", "partial_json"),
        };
        delta(index, kind, member, chunk)
    }

    fn stop(&self, index: usize, block: &Block) -> Bytes {
        let mut out = Vec::with_capacity(256);
        if block.kind == BlockKind::Reasoning {
            out.extend_from_slice(&delta(index, "signature_delta", "signature", &signature(self.hash)));
        }
        push_event(&mut out, "content_block_stop", &Event::ContentBlockStop { index });
        out.into()
    }

    fn close(&self) -> Bytes {
        self.close.clone()
    }

    fn error(&self, error: &ErrorScript) -> Bytes {
        let body = errors::body(Wire::Anthropic, error, None);
        [b"event: error\ndata: ", body.as_ref(), b"\n\n"].concat().into()
    }
}

fn delta(index: usize, kind: &str, member: &str, chunk: &str) -> Bytes {
    let before = format!(
        "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":{index},\
         \"delta\":{{\"type\":\"{kind}\",\"{member}\":"
    );
    let mut out = Vec::with_capacity(before.len() + chunk.len() + 16);
    push_member(&mut out, &before, chunk, "}}\n\n");
    out.into()
}

fn push_event(out: &mut Vec<u8>, name: &str, event: &Event<'_>) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    push_json(out, event);
    out.extend_from_slice(b"\n\n");
}
