//! Every direction: what is sent for the corpus and for fixtures, what is read from fixtures, and the laws.
//!
//! The fixtures follow SAP AI Core docs, "Orchestration", version 2 of its API, read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use http::{HeaderMap, Response};
use llm_provider_core::{Call, Decoded, EncodeError, Provider as _};
use llm_provider_sap::Sap;
use llm_testkit::conformance::{Scenario, Vendor, run, run_corpus};
use llm_testkit::laws::Equivalence;
use llm_testkit::suite::{Suite, sent};
use llm_types::ChatRequest;
use serde_json::{Value, json};

const MODEL: &str = "gpt-4o";

/// Claims that are true of this vendor: it says the same in other words, or needs no word for it.
const EQUIVALENCES: &[Equivalence] = &[
    Equivalence::of("stream", "true", "\"enabled\":true"),
    Equivalence::any("stream_options.include_usage", ""),
];

/// What the vendor's wire has no place for.
const SKIPS: &[(Scenario, &str)] = &[(Scenario::Documents, "messages hold text and images")];

/// The vendor as its pages show it.
fn suite(vendor: &Sap) -> Suite<'_> {
    Suite {
        provider: vendor,
        fixtures: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"),
        model: MODEL,
        base_url: None,
        parameters: [
            ("deployment_url", "https://api.ai.example/v2/inference/deployments/d1"),
            ("resource_group", "team"),
        ]
        .into_iter()
        .collect(),
        equivalences: EQUIVALENCES,
    }
}

fn with_call<T>(then: impl FnOnce(&Call<'_>) -> T) -> T {
    suite(&Sap::new()).with_call(then)
}

fn read(json: Value) -> ChatRequest {
    llm_types::from_value(json).unwrap()
}

#[test]
fn requests() {
    for (name, request) in suite(&Sap::new()).requests() {
        insta::assert_snapshot!(name, request);
    }
}

#[test]
fn the_whole_corpus_is_sent() {
    let refused = run_corpus(&Sap::new(), MODEL, EQUIVALENCES);
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn conformance() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/conformance");
    let report = run(&Vendor {
        provider: &Sap::new(),
        fixtures: &folder,
        model: MODEL,
        terminal: "fp-last\"}}",
        junk: &["event: new\ndata: {\"new\":1}\n\n"],
        skips: SKIPS,
    });
    assert_eq!(report.passed.len() + SKIPS.len(), Scenario::ALL.len(), "{report}");
}

#[test]
fn answers() {
    for (name, answer) in suite(&Sap::new()).answers() {
        insta::assert_json_snapshot!(name, answer);
    }
}

#[test]
fn streams() {
    for (name, chunks) in suite(&Sap::new()).streams() {
        insta::assert_snapshot!(name, chunks);
    }
}

#[test]
fn errors() {
    for (name, error) in suite(&Sap::new()).errors() {
        insta::assert_json_snapshot!(name, error);
    }
}

#[test]
fn addresses_and_headers() {
    let vendor = Sap::new();
    let request = read(json!({"model": "m", "messages": [{"role": "user", "content": "?"}]}));
    with_call(|call| {
        let encoded = vendor.chat().unwrap().encode(&request, call).unwrap();
        assert_eq!(encoded.request.headers()["ai-resource-group"], "team");
        assert_eq!(encoded.request.headers()["authorization"], "Bearer test-key");
        let call = Call { base_url: Some("http://h/d1/v2/completion/"), ..call.clone() };
        let encoded = vendor.chat().unwrap().encode(&request, &call).unwrap();
        assert_eq!(encoded.request.uri(), "http://h/d1/v2/completion");
    });
    let headers = HeaderMap::new();
    assert!(matches!(
        vendor.chat().unwrap().encode(&request, &Call::new("m", &headers)),
        Err(EncodeError::Setup(_))
    ));
}

#[test]
fn vectors() {
    let vendor = Sap::new();
    let vectors = vendor.embeddings().unwrap();
    with_call(|call| {
        let request =
            json!({"model": "m", "input": ["a", "b"], "dimensions": 3, "input_type": "query", "user": "u"});
        let request = llm_types::from_value(request).unwrap();
        insta::assert_snapshot!(sent(vectors.encode(&request, call)), @r#"
        POST https://api.ai.example/v2/inference/deployments/d1/v2/embeddings
        {"config":{"modules":{"embeddings":{"model":{"name":"gpt-4o","version":"latest","params":{"dimensions":3}}}}},"input":{"text":["a","b"],"type":"query"}}
          dropped user: the vendor does not ask who asks
        "#);
    });
    let body = json!({"request_id": "r", "final_result": {"object": "list", "model": "m", "data": [
        {"object": "embedding", "embedding": [0.5], "index": 0}], "usage": {"prompt_tokens": 2, "total_tokens": 2}}}).to_string();
    let Decoded::Answer(answer) = vectors.decode(Response::new(body.as_bytes())).unwrap() else { panic!() };
    assert_eq!(answer.usage.get().unwrap().counts().input, 2);
    assert!(vectors.decode(Response::new(b"{}".as_slice())).is_err());
}
