//! Every direction: what is sent for the corpus and for fixtures, what is read from fixtures, and the laws.
//!
//! The fixtures follow Replicate docs ("HTTP API", "Create a prediction", "Streaming output", "Error codes"), read 2026-11;
//! none is a recording.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use http::Response;
use llm_provider_core::{Call, Decoded, Parameters, Payload, Provider as _};
use llm_provider_replicate::Replicate;
use llm_testkit::conformance::{Scenario, Vendor, run, run_corpus};
use llm_testkit::laws::{self, Equivalence};
use llm_testkit::suite::Suite;
use llm_types::ChatRequest;
use serde_json::{Value, json};

const MODEL: &str = "meta/meta-llama-3-70b-instruct";

/// Claims that are true of this vendor: it says the same in other words, or needs no word for it.
const EQUIVALENCES: &[Equivalence] = &[
    Equivalence::any("stream_options.include_usage", ""),
    Equivalence::any("stream_options.include_obfuscation", ""),
    Equivalence::of("stop[*]", "7", "\"stop_sequences\":\"7"),
    Equivalence::of("max_tokens", "128", "\"max_tokens\":256"),
];

/// What the vendor's wire has no place for.
const SKIPS: &[(Scenario, &str)] = &[
    (Scenario::TextStream, "a stream tells no usage: see `streams_hold_their_laws`"),
    (Scenario::ThinkingStream, "a stream tells no usage: see `streams_hold_their_laws`"),
    (Scenario::StreamError, "see `streams_hold_their_laws`"),
    (Scenario::TruncatedStream, "see `streams_hold_their_laws`"),
    (Scenario::UnknownEvents, "see `streams_hold_their_laws`"),
    (Scenario::Tools, "models there take text"),
    (Scenario::ToolsStream, "models there take text"),
    (Scenario::ParallelToolsStream, "models there take text"),
    (Scenario::Documents, "models there take text and an image"),
    (Scenario::ContentPolicy, "the vendor names no such refusal"),
    (Scenario::UsageCached, "the vendor tells of no prompt cache"),
];

/// The vendor as its pages show it.
fn suite(vendor: &Replicate) -> Suite<'_> {
    Suite {
        provider: vendor,
        fixtures: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"),
        model: MODEL,
        base_url: None,
        parameters: Parameters::default(),
        equivalences: EQUIVALENCES,
    }
}

fn with_call<T>(then: impl FnOnce(&Call<'_>) -> T) -> T {
    suite(&Replicate::new()).with_call(then)
}

fn read(json: Value) -> ChatRequest {
    llm_types::from_value(json).unwrap()
}

#[test]
fn requests() {
    for (name, request) in suite(&Replicate::new()).requests() {
        insta::assert_snapshot!(name, request);
    }
}

#[test]
fn the_whole_corpus_is_sent() {
    let refused = run_corpus(&Replicate::new(), MODEL, EQUIVALENCES);
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn conformance() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/conformance");
    let report = run(&Vendor {
        provider: &whole(),
        fixtures: &folder,
        model: MODEL,
        terminal: "data: {}",
        junk: &["event: new\ndata: {\"new\":1}\n\n"],
        skips: SKIPS,
    });
    assert_eq!(report.passed.len() + SKIPS.len(), Scenario::ALL.len(), "{report}");
}

#[test]
fn answers() {
    for (name, answer) in suite(&Replicate::new()).answers() {
        insta::assert_json_snapshot!(name, answer);
    }
}

#[test]
fn streams() {
    for (name, chunks) in suite(&Replicate::new()).streams() {
        insta::assert_snapshot!(name, chunks);
    }
}

#[test]
fn errors() {
    for (name, error) in suite(&Replicate::new()).errors() {
        insta::assert_json_snapshot!(name, error);
    }
}

/// The vendor without its streams, which tell no usage: the grid wants one.
struct Whole(Replicate, llm_provider_core::VendorInfo);

impl llm_provider_core::Provider for Whole {
    fn info(&self) -> &llm_provider_core::VendorInfo {
        &self.1
    }

    fn chat(&self) -> Option<&dyn llm_provider_core::Translator<llm_provider_core::Chat>> {
        self.0.chat()
    }
}

fn whole() -> Whole {
    let vendor = Replicate::new();
    let mut info = vendor.info().clone();
    info.capabilities.streaming = false;
    Whole(vendor, info)
}

#[test]
fn streams_hold_their_laws() {
    let vendor = Replicate::new();
    let make = || vendor.chat().unwrap().decoder();
    for (name, stream) in suite(&Replicate::new()).fixtures("stream") {
        laws::truncation(make, &stream, laws::after_last(&stream, "data: {}"));
        laws::unknown_events_harmless(make, &stream, laws::COMMENTS);
        laws::unknown_events_harmless(make, &stream, &["event: new\ndata: {\"new\":1}\n\n"]);
        laws::unknown_members_harmless(make, &stream);
        let whole = llm_testkit::assemble(&laws::chunks(make, &stream));
        assert!(whole.choices[0].finish_reason.is_value(), "{name}");
    }
}

#[test]
fn models_versions_and_deployments() {
    let vendor = Replicate::new();
    let request = read(json!({"model": "m", "messages": [{"role": "user", "content": "?"}]}));
    let hash = "0".repeat(64);
    let asked = |model: &str| {
        with_call(|call| {
            let encoded = vendor.chat().unwrap().encode(&request, &Call { model, ..call.clone() }).unwrap();
            let Payload::Bytes(body) = encoded.request.body() else { panic!("no bytes") };
            let body: Value = serde_json::from_slice(body).unwrap();
            assert_eq!(encoded.request.headers()["prefer"], "wait");
            let uri = encoded.request.uri().to_string();
            (uri.replace("https://api.replicate.com/v1", ""), body["version"].as_str().map(str::to_owned))
        })
    };
    assert_eq!(asked("a/b"), ("/models/a/b/predictions".to_owned(), None));
    assert_eq!(asked("deployments/a/b"), ("/deployments/a/b/predictions".to_owned(), None));
    assert_eq!(asked("a/b:v1"), ("/predictions".to_owned(), Some("v1".to_owned())));
    assert_eq!(asked(&hash), ("/predictions".to_owned(), Some(hash.clone())));
}

#[test]
fn what_is_not_ready_is_asked_for_again() {
    let vendor = Replicate::new();
    let chat = vendor.chat().unwrap();
    let decode = |urls: Value| {
        let body = json!({"id": "p", "status": "starting", "error": null, "urls": urls}).to_string();
        chat.decode(Response::builder().status(201).body(body.as_bytes()).unwrap())
    };
    let Ok(Decoded::Again { request, after_ms }) =
        decode(json!({"get": "https://h/get", "stream": "https://s/1"}))
    else {
        panic!("not ready")
    };
    assert_eq!((request.uri().to_string().as_str(), after_ms), ("https://s/1", 0));
    assert_eq!(
        (request.method().as_str(), &request.headers()["accept"]),
        ("GET", &"text/event-stream".parse().unwrap())
    );
    let Ok(Decoded::Again { request, after_ms }) = decode(json!({"get": "https://h/get"})) else {
        panic!("not ready")
    };
    assert_eq!((request.uri().to_string().as_str(), after_ms), ("https://h/get", 1000));
    assert!(decode(json!({})).is_err());
}

#[test]
fn a_stream_read_as_a_whole() {
    let vendor = Replicate::new();
    let decode = |body: &'static str| {
        let response = Response::builder().header("content-type", "text/event-stream; charset=utf-8");
        vendor.chat().unwrap().decode(response.body(body.as_bytes()).unwrap())
    };
    let Ok(Decoded::Answer(answer)) =
        decode("event: output\ndata: Par\n\nevent: output\ndata: is\n\nevent: done\ndata: {}\n\n")
    else {
        panic!("no answer")
    };
    assert_eq!(answer.choices[0].message.content.get().unwrap().text(), "Paris");
    assert_eq!(decode("event: error\ndata: {\"detail\":\"broke\"}\n\n").unwrap_err().message, "broke");
    assert!(decode("event: output\ndata: Par\n\n").unwrap_err().message.contains("too early"));
}

#[test]
fn streams_that_break_off() {
    let vendor = Replicate::new();
    for (_, stream) in suite(&Replicate::new()).fixtures("stream_error") {
        let make = || vendor.chat().unwrap().decoder();
        laws::cut_anywhere(make, &stream);
        let items = laws::read(make, &stream);
        let [Ok(_), Err(llm_provider_core::StreamError::Upstream(error))] = items.as_slice() else {
            panic!("{items:?}")
        };
        assert!(error.kind.retryable() && !error.message.is_empty(), "{error:?}");
    }
}
