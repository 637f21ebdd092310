//! Chat over a vendor's Responses API.

use http::{HeaderMap, Response};
use llm_provider_core::{
    Call, Credential, Decoded, EncodeError, OnUnsupported, Provider, Secret, Translator,
};
use llm_provider_openai::responses::wire;
use llm_provider_openai::{EncryptedThinking, OpenAi, ResponsesOptions, ResponsesWire};
use llm_testkit::{assemble, corpus, laws};
use llm_types::{ChatRequest, ChatResponse, ErrorKind, from_slice};
use serde_json::{Value, json};

use super::{fixtures, sent, wire};

#[test]
fn requests() {
    let headers = HeaderMap::new();
    for case in corpus::corpus() {
        let call = Call::new("gpt-5.1", &headers);
        insta::assert_json_snapshot!(
            format!("vendor.{}", case.name),
            sent(&wire(), &case.request(), &call).unwrap()
        );
        laws::no_silent_loss(&wire(), &case.request(), &call, &[]);
        laws::encode_is_stable(&wire(), &case.request(), &call);
    }
}

#[test]
fn nothing_is_lost_in_silence_with_a_strict_caller_either() {
    let headers = HeaderMap::new();
    let call = Call { unsupported: OnUnsupported::Reject, ..Call::new("gpt-5.1", &headers) };
    let refused = |name: &str| match sent(&wire(), &corpus::case(name).request(), &call) {
        Err(EncodeError::Unsupported { path, .. }) => path,
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(refused("stop_one"), "stop");
    assert_eq!(refused("n_two"), "n");
    assert!(sent(&wire(), &corpus::case("thinking_blocks_replay").request(), &call).is_ok());
    let forward = ["stop".to_owned()];
    let call = Call { forward: &forward, ..call };
    let body = sent(&wire(), &corpus::case("stop_one").request(), &call).unwrap();
    assert!(body["body"]["stop"].is_string(), "{body}");
}

#[test]
fn the_address_and_the_key() {
    let headers = HeaderMap::new();
    let key = Credential::Key(Secret::new("k"));
    let call = Call { credential: Some(&key), base_url: Some("http://h/v1/"), ..Call::new("m", &headers) };
    let encoded = wire().encode(&corpus::case("plain").request(), &call).unwrap();
    assert_eq!(encoded.request.uri(), "http://h/v1/responses");
    assert_eq!(encoded.request.headers()["authorization"], "Bearer k");
}

#[test]
fn encrypted_thinking_is_asked_for_where_nothing_is_kept() {
    let headers = HeaderMap::new();
    let include = |options: ResponsesOptions, model: &str, store: Value| {
        let request = json!({ "model": "m", "messages": [], "store": store });
        let request: ChatRequest = from_slice(request.to_string().as_bytes()).unwrap();
        sent(&ResponsesWire::new(options), &request, &Call::new(model, &headers)).unwrap()["body"]["include"]
            .clone()
    };
    let asked = json!(["reasoning.encrypted_content"]);
    let usual = ResponsesOptions::default;
    assert_eq!(include(usual(), "gpt-5.1", Value::Null), asked);
    assert_eq!(include(usual(), "gpt-5.1", json!(false)), asked);
    assert_eq!(include(usual(), "gpt-5.1", json!(true)), Value::Null);
    assert_eq!(include(usual(), "gpt-4o", Value::Null), Value::Null);
    let always = ResponsesOptions { encrypted_thinking: EncryptedThinking::Always, ..usual() };
    assert_eq!(include(always, "grok-4", Value::Null), asked);
    let never = ResponsesOptions { encrypted_thinking: EncryptedThinking::Never, ..usual() };
    assert_eq!(include(never, "gpt-5.1", Value::Null), Value::Null);
}

#[test]
fn this_apis_own_members_are_sent_as_they_are() {
    let request = json!({
        "model": "m", "messages": [{ "role": "user", "content": "a" }], "reasoning_effort": "high", "verbosity": "low",
        "reasoning": { "summary": "auto" }, "include": ["file_search_call.results"], "truncation": "auto",
        "max_tool_calls": 2, "context_management": [{ "type": "compaction" }], "vendors_own": { "a": 1 },
        "text": { "format": { "type": "text" } }, "input": "x", "top_k": 5,
        "tools": [{ "type": "code_interpreter", "container": { "type": "auto" } }], "tool_choice": { "type": "code_interpreter" }
    });
    let request: ChatRequest = from_slice(request.to_string().as_bytes()).unwrap();
    let headers = HeaderMap::new();
    insta::assert_json_snapshot!(
        "vendor.own_members",
        sent(&wire(), &request, &Call::new("gpt-5.1", &headers)).unwrap()
    );
    let wrong: ChatRequest = from_slice(br#"{"model":"m","messages":[],"include":7}"#).unwrap();
    let error = sent(&wire(), &wrong, &Call::new("m", &headers)).unwrap_err();
    assert!(matches!(&error, EncodeError::Invalid { path, .. } if path == "include"), "{error}");
}

fn decode(body: &[u8]) -> Result<ChatResponse, llm_provider_core::UpstreamError> {
    match wire().decode(Response::new(body))? {
        Decoded::Answer(answer) => Ok(answer),
        Decoded::Again { .. } => panic!("asked again"),
    }
}

#[test]
fn answers() {
    for (name, body) in fixtures("response") {
        let text = std::str::from_utf8(&body).unwrap();
        if name != "unknown" {
            laws::json_identity::<wire::Response>(text);
        }
        let answer = decode(&body).unwrap();
        insta::assert_json_snapshot!(format!("answer.{name}"), answer);
        let written = serde_json::to_vec(&answer).unwrap();
        assert_eq!(from_slice::<ChatResponse>(&written).unwrap(), answer, "{name}");
    }
}

#[test]
fn failures() {
    for (name, body) in fixtures("error") {
        let status = if name == "failed" { 200 } else { 400 };
        let response = Response::builder().status(status).body(body.as_slice()).unwrap();
        let error = wire().decode(response).unwrap_err();
        insta::assert_snapshot!(
            format!("error.{name}"),
            format!("{error}\ncode: {:?}\nparam: {:?}", error.code, error.param)
        );
    }
    for (code, kind) in [
        ("invalid_prompt", ErrorKind::InvalidRequest),
        ("bio_policy", ErrorKind::ContentPolicy),
        ("invalid_image_format", ErrorKind::InvalidRequest),
        ("vector_store_timeout", ErrorKind::GatewayTimeout),
        ("server_error", ErrorKind::Internal),
        ("context_length_exceeded", ErrorKind::ContextWindow),
    ] {
        let body = json!({ "status": "failed", "output": [], "error": { "code": code, "message": "x" } })
            .to_string();
        assert_eq!(decode(body.as_bytes()).unwrap_err().kind, kind, "{code}");
    }
    for (body, kind) in [
        ("", ErrorKind::BadGateway),
        ("{}", ErrorKind::BadGateway),
        (r#"{"error":{"message":"no"}}"#, ErrorKind::Internal),
        (r#"{"message":"no"}"#, ErrorKind::Internal),
        (r#"{"status":"cancelled","output":[]}"#, ErrorKind::Internal),
    ] {
        assert_eq!(decode(body.as_bytes()).unwrap_err().kind, kind, "{body}");
    }
}

#[test]
fn streams() {
    for (name, stream) in fixtures("stream") {
        // What vendors get wrong is mended, and so not told again as it was.
        let lines = std::str::from_utf8(&stream).unwrap().lines().filter(|_| name != "odd_items");
        for line in lines.filter_map(|line| line.strip_prefix("data: ")) {
            laws::json_identity::<wire::StreamEvent>(line);
        }
        let make = || wire().decoder();
        let items = laws::read(make, &stream);
        let seen: Vec<Value> = items
            .iter()
            .map(|item| match item {
                Ok(chunk) => serde_json::to_value(chunk).unwrap(),
                Err(error) => json!({ "failed": format!("{error}") }),
            })
            .collect();
        insta::assert_json_snapshot!(format!("stream.{name}"), seen);
        laws::cut_anywhere(make, &stream);
        laws::unknown_members_harmless(make, &stream);
        let mut junk = laws::COMMENTS.to_vec();
        junk.extend([
            "event: response.new\ndata: {\"type\":\"response.new\",\"sequence_number\":1}\n\n",
            "data: {\"type\":\"ping\"}\n\n",
            "data: [DONE]\n\n",
            "data:\n\n",
        ]);
        laws::unknown_events_harmless(make, &stream, &junk);
        if items.iter().all(Result::is_ok) {
            laws::stream_laws(&laws::chunks(make, &stream));
            laws::truncation(make, &stream, stream.trim_ascii_end().len());
        }
    }
}

/// A stream gives what the whole answer at its end gives.
#[test]
fn streamed_or_whole_the_same() {
    for (name, stream) in fixtures("stream") {
        let items = laws::read(|| wire().decoder(), &stream);
        let Ok(chunks) = items.into_iter().collect::<Result<Vec<_>, _>>() else { continue };
        let last =
            std::str::from_utf8(&stream).unwrap().lines().rev().find_map(|line| line.strip_prefix("data: "));
        let last: Value = serde_json::from_str(last.unwrap()).unwrap();
        let mut whole = decode(last["response"].to_string().as_bytes()).unwrap();
        let mut streamed = assemble(&chunks);
        if let Some(fields) = streamed.provider_specific_fields.take() {
            // An event that no whole answer has.
            let others = fields
                .into_iter()
                .filter(|(name, _)| name != "response.future")
                .collect::<llm_types::Extra>();
            streamed.provider_specific_fields = (!others.is_empty()).then_some(others).into();
        }
        for answer in [&mut whole, &mut streamed] {
            let choice = &mut answer.choices[0];
            choice.logprobs = llm_types::Nullable::Absent;
            if !choice.message.content.is_value() {
                choice.message.content = llm_types::Nullable::Absent;
            }
            // The kit puts blocks together that end without a signature; each item has its own block here.
            let blocks = choice.message.thinking_blocks.take().unwrap_or_default();
            let joined: String = blocks.iter().filter_map(|block| block.thinking.as_deref()).collect();
            choice
                .message
                .provider_specific_fields
                .get_or_insert_with(Default::default)
                .shift_remove("output_item");
            choice.message.extra.insert("thought".to_owned(), joined.replace("\n\n", "").into());
        }
        assert_eq!(serde_json::to_value(streamed).unwrap(), serde_json::to_value(whole).unwrap(), "{name}");
    }
}

#[test]
fn thinking_goes_back_to_the_vendor_that_made_it() {
    let (_, body) = fixtures("response").into_iter().find(|(name, _)| name == "reasoning_and_tools").unwrap();
    let message = decode(&body).unwrap().choices.remove(0).message;
    let mut request = ChatRequest::new("m", vec![llm_types::Message::user("a"), message]);
    for id in ["call_1", "call_2"] {
        request.messages.push(llm_types::Message::tool(id, "ok"));
    }
    let headers = HeaderMap::new();
    let call = Call::new("gpt-5.1", &headers);
    let back = sent(&wire(), &request, &call).unwrap();
    let output: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(back["body"]["input"][1], output["output"][0]);
    assert_eq!(back["body"]["input"][2], output["output"][1]);
    let kinds: Vec<_> =
        back["body"]["input"].as_array().unwrap().iter().map(|item| item["type"].clone()).collect();
    let call_and_result = ["function_call", "function_call", "function_call_output", "function_call_output"];
    assert_eq!(kinds[..4], ["message", "reasoning", "reasoning", "message"]);
    assert_eq!(kinds[4..], call_and_result);
    let other =
        ResponsesWire::new(ResponsesOptions { vendor: "xai".to_owned(), ..ResponsesOptions::default() });
    let back = sent(&other, &request, &call).unwrap();
    assert!(!back["body"].to_string().contains("gAAAA"), "{back}");
    let notes = back["notes"].to_string();
    assert!(
        notes.contains("dropped messages[1].thinking_blocks[0]") && notes.contains("reasoning_content"),
        "{notes}"
    );
}

/// Items that no message has a place for go back as they came.
#[test]
fn items_go_back_as_they_came() {
    let (_, body) = fixtures("response").into_iter().find(|(name, _)| name == "web_search").unwrap();
    let message = decode(&body).unwrap().choices.remove(0).message;
    let request = ChatRequest::new("m", vec![message, llm_types::Message::user("more")]);
    let headers = HeaderMap::new();
    let back = sent(&wire(), &request, &Call::new("gpt-5.1", &headers)).unwrap();
    let output: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(back["body"]["input"].as_array().unwrap()[..3], output["output"].as_array().unwrap()[..]);
}

/// Images stand beside the text, where chat's clients look for them, and go back in the model's own items only.
#[test]
fn images_that_a_model_made() {
    let item = json!({ "type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "AAAA", "output_format": "webp" });
    let body = json!({ "id": "resp_1", "object": "response", "created_at": 5, "status": "completed", "model": "m", "output": [item] });
    let message = decode(body.to_string().as_bytes()).unwrap().choices.remove(0).message;
    let image =
        json!({ "type": "image_url", "image_url": { "url": "data:image/webp;base64,AAAA" }, "index": 0 });
    assert_eq!(message.extra["images"], json!([image]));
    let events = [
        json!({ "type": "response.created", "response": { "id": "resp_1", "status": "in_progress", "output": [] } }),
        json!({ "type": "response.output_item.done", "output_index": 0, "item": item }),
        json!({ "type": "response.completed", "response": body }),
    ];
    let stream: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    let chunks: Vec<_> =
        laws::read(|| wire().decoder(), stream.as_bytes()).into_iter().map(Result::unwrap).collect();
    let told: Vec<_> = chunks
        .iter()
        .flat_map(llm_types::ChatChunk::choices)
        .filter_map(|choice| choice.delta.get()?.extra.get("images").cloned())
        .collect();
    assert_eq!(told, [json!([image])]);
    let mut writer = super::ingress().writer(&super::reply());
    let mut out = bytes::BytesMut::new();
    chunks.iter().for_each(|chunk| writer.chunk(chunk, &mut out));
    writer.end(&mut out);
    let written = String::from_utf8(out.to_vec()).unwrap();
    assert_eq!(written.matches("event: response.output_item.done").count(), 1, "{written}");
    let request = ChatRequest::new("m", vec![message]);
    let headers = HeaderMap::new();
    let back = sent(&wire(), &request, &Call::new("gpt-5.1", &headers)).unwrap();
    assert_eq!(back["body"]["input"], json!([item]));
    assert!(!back["notes"].to_string().contains("images"), "{back}");
}

/// Thinking as parts of other vendors' tell it is no part of this API's.
#[test]
fn parts_of_thinking_stay() {
    let request = json!({ "model": "m", "messages": [{ "role": "assistant", "content": [
        { "type": "thinking", "thinking": [{ "type": "text", "text": "Hm." }] }, { "type": "text", "text": "a" }] }] });
    let headers = HeaderMap::new();
    let request: ChatRequest = serde_json::from_value(request).unwrap();
    let back = sent(&wire(), &request, &Call::new("gpt-5.1", &headers)).unwrap();
    assert_eq!(back["body"]["input"][0]["content"].as_array().unwrap().len(), 1, "{back}");
    assert!(back["notes"].to_string().contains("dropped messages[0].content[0]"), "{back}");
}

#[test]
fn a_models_name_chooses_the_api() {
    let vendor = OpenAi::new();
    let chat = vendor.chat().unwrap();
    let headers = HeaderMap::new();
    let request = corpus::case("plain").request();
    let asked = |model: &str| {
        let sent = sent(chat, &request, &Call::new(model, &headers)).unwrap();
        (sent["request"].as_str().unwrap().to_owned(), sent["body"]["model"].as_str().unwrap().to_owned())
    };
    assert_eq!(
        asked("responses/gpt-5-pro"),
        ("POST https://api.openai.com/v1/responses".to_owned(), "gpt-5-pro".to_owned())
    );
    assert_eq!(
        asked("gpt-5.1"),
        ("POST https://api.openai.com/v1/chat/completions".to_owned(), "gpt-5.1".to_owned())
    );
    for (name, body) in fixtures("response") {
        let Decoded::Answer(answer) = chat.decode(Response::new(&body)).unwrap() else { panic!() };
        assert_eq!(answer, decode(&body).unwrap(), "{name}");
    }
    for (name, stream) in fixtures("stream") {
        assert_eq!(
            laws::read(|| chat.decoder(), &stream),
            laws::read(|| wire().decoder(), &stream),
            "{name}"
        );
    }
    let plain = b"data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    assert!(laws::read(|| chat.decoder(), plain).iter().all(Result::is_ok));
    assert!(laws::read(|| chat.decoder(), b"").iter().all(Result::is_err));
}
