//! Every direction: what is sent for the corpus and for fixtures, what is read from fixtures, and the laws.
//!
//! The fixtures follow Perplexity docs ("Agent API", "How to migrate from Sonar", "Embeddings", and "Chat completions" of
//! Sonar), and the types of the official Python package, read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use http::Response;
use llm_provider_core::{Call, Decoded, Parameters, Payload, Provider as _};
use llm_provider_perplexity::Perplexity;
use llm_testkit::conformance::{Scenario, Vendor, run, run_corpus};
use llm_testkit::corpus::corpus;
use llm_testkit::laws::{self, Equivalence};
use llm_testkit::suite::{Suite, sent};
use llm_types::ChatRequest;
use serde_json::{Value, json};

const MODEL: &str = "sonar-pro";

/// Claims that are true of this vendor: it says the same in other words, or needs no word for it.
const EQUIVALENCES: &[Equivalence] = &[
    Equivalence::any("stream_options.include_usage", ""),
    Equivalence::any("stream_options.include_obfuscation", ""),
    Equivalence::any("disable_search", ""),
];

/// What the vendor's wire has no place for.
const SKIPS: &[(Scenario, &str)] = &[
    (Scenario::Documents, "the Agent API takes text and images"),
    (Scenario::ContentPolicy, "the vendor names no such refusal"),
];

/// The vendor as its pages show it.
fn suite(vendor: &Perplexity) -> Suite<'_> {
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
    suite(&Perplexity::new()).with_call(then)
}

fn read(json: Value) -> ChatRequest {
    llm_types::from_value(json).unwrap()
}

#[test]
fn requests() {
    for (name, request) in suite(&Perplexity::new()).requests() {
        insta::assert_snapshot!(name, request);
    }
}

#[test]
fn the_whole_corpus_is_sent() {
    let refused = run_corpus(&Perplexity::new(), MODEL, EQUIVALENCES);
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn conformance() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/conformance");
    let report = run(&Vendor {
        provider: &Perplexity::new(),
        fixtures: &folder,
        model: MODEL,
        terminal: "\"total_cost\":0.0003}}}}",
        junk: &["data: {\"type\":\"response.new\",\"sequence_number\":0}\n\n"],
        skips: SKIPS,
    });
    assert_eq!(report.passed.len() + SKIPS.len(), Scenario::ALL.len(), "{report}");
}

#[test]
fn answers() {
    for (name, answer) in suite(&Perplexity::new()).answers() {
        insta::assert_json_snapshot!(name, answer);
    }
}

#[test]
fn streams() {
    for (name, chunks) in suite(&Perplexity::new()).streams() {
        insta::assert_snapshot!(name, chunks);
    }
}

#[test]
fn errors() {
    for (name, error) in suite(&Perplexity::new()).errors() {
        insta::assert_json_snapshot!(name, error);
    }
}

#[test]
fn sonar_chat_where_it_is_still_spoken() {
    let vendor = Perplexity::new();
    let chat = vendor.chat().unwrap();
    with_call(|call| {
        let call = Call { base_url: Some("http://proxy.example"), ..call.clone() };
        for case in corpus() {
            laws::no_silent_loss(chat, &case.request(), &call, EQUIVALENCES);
        }
        let request = read(
            json!({"model": "m", "messages": [{"role": "developer", "content": "d"}, {"role": "user", "content": "?"}],
            "search_mode": "academic", "search_domain_filter": ["a.example"], "web_search_options": {"search_context_size": "high"},
            "max_completion_tokens": 9, "seed": 1, "stream": true, "top_k": 3}),
        );
        insta::assert_snapshot!(sent(chat.encode(&request, &call)), @r#"
        POST http://proxy.example/chat/completions
        {"model":"sonar-pro","messages":[{"role":"system","content":"d"},{"role":"user","content":"?"}],"max_tokens":9,"stream":true,"web_search_options":{"search_context_size":"high"},"search_mode":"academic","search_domain_filter":["a.example"],"top_k":3}
          dropped seed: the vendor has no such parameter
          renamed messages[0].role: system
          renamed max_completion_tokens: max_tokens
        "#);
    });
}

#[test]
fn models_of_other_makers_and_presets() {
    let vendor = Perplexity::new();
    let request = read(json!({"model": "m", "messages": [{"role": "user", "content": "?"}]}));
    let asked = |model: &str| {
        with_call(|call| {
            let encoded = vendor.chat().unwrap().encode(&request, &Call { model, ..call.clone() }).unwrap();
            let Payload::Bytes(body) = encoded.request.body() else { panic!("no bytes") };
            let body: Value = serde_json::from_slice(body).unwrap();
            (body["model"].clone(), body["preset"].clone())
        })
    };
    assert_eq!(asked("openai/gpt-5.5"), (json!("openai/gpt-5.5"), json!(null)));
    assert_eq!(asked("preset/xhigh"), (json!(null), json!("xhigh")));
    assert_eq!(asked("sonar-deep-research"), (json!("perplexity/sonar"), json!("high")));
    assert_eq!(asked("perplexity/sonar"), (json!("perplexity/sonar"), json!(null)));
}

#[test]
fn vectors() {
    let vendor = Perplexity::new();
    let vectors = vendor.embeddings().unwrap();
    with_call(|call| {
        let request =
            json!({"model": "m", "input": "a", "dimensions": 128, "encoding_format": "float", "user": "u"});
        let request = llm_types::from_value(request).unwrap();
        insta::assert_snapshot!(sent(vectors.encode(&request, call)), @r#"
        POST https://api.perplexity.ai/v1/embeddings
        {"model":"sonar-pro","input":"a","encoding_format":"base64_int8","dimensions":128}
          dropped user: the vendor does not ask who asks
        "#);
    });
    let body = json!({"object": "list", "model": "pplx-embed-v1-4b", "data": [{"object": "embedding", "index": 0, "embedding": "AX+A/w=="}],
        "usage": {"prompt_tokens": 2, "total_tokens": 2}}).to_string();
    let Decoded::Answer(answer) = vectors.decode(Response::new(body.as_bytes())).unwrap() else { panic!() };
    assert_eq!(serde_json::to_value(&answer).unwrap()["data"][0]["embedding"], json!([1, 127, -128, -1]));
    assert!(vectors.decode(Response::new(br#"{"data":[{"embedding":"!"}]}"#.as_slice())).is_err());
}
