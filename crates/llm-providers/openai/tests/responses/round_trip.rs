//! What a client is told and sends back is what the model said.

use bytes::BytesMut;
use http::HeaderMap;
use llm_provider_core::{Call, Frames};
use llm_testkit::Random;
use llm_types::{ChatResponse, Message, Nullable};
use serde_json::{Value, json};

use super::{fixtures, ingress, reply, sent, texts, wire};

/// A model's message, told to a client and sent back by it.
fn sent_back(message: &Value) -> Message {
    let answer = json!({ "id": "x", "choices": [{ "message": message, "finish_reason": "stop" }] });
    let answer: ChatResponse = serde_json::from_value(answer).unwrap();
    let body: Value = serde_json::from_slice(&ingress().write(&answer, &reply()).body).unwrap();
    read(&body["output"])
}

fn read(items: &Value) -> Message {
    let body = json!({ "model": "m", "input": items });
    let mut incoming = ingress().read(body.to_string().as_bytes()).unwrap();
    assert!(incoming.notes.is_empty(), "{:?}", texts(&incoming.notes));
    assert_eq!(incoming.request.messages.len(), 1, "{items}");
    incoming.request.messages.remove(0)
}

/// The same, told in a stream: one chunk a member.
fn streamed_back(message: &Value) -> Message {
    let mut writer = ingress().writer(&reply());
    let mut out = BytesMut::new();
    let mut tell = |delta: Value, out: &mut BytesMut| {
        let chunk = json!({ "id": "x", "choices": [{ "index": 0, "delta": delta }] });
        writer.chunk(&serde_json::from_value(chunk).unwrap(), out);
    };
    for block in message["thinking_blocks"].as_array().into_iter().flatten() {
        let mut block = block.clone();
        if let Some(text) = block.get_mut("thinking").filter(|_| block_is_signed(message)) {
            let text = text.take();
            tell(json!({ "thinking_blocks": [{ "type": "thinking", "thinking": text }] }), &mut out);
            block["thinking"] = "".into();
        }
        tell(json!({ "thinking_blocks": [block] }), &mut out);
    }
    if message.get("thinking_blocks").is_none() {
        tell(json!({ "reasoning_content": message["reasoning_content"] }), &mut out);
    }
    tell(json!({ "content": message["content"] }), &mut out);
    for (index, call) in message["tool_calls"].as_array().into_iter().flatten().enumerate() {
        let mut call = call.clone();
        call["index"] = index.into();
        tell(json!({ "tool_calls": [call] }), &mut out);
    }
    if let Some(fields) = message.get("provider_specific_fields") {
        tell(json!({ "provider_specific_fields": fields }), &mut out);
    }
    writer.end(&mut out);
    let last = Frames::new(&out).last().unwrap();
    let data = std::str::from_utf8(last).unwrap().split_once("data: ").unwrap().1;
    let last: Value = serde_json::from_str(data).unwrap();
    read(&last["response"]["output"])
}

fn block_is_signed(message: &Value) -> bool {
    message["thinking_blocks"].as_array().into_iter().flatten().any(|block| block.get("signature").is_some())
}

fn word(random: &mut Random) -> String {
    const WORDS: &[&str] =
        &["a", "ü", "\"q\"", "\\", "line\nbreak", "\u{1F914}", "{}", "long words in a row"];
    (0..=random.below(3)).map(|_| *random.pick(WORDS)).collect()
}

/// A message such as a model may have written, in the canonical form.
fn message(random: &mut Random) -> Value {
    let mut message = json!({ "role": "assistant" });
    let blocks: Vec<Value> = (0..random.below(3))
        .map(|_| match random.below(3) {
            0 => json!({ "type": "redacted_thinking", "data": word(random) }),
            1 => json!({ "type": "thinking", "thinking": word(random), "signature": word(random), "vendor": word(random) }),
            _ => json!({ "type": "thinking", "thinking": word(random), "signature": word(random) }),
        })
        .collect();
    let texts: String = blocks.iter().filter_map(|block| block["thinking"].as_str()).collect();
    if !texts.is_empty() {
        message["reasoning_content"] = texts.into();
    } else if blocks.is_empty() && random.below(2) == 0 {
        message["reasoning_content"] = word(random).into();
    }
    if !blocks.is_empty() {
        message["thinking_blocks"] = blocks.into();
    }
    let calls: Vec<Value> = (0..random.below(4))
        .map(|index| {
            let arguments = json!({ "input": word(random) }).to_string();
            let name = *random.pick(&["f", "get-it", "mcp__s_-_g", "apply_patch_-_"]);
            let function = json!({ "name": name, "arguments": arguments });
            let mut call = json!({ "id": format!("call_{index}"), "type": "function", "function": function });
            if random.below(3) == 0 {
                call["provider_specific_fields"] = json!({ "thought_signature": word(random) });
            }
            call
        })
        .collect();
    if calls.is_empty() || random.below(2) == 0 {
        message["content"] = word(random).into();
    } else {
        message["content"] = Value::Null;
    }
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    if random.below(4) == 0 {
        message["provider_specific_fields"] =
            json!({ "content_blocks": [{ "type": "text", "text": word(random) }] });
    }
    message
}

#[test]
fn a_models_message_comes_back() {
    let mut random = Random::new(7);
    for _ in 0..500 {
        let said = message(&mut random);
        let expected: Message = serde_json::from_value(said.clone()).unwrap();
        assert_eq!(sent_back(&said), expected, "{said}");
        assert_eq!(streamed_back(&said), expected, "streamed: {said}");
    }
}

#[test]
fn clients_that_send_only_what_they_know_lose_nothing() {
    let said = json!({ "role": "assistant", "content": null, "reasoning_content": "Hm.",
        "thinking_blocks": [{ "type": "thinking", "thinking": "Hm.", "signature": "sig" }],
        "tool_calls": [{ "id": "a", "type": "function", "function": { "name": "ns_-_f", "arguments": "{}" },
            "provider_specific_fields": { "thought_signature": "ts" } }] });
    let answer = json!({ "id": "x", "choices": [{ "message": said, "finish_reason": "tool_calls" }] });
    let answer: ChatResponse = serde_json::from_value(answer).unwrap();
    let body: Value = serde_json::from_slice(&ingress().write(&answer, &reply()).body).unwrap();
    let mut items = body["output"].clone();
    for item in items.as_array_mut().unwrap() {
        let known = ["type", "summary", "encrypted_content", "call_id", "name", "namespace", "arguments"];
        item.as_object_mut().unwrap().retain(|name, _| known.contains(&name.as_str()));
    }
    assert_eq!(read(&items), serde_json::from_value(said).unwrap());
}

/// A conversation of this API's, read and written for a vendor that speaks it, is that conversation again.
#[test]
fn items_come_through() {
    let headers = HeaderMap::new();
    for (name, body) in fixtures("request") {
        let incoming = ingress().read(&body).unwrap();
        let call = Call::new("gpt-5.1", &headers);
        let back = sent(&wire(), &incoming.request, &call).unwrap();
        insta::assert_json_snapshot!(format!("through.{name}"), back);
    }
}

/// What a vendor of this API answers reaches a client of this API with the same words, calls and thinking.
#[test]
fn answers_come_through() {
    for (name, body) in fixtures("response") {
        let response = http::Response::new(body.as_slice());
        let llm_provider_core::Decoded::Answer(answer) =
            llm_provider_core::Translator::decode(&wire(), response).unwrap()
        else {
            panic!()
        };
        let told: Value = serde_json::from_slice(&ingress().write(&answer, &reply()).body).unwrap();
        let given: Value = serde_json::from_slice(&body).unwrap();
        for member in ["id", "model", "status", "incomplete_details", "service_tier", "usage"] {
            assert_eq!(told[member], given[member], "{name}.{member}");
        }
        if name == "unknown" || name == "filtered" {
            continue;
        }
        let plain = |items: &Value| -> Vec<Value> {
            let mut items = items.as_array().unwrap().clone();
            for item in &mut items {
                let item = item.as_object_mut().unwrap();
                item.retain(|name, _| !matches!(name.as_str(), "id" | "encrypted_content" | "status"));
                item.sort_keys();
                if item.get("arguments").is_some_and(|arguments| arguments == "") {
                    item["arguments"] = "{}".into();
                }
            }
            items
        };
        assert_eq!(plain(&told["output"]), plain(&given["output"]), "{name}");
    }
}

/// Thinking of a vendor of this API, told to a client of this API by us, goes back as it came.
#[test]
fn thinking_comes_through_twice() {
    let (_, body) = fixtures("response").into_iter().find(|(name, _)| name == "reasoning_and_tools").unwrap();
    let response = http::Response::new(body.as_slice());
    let llm_provider_core::Decoded::Answer(answer) =
        llm_provider_core::Translator::decode(&wire(), response).unwrap()
    else {
        panic!()
    };
    let told: Value = serde_json::from_slice(&ingress().write(&answer, &reply()).body).unwrap();
    let mut message = read(&told["output"]);
    assert_eq!(message.thinking_blocks, answer.choices[0].message.thinking_blocks);
    message.provider_specific_fields = Nullable::Absent;
    let headers = HeaderMap::new();
    let request = llm_types::ChatRequest::new("m", vec![message]);
    let back = sent(&wire(), &request, &Call::new("gpt-5.1", &headers)).unwrap();
    let given: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(back["body"]["input"].as_array().unwrap()[..2], given["output"].as_array().unwrap()[..2]);
}

/// What other vendors sign comes back from a client that knows nothing of it.
#[test]
fn signatures_come_back() {
    let next = |items: &Value| json!({ "model": "m", "input": items });
    llm_testkit::laws::comes_back(
        ingress(),
        &["output_items"],
        |body| next(&serde_json::from_slice::<Value>(body).unwrap()["output"]),
        |stream| {
            let last = Frames::new(stream).last().unwrap();
            let data = std::str::from_utf8(last).unwrap().split_once("data: ").unwrap().1;
            next(&serde_json::from_str::<Value>(data).unwrap()["response"]["output"])
        },
    );
}
