//! Requests, answers, streams and errors, each as a snapshot, and the laws that hold for all of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use std::fs;
use std::path::{Path, PathBuf};

use http::{HeaderMap, Response};
use llm_provider_core::{
    Call, Chat, Credential, Decoded, EncodeError, OnUnsupported, Payload, Provider, Secret, Translator,
};
use llm_provider_openai::{ChatWire, OpenAi, Replay, RequestOptions, WireOptions};
use llm_testkit::{corpus, laws};
use llm_types::{ChatRequest, from_slice};
use serde_json::{Value, json};

fn chat(vendor: &OpenAi) -> &dyn Translator<Chat> {
    vendor.chat().unwrap()
}

fn fixtures(kind: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(kind);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let named = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, fs::read(path).unwrap())
    };
    paths.into_iter().map(named).collect()
}

fn sent(request: &ChatRequest, call: &Call<'_>) -> Result<Value, EncodeError> {
    let vendor = OpenAi::new();
    let encoded = chat(&vendor).encode(request, call)?;
    let (parts, payload) = encoded.request.into_parts();
    let Payload::Bytes(body) = payload else { panic!("segments") };
    let headers: Vec<_> =
        parts.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    let notes: Vec<_> = encoded.notes.iter().map(ToString::to_string).collect();
    let head = format!("{} {}", parts.method, parts.uri);
    let body: Value = serde_json::from_slice(&body).unwrap();
    Ok(json!({ "request": head, "headers": headers, "body": body, "notes": notes }))
}

#[test]
fn requests() {
    let headers = HeaderMap::new();
    let key = Credential::Key(Secret::new("test-key"));
    for case in corpus::corpus() {
        for model in ["gpt-4o", "gpt-5.1"] {
            let call = Call { credential: Some(&key), ..Call::new(model, &headers) };
            let sent = sent(&case.request(), &call).unwrap();
            insta::assert_json_snapshot!(format!("request.{}.{model}", case.name), sent);
        }
    }
    for (name, body) in fixtures("request") {
        let request: ChatRequest = from_slice(&body).unwrap();
        let call = Call { credential: Some(&key), ..Call::new("o4-mini", &headers) };
        insta::assert_json_snapshot!(format!("request.{name}"), sent(&request, &call).unwrap());
        let vendor = OpenAi::new();
        laws::no_silent_loss(chat(&vendor), &request, &call, &[]);
    }
}

/// In chat, OpenAI's models refuse a search, but for those that are made for it; a name that nobody heard of may be one.
#[test]
fn a_search_is_asked_of_models_that_search() {
    let search = json!({"search_context_size": "low"});
    let of_others = json!([{"type": "web_search_20250305", "name": "web_search"}]);
    let own = json!({"model": "m", "messages": [], "web_search_options": search});
    let others = json!({"model": "m", "messages": [], "tools": of_others});
    let (headers, forward) = (HeaderMap::new(), ["web_search_options".to_owned()]);
    for body in [own, others] {
        let request: ChatRequest = from_slice(body.to_string().as_bytes()).unwrap();
        for (model, forward, searches) in [
            ("gpt-5-search-api", &[][..], true),
            ("gpt-4o-search-preview-2025-03-11", &[], true),
            ("model-1", &[], true),
            ("gpt-oss-120b", &[], true),
            ("gpt-4o", &[], false),
            ("gpt-5.1", &forward, true),
        ] {
            let sent = sent(&request, &Call { forward, ..Call::new(model, &headers) }).unwrap();
            let is_asked = sent["body"].get("web_search_options").is_some();
            assert_eq!(is_asked, searches, "{model}: {sent}");
            assert!(
                searches || sent["notes"][0].as_str().unwrap().starts_with("dropped "),
                "{model}: {sent}"
            );
            let strict = Call { unsupported: OnUnsupported::Reject, forward, ..Call::new(model, &headers) };
            assert_eq!(self::sent(&request, &strict).is_ok(), searches, "{model}");
        }
    }
}

#[test]
fn domains_of_a_search_are_left_out_of_chat_and_told() {
    let search = json!({"search_context_size": "low", "filters": {"allowed_domains": ["a.example"]}});
    let request = json!({"model": "m", "messages": [], "web_search_options": search});
    let request: ChatRequest = from_slice(request.to_string().as_bytes()).unwrap();
    let (headers, forward) = (HeaderMap::new(), ["web_search_options".to_owned()]);
    let search_model = Call::new("gpt-5-search-api", &headers);
    let told = sent(&request, &search_model).unwrap();
    assert_eq!(told["body"]["web_search_options"], json!({"search_context_size": "low"}));
    assert_eq!(told["notes"][0], "dropped web_search_options.filters: chat's search has no such member");
    let told = sent(&request, &Call { forward: &forward, ..search_model }).unwrap();
    assert_eq!(told["body"]["web_search_options"], search);
}

#[test]
fn calls_lose_what_only_another_vendor_understands() {
    let request = json!({"model": "m", "messages": [{"role": "assistant", "tool_calls": [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}, "extra_content": {"google": 1}},
        {"id": "b", "type": "function", "function": {"name": "f", "arguments": "{}"}, "caller": {"type": "direct"},
            "cache_control": {"type": "ephemeral"}, "provider_specific_fields": {"x": 1}}]}]});
    let request: ChatRequest = from_slice(request.to_string().as_bytes()).unwrap();
    let headers = HeaderMap::new();
    let sent = sent(&request, &Call::new("gpt-4o", &headers)).unwrap();
    let calls = &sent["body"]["messages"][0]["tool_calls"];
    assert_eq!(calls[0]["extra_content"], json!({"google": 1}), "the vendor's own goes back to it");
    assert_eq!(
        calls[1],
        json!({"id": "b", "type": "function", "function": {"name": "f", "arguments": "{}"}})
    );
    let note = |name: &str| format!("dropped messages[0].tool_calls[1].{name}: of no use to this vendor");
    assert_eq!(
        sent["notes"],
        json!([note("caller"), note("cache_control"), note("provider_specific_fields")])
    );
}

/// Vendors that understand the markers of prompt caches look for them in parts.
#[test]
fn the_marker_of_a_message_goes_to_its_text() {
    let marker = json!({"type": "ephemeral"});
    let text = |text: &str| json!({"type": "text", "text": text});
    let image = json!({"type": "image_url", "image_url": {"url": "https://a/b.png"}});
    let marked = |text: &str| json!({"type": "text", "text": text, "cache_control": marker});
    let said = |content: Value| json!({"role": "user", "content": content, "cache_control": marker});
    let options = WireOptions {
        request: RequestOptions { cache_control: true, ..RequestOptions::default() },
        ..WireOptions::default()
    };
    let wire = ChatWire::new(options);
    let headers = HeaderMap::new();
    for (content, expected) in [
        (json!("a"), json!({"role": "user", "content": [marked("a")]})),
        (json!([text("a"), image]), json!({"role": "user", "content": [marked("a"), image]})),
        (json!([marked("a")]), said(json!([marked("a")]))),
        (json!([image]), said(json!([image]))),
        (json!(""), said(json!(""))),
    ] {
        let request = json!({"model": "m", "messages": [said(content)]});
        let request: ChatRequest = from_slice(request.to_string().as_bytes()).unwrap();
        let encoded = wire.encode(&request, &Call::new("m", &headers)).unwrap();
        let Payload::Bytes(body) = encoded.request.body() else { panic!("segments") };
        let body: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(body["messages"][0], expected);
    }
}

/// What Gemini signed is told twice for its clients' sake; neither goes to another vendor.
#[test]
fn a_call_that_gemini_signed() {
    let request = json!({"model": "m", "messages": [{"role": "assistant", "tool_calls": [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"},
            "extra_content": {"google": {"thought_signature": "s"}}, "provider_specific_fields": {"thought_signature": "s"}}]}]});
    let request: ChatRequest = from_slice(request.to_string().as_bytes()).unwrap();
    let headers = HeaderMap::new();
    let sent = sent(&request, &Call::new("gpt-4o", &headers)).unwrap();
    let call = json!({"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    assert_eq!(sent["body"]["messages"][0]["tool_calls"][0], call);
    let note = |name: &str| format!("dropped messages[0].tool_calls[0].{name}: of no use to this vendor");
    assert_eq!(sent["notes"], json!([note("provider_specific_fields"), note("extra_content")]));
}

/// Mistral tells thinking among the parts of the text; vendors that do not are told in their own way.
#[test]
fn thinking_among_the_parts() {
    let thinking = json!({"type": "thinking", "closed": true, "thinking": [{"type": "text", "text": "Hm."}]});
    let text = json!({"type": "text", "text": "So."});
    let request = json!({"model": "m", "messages": [
        {"role": "assistant", "content": [thinking, text]},
        {"role": "assistant", "content": [thinking]},
        {"role": "assistant", "content": [thinking],
            "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
    ]});
    let request: ChatRequest = from_slice(request.to_string().as_bytes()).unwrap();
    let headers = HeaderMap::new();
    let call = Call::new("m", &headers);
    let said = |replay: Replay| {
        let mut options = WireOptions::default();
        options.request.replay = replay;
        let encoded = ChatWire::new(options).encode(&request, &call).unwrap();
        let Payload::Bytes(bytes) = encoded.request.body() else { panic!("no bytes") };
        let body: Value = serde_json::from_slice(bytes).unwrap();
        let notes: Vec<_> = encoded.notes.iter().map(ToString::to_string).collect();
        (body["messages"].clone(), notes)
    };
    let (messages, notes) = said(Replay::Drop);
    assert_eq!(messages[0]["content"], json!([text]));
    assert_eq!(messages[1], json!({"role": "assistant", "content": ""}));
    assert_eq!(messages[2].get("content"), None);
    let note = |index: u8| format!("dropped messages[{index}].content[0]: the vendor takes no thinking back");
    assert_eq!(notes, [note(0), note(1), note(2)]);
    let (messages, notes) = said(Replay::ReasoningContent);
    assert_eq!(messages[0], json!({"role": "assistant", "content": [text], "reasoning_content": "Hm."}));
    assert_eq!(notes[0], "moved messages[0].content[0]: to the thinking");
    let (messages, _) = said(Replay::Tags);
    assert_eq!(messages[1]["content"], "<think>Hm.</think>\n\n");
    let (messages, notes) = said(Replay::Parts);
    assert_eq!((&messages[0]["content"], notes), (&json!([thinking, text]), Vec::new()));
}

#[test]
fn nothing_is_lost_in_silence() {
    let vendor = OpenAi::new();
    let headers = HeaderMap::new();
    for case in corpus::corpus() {
        for model in ["gpt-4o", "gpt-5.1"] {
            let call = Call::new(model, &headers);
            laws::no_silent_loss(chat(&vendor), &case.request(), &call, &[]);
            laws::encode_is_stable(chat(&vendor), &case.request(), &call);
        }
    }
}

#[test]
fn a_strict_caller_is_told() {
    let headers = HeaderMap::new();
    let call = Call { unsupported: OnUnsupported::Reject, ..Call::new("gpt-4o", &headers) };
    let refused = |name: &str| match sent(&corpus::case(name).request(), &call) {
        Err(EncodeError::Unsupported { path, .. }) => path,
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(refused("thinking_budget"), "thinking");
    // What only helps a vendor to save work is no loss.
    assert!(sent(&corpus::case("cache_control_parts").request(), &call).is_ok());
    assert!(sent(&corpus::case("thinking_blocks_replay").request(), &call).is_ok());
}

#[test]
fn answers() {
    let vendor = OpenAi::new();
    for (name, body) in fixtures("response") {
        let response = Response::builder().status(200).body(body.as_slice()).unwrap();
        let Decoded::Answer(answer) = chat(&vendor).decode(response).unwrap() else { panic!("{name}") };
        insta::assert_json_snapshot!(format!("response.{name}"), answer);
        let written = serde_json::to_vec(&answer).unwrap();
        assert_eq!(from_slice::<llm_types::ChatResponse>(&written).unwrap(), answer, "{name}");
    }
}

#[test]
fn streams() {
    let vendor = OpenAi::new();
    for (name, stream) in fixtures("stream") {
        let make = || chat(&vendor).decoder();
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
        junk.extend(["data: {\"type\":\"ping\"}\n\n", "data:\n\n", "event: ping\ndata: {}\n\n"]);
        laws::unknown_events_harmless(make, &stream, &junk);
        if items.iter().all(Result::is_ok) {
            laws::stream_laws(&laws::chunks(make, &stream));
            laws::truncation(make, &stream, laws::after_last(&stream, "[DONE]"));
        }
    }
}

#[test]
fn a_stream_without_an_answer_is_cut_off() {
    let vendor = OpenAi::new();
    for stream in ["", "data: {\"choices\":[]}\n\n", ": hi\n\n"] {
        let items = laws::read(|| chat(&vendor).decoder(), stream.as_bytes());
        assert!(matches!(items.last(), Some(Err(llm_provider_core::StreamError::Truncated))), "{stream}");
    }
    let items = laws::read(|| chat(&vendor).decoder(), b"data: {oops\n\ndata: [DONE]\n\n");
    assert!(matches!(items.as_slice(), [Err(llm_provider_core::StreamError::Corrupt(_))]), "{items:?}");
}

/// Everything that vendors get nearly right, in one stream.
#[test]
fn a_stream_that_is_nearly_right() {
    let stream = concat!(
        "\u{feff}: waiting\r\n\r\n",
        "data:{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null,\"reasoning\":\"h\"},\"finish_reason\":\"\"}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\r\n\r\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":null,\"finish_reason\":null}]}\n\n",
        "data: {\"choices\":null,\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n",
        "data: {\"choices\":[]}\n\n",
        "data: {\"id\":\"\",\"choices\":[{\"delta\":{\"reasoning_content\":\"m\",\"content\":\"\"}}],\"usage\":null}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"yes\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":{\"x\":1}}}]}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":5,\"id\":null,\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}]}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"reasoning\":null},\"finish_reason\":\"tool_use\"}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4,\"total_tokens\":7}}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"\",\"reasoning\":null},\"finish_reason\":\"tool_use\"}]}\n\n",
        "data: [DONE]\n\n",
    );
    let vendor = OpenAi::new();
    let make = || chat(&vendor).decoder();
    laws::cut_anywhere(make, stream.as_bytes());
    let chunks = laws::chunks(make, stream.as_bytes());
    laws::stream_laws(&chunks);
    let whole = llm_testkit::assemble(&chunks);
    let message = serde_json::to_value(&whole.choices[0].message).unwrap();
    assert_eq!((&message["reasoning_content"], &message["content"]), (&json!("hm"), &json!("yes")));
    let call = |at: usize| (&message["tool_calls"][at]["id"], &message["tool_calls"][at]["function"]);
    assert_eq!(call(0), (&json!("a"), &json!({"name": "f", "arguments": "{\"x\":1}"})));
    assert_eq!(call(1).1, &json!({"name": "g", "arguments": "{}"}));
    assert!(call(1).0.as_str().is_some_and(|id| !id.is_empty() && id != "a"));
    assert_eq!(whole.choices[0].finish_reason.get(), Some(&llm_types::FinishReason::ToolCalls));
    assert_eq!(whole.usage.get().unwrap().counts().output, 4);
}

#[test]
fn failures_inside_a_stream_are_told_in_every_form() {
    let vendor = OpenAi::new();
    for said in [
        r#"{"error":"broke"}"#,
        r#"{"error":{"message":"broke","code":503}}"#,
        r#"{"error":{"message":"broke"},"choices":[]}"#,
        r#"{"detail":"broke"}"#,
        r#"{"detail":[{"message":"broke"}]}"#,
        r#"{"message":"broke"}"#,
        r#"{"code":50501,"msg":"broke"}"#,
        r#"{"error_code":336100,"error_msg":"broke"}"#,
        r#"{"object":"error","message":"broke","code":500}"#,
        r#"{"success":false,"errors":[{"code":1,"message":"broke"}]}"#,
        r#"{"base_resp":{"status_code":1000,"status_msg":"broke"},"choices":null}"#,
        r#"[{"error":{"message":"broke"}}]"#,
        r#"{"choices":[{"index":0,"delta":{},"message":{"role":"assistant","content":""},"finish_reason":"error",
            "error":{"message":"broke","code":502}}]}"#,
    ] {
        let said = said.replace("\n            ", "");
        let stream = format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"a\"}}}}]}}\n\ndata: {said}\n\ndata: [DONE]\n\n"
        );
        let items = laws::read(|| chat(&vendor).decoder(), stream.as_bytes());
        let [Ok(_), Err(llm_provider_core::StreamError::Upstream(failure))] = items.as_slice() else {
            panic!("{said}: {items:?}")
        };
        assert_eq!(failure.message, "broke", "{said}");
        let whole = Response::builder().status(200).body(said.as_bytes()).unwrap();
        assert_eq!(chat(&vendor).decode(whole).unwrap_err().message, "broke", "{said}");
    }
}

/// Azure's filter leaves no message behind.
#[test]
fn a_choice_that_was_withheld() {
    let vendor = OpenAi::new();
    let decode = |body: &str| chat(&vendor).decode(Response::new(body.as_bytes()));
    let Ok(Decoded::Answer(answer)) = decode(
        r#"{"choices":[{"index":0,"finish_reason":"content_filter","content_filter_results":{"hate":{"filtered":true}}}]}"#,
    ) else {
        panic!("no answer")
    };
    let choice = &answer.choices[0];
    assert_eq!(choice.finish_reason.get(), Some(&llm_types::FinishReason::ContentFilter));
    assert!(!choice.message.content.is_value());
    assert_eq!(choice.extra["content_filter_results"]["hate"]["filtered"], true);
    assert!(decode(r#"{"choices":[{"index":0}]}"#).is_err(), "what has not ended either is no answer");
}

/// Azure's filter may speak after the words that it speaks of, in a choice without a delta: clients look for one all the same.
///
/// Source: Microsoft Learn, "Content streaming", asynchronous filter, read 2026-11.
#[test]
fn a_choice_that_says_only_what_nobody_knows() {
    let stream = concat!(
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":null}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"content_filter_offsets\":{\"check_offset\":2},\"finish_reason\":null}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"finish_reason\":\"stop\"}]}\n\n",
        "data: [DONE]\n\n",
    );
    let vendor = OpenAi::new();
    let chunks = laws::chunks(|| chat(&vendor).decoder(), stream.as_bytes());
    let choices: Vec<_> = chunks.iter().flat_map(llm_types::ChatChunk::choices).collect();
    assert_eq!(choices.len(), 3);
    assert!(choices.iter().all(|choice| choice.delta.is_value()), "{choices:?}");
    assert_eq!(choices[1].extra["content_filter_offsets"]["check_offset"], 2);
}

#[test]
fn an_answer_after_a_byte_order_mark() {
    let vendor = OpenAi::new();
    let body = "\u{feff}\n{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}";
    let Ok(Decoded::Answer(answer)) = chat(&vendor).decode(Response::new(body.as_bytes())) else {
        panic!("no answer")
    };
    assert_eq!(answer.choices[0].message.content.get().unwrap().text(), "hi");
    let body = "\u{feff}{\"error\":{\"message\":\"no\",\"code\":\"model_not_found\"}}";
    let failure =
        chat(&vendor).decode(Response::builder().status(400).body(body.as_bytes()).unwrap()).unwrap_err();
    assert_eq!((failure.kind, failure.message.as_str()), (llm_types::ErrorKind::NotFound, "no"));
}
