//! Chunks of all kinds, put together.

use serde_json::{Value, json};

use super::*;

fn assembled(chunks: &[Value]) -> Value {
    let chunks: Vec<ChatChunk> =
        chunks.iter().map(|chunk| llm_types::from_value(chunk.clone()).unwrap()).collect();
    serde_json::to_value(assemble(&chunks)).unwrap()
}

#[expect(clippy::needless_pass_by_value, reason = "tables read better")]
fn delta(delta: Value) -> Value {
    json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

#[test]
fn text_usage_and_names() {
    let whole = assembled(&[
        json!({"id": "c", "object": "chat.completion.chunk", "created": 5, "model": "m", "choices": [
            {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": null}]}),
        delta(json!({"content": "He"})),
        delta(json!({"content": "llo", "refusal": null})),
        json!({"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "service_tier": "flex"}),
        json!({"choices": [], "usage": {"prompt_tokens": 1}, "x": 1}),
    ]);
    assert_eq!(
        whole,
        json!({"id": "c", "object": "chat.completion", "created": 5, "model": "m", "service_tier": "flex",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello", "refusal": null},
                "finish_reason": "stop"}], "usage": {"prompt_tokens": 1}, "x": 1})
    );
}

#[test]
fn tool_calls_by_index() {
    let call = |calls: Value| delta(json!({"tool_calls": calls}));
    let whole = assembled(&[
        call(
            json!([{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}]),
        ),
        call(json!([{"index": 1, "id": "b", "type": "custom", "custom": {"name": "g", "input": "x"}}])),
        call(json!([{"index": 0, "function": {"arguments": "{}"}}, {"index": 1, "custom": {"input": "y"}}])),
    ]);
    assert_eq!(
        whole["choices"][0]["message"]["tool_calls"],
        json!([
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            {"id": "b", "type": "custom", "custom": {"name": "g", "input": "xy"}},
        ])
    );
}

#[test]
fn a_signature_closes_a_block_of_thinking() {
    let block = |block: Value| delta(json!({"thinking_blocks": [block]}));
    let whole = assembled(&[
        delta(json!({"reasoning_content": "a"})),
        delta(json!({"reasoning_content": "b"})),
        block(json!({"type": "thinking", "thinking": "a", "signature": ""})),
        block(json!({"type": "thinking", "thinking": "b"})),
        block(json!({"type": "thinking", "signature": "s1"})),
        block(json!({"type": "thinking", "thinking": "", "signature": "s2"})),
        block(json!({"type": "redacted_thinking", "data": "d"})),
        block(json!({"type": "thinking", "thinking": "c"})),
    ]);
    let message = &whole["choices"][0]["message"];
    assert_eq!(message["reasoning_content"], "ab");
    assert_eq!(
        message["thinking_blocks"],
        json!([
            {"type": "thinking", "thinking": "ab", "signature": "s1"},
            {"type": "thinking", "thinking": "", "signature": "s2"},
            {"type": "redacted_thinking", "data": "d"},
            {"type": "thinking", "thinking": "c"},
        ])
    );
}

#[test]
fn choices_logprobs_sound_and_the_rest() {
    let whole = assembled(&[
        json!({"choices": [{"index": 1, "delta": {"content": "b"}, "logprobs": {"content": [{"token": "b"}]}}]}),
        json!({"choices": [{"index": 0, "delta": {"content": "a"}}]}),
        json!({"choices": [{"index": 1, "delta": {"content": "c"}, "logprobs": {"content": [{"token": "c"}], "refusal": null}}]}),
        delta(json!({"audio": {"id": "s", "data": "AA", "transcript": "h"}, "annotations": [{"type": "x"}]})),
        delta(
            json!({"audio": {"data": "BB", "transcript": "i", "expires_at": 9}, "annotations": [{"type": "y"}]}),
        ),
        delta(
            json!({"function_call": {"name": "f", "arguments": "{"}, "provider_specific_fields": {"a": 1}}),
        ),
        delta(json!({"function_call": {"arguments": "}"}, "provider_specific_fields": {"b": 2}, "z": 3})),
    ]);
    assert_eq!(
        whole["choices"],
        json!([
            {"index": 0, "finish_reason": null, "message": {"role": "assistant", "content": "a",
                "function_call": {"name": "f", "arguments": "{}"},
                "audio": {"id": "s", "data": "AABB", "expires_at": 9, "transcript": "hi"},
                "annotations": [{"type": "x"}, {"type": "y"}],
                "provider_specific_fields": {"a": 1, "b": 2}, "z": 3}},
            {"index": 1, "finish_reason": null, "message": {"role": "assistant", "content": "bc"},
                "logprobs": {"content": [{"token": "b"}, {"token": "c"}], "refusal": null}},
        ])
    );
}

#[test]
fn no_chunks_are_an_empty_answer() {
    assert_eq!(assembled(&[]), json!({"object": "chat.completion", "choices": []}));
}
