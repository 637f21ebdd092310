//! Every direction, case by case: fixtures in `tests/fixtures`, what becomes of them in `tests/snapshots`, and
//! the laws that hold for all.
//!
//! The fixtures follow Mistral AI's documentation ("Chat Completion", "Function calling", "Reasoning", "Citations",
//! "Errors"), read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;

use http::{HeaderMap, Response};
use llm_provider_core::{
    Call, Capabilities, Chat, Decoded, Decoder, Dialect, EncodeError, Encoded, OnUnsupported, Payload, Peek,
    Provider, StreamError, Translator,
};
use llm_provider_mistral::Mistral;
use llm_testkit::Random;
use llm_testkit::conformance::{Vendor, run, run_corpus};
use llm_testkit::corpus::corpus;
use llm_testkit::laws::{self, Equivalence};
use llm_types::{ChatRequest, ChatResponse, ErrorKind, Message, Nullable};
use serde_json::{Value, json};

const MODEL: &str = "mistral-small-latest";

static MISTRAL: LazyLock<Mistral> = LazyLock::new(Mistral::new);

fn chat() -> &'static dyn Translator<Chat> {
    MISTRAL.chat().unwrap()
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

/// Claims that are true of Mistral: it says the same in other words, or needs no word for it.
const EQUIVALENCES: &[Equivalence] = &[
    Equivalence::of("tool_choice", "required", "\"tool_choice\":\"any\""),
    Equivalence::of("tools[*].function.strict", "false", ""),
    Equivalence::of("messages[*].content", "", ""),
];

fn laws_of(request: &ChatRequest) {
    let headers = HeaderMap::new();
    for model in [MODEL, "an-invented-model"] {
        let call = Call::new(model, &headers);
        laws::encode_is_stable(chat(), request, &call);
        laws::no_silent_loss(chat(), request, &call, EQUIVALENCES);
        let rejecting = Call { unsupported: OnUnsupported::Reject, ..call.clone() };
        laws::no_silent_loss(chat(), request, &rejecting, EQUIVALENCES);
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

    requests! { conversation }

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
        let refused = run_corpus(&*MISTRAL, MODEL, EQUIVALENCES);
        assert!(refused.is_empty(), "{refused:?}");
    }

    #[test]
    fn unsupported_members_are_refused_or_forwarded() {
        let mut request = ChatRequest::new("m", vec![Message::user("?")]);
        request.user = Nullable::Value("u".to_owned());
        let headers = HeaderMap::new();
        let call = Call { unsupported: OnUnsupported::Reject, ..Call::new(MODEL, &headers) };
        let refusal = EncodeError::unsupported("user", "the vendor does not take it");
        assert_eq!(chat().encode(&request, &call).unwrap_err(), refusal);
        let forward = ["user".to_owned()];
        let call = Call { forward: &forward, ..call };
        assert_eq!(body(&chat().encode(&request, &call).unwrap())["user"], "u");
    }

    #[test]
    fn ids_are_mapped_in_pairs() {
        let request = read(json!({ "model": "m", "messages": [
            { "role": "assistant", "tool_calls": [{ "id": "call_1", "type": "function", "function": { "name": "f", "arguments": "{}" } },
                { "id": "a1B2c3D4e", "type": "function", "function": { "name": "f", "arguments": "{}" } }] },
            { "role": "tool", "tool_call_id": "a1B2c3D4e", "content": "1" },
            { "role": "tool", "tool_call_id": "call_1", "content": "2" }
        ] }));
        let encoded = encode(&request).unwrap();
        let body = body(&encoded);
        let calls = &body["messages"][0]["tool_calls"];
        assert_eq!(
            (&calls[1]["id"], &body["messages"][1]["tool_call_id"]),
            (&json!("a1B2c3D4e"), &json!("a1B2c3D4e"))
        );
        assert_eq!(calls[0]["id"], body["messages"][2]["tool_call_id"]);
        assert_eq!(calls[0]["id"].as_str().unwrap().len(), 9);
        let renamed: Vec<_> = encoded.notes.iter().map(|note| note.path.as_str()).collect();
        assert_eq!(renamed, ["messages[0].tool_calls[0].id", "messages[2].tool_call_id"]);
    }

    #[test]
    fn hosts() {
        let headers = HeaderMap::new();
        let request = ChatRequest::new("m", vec![Message::user("?")]);
        let codestral = Mistral::codestral();
        assert_eq!(codestral.info().id, "codestral");
        let uri = |vendor: &Mistral, base| {
            let call = Call { base_url: base, ..Call::new("m", &headers) };
            vendor.chat().unwrap().encode(&request, &call).unwrap().request.uri().to_string()
        };
        assert_eq!(uri(&codestral, None), "https://codestral.mistral.ai/v1/chat/completions");
        assert_eq!(
            uri(&MISTRAL, Some("https://api.eu.mistral.ai")),
            "https://api.eu.mistral.ai/v1/chat/completions"
        );
        assert_eq!(
            uri(&MISTRAL, Some("https://api.eu.mistral.ai/v1/")),
            "https://api.eu.mistral.ai/v1/chat/completions"
        );
    }
}

/// What passes through as bytes and what is translated mean the same to the vendor.
#[test]
fn passing_through_and_translating_agree() {
    let headers = HeaderMap::new();
    let call = Call::new(MODEL, &headers);
    let mut passed = 0;
    for case in corpus() {
        let bytes = bytes::Bytes::from(case.json);
        let peek = Peek::new(&bytes).unwrap();
        let Some(edits) = MISTRAL.relay(Dialect::OpenAiChat).unwrap().edits(&peek, &call) else { continue };
        passed += 1;
        let mut relayed: Value =
            serde_json::from_slice(&llm_provider_core::apply(&bytes, &peek, &edits)).unwrap();
        relayed["model"] = MODEL.into();
        let mut translated = body(&encode(&case.request()).unwrap());
        for body in [&mut relayed, &mut translated] {
            normalise(body);
        }
        assert_eq!(relayed, translated, "{}", case.name);
    }
    assert!(passed > 25, "{passed} passed through");
}

/// Mistral tells thinking in parts of the content, where clients of OpenAI's dialect expect a text: such answers are read.
#[test]
fn answers_that_think_do_not_pass_through() {
    let relay = MISTRAL.relay(Dialect::OpenAiChat).unwrap();
    let headers = HeaderMap::new();
    let passes = |model: &str, more: &str| {
        let bytes =
            format!("{{\"model\":\"m\",\"messages\":[{{\"role\":\"user\",\"content\":\"Hi\"}}]{more}}}");
        relay.edits(&Peek::new(bytes.as_bytes()).unwrap(), &Call::new(model, &headers)).is_some()
    };
    assert!(passes("mistral-small-latest", ""));
    assert!(passes("mistral-small-latest", ",\"reasoning_effort\":\"none\""));
    assert!(!passes("mistral-small-latest", ",\"reasoning_effort\":\"high\""));
    assert!(!passes("mistral-small-latest", ",\"prompt_mode\":\"reasoning\""));
    assert!(!passes("magistral-medium-latest", ""));
    let body = json!({ "id": "1", "model": "m", "choices": [{ "index": 0, "finish_reason": "stop", "message": {
        "role": "assistant", "content": [
            { "type": "thinking", "thinking": [{ "type": "text", "text": "Easy." }], "closed": true },
            { "type": "text", "text": "4" }
        ], "tool_calls": null } }] });
    let answer = MISTRAL.chat().unwrap().decode(Response::new(body.to_string().as_bytes())).unwrap();
    let Decoded::Answer(answer) = answer else { panic!("not done") };
    let message = &answer.choices[0].message;
    assert_eq!(message.content.get().unwrap().text(), "4");
    assert_eq!(message.reasoning_content.as_deref(), Some("Easy."));
}

/// Both ways of writing an image's address mean the same.
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
fn a_listener_hears_usage_in_every_spelling() {
    for spelling in ["prompt_token_details", "prompt_tokens_details"] {
        let mut listener = MISTRAL.relay(Dialect::OpenAiChat).unwrap().listener();
        let body = json!({ "model": "m", "choices": [{ "finish_reason": "stop", "message": { "content": "x" } }],
            "usage": { "prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11, spelling: { "cached_tokens": 4 } } });
        listener.body(body.to_string().as_bytes());
        assert_eq!(listener.seen().usage.as_ref().unwrap().counts().input_cached, 4);
        assert!(listener.seen().complete);
    }
    let mut listener = MISTRAL.relay(Dialect::OpenAiChat).unwrap().listener();
    let frame =
        b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},\"finish_reason\":\"error\"}]}\n\n";
    assert_eq!(listener.frame(frame), llm_provider_core::Heard::Failure);
    assert!(listener.failure().is_some());
}

#[test]
fn vectors() {
    let embeddings = MISTRAL.embeddings().unwrap();
    let headers = HeaderMap::new();
    let request: llm_types::EmbeddingRequest =
        llm_types::from_value(json!({ "model": "x", "input": ["a"], "dimensions": 256,
        "output_dtype": "int8", "encoding_format": "float", "user": "u" }))
        .unwrap();
    let call = Call::new("codestral-embed", &headers);
    let encoded = embeddings.encode(&request, &call).unwrap();
    assert_eq!(encoded.request.uri(), "https://api.mistral.ai/v1/embeddings");
    assert_eq!(
        body(&encoded),
        json!({ "model": "codestral-embed", "input": ["a"], "output_dimension": 256, "output_dtype": "int8", "encoding_format": "float" })
    );
    let notes: Vec<_> = encoded.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        ["renamed dimensions: output_dimension", "dropped user: Mistral has no such parameter"]
    );
    let strict = Call { unsupported: OnUnsupported::Reject, ..call };
    assert!(embeddings.encode(&request, &strict).is_err());
    let answer = br#"{"id":"i","object":"list","model":"m","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"usage":{"prompt_tokens":2,"total_tokens":2}}"#;
    let Decoded::Answer(answer) = embeddings.decode(Response::new(answer.as_slice())).unwrap() else {
        panic!("an answer")
    };
    assert_eq!(answer.usage.get().unwrap().counts().input, 2);
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
    let choice = value["choices"][0].as_object_mut().unwrap();
    choice.get_mut("message").unwrap().as_object_mut().unwrap().retain(|_, member| !member.is_null());
    for call in value["choices"][0]["message"]["tool_calls"].as_array_mut().into_iter().flatten() {
        call.as_object_mut().unwrap().remove("index");
    }
    value.as_object_mut().unwrap().remove("usage");
    value
}

const JUNK: &[&str] = &["data: {\"new\":1}\n\n", "event: new\ndata: {\"object\":\"new\"}\n\n"];

fn stream_laws(stream: &[u8]) {
    laws::cut_anywhere(decoder, stream);
    laws::truncation(decoder, stream, laws::after_last(stream, "data: [DONE]"));
    laws::unknown_events_harmless(decoder, stream, JUNK);
    laws::unknown_events_harmless(decoder, stream, laws::COMMENTS);
    laws::unknown_members_harmless(decoder, stream);
    laws::stream_laws(&laws::chunks(decoder, stream));
}

macro_rules! answers {
    ($($name:ident $(= $same:literal)?)+) => { $(
        #[test]
        fn $name() {
            let whole = include_str!(concat!("fixtures/response/", stringify!($name), ".json"));
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
        signed_thinking_and_references = true
        calls = true
    }

    #[test]
    fn signed_thinking_goes_back_as_it_came() {
        let json = include_str!("fixtures/response/signed_thinking_and_references.json");
        let given: Value = serde_json::from_str(json).unwrap();
        let message = answer(json).choices.remove(0).message;
        let request = ChatRequest::new("m", vec![Message::user("?"), message, Message::user("Go on.")]);
        let back = body(&encode(&request).unwrap())["messages"][1].take();
        assert_eq!(back["content"][0], given["choices"][0]["message"]["content"][0]);
        assert_eq!(back["content"][1], json!({ "type": "text", "text": "Paris." }));
    }

    #[test]
    fn cached_tokens_in_every_spelling() {
        for spelling in ["prompt_token_details", "prompt_tokens_details"] {
            let json = json!({ "choices": [], "usage": { "prompt_tokens": 10, "completion_tokens": 1, spelling: { "cached_tokens": 4 } } });
            assert_eq!(answer(&json.to_string()).usage.get().unwrap().counts().input_cached, 4);
        }
    }

    #[test]
    fn an_error_in_mid_answer() {
        let stream = b"data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},\"finish_reason\":\"error\"}]}\n\n";
        let items = laws::read(decoder, stream);
        let Some(Err(StreamError::Upstream(error))) = items.last() else { panic!("{items:?}") };
        assert_eq!(error.kind, ErrorKind::Unavailable);
    }
}

#[test]
fn conformance() {
    let lacks = Capabilities { count_tokens: false, ..MISTRAL.info().capabilities };
    assert_eq!(MISTRAL.info().capabilities, lacks);
    let report = run(&Vendor {
        provider: &*MISTRAL,
        fixtures: &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/conformance"),
        model: MODEL,
        terminal: "data: [DONE]",
        junk: JUNK,
        skips: &[],
    });
    assert!(report.skipped.is_empty(), "{report}");
}

/// Members of several requests in one, and their messages after each other: whatever is said together, nothing is lost in
/// silence.
#[test]
fn mixtures_of_the_corpus() {
    let mut random = Random::new(13);
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
