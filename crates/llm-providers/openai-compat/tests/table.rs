//! Every row of the table: read, checked, and snapshotted by what it does.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "helpers of tests fail as tests do, and take what `json!` gives"
)]

use std::collections::BTreeSet;

use http::{HeaderMap, Response};
use llm_provider_core::{Call, Credential, Decoded, Dialect, Payload, Peek, Provider, Secret, StreamError};
use llm_provider_openai::DoneMarker;
use llm_provider_openai_compat::{
    Capability, Compat, RowError, VendorOperation, VendorRow, absent, find, rows,
};
use llm_testkit::{corpus, laws};
use llm_types::{ChatRequest, ErrorKind, from_value};
use serde_json::{Value, json};

#[path = "table/documents.rs"]
mod documents;

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

/// A model's name that the row takes.
fn model(row: &VendorRow, plain: &str) -> String {
    row.routes.keys().next().map_or_else(|| plain.to_owned(), |route| format!("{route}/id-1/{plain}"))
}

/// The row's address with something in its gaps, or that of a server.
fn base_of(row: &VendorRow) -> String {
    let base =
        row.placeholders().fold(row.base_url.clone(), |url, name| url.replace(&format!("{{{name}}}"), "x"));
    if base.is_empty() { "http://server/v1".to_owned() } else { base }
}

/// Rows with chat.
fn chatting() -> impl Iterator<Item = &'static VendorRow> {
    rows().iter().filter(|row| row.has(VendorOperation::Chat))
}

#[test]
fn every_row() {
    let mut ids = BTreeSet::new();
    let headers = HeaderMap::new();
    let key = Credential::Key(Secret::new("test-key"));
    for row in rows() {
        for id in row.aliases.iter().chain([&row.id]) {
            assert!(ids.insert(id), "{id} stands twice");
            assert_eq!(find(id), Some(row));
        }
        let served = [VendorOperation::Chat, VendorOperation::Embeddings, VendorOperation::Rerank];
        assert!(served.iter().any(|operation| row.has(*operation)), "{} does nothing", row.id);
        assert!(!["openai", "anthropic", "mock"].contains(&row.id.as_str()), "{} has a crate", row.id);
        assert!(row.docs.starts_with("https://") && row.read.len() == 7, "{} has no source", row.id);
        let vendor = Compat::new(row.clone()).unwrap();
        let Some(chat) = vendor.chat() else {
            assert!(row.capabilities.is_empty() && vendor.relay(Dialect::OpenAiChat).is_none(), "{}", row.id);
            continue;
        };
        let base = &base_of(row);
        let model = model(row, "model-1");
        let call = Call { credential: Some(&key), base_url: Some(base), ..Call::new(&model, &headers) };
        let encoded = chat.encode(&standard(), &call).unwrap();
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
        assert!(ids.insert(&gone.id) && !gone.reason.is_empty(), "{} stands twice", gone.id);
    }
    assert!(find("groq").is_some() && find("nobody").is_none());
}

#[test]
fn no_row_loses_anything_in_silence() {
    let headers = HeaderMap::new();
    for row in chatting() {
        let vendor = Compat::new(row.clone()).unwrap();
        for case in corpus::corpus() {
            let model = model(row, "a/model");
            let call = Call { base_url: Some("https://h/v1"), ..Call::new(&model, &headers) };
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

/// The usage that a vendor with this row's habits sends: 10 tokens in, 8 of them cached, 25 out, 20 of them thinking.
fn usage_of(row: &VendorRow) -> Value {
    let mut usage = json!({"prompt_tokens": 10, "completion_tokens": 25, "total_tokens": 35,
        "completion_tokens_details": {"reasoning_tokens": 20}});
    if row.reasoning_apart {
        usage["completion_tokens"] = 5.into();
    }
    match &row.cached_tokens {
        Some(name) => usage[name] = 8.into(),
        None => usage["prompt_tokens_details"] = json!({"cached_tokens": 8}),
    }
    usage
}

#[test]
fn every_row_hears_answers_streams_and_errors() {
    let mut habits = BTreeSet::new();
    for row in chatting() {
        let id = &row.id;
        let vendor = Compat::new(row.clone()).unwrap();
        let chat = vendor.chat().unwrap();
        let whole = json!({"id": "x", "model": "m", "usage": usage_of(row), "choices": [{"index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": "yes", "reasoning_content": "hm", "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}}]})
        .to_string();
        let check = |answer: Value| {
            let message = &answer["choices"][0]["message"];
            assert_eq!(
                (&message["content"], &message["reasoning_content"]),
                (&json!("yes"), &json!("hm")),
                "{id}"
            );
            assert_eq!(message["tool_calls"][0]["function"]["name"], "f", "{id}");
            assert_eq!(answer["choices"][0]["finish_reason"], "tool_calls", "{id}");
            let usage: llm_types::Usage = from_value(answer["usage"].clone()).unwrap();
            let counts = usage.counts();
            assert_eq!((counts.input_total(), counts.input_cached), (10, 8), "{id}");
            assert_eq!((counts.output_total(), counts.output_reasoning), (25, 20), "{id}");
        };
        let Ok(Decoded::Answer(answer)) = chat.decode(Response::new(whole.as_bytes())) else {
            panic!("{id}")
        };
        check(serde_json::to_value(answer).unwrap());

        let chunks = if row.can(Capability::Streaming) {
            let piece = |delta: Value, end: Value| json!({"id": "x", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": end}]});
            let mut last = piece(json!({}), json!("stop"));
            let pointer = row.usage_pointer.clone().unwrap_or_else(|| "/usage".to_owned());
            let mut usage = usage_of(row);
            for name in pointer.split('/').skip(1).collect::<Vec<_>>().into_iter().rev() {
                usage = json!({ name: usage });
            }
            last.as_object_mut().unwrap().extend(usage.as_object().unwrap().clone());
            let mut stream: String = [
                piece(json!({"role": "assistant", "reasoning": "h"}), Value::Null),
                piece(json!({"reasoning_content": "m"}), Value::Null),
                piece(json!({"content": "yes"}), Value::Null),
                piece(
                    json!({"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{"}}]}),
                    Value::Null,
                ),
                piece(json!({"tool_calls": [{"function": {"arguments": "}"}}]}), Value::Null),
                last,
            ]
            .iter()
            .map(|piece| format!("data: {piece}\n\n"))
            .collect();
            let mut last_word = stream.trim_end().rsplit_once("data: ").unwrap().1.to_owned();
            if row.done == DoneMarker::Required {
                stream += "data: [DONE]\n\n";
                last_word = "[DONE]".to_owned();
            }
            // The laws cut the stream at every byte; once for each set of habits is enough.
            let habit =
                (row.think_tags, row.done, &row.usage_pointer, &row.cached_tokens, row.reasoning_apart);
            if habits.insert(format!("{habit:?}")) {
                stream_of(id, &stream, &last_word)
            } else {
                laws::chunks(|| chat.decoder(), stream.as_bytes())
            }
        } else {
            let pretty =
                serde_json::to_string_pretty(&serde_json::from_str::<Value>(&whole).unwrap()).unwrap();
            for body in [&whole, &pretty, &format!("\u{feff}{whole}\r\n")] {
                laws::cut_anywhere(|| chat.decoder(), body.as_bytes());
            }
            laws::truncation(|| chat.decoder(), pretty.as_bytes(), pretty.len());
            laws::chunks(|| chat.decoder(), pretty.as_bytes())
        };
        laws::stream_laws(&chunks);
        check(serde_json::to_value(llm_testkit::assemble(&chunks)).unwrap());

        let refusal = |code: &str| {
            let body = json!({"error": {"message": "no", "code": code}}).to_string();
            let response = Response::builder().status(400).body(body.as_bytes()).unwrap();
            let error = chat.decode(response).unwrap_err();
            assert_eq!(error.message, "no", "{id}");
            error.kind
        };
        assert_eq!(refusal("context_length_exceeded"), ErrorKind::ContextWindow, "{id}");
        for (code, kind) in &row.error_codes {
            assert_eq!(refusal(code), *kind, "{id}");
        }
    }
}

/// What passes through as bytes and what is translated must mean the same to the vendor.
#[test]
fn passing_through_and_translating_agree() {
    let headers = HeaderMap::new();
    let mut passed = 0;
    for row in chatting() {
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
    assert_eq!(fault(&|row| row.aliases = vec!["A".to_owned()]).field, "aliases");
    assert_eq!(fault(&|row| row.path_prefix = "v1".to_owned()).field, "path_prefix");
    assert_eq!(fault(&|row| row.path_prefix = "/v1/".to_owned()).field, "path_prefix");
    for wrong in ["chats/{}", "/chats", "/{}/{}", "/{}/"] {
        let routed = |row: &mut VendorRow| drop(row.routes.insert("chat".to_owned(), wrong.to_owned()));
        assert_eq!(fault(&routed).field, "routes");
    }
    assert_eq!(fault(&|row| row.model_pattern = Some("a/b".to_owned())).field, "model_pattern");
    let efforts = |row: &mut VendorRow| {
        row.efforts.extend([("max", "high"), ("high", "low")].map(|(a, b)| (a.to_owned(), b.to_owned())));
    };
    assert_eq!(fault(&efforts).field, "efforts");
    assert_eq!(fault(&|row| row.max_inputs = Some(0)).field, "max_inputs");
    assert_eq!(fault(&|row| row.rerank.path = "rerank".to_owned()).field, "rerank");
    assert_eq!(fault(&|row| row.rerank.replaces = "/v1/".to_owned()).field, "rerank");
    assert_eq!(fault(&|row| row.rerank.top_n = String::new()).field, "rerank");
    assert_eq!(fault(&|row| row.rerank.drop = vec!["query".to_owned()]).field, "rerank");
    let prefixed = |row: &mut VendorRow| {
        row.path_prefix = "/v1".to_owned();
        row.rerank.replaces = "/v2".to_owned();
    };
    assert_eq!(fault(&prefixed).field, "rerank");
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
    let details = json!({"role": "assistant", "content": "yes", "reasoning": "hm", "reasoning_details": [
        {"type": "reasoning.text", "text": "hm", "signature": "c2ln", "format": "anthropic-claude-v1", "index": 0}]});
    assert_eq!(replayed("openrouter", details.clone()), details);
    let plain = json!({"role": "assistant", "content": "yes", "reasoning_content": "hm"});
    assert_eq!(replayed("deepseek", plain.clone()), plain);
    let tags = json!({"role": "assistant", "content": "<think>hm</think>\n\nyes"});
    assert_eq!(replayed("minimax", tags.clone()), tags);
}

/// Servers of many models tell thinking as `reasoning`, or in the text; clients hear it in one member all the same.
#[test]
fn thinking_under_another_name_is_read() {
    let headers = HeaderMap::new();
    let call = Call::new("m", &headers);
    let request = b"{\"model\":\"m\",\"messages\":[]}";
    for id in ["hosted_vllm", "tgi", "github", "cloudflare", "featherless_ai", "nscale"] {
        let row = find(id).unwrap().clone();
        let url = if row.base_url.is_empty() { "http://localhost/v1" } else { &*row.base_url }.to_owned();
        let vendor = Compat::new(row).unwrap();
        let relay = vendor.relay(Dialect::OpenAiChat).unwrap();
        let call = Call { base_url: Some(&url), ..call.clone() };
        assert!(relay.edits(&Peek::new(request).unwrap(), &call).is_none(), "{id}");
        for message in [
            json!({"role": "assistant", "content": "yes", "reasoning": "hm"}),
            json!({"role": "assistant", "content": "<think>hm</think>\n\nyes"}),
        ] {
            let body =
                json!({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}).to_string();
            let Decoded::Answer(answer) =
                vendor.chat().unwrap().decode(Response::new(body.as_bytes())).unwrap()
            else {
                panic!("not done")
            };
            let message = &answer.choices[0].message;
            let told = (message.reasoning_content.as_deref(), message.content.get().unwrap().text());
            assert_eq!(told, (Some("hm"), "yes".into()), "{id}");
        }
    }
}

#[test]
fn a_vendor_that_does_not_stream_is_asked_for_the_whole_answer() {
    let vendor = Compat::new(find("sail").unwrap().clone()).unwrap();
    let headers = HeaderMap::new();
    let call = Call::new("m", &headers);
    let body =
        json!({"model": "m", "messages": [], "stream": true, "stream_options": {"include_usage": true}});
    let encoded = vendor.chat().unwrap().encode(&from_value(body.clone()).unwrap(), &call).unwrap();
    let Payload::Bytes(sent) = encoded.request.into_body() else { panic!("segments") };
    assert_eq!(serde_json::from_slice::<Value>(&sent).unwrap(), json!({"model": "m", "messages": []}));
    assert_eq!(encoded.notes.len(), 2);
    let bytes = body.to_string().into_bytes();
    let relay = vendor.relay(Dialect::OpenAiChat).unwrap();
    assert!(relay.edits(&Peek::new(&bytes).unwrap(), &call).is_none());
    let failed =
        laws::read(|| vendor.chat().unwrap().decoder(), b"{\"error\": {\"message\": \"no\", \"code\": 429}}");
    let stream = "event: x\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n\
        data: [DONE]\n\n";
    let whole = llm_testkit::assemble(&stream_of("sail", stream, "[DONE]"));
    assert_eq!(
        whole.choices[0].message.content.get().unwrap().text(),
        "a",
        "a vendor that streams all the same"
    );
    let [Err(StreamError::Upstream(failure))] = failed.as_slice() else { panic!("{failed:?}") };
    assert_eq!((failure.kind, failure.message.as_str()), (ErrorKind::RateLimit, "no"));
}

#[test]
fn a_model_may_ask_for_the_responses_api() {
    let vendor = Compat::new(find("xai").unwrap().clone()).unwrap();
    let headers = HeaderMap::new();
    let call = Call::new("responses/m", &headers);
    let chat = vendor.chat().unwrap();
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]});
    let encoded = chat.encode(&from_value(body.clone()).unwrap(), &call).unwrap();
    assert_eq!(encoded.request.uri(), "https://api.x.ai/v1/responses");
    let Payload::Bytes(sent) = encoded.request.into_body() else { panic!("segments") };
    let sent: Value = serde_json::from_slice(&sent).unwrap();
    assert_eq!((&sent["model"], sent["input"].is_array()), (&json!("m"), true), "{sent}");
    let bytes = body.to_string().into_bytes();
    let relay = vendor.relay(Dialect::OpenAiChat).unwrap();
    assert!(relay.edits(&Peek::new(&bytes).unwrap(), &call).is_none(), "chat does not pass through");
    let message =
        json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]});
    let told = json!({"id": "r", "object": "response", "created_at": 1, "model": "m", "status": "completed",
        "output": [message]});
    assert_eq!(decode("xai", 200, told.clone()).unwrap()["choices"][0]["message"]["content"], "Hi");
    let event = json!({"type": "response.completed", "response": told});
    let stream = format!("event: response.completed\ndata: {event}\n\n");
    assert_eq!(llm_testkit::assemble(&stream_of("xai", &stream, "}}")).id.get().unwrap(), "r");
}

#[test]
fn addresses_made_of_more_than_a_base() {
    let headers = HeaderMap::new();
    let sent = |id: &str, base_url: Option<&str>, model: &str| {
        let vendor = Compat::new(find(id).unwrap().clone()).unwrap();
        let call = Call { base_url, ..Call::new(model, &headers) };
        let encoded = vendor.chat().unwrap().encode(&ChatRequest::new("a", Vec::new()), &call).unwrap();
        let uri = encoded.request.uri().to_string();
        let Payload::Bytes(body) = encoded.request.into_body() else { panic!("segments") };
        let body: Value = serde_json::from_slice(&body).unwrap();
        (uri, body["model"].as_str().unwrap().to_owned(), body["stream"].clone())
    };
    assert_eq!(sent("heroku", None, "m").0, "https://us.inference.heroku.com/v1/chat/completions");
    assert_eq!(
        sent("docker_model_runner", Some("http://h/engines/v1"), "m").0,
        "http://h/engines/v1/chat/completions"
    );
    assert_eq!(
        sent("datarobot", None, "m").0,
        "https://app.datarobot.com/api/v2/genai/llmgw/chat/completions/"
    );
    let (uri, model, stream) = sent("ragflow", Some("http://h:9380"), "chat/1f/qwen/a");
    assert_eq!(uri, "http://h:9380/api/v1/chats_openai/1f/chat/completions");
    assert_eq!((model.as_str(), stream), ("qwen/a", json!(false)));
    assert_eq!(
        sent("clarifai", None, "openai.chat.gpt-oss").1,
        "https://clarifai.com/openai/chat/models/gpt-oss"
    );
}

/// Where each row's vectors and rankings are asked for, what is sent, and what of it is told.
#[test]
fn vectors_and_rankings() {
    let headers = HeaderMap::new();
    let embedding: llm_types::EmbeddingRequest =
        from_value(json!({"model": "x", "input": ["a", "b"], "encoding_format": "base64", "dimensions": 8}))
            .unwrap();
    let ranking: llm_types::RerankRequest = from_value(json!({"model": "x", "query": "q", "top_n": 1,
        "documents": ["a", {"text": "b", "year": 3}], "return_documents": true}))
    .unwrap();
    let mut seen = String::new();
    for row in rows() {
        let vendor = Compat::new(row.clone()).unwrap();
        let base = base_of(row);
        let call = Call { base_url: Some(&base), ..Call::new("a/model-1", &headers) };
        let embedded = vendor.embeddings().map(|embeddings| embeddings.encode(&embedding, &call));
        let ranked = vendor.rerank().map(|rerank| rerank.encode(&ranking, &call));
        for (what, encoded) in [("vectors", embedded), ("ranking", ranked)] {
            let Some(encoded) = encoded else { continue };
            let encoded = encoded.unwrap();
            let uri = encoded.request.uri().to_string();
            let Payload::Bytes(body) = encoded.request.into_body() else { panic!("segments") };
            let notes: Vec<_> = encoded.notes.iter().map(ToString::to_string).collect();
            let body = String::from_utf8(body.to_vec()).unwrap();
            seen += &format!("{} {what}: {uri}\n  {body}\n", row.id);
            seen += &notes.into_iter().map(|note| format!("  {note}\n")).collect::<String>();
        }
    }
    insta::assert_snapshot!("vectors_and_rankings", seen);
}

#[test]
fn inputs_of_one_request() {
    let limit = |id: &str| Compat::new(find(id).unwrap().clone()).unwrap().max_embedding_inputs("m");
    assert_eq!((limit("dashscope"), limit("together_ai")), (10, 2048));
}

/// Groq's own status for a full flex tier is that of a server with too much to do, which may be asked again.
#[test]
fn a_full_flex_tier_is_no_fault_of_the_request() {
    let vendor = Compat::new(chatting().find(|row| row.id == "groq").unwrap().clone()).unwrap();
    for body in [
        json!({"error": {"message": "Flex tier capacity exceeded.", "type": "capacity_exceeded"}}),
        json!({"error": {"message": "Flex tier capacity exceeded.", "code": "capacity_exceeded"}}),
    ] {
        let body = body.to_string();
        let response = Response::builder().status(498).body(body.as_bytes()).unwrap();
        let error = vendor.chat().unwrap().decode(response).unwrap_err();
        assert_eq!((error.kind, error.kind.status()), (ErrorKind::Unavailable, 503));
        assert!(error.kind.retryable());
    }
}
