//! OpenAI's chat wire: an answer as one body, and as frames.
//!
//! Source: OpenAI API reference, Chat Completions and its streaming events, read 2026-11.

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::answer::{Answer, Block, BlockKind, Usage};
use crate::errors;
use crate::json::{push_json, push_member};
use crate::pace::Frames;
use crate::respond::Wire;
use crate::script::ErrorScript;

const FINGERPRINT: &str = "fp_mock";

#[derive(Serialize)]
struct Completion<'a> {
    id: String,
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: [Choice<'a>; 1],
    usage: UsageWire,
    service_tier: &'static str,
    system_fingerprint: &'static str,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    message: Message<'a>,
    logprobs: Option<&'a RawValue>,
    finish_reason: &'a str,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall<'a>>,
}

#[derive(Serialize)]
struct ToolCall<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    arguments: &'a str,
}

#[derive(Serialize)]
struct UsageWire {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptDetails,
    completion_tokens_details: CompletionDetails,
}

#[derive(Serialize)]
struct PromptDetails {
    cached_tokens: u64,
    cache_write_tokens: u64,
    audio_tokens: u64,
}

#[derive(Serialize)]
struct CompletionDetails {
    reasoning_tokens: u64,
    audio_tokens: u64,
    accepted_prediction_tokens: u64,
    rejected_prediction_tokens: u64,
}

/// The whole answer as one JSON body.
pub(crate) fn whole(answer: &Answer) -> Bytes {
    let completion = Completion {
        id: id(answer),
        object: "chat.completion",
        created: answer.created_s,
        model: &answer.model,
        choices: [Choice {
            index: 0,
            message: Message {
                role: "assistant",
                content: answer.body_of(&BlockKind::Text),
                reasoning_content: answer.body_of(&BlockKind::Reasoning),
                refusal: None,
                tool_calls: answer
                    .blocks
                    .iter()
                    .filter_map(|block| tool_call(answer.hash, block, &block.body, false))
                    .collect(),
            },
            logprobs: None,
            finish_reason: &answer.finish_reason,
        }],
        usage: usage(answer.usage),
        service_tier: "default",
        system_fingerprint: FINGERPRINT,
    };
    // Strings and numbers always serialise.
    serde_json::to_vec(&completion).map(Bytes::from).unwrap_or_default()
}

fn id(answer: &Answer) -> String {
    format!("chatcmpl-mock{:016x}", answer.hash)
}

fn tool_call<'a>(hash: u64, block: &'a Block, arguments: &'a str, streamed: bool) -> Option<ToolCall<'a>> {
    let BlockKind::Tool { id, name, position } = &block.kind else { return None };
    Some(ToolCall {
        index: streamed.then_some(*position),
        id: id.clone().unwrap_or_else(|| format!("call_mock{hash:016x}{position}")),
        kind: "function",
        function: Function { name, arguments },
    })
}

fn usage(usage: Usage) -> UsageWire {
    UsageWire {
        prompt_tokens: usage.prompt,
        completion_tokens: usage.completion,
        total_tokens: usage.prompt.saturating_add(usage.completion),
        prompt_tokens_details: PromptDetails {
            cached_tokens: usage.cached,
            cache_write_tokens: usage.cache_write,
            audio_tokens: 0,
        },
        completion_tokens_details: CompletionDetails {
            reasoning_tokens: usage.reasoning,
            audio_tokens: 0,
            accepted_prediction_tokens: 0,
            rejected_prediction_tokens: 0,
        },
    }
}

/// Renders chunks. What all of them share is written once, here.
#[derive(Debug)]
pub(crate) struct OpenAiFrames {
    hash: u64,
    /// From `data: ` up to the delta.
    before_delta: String,
    /// From the delta to the end of a frame that does not finish.
    after_delta: &'static str,
    /// Finish chunk, usage chunk where asked for, `[DONE]`.
    close: Bytes,
}

impl OpenAiFrames {
    pub(crate) fn new(answer: &Answer) -> Self {
        let mut shared = format!(
            "data: {{\"id\":\"{}\",\"object\":\"chat.completion.chunk\",\"created\":{},\"model\":",
            id(answer),
            answer.created_s
        )
        .into_bytes();
        push_json(&mut shared, answer.model.as_str());
        shared.extend_from_slice(
            format!(",\"service_tier\":\"default\",\"system_fingerprint\":\"{FINGERPRINT}\",\"choices\":[")
                .as_bytes(),
        );
        let shared = String::from_utf8(shared).unwrap_or_default();
        let before_delta = format!("{shared}{{\"index\":0,\"delta\":");
        let no_usage = if answer.include_usage { ",\"usage\":null" } else { "" };

        let mut close = before_delta.clone().into_bytes();
        close.extend_from_slice(b"{},\"logprobs\":null,\"finish_reason\":");
        push_json(&mut close, answer.finish_reason.as_str());
        close.extend_from_slice(format!("}}]{no_usage}}}\n\n").as_bytes());
        if answer.include_usage {
            close.extend_from_slice(format!("{shared}],\"usage\":").as_bytes());
            push_json(&mut close, &usage(answer.usage));
            close.extend_from_slice(b"}\n\n");
        }
        close.extend_from_slice(b"data: [DONE]\n\n");

        let after_delta = if answer.include_usage {
            ",\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n"
        } else {
            ",\"logprobs\":null,\"finish_reason\":null}]}\n\n"
        };
        Self { hash: answer.hash, before_delta, after_delta, close: close.into() }
    }

    fn frame(&self, delta: impl FnOnce(&mut Vec<u8>), size: usize) -> Bytes {
        let mut frame = Vec::with_capacity(self.before_delta.len() + self.after_delta.len() + size + 32);
        frame.extend_from_slice(self.before_delta.as_bytes());
        delta(&mut frame);
        frame.extend_from_slice(self.after_delta.as_bytes());
        frame.into()
    }
}

impl Frames for OpenAiFrames {
    fn open(&self) -> Bytes {
        let delta = b"{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}";
        self.frame(|out| out.extend_from_slice(delta), delta.len())
    }

    fn start(&self, _: usize, block: &Block) -> Bytes {
        let Some(call) = tool_call(self.hash, block, "", true) else { return Bytes::new() };
        self.frame(
            |out| {
                out.extend_from_slice(b"{\"tool_calls\":[");
                push_json(out, &call);
                out.extend_from_slice(b"]}");
            },
            128,
        )
    }

    fn delta(&self, _: usize, block: &Block, chunk: &str) -> Bytes {
        let write = |out: &mut Vec<u8>| match &block.kind {
            BlockKind::Text => push_member(out, "{\"content\":", chunk, "}"),
            BlockKind::Reasoning => push_member(out, "{\"reasoning_content\":", chunk, "}"),
            BlockKind::Tool { position, .. } => {
                let before =
                    format!("{{\"tool_calls\":[{{\"index\":{position},\"function\":{{\"arguments\":");
                push_member(out, &before, chunk, "}}]}");
            }
        };
        self.frame(write, chunk.len())
    }

    fn stop(&self, _: usize, _: &Block) -> Bytes {
        Bytes::new()
    }

    fn close(&self) -> Bytes {
        self.close.clone()
    }

    fn error(&self, error: &ErrorScript) -> Bytes {
        let body = errors::body(Wire::OpenAi, error, None);
        [b"data: ", body.as_ref(), b"\n\n"].concat().into()
    }
}
