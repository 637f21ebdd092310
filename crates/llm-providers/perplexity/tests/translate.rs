//! Every direction: what is sent for the corpus and for fixtures, what is read from fixtures, and the laws.
//!
//! The fixtures follow Perplexity docs ("Agent API", "How to migrate from Sonar", "Embeddings", and "Chat completions" of
//! Sonar), and the types of the official Python package, read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::path::Path;

use http::{HeaderMap, Response};
use llm_provider_core::{
    Call, Credential, Decoded, EncodeError, Encoded, OnUnsupported, Parameters, Payload, Provider as _,
    Secret,
};
use llm_provider_perplexity::Perplexity;
use llm_testkit::conformance::{Scenario, Vendor, run, run_corpus};
use llm_testkit::corpus::corpus;
use llm_testkit::laws::{self, Equivalence};
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

fn fixtures(kind: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(kind);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let named = |path: &std::path::PathBuf| {
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap())
    };
    files.iter().map(named).collect()
}

fn parameters() -> Parameters {
    Parameters::default()
}

/// Calls `then` with the call of a deployment that is set up as the vendor's pages show it.
fn with_call<T>(then: impl FnOnce(&Call<'_>) -> T) -> T {
    let (headers, parameters) = (HeaderMap::new(), parameters());
    let key = Credential::Key(Secret::new("test-key"));
    let mut call = Call::new(MODEL, &headers);
    call.credential = Some(&key);
    call.base_url = None;
    call.parameters = &parameters;
    then(&call)
}

/// What is sent and noted, for eyes.
fn sent(encoded: Result<Encoded, EncodeError>) -> String {
    let encoded = match encoded {
        Ok(encoded) => encoded,
        Err(error) => return format!("refused: {error}\n"),
    };
    let (parts, body) = encoded.request.into_parts();
    let Payload::Bytes(body) = body else { panic!("no bytes") };
    let body: Value = serde_json::from_slice(&body).unwrap();
    let mut out = format!("{} {}\n{body}\n", parts.method, parts.uri);
    for note in encoded.notes {
        writeln!(out, "  {note}").unwrap();
    }
    out
}

fn read(json: Value) -> ChatRequest {
    llm_types::from_value(json).unwrap()
}

#[test]
fn requests() {
    let vendor = Perplexity::new();
    let chat = vendor.chat().unwrap();
    let mut all = String::new();
    for case in corpus() {
        let request = case.request();
        with_call(|call| {
            writeln!(all, "# {}\n{}", case.name, sent(chat.encode(&request, call))).unwrap();
            for unsupported in [OnUnsupported::Drop, OnUnsupported::Reject] {
                for model in [MODEL, "an-invented-model"] {
                    let call = Call { unsupported, model, ..call.clone() };
                    laws::encode_is_stable(chat, &request, &call);
                    laws::no_silent_loss(chat, &request, &call, EQUIVALENCES);
                }
            }
        });
    }
    insta::assert_snapshot!("corpus", all);
    for (name, body) in fixtures("request") {
        let request: ChatRequest = llm_types::from_slice(&body).unwrap();
        with_call(|call| {
            insta::assert_snapshot!(format!("request.{name}"), sent(chat.encode(&request, call)));
            laws::no_silent_loss(chat, &request, call, EQUIVALENCES);
        });
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
    let vendor = Perplexity::new();
    for (name, body) in fixtures("response") {
        let Decoded::Answer(answer) = vendor.chat().unwrap().decode(Response::new(body.as_slice())).unwrap()
        else {
            panic!("{name}")
        };
        insta::assert_json_snapshot!(format!("response.{name}"), answer);
    }
}

#[test]
fn streams() {
    let vendor = Perplexity::new();
    let make = || vendor.chat().unwrap().decoder();
    for (name, stream) in fixtures("stream") {
        laws::cut_anywhere(make, &stream);
        let chunks = laws::chunks(make, &stream);
        laws::stream_laws(&chunks);
        let lines: Vec<_> = chunks.iter().map(|chunk| serde_json::to_string(chunk).unwrap()).collect();
        insta::assert_snapshot!(format!("stream.{name}"), lines.join("\n"));
    }
}

#[test]
fn errors() {
    let vendor = Perplexity::new();
    for (name, body) in fixtures("error") {
        let fixture: Value = serde_json::from_slice(&body).unwrap();
        let body = fixture["body"].to_string();
        let status = u16::try_from(fixture["status"].as_u64().unwrap()).unwrap();
        let response = Response::builder().status(status).body(body.as_bytes()).unwrap();
        let error = vendor.chat().unwrap().decode(response).unwrap_err();
        let seen = json!({"kind": error.kind.label(), "status": error.status, "code": error.code,
            "type": error.vendor_type, "request": error.request_id, "message": error.message});
        insta::assert_json_snapshot!(format!("error.{name}"), seen);
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
