//! JSON identity, and errors that name the place.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;

fn same<T: DeserializeOwned + Serialize>(value: &Value) {
    let read: T = llm_types::from_value(value.clone()).unwrap();
    assert_eq!(&serde_json::to_value(&read).unwrap(), value);
}

#[test]
fn a_request_with_everything_and_more() {
    same::<MessagesRequest>(&json!({
        "future": { "a": [1, null] },
        "model": "m", "max_tokens": 5, "system": [{ "type": "text", "text": "s", "cache_control": { "type": "ephemeral", "ttl": "1h" } }],
        "messages": [
            { "role": "user", "content": "hi", "note": 1 },
            { "content": [{ "signature": "s", "type": "thinking", "thinking": "" }, { "type": "redacted_thinking", "data": "x" },
                { "type": "tool_use", "id": "t", "name": "n", "input": {}, "caller": { "type": "direct" } },
                { "type": "server_tool_use", "id": "t", "name": "n", "input": { "q": 1.0 } },
                { "type": "web_search_tool_result", "tool_use_id": "t", "content": [] }], "role": "assistant" },
            { "role": "user", "content": [
                { "type": "tool_result", "tool_use_id": "t", "content": null, "is_error": false },
                { "type": "document", "source": { "type": "content", "content": [{ "type": "text", "text": "d" }] }, "citations": { "enabled": true } },
                { "type": "image", "source": { "type": "url", "url": "https://x" } }] },
            { "role": "elder", "content": [] },
        ],
        "tools": [{ "name": "n", "input_schema": { "type": "object" } }, { "type": "web_search_20250305", "name": "web_search", "max_uses": null }],
        "tool_choice": { "type": "any", "disable_parallel_tool_use": true },
        "thinking": { "type": "adaptive", "display": "omitted" },
        "output_config": { "effort": "max", "format": { "type": "json_schema", "schema": {} } },
        "temperature": 0.5, "top_k": 3, "metadata": { "user_id": null },
    }));
}

#[test]
fn every_event() {
    for event in [
        json!({ "type": "message_start", "message": { "id": "m", "type": "message", "role": "assistant", "model": "c", "content": [], "stop_reason": null, "usage": { "input_tokens": 1, "iterations": [{ "type": "message", "input_tokens": 2 }] } } }),
        json!({ "index": 0, "content_block": { "type": "text", "text": "" }, "type": "content_block_start" }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": "a" } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "input_json_delta", "partial_json": "" } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "thinking_delta", "thinking": "a", "estimated_tokens": 3 } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "signature_delta", "signature": "a" } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "citations_delta", "citation": { "type": "x" } } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "compaction_delta", "content": null } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "future_delta", "x": 1 } }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "later", "stop_sequence": null }, "usage": { "output_tokens": 5 } }),
        json!({ "type": "message_stop", "x": 1 }),
        json!({ "type": "ping" }),
        json!({ "type": "error", "error": { "type": "overloaded_error", "message": "Overloaded", "details": null }, "request_id": "r" }),
        json!({ "type": "future", "x": [] }),
    ] {
        same::<StreamEvent>(&event);
    }
}

#[test]
fn an_error_body() {
    same::<ErrorResponse>(
        &json!({ "type": "error", "error": { "type": "api_error", "message": "m" }, "request_id": "r" }),
    );
}

#[test]
fn the_place_of_a_fault() {
    let error = llm_types::from_slice::<MessagesRequest>(
        br#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":1}]}]}"#,
    )
    .unwrap_err();
    assert_eq!(error.path, "messages[0].content[0].text");
    let error = llm_types::from_slice::<MessagesRequest>(
        br#"{"model":"m","messages":[{"role":"user","content":1}]}"#,
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "messages[0].content: invalid type: integer `1`, expected a string or a list of content blocks"
    );
}
