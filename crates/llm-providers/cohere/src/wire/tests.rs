//! JSON identity.

use llm_testkit::laws::json_identity;
use serde_json::json;

use super::*;

#[test]
fn a_request_with_everything_and_more() {
    json_identity::<ChatRequest>(
        &json!({
            "future": [1, null], "model": "m", "stream": false, "strict_tools": true, "tool_choice": "NONE",
            "messages": [
                { "role": "system", "content": "s" },
                { "role": "user", "content": [{ "type": "image_url", "image_url": { "url": "https://x", "detail": "low" } }], "note": 1 },
                { "role": "assistant", "tool_plan": "p", "content": [{ "type": "thinking", "thinking": "t" }],
                  "tool_calls": [{ "id": "c", "type": "function", "function": { "name": "f", "arguments": "{}" } }],
                  "citations": [{ "start": 0, "end": 1 }] },
                { "role": "tool", "tool_call_id": "c", "content": [{ "type": "document", "document": { "data": { "a": 1 }, "id": "d" } }] }
            ],
            "tools": [{ "type": "function", "function": { "name": "f", "parameters": { "type": "object" } } }],
            "documents": ["a", { "data": { "b": 1 }, "id": "x" }], "citation_options": { "mode": "FAST" },
            "response_format": { "type": "json_object", "json_schema": { "type": "object" } }, "safety_mode": "STRICT",
            "max_tokens": 1, "stop_sequences": ["x"], "temperature": 0.3, "seed": 1, "frequency_penalty": 0, "presence_penalty": 0.5,
            "k": 3, "p": 0.75, "logprobs": true, "thinking": { "type": "enabled", "token_budget": 5 }, "priority": 1
        })
        .to_string(),
    );
}

#[test]
fn answers_and_events() {
    json_identity::<ChatResponse>(
        &json!({
            "id": "i", "finish_reason": "COMPLETE", "prompt": "p",
            "message": { "role": "assistant", "content": [{ "type": "text", "text": "a" }, { "type": "future", "x": 1 }],
                "citations": [{ "start": 0, "end": 1, "text": "a", "sources": [{ "type": "document", "id": "d" }], "type": "TEXT_CONTENT" }] },
            "usage": { "tokens": { "input_tokens": 1.0 }, "cached_tokens": null },
            "logprobs": [{ "text": "a", "token_ids": [1], "logprobs": [-0.5] }]
        })
        .to_string(),
    );
    for event in [
        json!({ "id": "i", "type": "message-start", "delta": { "message": { "role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": [] } } }),
        json!({ "type": "tool-call-delta", "index": 0, "delta": { "message": { "tool_calls": { "function": { "arguments": "{" } } } } }),
        json!({ "type": "message-end", "id": "i", "delta": { "finish_reason": "ERROR", "error": "oh", "usage": {} } }),
        json!({ "type": "debug", "prompt": "p" }),
        json!({ "type": "future", "x": [] }),
    ] {
        json_identity::<StreamEvent>(&event.to_string());
    }
    json_identity::<EmbedResponse>(
        &json!({ "id": "i", "embeddings": { "float": [[0.1]], "int8": null }, "texts": ["a"],
            "meta": { "api_version": { "version": "2" }, "billed_units": { "input_tokens": 1 } }, "response_type": "embeddings_by_type" })
        .to_string(),
    );
}
