//! What clients are told, event by event.

use bytes::BytesMut;
use llm_provider_core::Frames;
use llm_provider_openai::responses::wire::StreamEvent;
use llm_testkit::{assemble, laws};
use llm_types::{ApiError, ChatChunk, ErrorKind, Layer};
use serde_json::{Value, json};

use super::{ingress, reply, texts};

fn chunk(delta: Value, finish: Value) -> ChatChunk {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
    serde_json::from_value(json!({ "id": "chatcmpl-1", "created": 5, "model": "m", "choices": [choice] }))
        .unwrap()
}

fn usage() -> ChatChunk {
    let usage = json!({ "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15 });
    serde_json::from_value(json!({ "id": "chatcmpl-1", "choices": [], "usage": usage })).unwrap()
}

fn story(deltas: &[Value], finish: &str) -> Vec<ChatChunk> {
    let mut chunks: Vec<_> = deltas.iter().map(|delta| chunk(delta.clone(), Value::Null)).collect();
    chunks.push(chunk(json!({}), json!(finish)));
    chunks.push(usage());
    chunks
}

/// The events of a stream, checked for what clients count on.
fn told(chunks: &[ChatChunk]) -> (Vec<Value>, Vec<String>) {
    let mut writer = ingress().writer(&reply());
    let mut out = BytesMut::new();
    for chunk in chunks {
        writer.chunk(chunk, &mut out);
    }
    writer.end(&mut out);
    // What comes after the end is not told.
    let length = out.len();
    writer.chunk(&usage(), &mut out);
    writer.end(&mut out);
    assert_eq!(out.len(), length);
    let events = events(&out);
    check(&events);
    (events, texts(&writer.notes()))
}

fn events(out: &[u8]) -> Vec<Value> {
    let frames = Frames::new(out).map(|frame| {
        let text = std::str::from_utf8(frame).unwrap();
        let (name, data) = text.strip_prefix("event: ").unwrap().split_once("\ndata: ").unwrap();
        let data = data.strip_suffix("\n\n").unwrap();
        laws::json_identity::<StreamEvent>(data);
        let event: Value = serde_json::from_str(data).unwrap();
        assert_eq!(event["type"], name);
        event
    });
    frames.collect()
}

/// The order that the official Python package demands: numbers rise by one; an item is added before anything is said
/// of it and done after; a part is added before its deltas; what came in pieces comes whole, and all of it at the end.
fn check(events: &[Value]) {
    let mut items: Vec<(Value, bool, String)> = Vec::new();
    for (number, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], number, "{event}");
        let kind = event["type"].as_str().unwrap();
        let at = event["output_index"].as_u64().map(|index| index as usize);
        match kind {
            "response.output_item.added" => {
                assert_eq!(at, Some(items.len()), "{event}");
                items.push((event["item"].clone(), false, String::new()));
            }
            "response.output_item.done" => {
                let (added, is_done, _) = &mut items[at.unwrap()];
                assert!(!*is_done, "{event}");
                assert_eq!(
                    (&added["id"], &added["type"], &added["call_id"]),
                    (&event["item"]["id"], &event["item"]["type"], &event["item"]["call_id"])
                );
                (*added, *is_done) = (event["item"].clone(), true);
            }
            // Some vendors tell their sources last, and texts may have ended by then.
            "response.output_text.annotation.added" if items[at.unwrap()].1 => {
                let (item, _, _) = &mut items[at.unwrap()];
                assert_eq!(item["id"], event["item_id"], "{event}");
                let part = &mut item["content"][event["content_index"].as_u64().unwrap() as usize];
                let annotations = part["annotations"].as_array_mut().unwrap();
                assert_eq!(event["annotation_index"], annotations.len(), "{event}");
                annotations.push(event["annotation"].clone());
            }
            _ if at.is_some() => {
                let (item, is_done, text) = &mut items[at.unwrap()];
                assert!(!*is_done && item["id"] == event["item_id"], "{event}");
                if kind.ends_with(".delta") {
                    text.push_str(event["delta"].as_str().unwrap());
                } else if kind == "response.content_part.added" {
                    text.clear();
                } else if let Some(whole) =
                    ["text", "refusal", "arguments", "input"].iter().find_map(|name| event.get(name))
                {
                    assert_eq!(whole, text.as_str(), "{event}");
                }
            }
            _ => {}
        }
    }
    let last = &events[events.len() - 1]["response"];
    assert!(items.iter().all(|(_, is_done, _)| *is_done));
    let output: Vec<_> = items.into_iter().map(|(item, _, _)| item).collect();
    assert_eq!(last["output"], Value::Array(output));
    assert_eq!(events[0]["response"]["id"], last["id"]);
    assert!(last["usage"]["total_tokens"].is_u64());
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap().trim_start_matches("response.")).collect()
}

fn call(index: u32, id: Value, function: Value) -> Value {
    json!({ "tool_calls": [{ "index": index, "id": id, "type": "function", "function": function }] })
}

fn more(index: u32, arguments: &str) -> Value {
    json!({ "tool_calls": [{ "index": index, "function": { "arguments": arguments } }] })
}

fn thought(text: &str) -> Value {
    json!({ "reasoning_content": text, "thinking_blocks": [{ "type": "thinking", "thinking": text }] })
}

fn everything() -> Vec<ChatChunk> {
    let cite = json!({ "type": "url_citation", "url_citation": { "url": "https://a.example", "title": "A", "start_index": 0, "end_index": 2 } });
    story(
        &[
            json!({ "role": "assistant", "content": "" }),
            thought("Hm"),
            thought(", so."),
            json!({ "thinking_blocks": [{ "type": "thinking", "thinking": "", "signature": "sig" }] }),
            json!({ "thinking_blocks": [{ "type": "redacted_thinking", "data": "xx" }] }),
            json!({ "content": "I " }),
            json!({ "content": "call." }),
            json!({ "annotations": [cite] }),
            call(0, json!("a"), json!({ "name": "f", "arguments": "" })),
            more(0, "{\"x\":"),
            call(1, json!("b"), json!({ "name": "mcp__s_-_g", "arguments": "{" })),
            more(0, "1}"),
            more(1, "}"),
            call(2, json!("c"), json!({ "name": "apply_patch_-_", "arguments": "{\"input\":" })),
            more(2, "\"*** p\"}"),
            json!({ "tool_calls": [{ "index": 3, "id": "d", "type": "custom", "custom": { "name": "p", "input": "fr" },
                "provider_specific_fields": { "thought_signature": "ts" } }] }),
            json!({ "tool_calls": [{ "index": 3, "custom": { "input": "ee" } }] }),
        ],
        "tool_calls",
    )
}

#[test]
fn a_stream_with_everything() {
    let (events, notes) = told(&everything());
    assert!(notes.is_empty(), "{notes:?}");
    insta::assert_json_snapshot!("streamed.everything", events);
}

/// Streamed or whole, the same.
#[test]
fn the_end_is_the_whole_answer() {
    for chunks in [
        everything(),
        story(&[json!({ "content": "a" }), json!({ "content": "b" })], "length"),
        story(&[json!({ "refusal": "N" }), json!({ "refusal": "o." })], "stop"),
        story(
            &[
                json!({ "reasoning_content": "a" }),
                json!({ "reasoning_content": "b" }),
                json!({ "content": "c" }),
            ],
            "stop",
        ),
        story(&[call(0, json!("a"), json!({ "name": "f", "arguments": "" }))], "tool_calls"),
        story(&[], "stop"),
        story(
            &[
                json!({ "content": "x" }),
                json!({ "images": [{ "image_url": { "url": "data:image/png;base64,AA==" } }] }),
            ],
            "stop",
        ),
    ] {
        let (events, _) = told(&chunks);
        let mut streamed = events[events.len() - 1]["response"].clone();
        let whole = ingress().write(&assemble(&chunks), &reply());
        let mut whole: Value = serde_json::from_slice(&whole.body).unwrap();
        for response in [&mut streamed, &mut whole] {
            for item in response["output"].as_array_mut().unwrap() {
                // Ids of items are their place, and what is sealed is looked at elsewhere.
                item.as_object_mut().unwrap().shift_remove("encrypted_content");
            }
        }
        assert_eq!(streamed, whole);
    }
}

#[test]
fn the_order_of_events() {
    let (events, _) = told(&story(
        &[json!({ "content": "a" }), json!({ "refusal": "b" }), thought("c"), json!({ "content": "d" })],
        "stop",
    ));
    assert_eq!(
        kinds(&events),
        [
            "created",
            "in_progress",
            "output_item.added",
            "content_part.added",
            "output_text.delta",
            "output_text.done",
            "content_part.done",
            "content_part.added",
            "refusal.delta",
            "refusal.done",
            "content_part.done",
            "output_item.done",
            "output_item.added",
            "reasoning_summary_part.added",
            "reasoning_summary_text.delta",
            "reasoning_summary_text.done",
            "reasoning_summary_part.done",
            "output_item.done",
            "output_item.added",
            "content_part.added",
            "output_text.delta",
            "output_text.done",
            "content_part.done",
            "output_item.done",
            "completed",
        ]
    );
    let (events, _) = told(&story(&[json!({ "content": "a" })], "length"));
    assert_eq!(kinds(&events).last(), Some(&"incomplete"));
}

#[test]
fn items_that_only_this_api_has_come_in_their_turn() {
    let item = json!({ "type": "web_search_call", "id": "ws_1", "status": "completed", "action": { "type": "search", "query": "q" } });
    let (events, _) = told(&story(
        &[json!({ "provider_specific_fields": { "output_item": item } }), json!({ "content": "a" })],
        "stop",
    ));
    let output = &events[events.len() - 1]["response"]["output"];
    assert_eq!((&output[0], &output[1]["type"]), (&item, &json!("message")));
}

/// Places are counted from the beginning of the whole answer in chat, and from that of each text here.
#[test]
fn sources_stand_at_the_text_that_they_are_for() {
    let source = |url: &str, start: usize, end: usize| {
        let citation = json!({ "url": url, "title": "t", "start_index": start, "end_index": end });
        json!({ "type": "url_citation", "url_citation": citation, "index": 0 })
    };
    let (events, notes) = told(&story(
        &[
            json!({ "content": "Kö" }),
            json!({ "content": "ln [1]" }),
            call(0, json!("a"), json!({ "name": "f", "arguments": "{}" })),
            json!({ "content": "so [2]" }),
            json!({ "annotations": [source("second", 11, 14), source("first", 5, 8)] }),
            json!({ "images": [{ "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" }, "index": 0 }] }),
            json!({ "annotations": [source("second again", 11, 14)] }),
        ],
        "stop",
    ));
    let output = &events[events.len() - 1]["response"]["output"];
    let cited = |item: usize| {
        let annotations = output[item]["content"][0]["annotations"].as_array().unwrap();
        let told = annotations.iter().map(|one| {
            assert_eq!(one["type"], "url_citation");
            (
                one["url"].as_str().unwrap(),
                one["start_index"].as_u64().unwrap(),
                one["end_index"].as_u64().unwrap(),
            )
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(output[1]["type"], "function_call");
    assert_eq!(cited(0), [("first", 5, 8)]);
    assert_eq!(cited(2), [("second", 3, 6), ("second again", 3, 6)]);
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn odd_pieces() {
    let (events, notes) = told(&story(
        &[
            call(0, json!("a"), json!({ "name": "f", "arguments": "{}" })),
            json!({ "content": "x" }),
            more(0, "{}"),
            call(1, Value::Null, json!({ "arguments": "{" })),
            call(1, Value::Null, json!({ "name": "g", "arguments": "}" })),
            call(2, json!("a"), json!({ "name": "h", "arguments": "{}" })),
            call(3, json!("n"), json!({ "arguments": "{}" })),
            json!({ "annotations": [{ "type": "url_citation" }] }),
            json!({ "audio": { "data": "AA==" } }),
        ],
        "tool_calls",
    ));
    let output = events[events.len() - 1]["response"]["output"].clone();
    let calls: Vec<_> =
        output.as_array().unwrap().iter().map(|item| item["call_id"].as_str().unwrap_or("-")).collect();
    assert_eq!(calls, ["a", "-", "call_chatcmpl-1_2", "call_chatcmpl-1_3"]);
    assert_eq!(
        notes,
        [
            "dropped choices[0].delta.tool_calls: arguments after their own end",
            "dropped choices[0].delta.audio: answers of this API have no sound",
        ]
    );
}

#[test]
fn failures_end_a_stream() {
    for before in [0, 1, 2] {
        let mut writer = ingress().writer(&reply());
        let mut out = BytesMut::new();
        for chunk in &story(&[json!({ "content": "a" }), json!({ "content": "b" })], "stop")[..before] {
            writer.chunk(chunk, &mut out);
        }
        let error = ApiError::new(ErrorKind::RateLimit, Layer::Provider, "slow down");
        writer.error(&error, &mut out);
        writer.end(&mut out);
        let events = events(&out);
        let [.., told, failed] = events.as_slice() else { panic!() };
        assert_eq!((&told["type"], &told["error"]["message"]), (&json!("error"), &json!("slow down")));
        assert_eq!(failed["type"], "response.failed");
        assert_eq!(
            failed["response"]["error"],
            json!({ "code": "rate_limit_exceeded", "message": "slow down" })
        );
        assert_eq!(failed["sequence_number"], events.len() - 1);
        assert_eq!(events[0]["type"], "response.created");
    }
}
