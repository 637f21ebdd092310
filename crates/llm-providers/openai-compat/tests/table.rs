//! Every row of the table: read, checked, and snapshotted by what it does.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "helpers of tests fail as tests do, and take what `json!` gives"
)]

use std::collections::BTreeSet;

use http::{HeaderMap, Response};
use llm_provider_core::{Call, Credential, Decoded, Dialect, Payload, Peek, Provider, Secret};
use llm_provider_openai_compat::{Compat, RowError, VendorRow, absent, find, rows};
use llm_testkit::{corpus, laws};
use llm_types::{ChatRequest, ErrorKind, from_value};
use serde_json::{Value, json};

/// A request with what rows most often treat differently.
fn standard() -> ChatRequest {
    from_value(json!({
        "model": "alias",
        "messages": [
            {"role": "developer", "content": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]},
            {"role": "user", "content": "Weather?", "name": "Ann"},
            {"role": "assistant", "content": "Looking.", "refusal": null, "reasoning_content": "They want weather.",
                "thinking_blocks": [{"type": "thinking", "thinking": "They want weather.", "signature": "c2ln"}],
                "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "Sun"},
                {"type": "image_url", "image_url": {"url": "https://example.com/sky.png"}}]}
        ],
        "tools": [{"type": "function", "function": {"name": "weather", "strict": true,
            "parameters": {"type": "object", "properties": {}, "additionalProperties": false}}}],
        "tool_choice": "required",
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}},
        "max_completion_tokens": 100, "temperature": 1.5, "seed": 7, "n": 2, "user": "u", "store": false,
        "logprobs": true, "service_tier": "auto", "parallel_tool_calls": false, "reasoning_effort": "max",
        "stream": true, "top_k": 5
    }))
    .unwrap()
}

#[test]
fn every_row() {
    let mut ids = BTreeSet::new();
    let headers = HeaderMap::new();
    let key = Credential::Key(Secret::new("test-key"));
    for row in rows() {
        assert!(ids.insert(&row.id), "{} stands twice", row.id);
        assert!(!["openai", "anthropic", "mock"].contains(&row.id.as_str()), "{} has a crate", row.id);
        assert!(row.docs.starts_with("https://") && row.read.len() == 7, "{} has no source", row.id);
        let vendor = Compat::new(row.clone()).unwrap();
        let base = row
            .placeholders()
            .fold(row.base_url.clone(), |url, name| url.replace(&format!("{{{name}}}"), "x"));
        let base = if base.is_empty() { "http://server/v1" } else { &base };
        let call = Call { credential: Some(&key), base_url: Some(base), ..Call::new("model-1", &headers) };
        let encoded = vendor.chat().unwrap().encode(&standard(), &call).unwrap();
        let (parts, payload) = encoded.request.into_parts();
        let Payload::Bytes(body) = payload else { panic!("segments") };
        let headers: Vec<_> = parts
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        let notes: Vec<_> = encoded.notes.iter().map(ToString::to_string).collect();
        let info = vendor.info();
        let capabilities = format!("{:?}", info.capabilities);
        let seen = json!({
            "info": {"id": info.id, "name": info.name, "keys": info.key_variables, "base_urls": info.base_url_variables,
                "base_url": info.base_url, "docs": info.docs, "capabilities": capabilities},
            "request": parts.uri.to_string(),
            "headers": headers,
            "body": serde_json::from_slice::<Value>(&body).unwrap(),
            "notes": notes,
        });
        insta::assert_json_snapshot!(format!("row.{}", row.id), seen);
    }
    for gone in absent() {
        assert!(find(&gone.id).is_none() && !gone.reason.is_empty(), "{}", gone.id);
    }
    assert!(find("groq").is_some() && find("nobody").is_none());
}

#[test]
fn no_row_loses_anything_in_silence() {
    let headers = HeaderMap::new();
    for row in rows() {
        let vendor = Compat::new(row.clone()).unwrap();
        for case in corpus::corpus() {
            let call = Call { base_url: Some("https://h/v1"), ..Call::new("a/model", &headers) };
            let request = case.request();
            let chat = vendor.chat().unwrap();
            let place = format!("{}: {}", row.id, case.name);
            let encoded = chat.encode(&request, &call).unwrap_or_else(|error| panic!("{place}: {error}"));
            let losses = laws::losses(&request, &encoded, EQUIVALENCES);
            assert!(losses.is_empty(), "{place}: {losses:?}");
            laws::encode_is_stable(chat, &request, &call);
        }
    }
}

/// `any` is the word for `required` at some vendors.
const EQUIVALENCES: &[laws::Equivalence] =
    &[laws::Equivalence::of("tool_choice", "required", "\"tool_choice\":\"any\"")];

/// What passes through as bytes and what is translated must mean the same to the vendor.
#[test]
fn passing_through_and_translating_agree() {
    let headers = HeaderMap::new();
    let mut passed = 0;
    for row in rows() {
        let vendor = Compat::new(row.clone()).unwrap();
        let call = Call { base_url: Some("https://h/v1"), ..Call::new("a/model", &headers) };
        for case in corpus::corpus() {
            let request = case.request();
            let bytes = bytes::Bytes::from(case.json);
            let peek = Peek::new(&bytes).unwrap();
            let Some(edits) = vendor.relay(Dialect::OpenAiChat).unwrap().edits(&peek, &call) else {
                continue;
            };
            passed += 1;
            let mut relayed: Value =
                serde_json::from_slice(&llm_provider_core::apply(&bytes, &peek, &edits)).unwrap();
            relayed["model"] = "a/model".into();
            let encoded = vendor.chat().unwrap().encode(&request, &call).unwrap();
            let Payload::Bytes(body) = encoded.request.into_body() else { panic!("segments") };
            let mut translated: Value = serde_json::from_slice(&body).unwrap();
            // Usage is asked for by the gateway on this path.
            for body in [&mut relayed, &mut translated] {
                body.as_object_mut().unwrap().remove("stream_options");
                normalise(body);
            }
            assert_eq!(relayed, translated, "{}: {}", row.id, case.name);
        }
    }
    assert!(passed > 500, "{passed} passed through");
}

/// Both ways of writing an image's address mean the same, and so do the ways of writing a file.
fn normalise(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(url @ Value::String(_)) = members.get("image_url").cloned() {
                members.insert("image_url".to_owned(), json!({ "url": url }));
            }
            members.values_mut().for_each(normalise);
        }
        Value::Array(items) => items.iter_mut().for_each(normalise),
        _ => {}
    }
}

#[test]
fn rows_that_make_no_sense() {
    let fault = |change: &dyn Fn(&mut VendorRow)| -> RowError {
        let mut row = VendorRow::new("own", "https://h/v1");
        change(&mut row);
        Compat::new(row).unwrap_err()
    };
    assert_eq!(fault(&|row| row.id = "Own/x".to_owned()).field, "id");
    assert_eq!(fault(&|row| row.base_url = "http://example.com/v1".to_owned()).field, "base_url");
    assert_eq!(fault(&|row| row.base_url = "https://h/v1/".to_owned()).field, "base_url");
    assert_eq!(fault(&|row| row.base_url = "not an address".to_owned()).field, "base_url");
    assert_eq!(fault(&|row| row.keys = vec!["lower".to_owned()]).field, "keys");
    assert_eq!(fault(&|row| row.drop = vec!["messages".to_owned()]).field, "drop");
    assert_eq!(
        fault(&|row| {
            row.drop = vec!["seed".to_owned()];
            row.rename.insert("seed".to_owned(), "s".to_owned());
        })
        .field,
        "drop"
    );
    assert_eq!(fault(&|row| drop(row.rename.insert("a".to_owned(), "a".to_owned()))).field, "rename");
    assert_eq!(fault(&|row| row.max_temperature = Some(9.0)).field, "max_temperature");
    assert_eq!(fault(&|row| row.usage_pointer = Some("usage".to_owned())).field, "usage_pointer");
    assert_eq!(fault(&|row| drop(row.headers.insert("a b".to_owned(), String::new()))).field, "headers");
    let unknown: Result<VendorRow, _> = serde_json::from_value(json!({"id": "a", "base_ulr": "x"}));
    assert!(unknown.unwrap_err().to_string().contains("base_ulr"));
    let unknown: Result<VendorRow, _> = serde_json::from_value(json!({"id": "a", "quirks": ["odd"]}));
    assert!(unknown.unwrap_err().to_string().contains("odd"));
    let short: VendorRow = serde_json::from_value(json!({"id": "own", "base_url": "https://h/v1"})).unwrap();
    assert_eq!(short, VendorRow::new("own", "https://h/v1"));
}

fn decode(id: &str, status: u16, body: Value) -> Result<Value, ErrorKind> {
    let vendor = Compat::new(find(id).unwrap().clone()).unwrap();
    let body = body.to_string();
    let response = Response::builder().status(status).body(body.as_bytes()).unwrap();
    match vendor.chat().unwrap().decode(response) {
        Ok(Decoded::Answer(answer)) => Ok(serde_json::to_value(answer).unwrap()),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error.kind),
    }
}

#[test]
fn habits_of_answers() {
    let tags = json!({"choices": [{"message": {"role": "assistant", "content": "<think>hm</think>\n\nyes"}, "finish_reason": "stop"}]});
    let message = decode("minimax", 200, tags).unwrap()["choices"][0]["message"].clone();
    assert_eq!((&message["reasoning_content"], &message["content"]), (&json!("hm"), &json!("yes")));
    let failed = json!({"base_resp": {"status_code": 1004, "status_msg": "login fail"}});
    assert_eq!(decode("minimax", 200, failed), Err(ErrorKind::Internal));
    let long = json!({"error": {"code": "1261", "message": "Prompt exceeds max length"}});
    assert_eq!(decode("zai", 400, long), Err(ErrorKind::ContextWindow));
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 35,
        "completion_tokens_details": {"reasoning_tokens": 20}}});
    assert_eq!(decode("xai", 200, usage).unwrap()["usage"]["completion_tokens"], 25);
    let cached = json!({"choices": [], "usage": {"prompt_tokens": 10, "prompt_cache_hit_tokens": 8}});
    assert_eq!(
        decode("deepseek", 200, cached).unwrap()["usage"]["prompt_tokens_details"]["cached_tokens"],
        8
    );
}

#[test]
fn usage_elsewhere_in_a_stream() {
    let vendor = Compat::new(find("groq").unwrap().clone()).unwrap();
    let stream = "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}],\
        \"x_groq\":{\"id\":\"r\",\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}}\n\ndata: [DONE]\n\n";
    let chunks = laws::chunks(|| vendor.chat().unwrap().decoder(), stream.as_bytes());
    laws::stream_laws(&chunks);
    assert_eq!(chunks.last().unwrap().usage.get().unwrap().counts().input, 3);
    assert_eq!(chunks[0].extra["x_groq"]["id"], "r");
}

/// Laws of streams, for rows whose streams differ from OpenAI's.
fn stream_of(id: &str, stream: &str, complete_after: &str) -> Vec<llm_types::ChatChunk> {
    let vendor = Compat::new(find(id).unwrap().clone()).unwrap();
    let make = || vendor.chat().unwrap().decoder();
    let bytes = stream.as_bytes();
    laws::cut_anywhere(make, bytes);
    laws::truncation(make, bytes, laws::after_last(bytes, complete_after));
    laws::unknown_events_harmless(make, bytes, laws::COMMENTS);
    let chunks = laws::chunks(make, bytes);
    laws::stream_laws(&chunks);
    chunks
}

#[test]
fn a_finish_is_enough_where_the_row_says_so() {
    let stream = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n\
        data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":3}}\n\n";
    let chunks = stream_of("openai_like", stream, "\"prompt_tokens\":3}}");
    assert_eq!(chunks.last().unwrap().usage.get().unwrap().counts().input, 3);
}

#[test]
fn tags_in_a_stream() {
    let piece = |text: &str, end: &str| {
        format!(
            "data: {{\"id\":\"t\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":{end}}}]}}\n\n"
        )
    };
    let mut stream: String = ["<th", "ink>h", "m</thi", "nk>", "\\n\\n", "ye", "s <think>"]
        .map(|text| piece(text, "null"))
        .concat();
    stream += &piece("", "\"stop\"");
    stream += "data: [DONE]\n\n";
    let whole = llm_testkit::assemble(&stream_of("minimax", &stream, "[DONE]"));
    let message = &whole.choices[0].message;
    assert_eq!(message.reasoning_content.as_deref(), Some("hm"));
    assert_eq!(message.content.get().unwrap().text(), "yes <think>");
}

#[test]
fn thinking_goes_back_as_it_came() {
    let headers = HeaderMap::new();
    let replayed = |id: &str, answer: Value| -> Value {
        let vendor = Compat::new(find(id).unwrap().clone()).unwrap();
        let body = json!({"id": "x", "choices": [{"index": 0, "message": answer, "finish_reason": "stop"}]})
            .to_string();
        let response = Response::builder().status(200).body(body.as_bytes()).unwrap();
        let Ok(Decoded::Answer(answer)) = vendor.chat().unwrap().decode(response) else { panic!("{id}") };
        let request = ChatRequest::new("m", vec![answer.choices[0].message.clone()]);
        let encoded = vendor.chat().unwrap().encode(&request, &Call::new("a/m", &headers)).unwrap();
        let Payload::Bytes(body) = encoded.request.into_body() else { panic!("segments") };
        serde_json::from_slice::<Value>(&body).unwrap()["messages"][0].clone()
    };
    let parts = json!({"role": "assistant", "content": [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "signature": "c2ln", "closed": true},
        {"type": "text", "text": "yes"}]});
    assert_eq!(replayed("mistral", parts.clone()), parts);
    let details = json!({"role": "assistant", "content": "yes", "reasoning": "hm", "reasoning_details": [
        {"type": "reasoning.text", "text": "hm", "signature": "c2ln", "format": "anthropic-claude-v1", "index": 0}]});
    assert_eq!(replayed("openrouter", details.clone()), details);
    let plain = json!({"role": "assistant", "content": "yes", "reasoning_content": "hm"});
    assert_eq!(replayed("deepseek", plain.clone()), plain);
    let tags = json!({"role": "assistant", "content": "<think>hm</think>\n\nyes"});
    assert_eq!(replayed("minimax", tags.clone()), tags);
}
