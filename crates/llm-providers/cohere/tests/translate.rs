//! Every direction, case by case: fixtures in `tests/fixtures`, what becomes of them in `tests/snapshots`, and
//! the laws that hold for all.
//!
//! The fixtures follow Cohere's documentation of its v2 API ("Chat", "Streaming", "Tool use", "Citations",
//! "Reasoning", "Errors"), read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use http::{HeaderMap, Response};
use llm_provider_cohere::{Cohere, wire};
use llm_provider_core::{
    Call, Capabilities, Chat, Decoded, Decoder, EncodeError, Encoded, OnUnsupported, Payload, Provider,
    StreamError, Translator, UpstreamError, VendorInfo,
};
use llm_testkit::Random;
use llm_testkit::conformance::{Vendor, run, run_corpus};
use llm_testkit::corpus::corpus;
use llm_testkit::laws::{self, Equivalence};
use llm_types::{ChatRequest, ChatResponse, ErrorKind, Message, Nullable};
use serde_json::{Value, json};

const MODEL: &str = "command-a-03-2025";

static COHERE: Cohere = Cohere;

fn chat() -> &'static dyn Translator<Chat> {
    COHERE.chat().unwrap()
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

/// Claims that are true of Cohere: it says the same in other words, or needs no word for it.
const EQUIVALENCES: &[Equivalence] = &[
    Equivalence::any("stream_options.include_usage", ""),
    Equivalence::any("stream_options.include_obfuscation", ""),
    Equivalence::of("n", "1", ""),
    Equivalence::of("store", "false", ""),
    Equivalence::of("logprobs", "false", ""),
    Equivalence::of("modalities", "text", ""),
    Equivalence::of("service_tier", "auto", ""),
    Equivalence::of("service_tier", "default", ""),
    Equivalence::of("parallel_tool_calls", "true", ""),
    Equivalence::of("tool_choice", "required", "\"tool_choice\":\"REQUIRED\""),
    Equivalence::of("tool_choice", "none", "\"tool_choice\":\"NONE\""),
    Equivalence::of("tool_choice", "auto", ""),
    Equivalence::of("function_call", "auto", ""),
    Equivalence::of("function_call", "none", "\"tool_choice\":\"NONE\""),
    Equivalence::any("response_format.json_schema.strict", "\"json_schema\":{"),
    Equivalence::of("tools[*].function.strict", "false", ""),
    Equivalence::of("tools[*].function.strict", "true", "\"strict_tools\":true"),
    Equivalence::any("messages[*].function_call.name", "\"tool_calls\""),
    Equivalence::any("messages[*].name", "\"role\":\"tool\""),
    Equivalence::of("messages[*].content", "", ""),
    Equivalence::any("messages[*].provider_specific_fields.documents", "\"document\""),
    // What the documents say in words, they say themselves.
    Equivalence::of("messages[*].content", "documents in words", "\"sky\":\"blue\""),
];

fn laws_of(request: &ChatRequest) {
    let headers = HeaderMap::new();
    for model in [MODEL, "an-invented-model"] {
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

    requests! { own_words plan_and_results }

    #[test]
    fn corpus_of_all_vendors() {
        for case in corpus() {
            let request = case.request();
            insta::assert_snapshot!(format!("corpus.{}", case.name), sent(encode(&request)));
            laws_of(&request);
        }
    }

    #[test]
    fn the_whole_corpus_is_sent() {
        let refused = run_corpus(&COHERE, MODEL, EQUIVALENCES);
        assert!(refused.is_empty(), "{refused:?}");
    }

    #[test]
    fn unsupported_members_are_refused_or_forwarded() {
        let mut request = ChatRequest::new("m", vec![Message::user("?")]);
        request.n = Nullable::Value(2);
        let headers = HeaderMap::new();
        let call = Call { unsupported: OnUnsupported::Reject, ..Call::new(MODEL, &headers) };
        let refusal = EncodeError::unsupported("n", "Cohere has no such parameter");
        assert_eq!(chat().encode(&request, &call).unwrap_err(), refusal);
        let forward = ["n".to_owned()];
        let call = Call { forward: &forward, ..call };
        assert_eq!(body(&chat().encode(&request, &call).unwrap())["n"], 2);
    }

    #[test]
    fn results_and_calls_without_names_are_refused() {
        for (message, path) in [
            (json!({ "role": "tool", "content": "x" }), "messages[0].tool_call_id"),
            (json!({ "role": "function", "name": "f", "content": "x" }), "messages[0]"),
            (
                json!({ "role": "assistant", "tool_calls": [{ "function": { "name": "f" } }] }),
                "messages[0].tool_calls[0].id",
            ),
            (
                json!({ "role": "assistant", "tool_calls": [{ "id": "c" }] }),
                "messages[0].tool_calls[0].function",
            ),
        ] {
            let error = encode(&read(json!({ "model": "m", "messages": [message] }))).unwrap_err();
            assert!(matches!(&error, EncodeError::Invalid { path: at, .. } if at == path), "{error}");
        }
    }

    #[test]
    fn own_words_of_the_wrong_form_are_refused() {
        for (name, value) in [("k", json!("x")), ("documents", json!(1)), ("stop_sequences", json!([1]))] {
            let mut request = ChatRequest::new("m", vec![Message::user("?")]);
            request.extra.insert(name.to_owned(), value);
            let error = encode(&request).unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
    }

    #[test]
    fn efforts() {
        for (effort, thinking) in [
            ("none", json!({ "type": "disabled" })),
            ("minimal", json!({ "type": "enabled", "token_budget": 128 })),
            ("high", json!({ "type": "enabled", "token_budget": 4096 })),
        ] {
            let request = read(
                json!({ "model": "m", "messages": [{ "role": "user", "content": "?" }], "reasoning_effort": effort }),
            );
            assert_eq!(body(&encode(&request).unwrap())["thinking"], thinking);
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
    // Log probabilities in Cohere's form come with the whole only.
    value.as_object_mut().unwrap().remove("provider_specific_fields");
    value["choices"][0]["logprobs"].as_object_mut().map(|logprobs| logprobs.remove("refusal"));
    let message = value["choices"][0]["message"].as_object_mut().unwrap();
    message.retain(|_, member| !member.is_null());
    if let Some(specifics) = message.get_mut("provider_specific_fields").and_then(Value::as_object_mut) {
        specifics.retain(|name, _| name != "citation");
    }
    for call in value["choices"][0]["message"]["tool_calls"].as_array_mut().into_iter().flatten() {
        call.as_object_mut().unwrap().remove("index");
    }
    value
}

const JUNK: &[&str] = &[
    "event: weather\ndata: {\"type\":\"weather\",\"sky\":{\"type\":\"blue\"}}\n\n",
    "data: {\"new\":1}\n\n",
    "event: content-delta\ndata: {\"type\":\"content-delta\",\"index\":99,\"delta\":{\"message\":{\"content\":{\"smell\":\"x\"}}}}\n\n",
];

fn stream_laws(stream: &[u8]) {
    laws::cut_anywhere(decoder, stream);
    let after = laws::after_last(stream, "\"message-end\"");
    let end = after + stream[after..].iter().position(|&byte| byte == b'\n').unwrap();
    laws::truncation(decoder, stream, end);
    laws::unknown_events_harmless(decoder, stream, JUNK);
    laws::unknown_events_harmless(decoder, stream, laws::COMMENTS);
    laws::stream_laws(&laws::chunks(decoder, stream));
    for line in std::str::from_utf8(stream).unwrap().lines() {
        if let Some(json) = line.strip_prefix("data: {") {
            laws::json_identity::<wire::StreamEvent>(&format!("{{{json}"));
        }
    }
}

macro_rules! answers {
    ($($name:ident $(= $same:literal)?)+) => { $(
        #[test]
        fn $name() {
            let whole = include_str!(concat!("fixtures/response/", stringify!($name), ".json"));
            laws::json_identity::<wire::ChatResponse>(whole);
            insta::assert_json_snapshot!(concat!("response.", stringify!($name)), answer(whole));
            let stream = include_str!(concat!("fixtures/stream/", stringify!($name), ".sse")).as_bytes();
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
        plan_and_calls = true
        citations = true
        thinking_and_plan = true
        logprobs_limit = true
        unknown
    }

    #[test]
    fn an_answer_goes_back_as_it_came() {
        for json in [
            include_str!("fixtures/response/citations.json"),
            include_str!("fixtures/response/thinking_and_plan.json"),
            include_str!("fixtures/response/plan_and_calls.json"),
        ] {
            let mut given: Value = serde_json::from_str(json).unwrap();
            let message = answer(json).choices.remove(0).message;
            let request = ChatRequest::new("m", vec![Message::user("?"), message]);
            let mut back = body(&encode(&request).unwrap())["messages"][1].take();
            // Text by itself is a string here, and no arguments are an empty object.
            if let Some(text) = back["content"].as_str() {
                back["content"] = json!([{ "type": "text", "text": text }]);
            }
            let calls = given["message"].get_mut("tool_calls").and_then(Value::as_array_mut);
            for call in calls.into_iter().flatten() {
                if call["function"]["arguments"] == "" {
                    call["function"]["arguments"] = "{}".into();
                }
            }
            assert_eq!(back, given["message"]);
        }
    }

    #[test]
    fn a_failure_of_status_200() {
        for (reason, kind) in [("ERROR", ErrorKind::Unavailable), ("TIMEOUT", ErrorKind::GatewayTimeout)] {
            let json = json!({ "id": "i", "finish_reason": reason, "message": { "role": "assistant", "content": [] } });
            let error = chat().decode(Response::new(json.to_string().as_bytes())).unwrap_err();
            assert_eq!((error.kind, error.code.as_deref()), (kind, Some(reason)));
        }
    }

    #[test]
    fn what_cannot_be_read() {
        let error = chat().decode(Response::new(br#"{"message":1}"#.as_slice())).unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadGateway);
        let items = laws::read(decoder, b"data: {\"type\":\"content-delta\",\"index\":\"x\"}\n\n");
        assert!(matches!(items.as_slice(), [Err(StreamError::Corrupt(_))]), "{items:?}");
        let items = laws::read(decoder, b"data: {\"message\":\"too many tokens: 9\",\"id\":\"e\"}\n\n");
        let [Err(StreamError::Upstream(error))] = items.as_slice() else { panic!("{items:?}") };
        assert_eq!((error.kind, error.request_id.as_deref()), (ErrorKind::ContextWindow, Some("e")));
    }
}

/// Cohere names no model in its answers; whoever asked knows it, and puts it in as the gateway does.
struct Named;

impl Provider for Named {
    fn info(&self) -> &VendorInfo {
        COHERE.info()
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(self)
    }
}

impl Translator<Chat> for Named {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        chat().encode(request, call)
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        chat().decode(response).map(|decoded| match decoded {
            Decoded::Answer(mut answer) => {
                assert!(answer.model.is_absent());
                answer.model = Nullable::Value(MODEL.to_owned());
                Decoded::Answer(answer)
            }
            again @ Decoded::Again { .. } => again,
        })
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        chat().decoder()
    }
}

#[test]
fn conformance() {
    let lacks = Capabilities { documents: false, count_tokens: false, ..COHERE.info().capabilities };
    assert_eq!(COHERE.info().capabilities, lacks);
    let report = run(&Vendor {
        provider: &Named,
        fixtures: &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/conformance"),
        model: MODEL,
        terminal: "\"output_tokens\":8}}}}",
        junk: JUNK,
        skips: &[(llm_testkit::conformance::Scenario::Documents, "Cohere reads no files")],
    });
    assert_eq!(report.skipped.len(), 1, "{report}");
}

/// Members of several requests in one, and their messages after each other: whatever is said together, nothing is lost in
/// silence.
#[test]
fn mixtures_of_the_corpus() {
    let mut random = Random::new(11);
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
