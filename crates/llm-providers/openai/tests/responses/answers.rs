//! What clients are told, whole.

use llm_provider_core::{Kept, Note};
use llm_provider_openai::responses::wire::Response;
use llm_testkit::laws::json_identity;
use llm_types::{ApiError, ChatResponse, ErrorKind, Layer};
use serde_json::{Value, json};

use super::{ingress, reply, texts};

/// What is written of an answer with one message.
fn told(message: Value, finish: &str) -> (Value, Vec<Note>) {
    write(&json!({
        "id": "chatcmpl-1", "created": 5, "model": "m",
        "choices": [{ "index": 0, "message": message, "finish_reason": finish }],
    }))
}

fn write(response: &Value) -> (Value, Vec<Note>) {
    let response: ChatResponse = serde_json::from_value(response.clone()).unwrap();
    let outgoing = ingress().write(&response, &reply());
    json_identity::<Response>(std::str::from_utf8(&outgoing.body).unwrap());
    (serde_json::from_slice(&outgoing.body).unwrap(), outgoing.notes)
}

#[test]
fn an_answer_with_everything() {
    let (body, notes) = write(&json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 5, "model": "m", "service_tier": "flex",
        "system_fingerprint": "fp", "vendor_says": 1, "provider_specific_fields": { "region": "eu", "nothing": null },
        "choices": [{ "index": 0, "finish_reason": "tool_calls", "provider_specific_fields": { "native_finish_reason": "tool_use" },
            "logprobs": { "content": [{ "token": "I", "logprob": -0.5, "bytes": [73], "top_logprobs": [] }] },
            "message": {
                "role": "assistant", "content": "I call.", "refusal": null, "reasoning_content": "Hm.",
                "thinking_blocks": [
                    { "type": "thinking", "thinking": "Hm.", "signature": "sig" },
                    { "type": "redacted_thinking", "data": "xx" }
                ],
                "annotations": [
                    { "type": "url_citation", "url_citation": { "url": "https://a.example" } },
                    { "type": "file_citation", "file_id": "f", "filename": "a", "index": 0 }
                ],
                "tool_calls": [
                    { "id": "a", "type": "function", "function": { "name": "f", "arguments": "{\"x\":1}" } },
                    { "id": "b", "type": "function", "function": { "name": "mcp__s_-_g", "arguments": "" } },
                    { "id": "c", "type": "function", "function": { "name": "apply_patch_-_", "arguments": "{\"input\":\"*** p\"}" },
                      "provider_specific_fields": { "thought_signature": "ts" } },
                    { "id": "d", "type": "custom", "custom": { "name": "p", "input": "free" } }
                ],
                "provider_specific_fields": { "content_blocks": [{ "type": "text", "text": "I call." }], "stop_reason": "tool_use" }
            } }],
        "usage": { "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
            "prompt_tokens_details": { "cached_tokens": 4 }, "completion_tokens_details": { "reasoning_tokens": 2 } }
    }));
    assert!(notes.is_empty(), "{notes:?}");
    insta::assert_json_snapshot!("written.everything", body);
}

/// Counts for which this API has no word stand beside the answer, and only those.
#[test]
fn counts_that_this_api_has_no_word_for() {
    let usage = json!({ "prompt_tokens": 30, "completion_tokens": 5, "total_tokens": 35,
        "prompt_tokens_details": { "cached_tokens": 4, "cache_write_tokens": 9,
            "cache_creation_token_details": { "ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 9 } },
        "completion_tokens_details": { "reasoning_tokens": 2, "accepted_prediction_tokens": 1 },
        "server_tool_use": { "web_search_requests": 1, "web_fetch_requests": 0 } });
    let (body, _) = write(&json!({ "id": "chatcmpl-1", "created": 5, "model": "m", "usage": usage,
        "choices": [{ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": "a" } }] }));
    assert_eq!(
        body["provider_specific_fields"]["usage"],
        json!({ "prompt_tokens_details": { "cache_creation_token_details": { "ephemeral_1h_input_tokens": 9 } },
            "completion_tokens_details": { "accepted_prediction_tokens": 1 },
            "server_tool_use": { "web_search_requests": 1 } })
    );
}

#[test]
fn how_it_ended() {
    let ended = |finish: &str| {
        let (body, _) = told(json!({ "role": "assistant", "content": "a" }), finish);
        let item = body["output"][0]["status"].clone();
        (body["status"].clone(), body["incomplete_details"]["reason"].clone(), item)
    };
    assert_eq!(ended("stop"), (json!("completed"), Value::Null, json!("completed")));
    assert_eq!(ended("length"), (json!("incomplete"), json!("max_output_tokens"), json!("incomplete")));
    assert_eq!(ended("content_filter"), (json!("incomplete"), json!("content_filter"), json!("incomplete")));
    assert_eq!(ended("eos"), (json!("completed"), Value::Null, json!("completed")));
}

#[test]
fn unsigned_thinking_is_a_summary_with_an_empty_seal() {
    let (body, _) = told(json!({ "role": "assistant", "content": "a", "reasoning_content": "Hm." }), "stop");
    assert_eq!(
        body["output"][0],
        json!({
            "type": "reasoning", "id": "rs_chatcmpl-1_0",
            "summary": [{ "type": "summary_text", "text": "Hm." }],
            "encrypted_content": Kept::default().seal(),
        })
    );
    assert_eq!(body["output"][1]["id"], "msg_chatcmpl-1_1");
}

#[test]
fn refusals_sound_and_nothing_at_all() {
    let (body, _) = told(json!({ "role": "assistant", "content": null, "refusal": "No." }), "stop");
    assert_eq!(body["output"][0]["content"], json!([{ "type": "refusal", "refusal": "No." }]));
    let audio = json!({ "role": "assistant", "content": null, "audio": { "id": "a", "transcript": "Hi." } });
    let (body, notes) = told(audio, "stop");
    assert_eq!(body["output"][0]["content"][0]["text"], "Hi.");
    assert_eq!(texts(&notes), ["converted choices[0].message.audio: to its words"]);
    let (body, _) = told(json!({ "role": "assistant", "content": "" }), "stop");
    assert_eq!(
        body["output"][0]["content"],
        json!([{ "type": "output_text", "text": "", "annotations": [], "logprobs": [] }])
    );
    let (body, _) = write(&json!({ "choices": [] }));
    assert_eq!(
        (&body["id"], &body["model"], &body["output"]),
        (&json!("resp_req-1"), &json!("asked"), &json!([]))
    );
    assert_eq!(body["usage"]["output_tokens_details"]["reasoning_tokens"], 0);
}

#[test]
fn images_are_items() {
    let image =
        json!({ "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" }, "index": 0 });
    let (body, notes) = told(json!({ "role": "assistant", "content": null, "images": [image] }), "stop");
    let item = json!({ "type": "image_generation_call", "id": "ig_chatcmpl-1_0", "result": "AAAA", "status": "completed" });
    assert_eq!((&body["output"], notes.len()), (&json!([item]), 0));
}

#[test]
fn every_call_has_names() {
    let call = |id: &str, name: &str| json!({ "id": id, "function": { "name": name, "arguments": "{}" } });
    let calls = [call("a", "f"), call("a", "g"), call("b", ""), call("", "h")];
    let (body, notes) =
        told(json!({ "role": "assistant", "content": null, "tool_calls": calls }), "tool_calls");
    let names: Vec<_> =
        body["output"].as_array().unwrap().iter().map(|item| item["call_id"].clone()).collect();
    assert_eq!(names, ["a", "call_chatcmpl-1_1", "call_chatcmpl-1_3"]);
    assert_eq!(texts(&notes), ["dropped choices[0].message.tool_calls[2]: a call without a name"]);
    let oldest =
        json!({ "role": "assistant", "content": null, "function_call": { "name": "f", "arguments": "{}" } });
    let (body, _) = told(oldest, "function_call");
    assert_eq!(body["output"][0]["name"], "f");
}

#[test]
fn only_what_must_come_back_is_kept() {
    let kept = |call: Value, fields: Value| {
        let mut call = call;
        call["function"] = json!({ "name": "f", "arguments": "{}" });
        let message = json!({ "role": "assistant", "content": null, "tool_calls": [call], "provider_specific_fields": fields });
        told(message, "tool_calls").0["output"].as_array().unwrap().len() > 1
    };
    assert!(!kept(json!({ "id": "a" }), json!({ "stop_reason": "tool_use", "safety_ratings": [{}] })));
    assert!(!kept(json!({ "id": "a", "caller": { "type": "direct" } }), json!({})));
    assert!(kept(json!({ "id": "a", "caller": { "type": "program" } }), json!({})));
    assert!(kept(json!({ "id": "a", "extra_content": { "google": {} } }), json!({})));
    for name in ["content_blocks", "converse_content", "parts", "reasoning_details", "thought_signatures"] {
        assert!(kept(json!({ "id": "a" }), json!({ name: [1] })), "{name}");
    }
}

#[test]
fn what_a_model_got_wrong_reaches_the_clients_tool() {
    for (arguments, input) in
        [(r#"{"input":"a"}"#, "a"), ("{\"in", "{\"in"), ("[1]", "[1]"), (r#"{"x":1}"#, r#"{"x":1}"#)]
    {
        let call = json!({ "id": "a", "function": { "name": "p_-_", "arguments": arguments } });
        let (body, _) =
            told(json!({ "role": "assistant", "content": null, "tool_calls": [call] }), "tool_calls");
        assert_eq!(
            (&body["output"][0]["type"], &body["output"][0]["input"]),
            (&json!("custom_tool_call"), &json!(input))
        );
    }
}

#[test]
fn errors() {
    let error = ApiError::new(ErrorKind::ContextWindow, Layer::Provider, "too long").with_param("input");
    let body: Value = serde_json::from_slice(&ingress().error(&error, &reply())).unwrap();
    let inner = json!({ "message": "too long", "type": "invalid_request_error", "param": "input", "code": "context_length_exceeded" });
    assert_eq!(body, json!({ "error": inner }));
    let event = ingress().error_event(&error, &reply());
    let event = std::str::from_utf8(&event).unwrap();
    let data = event.strip_prefix("event: error\ndata: ").unwrap().strip_suffix("\n\n").unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    assert_eq!(
        data,
        json!({ "type": "error", "code": "context_length_exceeded", "message": "too long", "param": "input",
            "sequence_number": 0, "error": inner })
    );
}
