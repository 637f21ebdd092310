//! Every direction: what is sent for the corpus and for fixtures, what is read from fixtures, and the laws.
//!
//! The fixtures follow the GigaChat API reference ("Chat completions", "Embeddings", "Functions", "Errors"), read 2026-11;
//! none is a recording.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::path::Path;

use http::{HeaderMap, Response};
use llm_provider_core::{
    Call, Credential, Decoded, EncodeError, Encoded, OnUnsupported, Parameters, Payload, Provider as _,
    Secret,
};
use llm_provider_gigachat::GigaChat;
use llm_testkit::conformance::{Scenario, Vendor, run, run_corpus};
use llm_testkit::corpus::corpus;
use llm_testkit::laws::{self, Equivalence};
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
    let vendor = GigaChat::new();
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
    let vendor = GigaChat::new();
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
    let vendor = GigaChat::new();
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
    let vendor = GigaChat::new();
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
