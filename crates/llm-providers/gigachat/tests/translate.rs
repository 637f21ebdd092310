//! Every direction: what is sent for the corpus and for fixtures, what is read from fixtures, and the laws.
//!
//! The fixtures follow the GigaChat API reference ("Chat completions", "Embeddings", "Functions", "Errors"), read 2026-11;
//! none is a recording.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use http::{HeaderMap, Response};
use llm_provider_core::{Call, Decoded, Parameters, Provider as _};
use llm_provider_gigachat::GigaChat;
use llm_testkit::conformance::{Scenario, Vendor, run, run_corpus};
use llm_testkit::laws::Equivalence;
use llm_testkit::suite::{Suite, sent};
use llm_types::ChatRequest;
use serde_json::{Value, json};

const MODEL: &str = "GigaChat-2-Max";

/// Claims that are true of this vendor: it says the same in other words, or needs no word for it.
const EQUIVALENCES: &[Equivalence] = &[
    Equivalence::any("stream_options.include_usage", ""),
    Equivalence::any("stream_options.include_obfuscation", ""),
    Equivalence::any("response_format.json_schema.name", "\"json_schema\""),
    Equivalence::any("response_format.json_schema.description", "\"json_schema\""),
];

/// What the vendor's wire has no place for.
const SKIPS: &[(Scenario, &str)] = &[
    (Scenario::ParallelToolsStream, "the vendor calls one function at a time"),
    (Scenario::Images, "images are uploaded first"),
    (Scenario::Documents, "files are uploaded first"),
    (Scenario::ContentPolicy, "the vendor withholds in the answer: finish reason `blacklist`"),
];

/// The vendor as its pages show it.
fn suite(vendor: &GigaChat) -> Suite<'_> {
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
    suite(&GigaChat::new()).with_call(then)
}

fn read(json: Value) -> ChatRequest {
    llm_types::from_value(json).unwrap()
}

#[test]
fn requests() {
    for (name, request) in suite(&GigaChat::new()).requests() {
        insta::assert_snapshot!(name, request);
    }
}

#[test]
fn the_whole_corpus_is_sent() {
    let refused = run_corpus(&GigaChat::new(), MODEL, EQUIVALENCES);
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn conformance() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/conformance");
    let report = run(&Vendor {
        provider: &GigaChat::new(),
        fixtures: &folder,
        model: MODEL,
        terminal: "data: [DONE]",
        junk: &["event: new\ndata: {\"new\":1}\n\n"],
        skips: SKIPS,
    });
    assert_eq!(report.passed.len() + SKIPS.len(), Scenario::ALL.len(), "{report}");
}

#[test]
fn answers() {
    for (name, answer) in suite(&GigaChat::new()).answers() {
        insta::assert_json_snapshot!(name, answer);
    }
}

#[test]
fn streams() {
    for (name, chunks) in suite(&GigaChat::new()).streams() {
        insta::assert_snapshot!(name, chunks);
    }
}

#[test]
fn errors() {
    for (name, error) in suite(&GigaChat::new()).errors() {
        insta::assert_json_snapshot!(name, error);
    }
}

#[test]
fn a_token_in_hand() {
    let vendor = GigaChat::new();
    let request = read(json!({"model": "m", "messages": [{"role": "user", "content": "?"}]}));
    with_call(|call| {
        let parameters = [("gigachat_access_token", "t")].into_iter().collect();
        let call = Call { parameters: &parameters, ..call.clone() };
        let encoded = vendor.chat().unwrap().encode(&request, &call).unwrap();
        assert_eq!(encoded.request.headers()["authorization"], "Bearer t");
        let mut own = HeaderMap::new();
        own.insert("authorization", "Bearer own".parse().unwrap());
        let encoded = vendor.chat().unwrap().encode(&request, &Call { headers: &own, ..call }).unwrap();
        assert_eq!(encoded.request.headers()["authorization"], "Bearer own");
    });
}

#[test]
fn vectors() {
    let vendor = GigaChat::new();
    let vectors = vendor.embeddings().unwrap();
    with_call(|call| {
        let request = json!({"model": "m", "input": "a", "dimensions": 3});
        let request = llm_types::from_value(request).unwrap();
        insta::assert_snapshot!(sent(vectors.encode(&request, call)), @r#"
        POST https://gigachat.devices.sberbank.ru/api/v1/embeddings
        {"model":"GigaChat-2-Max","input":["a"]}
          dropped dimensions: the vendor's vectors have no such parameter
        "#);
    });
    let body = json!({"object": "list", "model": "Embeddings", "data": [
        {"object": "embedding", "embedding": [0.5], "index": 0, "usage": {"prompt_tokens": 6}},
        {"object": "embedding", "embedding": [1.5], "index": 1, "usage": {"prompt_tokens": 4}}]})
    .to_string();
    let Decoded::Answer(answer) = vectors.decode(Response::new(body.as_bytes())).unwrap() else { panic!() };
    assert_eq!(answer.usage.get().unwrap().counts().input, 10);
}
