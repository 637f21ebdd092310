//! Every direction, case by case: fixtures in `tests/fixtures`, what becomes of them in `tests/snapshots`, and
//! the laws that hold for all.
//!
//! The fixtures follow Ollama's documentation ("Generate a chat message", "Streaming", "Thinking", "Tool calling",
//! "Errors"), read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use http::{HeaderMap, Response};
use llm_provider_core::{
    Call, Capabilities, Chat, Decoded, Decoder, EncodeError, Encoded, OnUnsupported, Payload, Provider,
    StreamError, Translator,
};
use llm_provider_ollama::{Ollama, wire};
use llm_testkit::Random;
use llm_testkit::conformance::{Scenario, Vendor, run, run_corpus};
use llm_testkit::corpus::corpus;
use llm_testkit::laws::{self, Equivalence};
use llm_types::{ChatRequest, ChatResponse, ErrorKind, Message, Nullable};
use serde_json::{Value, json};

const MODEL: &str = "qwen3:4b";

static OLLAMA: Ollama = Ollama;

fn chat() -> &'static dyn Translator<Chat> {
    OLLAMA.chat().unwrap()
}

fn decoder() -> Box<dyn Decoder<Chat>> {
    chat().decoder()
}

/// What is sent and noted, for eyes.
fn sent(encoded: Result<Encoded, EncodeError>) -> String {
    let encoded = match encoded {
        Ok(encoded) => encoded,
        Err(error) => return format!("refused: {error}\n"),
    };
    let (parts, body) = encoded.request.into_parts();
    let mut out = format!("{} {}\n", parts.method, parts.uri);
    let Payload::Bytes(body) = body else { panic!("no bytes") };
    let body: Value = serde_json::from_slice(&body).unwrap();
    writeln!(out, "\n{}\n", serde_json::to_string_pretty(&body).unwrap()).unwrap();
    for note in encoded.notes {
        writeln!(out, "{note}").unwrap();
    }
    out
}

fn encode(request: &ChatRequest) -> Result<Encoded, EncodeError> {
    let headers = HeaderMap::new();
    chat().encode(request, &Call::new(MODEL, &headers))
}

fn body(encoded: &Encoded) -> Value {
    let Payload::Bytes(body) = encoded.request.body() else { panic!("no bytes") };
    serde_json::from_slice(body).unwrap()
}

fn read(json: Value) -> ChatRequest {
    llm_types::from_value(json).unwrap()
}

/// Claims that are true of Ollama: it says the same in other words, or needs no word for it.
const EQUIVALENCES: &[Equivalence] = &[
    Equivalence::any("stream_options.include_usage", ""),
    Equivalence::any("stream_options.include_obfuscation", ""),
    Equivalence::of("n", "1", ""),
    Equivalence::of("store", "false", ""),
    Equivalence::of("modalities", "text", ""),
    Equivalence::of("service_tier", "auto", ""),
    Equivalence::of("service_tier", "default", ""),
    Equivalence::of("parallel_tool_calls", "true", ""),
    Equivalence::of("tool_choice", "auto", ""),
    Equivalence::of("function_call", "auto", ""),
    Equivalence::any("response_format.json_schema.strict", "\"format\":{"),
    Equivalence::of("tools[*].function.strict", "false", ""),
    Equivalence::any("messages[*].function_call.name", "\"tool_calls\""),
    Equivalence::of("messages[*].content[*].image_url.detail", "auto", ""),
    Equivalence::of("options.seed", "1", "\"seed\":7"),
];

fn laws_of(request: &ChatRequest) {
    let headers = HeaderMap::new();
    for model in [MODEL, "an-invented-model", "gpt-oss:20b"] {
        let call = Call::new(model, &headers);
        laws::encode_is_stable(chat(), request, &call);
        laws::no_silent_loss(chat(), request, &call, EQUIVALENCES);
        let rejecting = Call { unsupported: OnUnsupported::Reject, ..call.clone() };
        laws::no_silent_loss(chat(), request, &rejecting, EQUIVALENCES);
        if let Ok(encoded) = chat().encode(request, &call) {
            laws::json_identity::<wire::ChatRequest>(&body(&encoded).to_string());
        }
    }
}

macro_rules! requests {
    ($($name:ident)+) => { $(
        #[test]
        fn $name() {
            let json = include_str!(concat!("fixtures/request/", stringify!($name), ".json"));
            laws::json_identity::<ChatRequest>(json);
            let request: ChatRequest = llm_types::from_slice(json.as_bytes()).unwrap();
            insta::assert_snapshot!(stringify!($name), sent(encode(&request)));
            laws_of(&request);
        }
    )+ };
}

mod request {
    use super::*;

    requests! { own_words calls_and_results }

    #[test]
    fn corpus_of_all_vendors() {
        for case in corpus() {
            let request = case.request();
            insta::assert_snapshot!(format!("corpus.{}", case.name), sent(encode(&request)));
            laws_of(&request);
        }
    }

    /// Images by address are fetched before, so here they are refused.
    #[test]
    fn the_whole_corpus_is_sent_but_for_images_by_address() {
        let refused = run_corpus(&OLLAMA, MODEL, EQUIVALENCES);
        assert_eq!(refused.into_iter().collect::<Vec<_>>(), ["images_bare_url", "images_url"]);
        assert!(
            OLLAMA.wants_fetched("https://example.com/a.png")
                && !OLLAMA.wants_fetched("data:image/png;base64,AA==")
        );
    }

    #[test]
    fn unsupported_members_are_refused_or_forwarded() {
        let mut request = ChatRequest::new("m", vec![Message::user("?")]);
        request.n = Nullable::Value(2);
        let headers = HeaderMap::new();
        let call = Call { unsupported: OnUnsupported::Reject, ..Call::new(MODEL, &headers) };
        let refusal = EncodeError::unsupported("n", "Ollama has no such parameter");
        assert_eq!(chat().encode(&request, &call).unwrap_err(), refusal);
        let forward = ["n".to_owned()];
        let call = Call { forward: &forward, ..call };
        assert_eq!(body(&chat().encode(&request, &call).unwrap())["n"], 2);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (message, path) in [
            (json!({ "role": "tool", "content": "x" }), "messages[0].tool_call_id"),
            (
                json!({ "role": "assistant", "tool_calls": [{ "id": "c" }] }),
                "messages[0].tool_calls[0].function",
            ),
            (
                json!({ "role": "assistant", "tool_calls": [{ "function": {} }] }),
                "messages[0].tool_calls[0].function.name",
            ),
            (
                json!({ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": "https://x" } }] }),
                "messages[0].content[0].image_url.url",
            ),
        ] {
            let error = encode(&read(json!({ "model": "m", "messages": [message] }))).unwrap_err();
            assert!(matches!(&error, EncodeError::Invalid { path: at, .. } if at == path), "{error}");
        }
        let mut request = ChatRequest::new("m", vec![Message::user("?")]);
        request.extra.insert("options".to_owned(), json!([1]));
        assert!(encode(&request).unwrap_err().to_string().starts_with("options"));
    }

    #[test]
    fn efforts() {
        for (model, said, think) in [
            ("qwen3", json!({ "reasoning_effort": "none" }), json!(false)),
            ("qwen3", json!({ "reasoning_effort": "low" }), json!(true)),
            (
                "qwen3",
                json!({ "thinking": { "type": "disabled" }, "reasoning_effort": "high" }),
                json!(false),
            ),
            ("library/gpt-oss:120b", json!({ "reasoning_effort": "none" }), json!("low")),
            ("gpt-oss", json!({ "reasoning_effort": "medium" }), json!("medium")),
            ("gpt-oss", json!({ "reasoning_effort": "max" }), json!("high")),
            ("gpt-oss", json!({ "thinking": { "type": "enabled", "budget_tokens": 1024 } }), json!("low")),
            ("gpt-oss", json!({ "thinking": { "type": "enabled", "budget_tokens": 9999 } }), json!("high")),
        ] {
            let mut request = json!({ "model": "m", "messages": [{ "role": "user", "content": "?" }] });
            request.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
            let headers = HeaderMap::new();
            let encoded = chat().encode(&read(request), &Call::new(model, &headers)).unwrap();
            assert_eq!(body(&encoded)["think"], think, "{model} {said}");
        }
    }

    #[test]
    fn choices() {
        let tools = json!([{ "type": "function", "function": { "name": "f" } }, { "type": "function", "function": { "name": "g" } }]);
        for (choice, sent, note) in [
            (json!("auto"), 2, None),
            (json!("none"), 0, Some("converted tool_choice")),
            (json!("required"), 2, Some("dropped tool_choice")),
            (json!({ "type": "function", "function": { "name": "g" } }), 1, Some("dropped tool_choice")),
        ] {
            let request =
                read(json!({ "model": "m", "messages": [], "tools": tools, "tool_choice": choice }));
            let encoded = encode(&request).unwrap();
            assert_eq!(body(&encoded)["tools"].as_array().map_or(0, Vec::len), sent, "{choice}");
            let notes: Vec<_> = encoded.notes.iter().map(ToString::to_string).collect();
            assert!(
                note.is_none_or(|note| notes.iter().any(|one| one.starts_with(note))),
                "{choice}: {notes:?}"
            );
        }
    }
}

fn answer(json: &str) -> ChatResponse {
    match chat().decode(Response::new(json.as_bytes())).unwrap() {
        Decoded::Answer(answer) => answer,
        Decoded::Again { .. } => panic!("no answer"),
    }
}

/// An answer without what differs between a whole and a streamed one by nature.
fn essence(answer: &ChatResponse) -> Value {
    let mut value = serde_json::to_value(answer).unwrap();
    value["choices"][0]["logprobs"].as_object_mut().map(|logprobs| logprobs.remove("refusal"));
    let message = value["choices"][0]["message"].as_object_mut().unwrap();
    message.retain(|_, member| !member.is_null());
    for call in value["choices"][0]["message"]["tool_calls"].as_array_mut().into_iter().flatten() {
        call.as_object_mut().unwrap().remove("index");
    }
    value
}

/// What proxies put between lines; the testkit cuts at blank lines, so each is one.
const JUNK: &[&str] = &["\n", ": keep-alive\n", "\r\n", "\"text\"\n", "{\"status\":\"loading\"}\n"];

fn stream_laws(stream: &[u8]) {
    laws::cut_anywhere(decoder, stream);
    let after = laws::after_last(stream, "\"done\":true");
    let end = after + stream[after..].iter().position(|&byte| byte == b'\n').unwrap();
    laws::truncation(decoder, stream, end);
    laws::unknown_events_harmless(decoder, stream, laws::COMMENTS);
    laws::stream_laws(&laws::chunks(decoder, stream));
    let text = std::str::from_utf8(stream).unwrap();
    let whole = laws::read(decoder, stream);
    for junk in JUNK {
        let lines: String = text.split_inclusive('\n').map(|line| format!("{junk}{line}")).collect();
        assert_eq!(laws::read(decoder, lines.as_bytes()), whole, "{junk}");
    }
    for line in text.lines().filter(|line| line.starts_with('{')) {
        laws::json_identity::<wire::ChatResponse>(line);
    }
}

macro_rules! answers {
    ($($name:ident $(= $same:literal)?)+) => { $(
        #[test]
        fn $name() {
            let whole = include_str!(concat!("fixtures/response/", stringify!($name), ".json"));
            laws::json_identity::<wire::ChatResponse>(whole);
            insta::assert_json_snapshot!(concat!("response.", stringify!($name)), answer(whole));
            let stream = include_str!(concat!("fixtures/stream/", stringify!($name), ".ndjson")).as_bytes();
            let chunks = laws::chunks(decoder, stream);
            let lines: Vec<_> = chunks.iter().map(|chunk| serde_json::to_string(chunk).unwrap()).collect();
            insta::assert_snapshot!(concat!("stream.", stringify!($name)), lines.join("\n"));
            stream_laws(stream);
            $( if $same { assert_eq!(essence(&llm_testkit::assemble(&chunks)), essence(&answer(whole))); } )?
        }
    )+ };
}

mod answered {
    use super::*;

    answers! {
        thinking_and_calls = true
        tags = true
        logprobs = true
        unknown
    }

    #[test]
    fn an_answer_goes_back_as_it_came() {
        let json = include_str!("fixtures/response/thinking_and_calls.json");
        let given: Value = serde_json::from_str(json).unwrap();
        let message = answer(json).choices.remove(0).message;
        let ids: Vec<_> = message.tool_calls.get().unwrap().iter().map(|call| call.id.clone()).collect();
        assert_ne!(ids[0], ids[1]);
        assert_eq!(
            ids,
            answer(json).choices[0]
                .message
                .tool_calls
                .get()
                .unwrap()
                .iter()
                .map(|call| call.id.clone())
                .collect::<Vec<_>>()
        );
        let request = ChatRequest::new("m", vec![Message::user("?"), message]);
        let mut back = body(&encode(&request).unwrap())["messages"][1].take();
        for call in back["tool_calls"].as_array_mut().unwrap() {
            call.as_object_mut().unwrap().remove("id");
        }
        assert_eq!(back, given["message"]);
    }

    #[test]
    fn a_failure_of_status_200() {
        let error = chat().decode(Response::new(br#"{"error":"out of memory"}"#.as_slice())).unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Internal, "out of memory"));
        let lines = include_bytes!("fixtures/conformance/stream_error.stream.ndjson");
        let items = laws::read(decoder, lines);
        let Some(Err(StreamError::Upstream(error))) = items.last() else { panic!("{items:?}") };
        assert_eq!(error.message, "Come back later.");
    }

    #[test]
    fn what_cannot_be_read() {
        for body in ["{}", "[]", "no", r#"{"message":{"role":1}}"#] {
            let error = chat().decode(Response::new(body.as_bytes())).unwrap_err();
            assert_eq!(error.kind, ErrorKind::BadGateway, "{body}");
        }
        for line in ["{\"message\":\n", "{\"message\":1}\n"] {
            let items = laws::read(decoder, line.as_bytes());
            assert!(matches!(items.as_slice(), [Err(StreamError::Corrupt(_))]), "{items:?}");
        }
    }
}

#[test]
fn conformance() {
    let lacks = Capabilities { documents: false, count_tokens: false, ..OLLAMA.info().capabilities };
    assert_eq!(OLLAMA.info().capabilities, lacks);
    let report = run(&Vendor {
        provider: &OLLAMA,
        fixtures: &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/conformance"),
        model: MODEL,
        terminal: "\"eval_duration\":250000000}",
        junk: &[": keep-alive\n\n"],
        skips: &[
            (Scenario::Documents, "Ollama reads no files"),
            (Scenario::ContentPolicy, "Ollama withholds nothing"),
            (Scenario::UsageCached, "Ollama tells no cached tokens"),
        ],
    });
    assert_eq!(report.skipped.len(), 3, "{report}");
}

/// Members of several requests in one, and their messages after each other: whatever is said together, nothing is lost in
/// silence.
#[test]
fn mixtures_of_the_corpus() {
    let mut random = Random::new(12);
    for _ in 0..400 {
        let mut mixture = serde_json::Map::new();
        let mut messages = Vec::new();
        for _ in 0..3 {
            let case: Value = serde_json::from_str(random.pick(corpus()).json).unwrap();
            for (name, value) in case.as_object().unwrap() {
                match value.as_array() {
                    Some(list) if name == "messages" => messages.extend(list.iter().cloned()),
                    _ if random.below(4) > 0 => {
                        mixture.insert(name.clone(), value.clone());
                    }
                    _ => {}
                }
            }
        }
        mixture.insert("model".to_owned(), MODEL.into());
        mixture.insert("messages".to_owned(), messages.into());
        laws_of(&read(Value::Object(mixture)));
    }
}

#[test]
fn every_fixture_has_its_snapshot_and_the_other_way_round() {
    let names = |folder: &str| {
        let entries = std::fs::read_dir(format!("{}/tests/{folder}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.map(|name| name.rsplit_once('.').unwrap().0.to_owned()).collect::<BTreeSet<_>>()
    };
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    for case in corpus() {
        wanted.insert(format!("translate__request__corpus.{}", case.name));
    }
    for name in names("fixtures/request") {
        wanted.insert(format!("translate__request__{name}"));
    }
    for folder in ["response", "stream"] {
        for name in names(&format!("fixtures/{folder}")) {
            wanted.insert(format!("translate__answered__{folder}.{name}"));
        }
    }
    assert_eq!(names("snapshots"), wanted);
}
