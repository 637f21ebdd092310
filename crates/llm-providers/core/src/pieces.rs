//! A whole answer as the chunks of a stream: for vendors that answer whole although a stream was asked for.

use llm_types::{
    ChatChunk, ChatResponse, Choice, ChunkChoice, Delta, Extra, Message, Nullable, ThinkingBlock,
};

/// The chunks that say what `response` says: role and thinking, text, calls, the end, and usage last.
pub fn chunks(response: ChatResponse) -> Vec<ChatChunk> {
    let ChatResponse {
        choices, id, object: _, created, model, usage, service_tier, system_fingerprint, ..
    } = response;
    let empty = ChatChunk {
        choices: Nullable::Value(Vec::new()),
        id,
        object: Nullable::Value("chat.completion.chunk".to_owned()),
        created,
        model,
        usage: Nullable::Absent,
        service_tier,
        system_fingerprint,
        provider_specific_fields: Nullable::Absent,
        extra: Extra::new(),
    };
    let mut chunks: Vec<ChatChunk> = choices
        .into_iter()
        .flat_map(pieces)
        .map(|piece| ChatChunk { choices: Nullable::Value(vec![piece]), ..empty.clone() })
        .collect();
    let last = ChatChunk {
        usage,
        provider_specific_fields: response.provider_specific_fields,
        extra: response.extra,
        ..empty
    };
    if last.usage.is_value() || last.provider_specific_fields.is_value() || !last.extra.is_empty() {
        chunks.push(last);
    }
    chunks
}

/// One choice, piece by piece.
fn pieces(choice: Choice) -> Vec<ChunkChoice> {
    let Choice { message, index, finish_reason, logprobs, extra } = choice;
    let deltas = deltas(message);
    let mut pieces: Vec<ChunkChoice> =
        deltas.into_iter().map(|delta| ChunkChoice { index, ..ChunkChoice::new(delta) }).collect();
    if let Some(piece) = pieces.iter_mut().find(|piece| {
        piece.delta.get().is_some_and(|delta| delta.content.is_value() || delta.tool_calls.is_value())
    }) {
        piece.logprobs = logprobs;
    }
    pieces.push(ChunkChoice { index, finish_reason, extra, ..ChunkChoice::new(Delta::default()) });
    pieces
}

fn deltas(message: Message) -> Vec<Delta> {
    let mut deltas = vec![Delta { role: Nullable::Value(message.role), ..Delta::default() }];
    let blocks = message.thinking_blocks.into_option().unwrap_or_default();
    if blocks.is_empty() && message.reasoning_content.is_value() {
        deltas.push(Delta { reasoning_content: message.reasoning_content, ..Delta::default() });
    }
    for block in blocks {
        let block_delta = |block| Delta { thinking_blocks: Nullable::Value(vec![block]), ..Delta::default() };
        if block.thinking.is_value() && block.signature.is_value() {
            // As a vendor's stream has them: first the text, then the signature once the block is whole.
            let text = ThinkingBlock {
                signature: Nullable::Absent,
                cache_control: Nullable::Absent,
                extra: Extra::new(),
                ..block.clone()
            };
            deltas.push(Delta { reasoning_content: block.thinking.clone(), ..block_delta(text) });
            deltas.push(block_delta(ThinkingBlock { thinking: Nullable::Value(String::new()), ..block }));
        } else {
            let reasoning_content = block.thinking.clone();
            deltas.push(Delta { reasoning_content, ..block_delta(block) });
        }
    }
    if let Some(content) = message.content.get() {
        let text = content.text();
        if !text.is_empty() {
            deltas.push(Delta::text(text));
        }
    }
    if message.refusal.is_value() {
        deltas.push(Delta { refusal: message.refusal, ..Delta::default() });
    }
    for (index, call) in (0..).zip(message.tool_calls.into_option().unwrap_or_default()) {
        let call = llm_types::ToolCall { index: Nullable::Value(index), ..call };
        deltas.push(Delta { tool_calls: Nullable::Value(vec![call]), ..Delta::default() });
    }
    let rest = Delta {
        function_call: message.function_call,
        audio: message.audio,
        annotations: message.annotations,
        provider_specific_fields: message.provider_specific_fields,
        extra: message.extra,
        ..Delta::default()
    };
    if rest != Delta::default() {
        deltas.push(rest);
    }
    deltas
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn everything_that_was_said_is_said_in_pieces() {
        let whole: ChatResponse = llm_types::from_value(json!({
            "id": "a", "created": 7, "model": "m", "object": "chat.completion", "more": 1,
            "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
            "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
                "role": "assistant", "content": "hi", "reasoning_content": "hm",
                "thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "s"}],
                "tool_calls": [
                    {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                    {"id": "2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
                ],
            }}],
        }))
        .unwrap();
        let said: Vec<serde_json::Value> = chunks(whole)
            .iter()
            .map(|chunk| {
                assert_eq!(chunk.id.as_deref(), Some("a"));
                serde_json::to_value(chunk).unwrap()
            })
            .collect();
        let delta = |at: usize| said[at]["choices"][0]["delta"].clone();
        assert_eq!(delta(0), json!({"role": "assistant"}));
        assert_eq!(
            delta(1),
            json!({"reasoning_content": "hm", "thinking_blocks": [{"type": "thinking", "thinking": "hm"}]})
        );
        assert_eq!(
            delta(2),
            json!({"thinking_blocks": [{"type": "thinking", "thinking": "", "signature": "s"}]})
        );
        assert_eq!(delta(3), json!({"content": "hi"}));
        assert_eq!(
            (&delta(4)["tool_calls"][0]["index"], &delta(5)["tool_calls"][0]["index"]),
            (&json!(0), &json!(1))
        );
        assert_eq!(said[6]["choices"][0]["finish_reason"], "tool_calls");
        assert_eq!((&said[7]["usage"]["total_tokens"], &said[7]["more"]), (&json!(3), &json!(1)));
        assert_eq!(said.len(), 8);
    }
}
