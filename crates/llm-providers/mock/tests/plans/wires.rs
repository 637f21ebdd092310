//! What is sent, byte for byte, on both wires.

use std::collections::HashSet;

use crate::common::{NOW_S, body, json, play, scripted, transcript};
use llm_provider_mock::{SHORT_FORMS, Script, Wire, respond};
use serde_json::{Value, json};

const WIRES: [(Wire, &str); 2] = [(Wire::OpenAi, "openai"), (Wire::Anthropic, "anthropic")];

fn snapshot(name: &str, more: &Value) {
    for (wire, vendor) in WIRES {
        insta::with_settings!({ description => more.to_string(), omit_expression => true }, {
            insta::assert_snapshot!(format!("{name}.{vendor}"), transcript(play(wire, "any", more)));
        });
    }
}

#[test]
fn greeting() {
    snapshot("greeting", &json!({}));
}

#[test]
fn greeting_streamed() {
    snapshot("greeting_streamed", &json!({"stream": true}));
}

#[test]
fn usage_streamed() {
    snapshot(
        "usage_streamed",
        &json!({"stream": true, "stream_options": {"include_usage": true}, "mock": {
        "text": "Yes.", "usage": {"prompt_tokens": 100, "completion_tokens": 7, "cached_tokens": 60,
        "cache_write_tokens": 30, "reasoning_tokens": 4}}}),
    );
}

#[test]
fn reasoning_text_and_tools() {
    let mock = json!({"reasoning": "Think first.", "text": "Let me \"look\".\n", "tool_calls": [
        {"name": "weather", "arguments": {"city": "Köln"}}, {"id": "own_id", "name": "clock"}]});
    snapshot("reasoning_text_and_tools", &json!({"mock": mock}));
    snapshot("reasoning_text_and_tools_streamed", &json!({"stream": true, "mock": mock}));
}

#[test]
fn errors_of_every_kind() {
    let mut all = String::new();
    for (wire, vendor) in WIRES {
        for status in [400, 401, 402, 403, 404, 409, 413, 418, 429, 500, 503, 504, 529] {
            let plan = play(wire, &format!("mock/error-{status}"), &json!({}));
            let retry_after =
                plan.headers.get("retry-after").map(|seconds| seconds.to_str().unwrap().to_owned());
            assert_eq!(plan.status.as_u16(), status);
            all += &format!("{vendor} {retry_after:?} {}\n", body(plan));
        }
    }
    insta::assert_snapshot!("errors", all);
}

#[test]
fn error_with_words_of_its_own() {
    snapshot(
        "error_own_words",
        &json!({"mock": {"headers": {"x-ratelimit-remaining-requests": "0"}, "error": {
        "status": 429, "message": "Quota \"gone\".", "type": "insufficient_quota", "code": "insufficient_quota",
        "retry_after_s": 20}}}),
    );
}

#[test]
fn lists_of_models() {
    for (wire, vendor) in WIRES {
        let list = json(respond(wire, "/v1/models", b"", None, 0, NOW_S));
        let ids: Vec<_> =
            list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
        assert!(ids.iter().copied().eq(SHORT_FORMS.iter().map(|form| form.example)));
        insta::assert_json_snapshot!(format!("models.{vendor}"), list, { ".data" => insta::dynamic_redaction(
            |value, _| value.as_slice().unwrap()[0].clone()) });
    }
}

#[test]
fn tokens_are_counted_without_an_answer() {
    let request = br#"{"model":"m","system":[{"type":"text","text":"Be brief."}],
        "messages":[{"role":"user","content":"one two three"}]}"#;
    let plan = respond(Wire::Anthropic, "/v1/messages/count_tokens", request, None, 0, NOW_S);
    assert_eq!(body(plan), r#"{"input_tokens":5}"#);
}

#[test]
fn unreadable_requests_are_refused_in_the_vendors_shape() {
    let mut all = String::new();
    for (wire, vendor) in WIRES {
        for request in [
            "{",
            r#"{"messages":[]}"#,
            r#"{"model":"m"}"#,
            r#"{"model":"m","messages":{}}"#,
            r#"{"model":"m","messages":[],"mock":{"txt":"x"}}"#,
            r#"{"model":"m","messages":[],"mock":{"chunks":0}}"#,
            r#"{"model":"m","messages":[],"mock":{"error":{"status":200}}}"#,
        ] {
            let plan = respond(wire, crate::common::path(wire), request.as_bytes(), None, 0, NOW_S);
            assert_eq!(plan.status, 400);
            all += &format!("{vendor} {request}\n    {}\n", body(plan));
        }
        let plan = respond(wire, "/v1/moderations", b"{}", None, 0, NOW_S);
        assert_eq!(plan.status, 404);
        all += &format!("{vendor} /v1/moderations\n    {}\n", body(plan));
    }
    insta::assert_snapshot!("refusals", all);
}

/// Source: Anthropic API docs, Streaming Messages, read 2026-11: the order of events.
#[test]
fn anthropic_events_come_in_the_documented_order() {
    let forms: Vec<_> = ["hello", "empty", "thinking", "stream-40", "tools-2"].map(|form| play(Wire::Anthropic, form,
        &json!({"stream": true, "tools": [{"name": "a", "input_schema": {}}, {"name": "b", "input_schema": {}}]})))
        .into();
    for plan in forms {
        let text = body(plan);
        let mut state = "";
        let mut open = None;
        let mut next_index = 0;
        for event in text.split_terminator("\n\n") {
            let (name, data) = event.strip_prefix("event: ").unwrap().split_once("\ndata: ").unwrap();
            let data: Value = serde_json::from_str(data).unwrap();
            assert_eq!(data["type"], name);
            let index = data["index"].as_u64();
            match name {
                "message_start" => assert_eq!(state, ""),
                "ping" => assert_ne!(state, ""),
                "content_block_start" => {
                    assert_eq!((open, index), (None, Some(next_index)));
                    open = index;
                    next_index += 1;
                }
                "content_block_delta" => assert!(open.is_some() && open == index),
                "content_block_stop" => {
                    assert!(open.is_some() && open == index);
                    open = None;
                }
                "message_delta" => assert!(open.is_none() && data["delta"]["stop_reason"].is_string()),
                "message_stop" => assert_eq!(state, "message_delta"),
                other => panic!("unknown event {other}"),
            }
            state = name;
        }
        assert_eq!(state, "message_stop");
    }
}

/// The same answer, whichever way it is asked for.
#[test]
fn openai_chunks_add_up_to_the_whole_answer() {
    for form in ["hello", "echo", "empty", "length", "thinking", "tools-2", "stream-40", "big-2000"] {
        let tools = json!([{"type": "function", "function": {"name": "a", "parameters": {"properties": {"x": {"type":
            "string", "default": "quote \" and ü"}}}}}, {"type": "function", "function": {"name": "b"}}]);
        let whole = json(play(Wire::OpenAi, form, &json!({"tools": tools})));
        let text = body(play(Wire::OpenAi, form, &json!({"tools": tools, "stream": true})));
        let frames: Vec<_> =
            text.split_terminator("\n\n").map(|frame| frame.strip_prefix("data: ").unwrap()).collect();
        let (done, chunks) = frames.split_last().unwrap();
        assert_eq!(*done, "[DONE]");
        let (mut content, mut reasoning, mut finish) = (String::new(), String::new(), None);
        let mut arguments = vec![String::new(); 2];
        for chunk in chunks {
            let chunk: Value = serde_json::from_str(chunk).unwrap();
            let choice = &chunk["choices"][0];
            content += choice["delta"]["content"].as_str().unwrap_or_default();
            reasoning += choice["delta"]["reasoning_content"].as_str().unwrap_or_default();
            for call in choice["delta"]["tool_calls"].as_array().into_iter().flatten() {
                let index = usize::try_from(call["index"].as_u64().unwrap()).unwrap();
                arguments[index] += call["function"]["arguments"].as_str().unwrap();
            }
            assert!(finish.is_none());
            finish = choice["finish_reason"].as_str().map(str::to_owned);
        }
        let message = &whole["choices"][0]["message"];
        assert_eq!(content, message["content"].as_str().unwrap_or_default(), "{form}");
        assert_eq!(reasoning, message["reasoning_content"].as_str().unwrap_or_default(), "{form}");
        assert_eq!(finish.as_deref(), whole["choices"][0]["finish_reason"].as_str(), "{form}");
        for (index, streamed) in arguments.iter().enumerate() {
            let given = message["tool_calls"][index]["function"]["arguments"].as_str().unwrap_or_default();
            assert_eq!(streamed, given, "{form}");
        }
        assert_eq!(form == "tools-2", message["tool_calls"].is_array());
    }
}

#[test]
fn tools_are_called_with_made_up_arguments_until_a_result_is_there() {
    let schema = json!({"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}});
    let tools = json!([{"name": "weather", "input_schema": schema}]);
    let asked = json(play(Wire::Anthropic, "mock/tools", &json!({"tools": tools})));
    assert_eq!(asked["content"][0]["input"], json!({"city": "text"}));
    assert_eq!(asked["stop_reason"], "tool_use");
    let answered = json(play(
        Wire::Anthropic,
        "mock/tools",
        &json!({"tools": tools, "messages": [{"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": asked["content"][0]["id"], "content": "rain"}]}]}),
    ));
    assert_eq!(answered["content"][0]["type"], "text");
    assert_eq!(json(play(Wire::Anthropic, "mock/tools", &json!({})))["stop_reason"], "end_turn");
}

#[test]
fn broken_arguments_are_sent_as_they_are() {
    let script = json!({"tool_calls": [{"name": "f", "arguments": "{\"x\": "}]});
    let openai = json(scripted(Wire::OpenAi, false, &script));
    assert_eq!(openai["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"], "{\"x\": ");
    let anthropic = json(scripted(Wire::Anthropic, false, &script));
    assert_eq!(anthropic["content"][0]["input"], "{\"x\": ");
    assert!(body(scripted(Wire::Anthropic, true, &script)).contains(r#""partial_json":"{\"x\": ""#));
}

#[test]
fn sources_of_the_script_have_an_order() {
    let text = |more: &Value, model: &str, given: Option<&Script>| {
        let body = crate::common::request(model, more);
        let plan = respond(Wire::OpenAi, "/chat/completions", &body, given, 0, NOW_S);
        json(plan)["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned()
    };
    let config = Script::saying("config");
    let all = json!({"mock": {"text": "member"}, "mock_response": "litellm"});
    assert_eq!(text(&all, "mock/echo", Some(&config)), "member");
    assert_eq!(text(&json!({"mock_response": "litellm"}), "mock/echo", Some(&config)), "litellm");
    assert_eq!(text(&json!({}), "mock/echo", Some(&config)), "Is anybody there?");
    assert_eq!(text(&json!({"mock": null}), "gpt-4o", Some(&config)), "config");
    assert!(
        text(&json!({}), "gpt-4o", None).starts_with("Hello! This is the mock vendor answering as `gpt-4o`")
    );
}

#[test]
fn names_of_litellm_errors_are_errors() {
    let more = json!({"mock_response": "litellm.ContextWindowExceededError"});
    let plan = play(Wire::OpenAi, "m", &more);
    assert_eq!(plan.status, 400);
    assert_eq!(json(plan)["error"]["code"], "context_length_exceeded");
    assert_eq!(play(Wire::OpenAi, "m", &json!({"mock_response": "litellm.RateLimitError"})).status, 429);
}

#[test]
fn ids_follow_the_request() {
    let id = |more: &Value| json(play(Wire::OpenAi, "m", more))["id"].as_str().unwrap().to_owned();
    assert_eq!(id(&json!({})), id(&json!({})));
    let ids: HashSet<_> = (0..50).map(|seed| id(&json!({"seed": seed}))).collect();
    assert_eq!(ids.len(), 50);
}
