//! Whole answers.

use bytes::Bytes;
use llm_types::ChatResponse;
use serde_json::{Value, json};

use super::{anthropic, ingress, reply};

fn write(response: Value) -> (Value, Vec<String>) {
    let response: ChatResponse = llm_types::from_value(response).unwrap();
    let written = ingress().write(&response, &reply());
    (serde_json::from_slice(&written.body).unwrap(), written.notes.iter().map(ToString::to_string).collect())
}

/// The content and the reason to stop of an answer with this message.
fn told(message: Value, finish: &str) -> (Value, Value) {
    let (body, _) =
        write(json!({ "choices": [{ "index": 0, "message": message, "finish_reason": finish }] }));
    (body["content"].clone(), body["stop_reason"].clone())
}

#[test]
fn a_whole_answer() {
    let (body, notes) = write(json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt", "service_tier": "default",
        "choices": [{ "index": 0, "finish_reason": "stop", "message": {
            "role": "assistant", "reasoning_content": "Hm.", "content": "I call.",
            "tool_calls": [
                { "id": "call_1", "type": "function", "function": { "name": "a", "arguments": "{\"b\":1,\"a\":[]}" } },
                { "id": "call_2", "type": "function", "function": { "name": "b", "arguments": "" } }
            ] } }],
        "usage": {
            "prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120,
            "prompt_tokens_details": { "cached_tokens": 60, "cache_write_tokens": 10 },
            "completion_tokens_details": { "reasoning_tokens": 5 }
        }
    }));
    assert_eq!(
        body,
        json!({
            "id": "msg_chatcmpl-1", "type": "message", "role": "assistant", "model": "gpt",
            "content": [
                { "type": "thinking", "thinking": "Hm.", "signature": "" },
                { "type": "text", "text": "I call." },
                { "type": "tool_use", "id": "call_1", "name": "a", "input": { "b": 1, "a": [] } },
                { "type": "tool_use", "id": "call_2", "name": "b", "input": {} }
            ],
            "stop_reason": "tool_use", "stop_sequence": null,
            "usage": {
                "input_tokens": 30, "cache_creation_input_tokens": 10, "cache_read_input_tokens": 60,
                "output_tokens": 20, "output_tokens_details": { "thinking_tokens": 5 }, "service_tier": "standard"
            }
        })
    );
    assert!(notes.is_empty(), "{notes:?}");
}

/// What Anthropic answered, read by the translator and written by this dialect, is what Anthropic answered.
#[test]
fn anthropics_own_answers_come_back() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/response");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let mut body: Value = serde_json::from_slice(&bytes).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap();
        // The tool that gives an answer its form is the translator's, not the client's.
        if name == "form_tool" {
            continue;
        }
        // A reason to stop that nobody knows is told as the usual one, and stands beside it.
        if name == "unknown" {
            body["provider_specific_fields"]["stop_reason"] = body["stop_reason"].take();
            body["stop_reason"] = "end_turn".into();
        }
        let response = http::Response::new(bytes.as_slice());
        let llm_provider_core::Decoded::Answer(answer) = anthropic().decode(response).unwrap() else {
            panic!()
        };
        let mut again: Value = serde_json::from_slice(&ingress().write(&answer, &reply()).body).unwrap();
        // Sums over several rounds are told as sums, and counts that nobody gave as zeros.
        let (usage, usage_again) = (body["usage"].take(), again["usage"].take());
        if usage.get("iterations").is_none() {
            for (name, value) in usage.as_object().into_iter().flatten() {
                assert_eq!(usage_again[name], *value, "{path:?} {name}");
            }
        }
        assert_eq!(again, body, "{name}");
        seen += 1;
    }
    assert!(seen >= 5, "the fixtures are there");
}

/// `null` is told as `null`, and what nobody here knows as it came.
#[test]
fn null_and_unknown_members() {
    let body = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-6", "future": [1],
        "content": [
            { "type": "text", "text": "a", "citations": null },
            { "type": "tool_use", "id": "t", "name": "f", "input": {}, "caller": { "type": "direct" } }
        ],
        "stop_reason": "tool_use", "stop_sequence": null, "stop_details": null, "container": null,
        "context_management": null,
        "usage": {
            "input_tokens": 1, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
            "cache_creation": null, "output_tokens": 2, "output_tokens_details": null, "server_tool_use": null,
            "service_tier": null, "inference_geo": null, "speed": "fast"
        }
    });
    let bytes = serde_json::to_vec(&body).unwrap();
    let response = http::Response::new(bytes.as_slice());
    let llm_provider_core::Decoded::Answer(answer) = anthropic().decode(response).unwrap() else { panic!() };
    let call = &answer.choices[0].message.tool_calls.get().unwrap()[0];
    assert_eq!(call.extra["caller"], json!({ "type": "direct" }));
    let again: Value = serde_json::from_slice(&ingress().write(&answer, &reply()).body).unwrap();
    assert_eq!(again, body);
}

/// What another vendor says of the answer as a whole is told too, but for the names that have a meaning here.
#[test]
fn other_vendors_own_members() {
    let (body, _) = write(json!({
        "id": "msg_1", "choices": [], "provider_specific_fields": { "id": 1, "content": [], "stop_details": 7, "seed": 3 }
    }));
    assert_eq!((&body["id"], &body["content"], &body["seed"]), (&json!("msg_1"), &json!([]), &json!(3)));
    assert!(body.get("stop_details").is_none());
}

#[test]
fn signed_thinking_is_told_as_it_is() {
    let blocks = json!([
        { "type": "thinking", "thinking": "", "signature": "sig" },
        { "type": "redacted_thinking", "data": "x" },
        { "type": "thinking", "thinking": "b", "signature": "sig2" }
    ]);
    let message =
        json!({ "role": "assistant", "content": "a", "reasoning_content": "b", "thinking_blocks": blocks });
    let (content, _) = told(message, "stop");
    assert_eq!(content.as_array().unwrap()[..3], blocks.as_array().unwrap()[..]);
    assert_eq!(content[3], json!({ "type": "text", "text": "a" }));
    assert_eq!(content.as_array().unwrap().len(), 4);
}

#[test]
fn arguments_that_are_no_object() {
    for (arguments, input) in [
        ("", json!({})),
        ("  ", json!({})),
        ("null", json!({})),
        ("{\"a\":", json!({ "arguments": "{\"a\":" })),
        ("[1]", json!({ "arguments": "[1]" })),
    ] {
        let call = json!({ "type": "function", "function": { "name": "a", "arguments": arguments } });
        let (content, stop) =
            told(json!({ "role": "assistant", "content": null, "tool_calls": [call] }), "tool_calls");
        assert_eq!(
            content,
            json!([{ "type": "tool_use", "id": "toolu_req-1_0", "name": "a", "input": input }])
        );
        assert_eq!(stop, "tool_use");
    }
    let custom = json!({ "id": "c", "type": "custom", "custom": { "name": "a", "input": "free" } });
    let (content, _) = told(json!({ "role": "assistant", "tool_calls": [custom] }), "tool_calls");
    assert_eq!(content[0]["input"], json!({ "input": "free" }));
    let (content, stop) = told(
        json!({ "role": "assistant", "function_call": { "name": "a", "arguments": "{\"x\":1}" } }),
        "function_call",
    );
    assert_eq!(
        content[0],
        json!({ "type": "tool_use", "id": "toolu_req-1_0", "name": "a", "input": { "x": 1 } })
    );
    assert_eq!(stop, "tool_use");
}

#[test]
fn every_call_has_names() {
    let call = |id: &str, name: &str| json!({ "id": id, "function": { "name": name, "arguments": "{}" } });
    let calls = [call("a", "f"), call("a", "g"), call("b", ""), call("", "h")];
    let message = json!({ "role": "assistant", "content": null, "tool_calls": calls });
    let (body, notes) = write(json!({ "choices": [{ "message": message, "finish_reason": "tool_calls" }] }));
    let tool_use = |id: &str, name: &str| json!({ "type": "tool_use", "id": id, "name": name, "input": {} });
    assert_eq!(
        body["content"],
        json!([tool_use("a", "f"), tool_use("toolu_req-1_1", "g"), tool_use("toolu_req-1_3", "h")])
    );
    assert_eq!(notes, ["dropped choices[0].message.tool_calls[2]: a call without a name"]);
}

#[test]
fn why_it_stopped() {
    let text = |finish: &str, fields: Value| {
        told(json!({ "role": "assistant", "content": "a", "provider_specific_fields": fields }), finish).1
    };
    for (finish, fields, expected) in [
        ("stop", json!({}), "end_turn"),
        ("stop", json!({ "stop_reason": "stop_sequence", "stop_sequence": "E" }), "stop_sequence"),
        ("stop", json!({ "stop_sequence": "E" }), "stop_sequence"),
        ("stop", json!({ "stop_reason": "tool_use" }), "end_turn"),
        ("stop", json!({ "stop_reason": 7 }), "end_turn"),
        ("stop", json!({ "stop_reason": "<|eot|>" }), "end_turn"),
        ("length", json!({}), "max_tokens"),
        ("length", json!({ "stop_reason": "pause_turn" }), "pause_turn"),
        (
            "length",
            json!({ "stop_reason": "model_context_window_exceeded" }),
            "model_context_window_exceeded",
        ),
        ("length", json!({ "stop_reason": "end_turn" }), "max_tokens"),
        ("content_filter", json!({}), "refusal"),
        ("tool_calls", json!({}), "end_turn"),
        ("eos", json!({}), "end_turn"),
    ] {
        assert_eq!(text(finish, fields.clone()), expected, "{finish} {fields}");
    }
    // Another vendor's word of the same name, wherever it stands.
    for (finish, native, expected) in [
        ("stop", "STOP_SEQUENCE", "stop_sequence"),
        ("stop", "stop_sequence", "stop_sequence"),
        ("stop", "COMPLETE", "end_turn"),
        ("length", "model_context_window_exceeded", "model_context_window_exceeded"),
        ("length", "stop_sequence", "max_tokens"),
    ] {
        let (written, _) = write(json!({ "choices": [{ "index": 0, "finish_reason": finish,
            "message": { "role": "assistant", "content": "a" },
            "provider_specific_fields": { "native_finish_reason": native } }] }));
        assert_eq!(written["stop_reason"], expected, "{finish} {native}");
    }
    let call = json!({ "id": "c", "function": { "name": "a", "arguments": "{}" } });
    for (finish, expected) in [("stop", "tool_use"), ("length", "max_tokens"), ("tool_calls", "tool_use")] {
        assert_eq!(told(json!({ "role": "assistant", "tool_calls": [call] }), finish).1, expected);
    }
    let (content, stop) =
        told(json!({ "role": "assistant", "content": null, "refusal": "I cannot." }), "stop");
    assert_eq!((content, stop), (json!([{ "type": "text", "text": "I cannot." }]), json!("refusal")));
}

#[test]
fn empty_text_is_no_block() {
    for content in [json!(null), json!(""), json!(" \n"), json!([]), json!([{ "type": "text", "text": "" }])]
    {
        assert_eq!(
            told(json!({ "role": "assistant", "content": content }), "stop"),
            (json!([]), json!("end_turn"))
        );
    }
    assert_eq!(write(json!({ "choices": [] })).0["content"], json!([]));
}

#[test]
fn what_has_no_place_is_noted() {
    let (body, notes) = write(json!({ "choices": [
        { "index": 0, "finish_reason": "stop", "logprobs": { "content": [] }, "message": {
            "role": "assistant", "content": "a", "audio": { "id": "x" },
            "annotations": [{ "type": "url_citation", "url_citation": {} }],
            "images": [{ "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" } }] } },
        { "index": 1, "message": { "role": "assistant", "content": "b" }, "finish_reason": "stop" }
    ] }));
    assert_eq!(body["content"], json!([{ "type": "text", "text": "a" }]));
    assert_eq!((&body["id"], &body["model"]), (&json!("msg_req-1"), &json!("asked")));
    assert_eq!(body["usage"], json!({ "input_tokens": 0, "output_tokens": 0 }));
    let paths: Vec<_> = notes.iter().map(|note| note.split([' ', ':']).nth(1).unwrap()).collect();
    assert_eq!(
        paths,
        [
            "choices[1..]",
            "choices[0].logprobs",
            "choices[0].message.annotations",
            "choices[0].message.audio",
            "choices[0].message.images"
        ]
    );
    assert!(notes.iter().all(|note| note.starts_with("dropped ")));
}

#[test]
fn usage_of_long_lived_caches() {
    let (body, _) = write(json!({ "choices": [], "service_tier": "priority", "usage": {
        "prompt_tokens": 100, "completion_tokens": 7,
        "prompt_tokens_details": { "cached_tokens": 20, "cache_write_tokens": 50,
            "cache_creation_token_details": { "ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 30 } },
        "server_tool_use": { "web_search_requests": 1 }, "inference_geo": "us", "output_tokens": 9
    } }));
    assert_eq!(
        body["usage"],
        json!({
            "input_tokens": 30, "cache_creation_input_tokens": 50, "cache_read_input_tokens": 20,
            "cache_creation": { "ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 30 },
            "output_tokens": 7, "server_tool_use": { "web_search_requests": 1 }, "service_tier": "priority",
            "inference_geo": "us"
        })
    );
}

/// A page that another vendor's answer rests on, as this dialect tells it.
fn page(url: &str, title: &str) -> Value {
    json!({ "type": "web_search_result_location", "cited_text": "", "url": url, "title": title,
        "encrypted_index": llm_provider_core::Kept::default().seal() })
}

/// Pages stand with the text; when they come back, they are nothing to any vendor.
#[test]
fn pages_that_other_vendors_name() {
    let named = |url: &str| {
        json!({ "type": "url_citation",
            "url_citation": { "start_index": 0, "end_index": 1, "url": url, "title": "A" } })
    };
    let message = json!({ "role": "assistant", "content": "ab", "annotations": [named("https://a"), named("https://b")] });
    let (body, notes) =
        write(json!({ "choices": [{ "index": 0, "finish_reason": "stop", "message": message }] }));
    let text = json!({ "type": "text", "text": "ab",
        "citations": [page("https://a", "A"), page("https://b", "A")] });
    assert_eq!(body["content"], json!([text]));
    assert_eq!(notes, ["converted choices[0].message.annotations: to citations of the whole text"]);

    let (streamed, notes) = super::streams::stream(&[
        super::streams::delta(json!({ "content": "ab" })),
        super::streams::delta(json!({ "annotations": [named("https://a")] })),
        super::streams::delta(json!({ "annotations": [named("https://b")] })),
        super::streams::finish("stop"),
    ]);
    assert_eq!(super::event_order::check(streamed.as_bytes()).blocks, std::slice::from_ref(&text));
    assert_eq!(notes, ["converted choices[0].delta.annotations: to citations of the whole text"]);

    let again = json!({ "model": "m", "max_tokens": 9, "messages": [
        { "role": "user", "content": "?" }, { "role": "assistant", "content": [text] } ] });
    let read = ingress().read(&Bytes::from(again.to_string())).unwrap().request;
    assert!(!serde_json::to_string(&read).unwrap().contains("https://a"));
}

/// What a document of the request says, and what Converse's Claude quotes of it, is Anthropic's own to say.
#[test]
fn documents_that_converse_quotes() {
    let citation = json!({ "title": "D", "sourceContent": [{ "text": "q" }],
        "location": { "documentChar": { "documentIndex": 0, "start": 1, "end": 2 } } });
    let blocks = json!([{ "text": "a " }, { "text": " " },
        { "citationsContent": { "content": [{ "text": "b" }], "citations": [citation] } }, { "text": " c" }]);
    let told = [
        json!({ "type": "text", "text": "a " }),
        json!({ "type": "text", "text": " b", "citations": [{ "type": "char_location", "cited_text": "q",
            "document_index": 0, "document_title": "D", "start_char_index": 1, "end_char_index": 2 }] }),
        json!({ "type": "text", "text": " c" }),
    ];
    let message = json!({ "role": "assistant", "content": "a  b c",
        "provider_specific_fields": { "converse_content": blocks } });
    let (body, notes) =
        write(json!({ "choices": [{ "index": 0, "finish_reason": "stop", "message": message }] }));
    assert_eq!(body["content"].as_array().unwrap()[..3], told);
    assert!(notes.is_empty(), "{notes:?}");

    let begun = |text: &str| json!({ "content": text, "provider_specific_fields": { "content_block_start": "text" } });
    let (streamed, notes) = super::streams::stream(&[
        super::streams::delta(json!({ "content": "a " })),
        super::streams::delta(begun(" ")),
        super::streams::delta(begun("b")),
        super::streams::delta(json!({ "provider_specific_fields": { "citation": citation } })),
        super::streams::delta(begun(" c")),
        super::streams::delta(json!({ "provider_specific_fields": { "converse_content": blocks } })),
        super::streams::finish("stop"),
    ]);
    assert_eq!(super::event_order::check(streamed.as_bytes()).blocks[..3], told);
    assert!(notes.is_empty(), "{notes:?}");
}
