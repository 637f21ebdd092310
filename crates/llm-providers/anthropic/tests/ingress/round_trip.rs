//! The law of reading: what the Anthropic translator makes of a request that was read is that request again,
//! but for what [`normal`] says.

use std::path::Path;

use http::HeaderMap;
use llm_provider_core::{Call, NoteKind, Payload};
use llm_types::ChatRequest;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::event_order::check;
use super::{anthropic, ingress};

fn again(body: &Value) -> Value {
    let incoming = ingress().read(body.to_string().as_bytes()).unwrap();
    // What was read is sound: it survives being written and read in canonical form.
    let canonical = serde_json::to_vec(&incoming.request).unwrap();
    assert_eq!(llm_types::from_slice::<ChatRequest>(&canonical).unwrap(), incoming.request);
    let headers = HeaderMap::new();
    let model = incoming.request.model.clone();
    let encoded = anthropic().encode(&incoming.request, &Call::new(&model, &headers)).unwrap();
    let Payload::Bytes(bytes) = encoded.request.body() else { panic!("no bytes") };
    serde_json::from_slice(bytes).unwrap()
}

/// A request without what reading and writing says differently.
fn normal(mut body: Value) -> Value {
    // Empty and `null` members vanish.
    body.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    // Claude Code's accounting block is dropped.
    if let Some(blocks) = body.get_mut("system").and_then(Value::as_array_mut) {
        blocks.retain(|block| !block["text"].as_str().unwrap().starts_with("x-anthropic-billing-header:"));
    }
    // Results of tools come first; the messages of one speaker are one.
    let mut messages: Vec<Value> = Vec::new();
    for message in body["messages"].as_array().unwrap() {
        let mut message = message.clone();
        if let Some(blocks) = message["content"].as_array_mut() {
            blocks.retain_mut(|block| {
                normal_block(block);
                // Unsigned thinking is no thinking of Anthropic's.
                block["type"] != "thinking" || block["signature"] != ""
            });
        }
        match messages.last_mut() {
            Some(last) if last["role"] == message["role"] => {
                let mut joined = blocks(&last["content"]);
                joined.append(&mut blocks(&message["content"]));
                last["content"] = joined.into();
            }
            _ => messages.push(message),
        }
    }
    for message in &mut messages {
        if let Some(blocks) = message["content"].as_array_mut() {
            blocks.sort_by_key(|block| block["type"] != "tool_result");
        }
    }
    body["messages"] = messages.into();
    for tool in body.get_mut("tools").and_then(Value::as_array_mut).into_iter().flatten() {
        let tool = tool.as_object_mut().unwrap();
        // What is the default anyway goes unsaid.
        tool.retain(|name, value| !(name == "type" && value == "custom"));
    }
    body
}

fn blocks(content: &Value) -> Vec<Value> {
    match content {
        Value::String(text) => vec![json!({ "type": "text", "text": text })],
        blocks => blocks.as_array().unwrap().clone(),
    }
}

fn normal_block(block: &mut Value) {
    let members = block.as_object_mut().unwrap();
    if members["type"] == "tool_result" {
        members.retain(|name, value| name != "content" || *value != "");
    }
}

fn fixtures() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ingress");
    let mut all: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let body = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), body)
        })
        .collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    assert!(all.len() >= 8, "the fixtures are there");
    all
}

#[test]
fn a_request_comes_back_as_it_was() {
    for (name, body) in fixtures() {
        assert_eq!(again(&body), normal(body), "{name}");
    }
}

#[test]
fn nothing_that_a_model_sees_is_dropped_without_a_note() {
    for (name, body) in fixtures() {
        let incoming = ingress().read(body.to_string().as_bytes()).unwrap();
        let dropped: Vec<_> = incoming.notes.iter().filter(|note| note.kind == NoteKind::Dropped).collect();
        if name == "coding_agent" {
            assert_eq!(dropped.len(), 1, "{dropped:?}");
            assert_eq!(dropped[0].path, "system[0]");
        } else {
            assert!(dropped.is_empty(), "{name}: {dropped:?}");
        }
    }
}

/// What comes back, read again, is the same: the normal form is a fixed point.
#[test]
fn a_second_time_changes_nothing() {
    for (name, body) in fixtures() {
        let once = again(&body);
        assert_eq!(again(&once), normal(once.clone()), "{name}");
    }
}

fn marked(block: Value) -> impl Strategy<Value = Value> {
    prop_oneof![3 => Just(None), 1 => Just(Some("5m")), 1 => Just(Some("1h"))].prop_map(move |ttl| {
        let mut block = block.clone();
        if let Some(ttl) = ttl {
            block["cache_control"] = json!({ "type": "ephemeral", "ttl": ttl });
        }
        block
    })
}

fn user_block() -> impl Strategy<Value = Value> {
    let word = || "[a-zß\"\\\\]{1,8}";
    prop_oneof![
        4 => word().prop_map(|text| json!({ "type": "text", "text": text })),
        1 => word().prop_map(|url| json!({ "type": "image", "source": { "type": "url", "url": url } })),
        1 => Just(json!({ "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": "AAAA" } })),
        1 => word().prop_map(|id| json!({ "type": "image", "source": { "type": "file", "file_id": id } })),
        1 => word().prop_map(|data| json!({ "type": "document", "source": { "type": "text", "media_type": "text/plain", "data": data } })),
        1 => (word(), word()).prop_map(|(title, id)| json!({ "type": "document", "title": title, "source": { "type": "file", "file_id": id } })),
        1 => word().prop_map(|id| json!({ "type": "container_upload", "file_id": id })),
    ]
    .prop_flat_map(marked)
}

fn result_block() -> impl Strategy<Value = Value> {
    let content = prop_oneof![
        Just(None),
        "[a-z]{1,5}".prop_map(|text| Some(json!(text))),
        prop::collection::vec("[a-z]{1,5}", 1..3).prop_map(|texts| {
            Some(texts.iter().map(|text| json!({ "type": "text", "text": text })).collect())
        }),
    ];
    let result =
        ("[a-z]{1,3}", content, prop::option::of(any::<bool>())).prop_map(|(id, content, is_error)| {
            let mut block = json!({ "type": "tool_result", "tool_use_id": id });
            if let Some(content) = content {
                block["content"] = content;
            }
            if let Some(is_error) = is_error {
                block["is_error"] = is_error.into();
            }
            block
        });
    result.prop_flat_map(marked)
}

fn assistant_block() -> impl Strategy<Value = Value> {
    let text = || "[a-z]{1,6}";
    prop_oneof![
        3 => text().prop_map(|text| json!({ "type": "text", "text": text })),
        1 => text().prop_map(|text| json!({ "type": "text", "text": text, "citations": [{ "type": "char_location", "cited_text": text }] })),
        2 => (text(), "[a-z]{0,3}").prop_map(|(text, signature)| json!({ "type": "thinking", "thinking": text, "signature": signature })),
        1 => text().prop_map(|data| json!({ "type": "redacted_thinking", "data": data })),
        3 => (text(), text()).prop_map(|(id, value)| json!({ "type": "tool_use", "id": id, "name": "look", "input": { "z": value, "a": [1.0, null] } })),
        1 => (text(), text()).prop_map(|(id, kind)| json!({ "type": "tool_use", "id": id, "name": "look", "input": {}, "caller": { "type": kind } })),
        1 => text().prop_map(|id| json!({ "type": "tool_use", "id": id, "name": "look", "input": {}, "caller": { "type": "direct" } })),
        1 => text().prop_map(|text| json!({ "type": "text", "text": text, "citations": null })),
        1 => text().prop_map(|id| json!({ "type": "tool_use", "id": id, "name": "look", "input": {}, "cache_control": { "type": "ephemeral" } })),
        1 => text().prop_map(|id| json!({ "type": "server_tool_use", "id": id, "name": "web_search", "input": {} })),
        1 => text().prop_map(|id| json!({ "type": "later_tool_result", "tool_use_id": id, "content": [] })),
    ]
}

fn turns() -> impl Strategy<Value = Vec<Value>> {
    let user =
        prop::collection::vec(prop_oneof![3 => user_block().boxed(), 2 => result_block().boxed()], 1..5);
    let assistant = prop::collection::vec(assistant_block(), 1..5);
    prop::collection::vec((user, assistant), 1..4).prop_map(|turns| {
        let mut messages = Vec::new();
        for (user, mut assistant) in turns {
            messages.push(json!({ "role": "user", "content": user }));
            // An answer is more than unsigned thinking.
            assistant.push(json!({ "type": "text", "text": "so" }));
            messages.push(json!({ "role": "assistant", "content": assistant }));
        }
        messages
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_conversation_comes_back_as_it_was(messages in turns()) {
        let body = json!({
            "model": "claude-sonnet-4-6", "max_tokens": 9, "messages": messages,
            "tools": [{ "name": "look", "input_schema": { "type": "object", "properties": {} } }]
        });
        prop_assert_eq!(again(&body), normal(body));
    }
}

/// What other vendors sign comes back from a client that knows nothing of it.
#[test]
fn signatures_come_back() {
    let next = |blocks: Value| {
        let user = json!({ "role": "user", "content": "a" });
        json!({ "model": "m", "max_tokens": 9, "messages": [user, { "role": "assistant", "content": blocks }] })
    };
    llm_testkit::laws::comes_back(
        ingress(),
        &[],
        |body| next(serde_json::from_slice::<Value>(body).unwrap()["content"].take()),
        |stream| next(check(stream).blocks.into()),
    );
}
