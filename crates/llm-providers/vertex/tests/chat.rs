//! Chat with every family of models: addresses, bodies, answers and streams, and the laws that hold for all.
//!
//! The fixtures follow Google's documentation of Vertex AI and its partners', read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use http::{HeaderMap, HeaderValue, Response};
use llm_provider_core::{
    Call, Chat, CountTokens, Credential, Decoded, Decoder, Dialect, EncodeError, Encoded, OnUnsupported,
    Parameters, Payload, Peek, Provider, RelayOperation, Secret, Translator, apply,
};
use llm_provider_vertex::Vertex;
use llm_testkit::conformance::{Scenario, Vendor, run};
use llm_testkit::corpus::{case, corpus};
use llm_testkit::fuzz;
use llm_testkit::laws::{self, Equivalence};
use llm_types::{ChatRequest, ChatResponse, ErrorKind, Nullable};
use serde_json::{Value, json};

static VERTEX: Vertex = Vertex;

fn chat() -> &'static dyn Translator<Chat> {
    VERTEX.chat().unwrap()
}

fn decoder() -> Box<dyn Decoder<Chat>> {
    chat().decoder()
}

/// A call as the gateway makes it, once it has logged in.
fn with_call<T>(model: &str, then: impl FnOnce(&Call<'_>) -> T) -> T {
    let headers = HeaderMap::new();
    let parameters: Parameters =
        [("vertex_project", "p"), ("vertex_location", "us-east5")].into_iter().collect();
    let token = Credential::Token(Secret::new("ya29.t"));
    then(&Call { parameters: &parameters, credential: Some(&token), ..Call::new(model, &headers) })
}

/// What is sent and noted, for eyes.
fn sent(encoded: Result<Encoded, EncodeError>) -> String {
    let encoded = match encoded {
        Ok(encoded) => encoded,
        Err(error) => return format!("refused: {error}\n"),
    };
    let (parts, body) = encoded.request.into_parts();
    let mut out = format!("{} {}\n", parts.method, parts.uri);
    for (name, value) in parts.headers.iter().filter(|(name, _)| *name != "content-type") {
        writeln!(out, "{name}: {}", value.to_str().unwrap()).unwrap();
    }
    let Payload::Bytes(body) = body else { panic!("no bytes") };
    let body: Value = serde_json::from_slice(&body).unwrap();
    writeln!(out, "\n{}\n", serde_json::to_string_pretty(&body).unwrap()).unwrap();
    for note in encoded.notes {
        writeln!(out, "{note}").unwrap();
    }
    out
}

const FAMILIES: &[(&str, &str)] = &[
    ("gemini", "gemini-2.5-flash"),
    ("tuned", "5464397967697903616"),
    ("claude", "claude-sonnet-4-5@20250929"),
    ("mistral", "mistral-large@2407"),
    ("ai21", "jamba-1.5-large@001"),
    ("open", "meta/llama-4-maverick-17b-128e-instruct-maas"),
    ("endpoint", "openai/5464397967697903616"),
];

#[test]
fn requests_of_every_family() {
    for (name, model) in FAMILIES {
        let mut request = case("tools").request();
        request.max_tokens = Nullable::Value(64);
        request.seed = Nullable::Value(7);
        request.metadata = Nullable::Value([("team".to_owned(), json!("blue"))].into_iter().collect());
        request.stream = Nullable::Value(*name == "claude" || *name == "mistral" || *name == "tuned");
        insta::assert_snapshot!(
            format!("request_{name}"),
            with_call(model, |call| sent(chat().encode(&request, call)))
        );
    }
}

/// Claims that are true of Gemini on Vertex AI; those of the partners are tested with their own crates.
const EQUIVALENCES: &[Equivalence] = &[
    Equivalence::any("stream", ""),
    Equivalence::any("stream_options", ""),
    Equivalence::of("store", "false", ""),
    Equivalence::of("parallel_tool_calls", "true", ""),
    Equivalence::of("tool_choice", "auto", "\"mode\":\"AUTO\""),
    Equivalence::of("tool_choice", "none", "\"mode\":\"NONE\""),
    Equivalence::of("tool_choice", "required", "\"mode\":\"ANY\""),
    Equivalence::of("tool_choice.allowed_tools.mode", "required", "\"mode\":\"ANY\""),
    Equivalence::of("reasoning_effort", "none", "\"thinkingBudget\":0"),
    Equivalence::any("response_format.json_schema.strict", "\"responseMimeType\":\"application/json\""),
    Equivalence::of("tools[*].function.strict", "false", ""),
    Equivalence::of("messages[*].content[*].image_url.detail", "auto", ""),
    Equivalence::any("messages[*].name", "\"functionResponse\""),
    Equivalence::any("modalities", "\"responseModalities\""),
];

#[test]
fn nothing_is_lost_in_silence() {
    for (_, model) in FAMILIES {
        for case in corpus() {
            let request = case.request();
            with_call(model, |call| {
                laws::encode_is_stable(chat(), &request, call);
                if model.starts_with("gemini") {
                    laws::no_silent_loss(chat(), &request, call, EQUIVALENCES);
                    let rejecting = Call { unsupported: OnUnsupported::Reject, ..call.clone() };
                    laws::no_silent_loss(chat(), &request, &rejecting, EQUIVALENCES);
                }
            });
        }
    }
}

#[test]
fn gemini_stands_the_grid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/conformance");
    let report = run(&Vendor {
        provider: &InProject,
        fixtures: &folder,
        model: "gemini-2.5-flash",
        terminal: "\"responseId\":\"resp-1\"}",
        junk: &["event: new\ndata: {}\n\n"],
        skips: &[(Scenario::ContentPolicy, "a blocked prompt or answer is an answer, with a reason to stop")],
    });
    assert_eq!(report.passed.len(), Scenario::ALL.len() - 1, "{report}");
}

/// The vendor in express mode, as the grid calls it: with a key and without a project.
struct InProject;

impl Provider for InProject {
    fn info(&self) -> &llm_provider_core::VendorInfo {
        static INFO: std::sync::LazyLock<llm_provider_core::VendorInfo> =
            std::sync::LazyLock::new(|| llm_provider_core::VendorInfo {
                base_url: "https://aiplatform.googleapis.com".into(),
                ..VERTEX.info().clone()
            });
        &INFO
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        VERTEX.chat()
    }
}

fn answer(json: &str) -> ChatResponse {
    match chat().decode(Response::new(json.as_bytes())).unwrap() {
        Decoded::Answer(answer) => answer,
        Decoded::Again { .. } => panic!("no answer"),
    }
}

macro_rules! families {
    ($($name:ident $terminal:literal)+) => { $(
        #[test]
        fn $name() {
            let json = include_str!(concat!("fixtures/response/", stringify!($name), ".json"));
            insta::assert_json_snapshot!(concat!("response_", stringify!($name)), answer(json));
            let stream = include_str!(concat!("fixtures/stream/", stringify!($name), ".sse")).as_bytes();
            let chunks = laws::chunks(decoder, stream);
            let lines: Vec<_> = chunks.iter().map(|chunk| serde_json::to_string(chunk).unwrap()).collect();
            insta::assert_snapshot!(concat!("stream_", stringify!($name)), lines.join("\n"));
            laws::cut_anywhere(decoder, stream);
            laws::truncation(decoder, stream, laws::after_last(stream, $terminal));
            laws::unknown_events_harmless(decoder, stream, laws::COMMENTS);
            laws::stream_laws(&chunks);
        }
    )+ };
}

mod answers {
    use super::*;

    families! {
        gemini "\"responseId\":\"resp-1\"}"
        claude "\"message_stop\"}"
        mistral "data: [DONE]"
        open "data: [DONE]"
    }

    #[test]
    fn errors_of_every_family() {
        for (status, body, kind) in [
            (
                429,
                json!({"error": {"code": 429, "message": "Resource exhausted, please try again later.", "status": "RESOURCE_EXHAUSTED"}}),
                ErrorKind::RateLimit,
            ),
            (
                400,
                json!({"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 9 tokens > 8 maximum"}}),
                ErrorKind::ContextWindow,
            ),
            (
                404,
                json!([{"error": {"code": 404, "message": "Publisher Model was not found.", "status": "NOT_FOUND"}}]),
                ErrorKind::NotFound,
            ),
            (
                401,
                json!({"error": {"code": 401, "message": "Request had invalid authentication credentials.", "status": "UNAUTHENTICATED"}}),
                ErrorKind::Authentication,
            ),
        ] {
            let body = body.to_string();
            let error =
                chat().decode(Response::builder().status(status).body(body.as_bytes()).unwrap()).unwrap_err();
            assert_eq!((error.kind, error.status), (kind, status), "{body}");
        }
    }

    #[test]
    fn a_stream_of_nothing_is_cut_short() {
        for stream in [&b""[..], b": comment\n\n", b"data: {\"cand"] {
            let items = laws::read(decoder, stream);
            assert!(
                matches!(items.as_slice(), [Err(llm_provider_core::StreamError::Truncated)]),
                "{items:?}"
            );
        }
    }
}

#[test]
fn tokens_are_counted() {
    let count: &dyn Translator<CountTokens> = VERTEX.count_tokens().unwrap();
    let request: ChatRequest = case("system").request();
    for (name, model) in [("gemini", "gemini-2.5-flash"), ("claude", "claude-sonnet-4-5@20250929")] {
        insta::assert_snapshot!(
            format!("count_{name}"),
            with_call(model, |call| sent(count.encode(&request, call)))
        );
    }
    let refused = with_call("meta/llama", |call| count.encode(&request, call)).unwrap_err();
    assert!(matches!(refused, EncodeError::Unsupported { .. }));
    for (body, tokens) in
        [(r#"{"totalTokens":31,"totalBillableCharacters":96}"#, 31), (r#"{"input_tokens":14}"#, 14)]
    {
        let Decoded::Answer(counted) = count.decode(Response::new(body.as_bytes())).unwrap() else {
            panic!("no answer")
        };
        assert_eq!(counted.input_tokens, tokens);
    }
}

#[test]
fn bytes_pass_through_to_whoever_speaks_the_dialect() {
    let body = bytes::Bytes::from_static(br#"{"model":"claude","max_tokens":5,"messages":[],"stream":true}"#);
    let peek = Peek::new(&body).unwrap();
    with_call("claude-sonnet-4-5", |call| {
        let relay = VERTEX.relay(Dialect::AnthropicMessages).unwrap();
        let edits = relay.edits(&peek, call).unwrap();
        assert_eq!(
            apply(&body, &peek, &edits),
            r#"{"max_tokens":5,"messages":[],"stream":true,"anthropic_version":"vertex-2023-10-16"}"#
        );
        let mut headers = HeaderMap::new();
        headers.insert("anthropic-beta", HeaderValue::from_static("context-1m-2025-08-07"));
        let call = Call { headers: &headers, ..call.clone() };
        let head = relay.head(RelayOperation::ChatStream, &call).unwrap();
        assert_eq!(
            head.uri,
            "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-sonnet-4-5:streamRawPredict"
        );
        assert_eq!(head.headers["anthropic-beta"], "context-1m-2025-08-07");
        assert!(VERTEX.relay(Dialect::Gemini).unwrap().edits(&peek, &call).is_none());
    });
    with_call("gemini-2.5-pro", |call| {
        let relay = VERTEX.relay(Dialect::Gemini).unwrap();
        assert_eq!(relay.edits(&peek, call), Some(Vec::new()));
        assert!(!relay.model_in_body());
        let head = relay.head(RelayOperation::Chat, call).unwrap();
        assert!(head.uri.path().ends_with("/publishers/google/models/gemini-2.5-pro:generateContent"));
        assert!(VERTEX.relay(Dialect::AnthropicMessages).unwrap().edits(&peek, call).is_none());
        assert!(relay.head(RelayOperation::Embeddings, call).is_err());
    });
    assert!(VERTEX.relay(Dialect::OpenAiChat).is_none());
}

/// Hostile input: whatever an answer or a stream is, and whichever family it seems to be of, it is read or refused.
#[test]
fn hostile_answers_and_streams() {
    const STREAMS: &[&[u8]] = &[
        include_bytes!("fixtures/stream/gemini.sse"),
        include_bytes!("fixtures/stream/claude.sse"),
        include_bytes!("fixtures/stream/mistral.sse"),
        include_bytes!("fixtures/stream/open.sse"),
    ];
    const ANSWERS: &[&[u8]] = &[
        include_bytes!("fixtures/response/gemini.json"),
        include_bytes!("fixtures/response/claude.json"),
        include_bytes!("fixtures/response/mistral.json"),
        include_bytes!("fixtures/response/open.json"),
    ];
    fuzz::run(|data| fuzz::stream(decoder, data), STREAMS, fuzz::SEED, fuzz::iterations(1_000));
    let read = |data: &[u8]| {
        for status in [200, 400, 529] {
            let response = || Response::builder().status(status).body(data).unwrap();
            assert!(status == 200 || chat().decode(response()).is_err());
            drop(VERTEX.embeddings().unwrap().decode(response()));
            drop(VERTEX.rerank().unwrap().decode(response()));
            drop(chat().decode(response()));
        }
    };
    fuzz::run(read, ANSWERS, fuzz::SEED, fuzz::iterations(1_000));
}

/// Every snapshot belongs to a case.
#[test]
fn no_snapshot_is_an_orphan() {
    let folder = format!("{}/tests/snapshots", env!("CARGO_MANIFEST_DIR"));
    let found: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let families = ["gemini", "claude", "mistral", "open"];
    let mut wanted: BTreeSet<String> =
        FAMILIES.iter().map(|(name, _)| format!("chat__request_{name}.snap")).collect();
    wanted.extend(families.iter().map(|name| format!("chat__answers__response_{name}.snap")));
    wanted.extend(families.iter().map(|name| format!("chat__answers__stream_{name}.snap")));
    wanted.extend(["gemini", "claude"].map(|name| format!("chat__count_{name}.snap")));
    assert_eq!(found, wanted);
}

#[test]
fn a_model_that_nobody_knows_passes() {
    let request = case("plain").request();
    let uri =
        with_call("invented-9", |call| chat().encode(&request, call)).unwrap().request.uri().to_string();
    assert!(uri.ends_with("/publishers/google/models/invented-9:generateContent"), "{uri}");
}
