//! Every direction: what is sent for the corpus and for fixtures, what is read from fixtures, and the laws.
//!
//! The fixtures follow the Oracle Cloud Infrastructure API, "Generative AI Service Inference API", version 20231130, read
//! 2026-11; none is a recording.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::path::Path;

use http::{HeaderMap, Response};
use llm_provider_core::{
    Call, Credential, Decoded, EncodeError, Encoded, OnUnsupported, Parameters, Payload, Provider as _,
    Secret,
};
use llm_provider_oci::Oci;
use llm_testkit::conformance::{Scenario, Vendor, run, run_corpus};
use llm_testkit::corpus::corpus;
use llm_testkit::laws::{self, Equivalence};
use llm_types::ChatRequest;
use serde_json::{Value, json};

const MODEL: &str = "meta.llama-4-scout-17b-16e-instruct";

/// Claims that are true of this vendor: it says the same in other words, or needs no word for it.
const EQUIVALENCES: &[Equivalence] = &[
    Equivalence::any("stream_options.include_usage", ""),
    Equivalence::any("stream_options.include_obfuscation", ""),
    Equivalence::any("messages[*].name", "\"toolCallId\""),
    Equivalence::any("tool_choice", "\"toolChoice\":{\"type\":"),
    Equivalence::any("reasoning_effort", "\"reasoningEffort\":"),
    Equivalence::any("verbosity", "\"verbosity\":"),
    Equivalence::of("messages[*].content[*].image_url.detail", "low", "\"detail\":\"LOW\""),
    Equivalence::of("messages[*].content[*].image_url.detail", "high", "\"detail\":\"HIGH\""),
    Equivalence::of("response_format.type", "text", "\"type\":\"TEXT\""),
    Equivalence::of("max_tokens", "128", "\"maxTokens\":256"),
];

/// What the vendor's wire has no place for.
const SKIPS: &[(Scenario, &str)] = &[
    (Scenario::Documents, "messages hold text and images"),
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
    [("oci_region", "eu-frankfurt-1"), ("oci_compartment_id", "ocid1.compartment.oc1..c")]
        .into_iter()
        .collect()
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
    let vendor = Oci::new();
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
    let refused = run_corpus(&Oci::new(), MODEL, EQUIVALENCES);
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn conformance() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/conformance");
    let report = run(&Vendor {
        provider: &Oci::new(),
        fixtures: &folder,
        model: MODEL,
        terminal: "pad\":\"last\"}",
        junk: &["event: new\ndata: {\"new\":1}\n\n"],
        skips: SKIPS,
    });
    assert_eq!(report.passed.len() + SKIPS.len(), Scenario::ALL.len(), "{report}");
}

#[test]
fn answers() {
    let vendor = Oci::new();
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
    let vendor = Oci::new();
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
    let vendor = Oci::new();
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
fn the_form_cohere() {
    let vendor = Oci::new();
    let chat = vendor.chat().unwrap();
    with_call(|call| {
        let call = Call { model: "cohere.command-a-03-2025", ..call.clone() };
        for case in corpus() {
            for unsupported in [OnUnsupported::Drop, OnUnsupported::Reject] {
                let call = Call { unsupported, ..call.clone() };
                laws::no_silent_loss(chat, &case.request(), &call, EQUIVALENCES);
                laws::encode_is_stable(chat, &case.request(), &call);
            }
        }
        let request = read(json!({"model": "m", "messages": [
            {"role": "system", "content": "s"}, {"role": "user", "content": "weather?"},
            {"role": "assistant", "content": "Looking.", "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{\"city\":\"Rome\"}"}},
                {"id": "b", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "a", "content": "sun"}, {"role": "tool", "tool_call_id": "b", "content": "rain"}],
            "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "required": ["city"],
                "properties": {"city": {"type": "string", "description": "A city.", "enum": ["Rome"]}, "days": {"type": "integer"}}}}}],
            "max_tokens": 9, "stop": "x", "response_format": {"type": "json_object"}, "stream": true}));
        insta::assert_snapshot!("request.cohere", sent(chat.encode(&request, &call)));
    });
}

#[test]
fn addresses_and_who_serves() {
    let vendor = Oci::new();
    let request = read(json!({"model": "m", "messages": [{"role": "user", "content": "?"}]}));
    let asked = |settings: &[(&str, &str)], base: Option<&str>, model: &str| {
        let (headers, parameters) = (HeaderMap::new(), settings.iter().copied().collect());
        let call = Call { base_url: base, parameters: &parameters, ..Call::new(model, &headers) };
        let encoded = vendor.chat().unwrap().encode(&request, &call)?;
        let Payload::Bytes(body) = encoded.request.body() else { panic!("no bytes") };
        let body: Value = serde_json::from_slice(body).unwrap();
        Ok::<_, EncodeError>((encoded.request.uri().to_string(), body["servingMode"].clone()))
    };
    let (uri, mode) =
        asked(&[("oci_tenancy", "ocid1.tenancy.oc4..t"), ("oci_region", "uk-gov-london-1")], None, "m")
            .unwrap();
    assert_eq!(
        uri,
        "https://inference.generativeai.uk-gov-london-1.oci.oraclegovcloud.uk/20231130/actions/chat"
    );
    assert_eq!(mode, json!({"servingType": "ON_DEMAND", "modelId": "m"}));
    let dedicated = json!({"servingType": "DEDICATED", "endpointId": "ocid1.generativeaiendpoint.oc1..e"});
    let (uri, mode) =
        asked(&[], Some("http://h/20231130/actions/chat/"), "ocid1.generativeaiendpoint.oc1..e").unwrap();
    assert_eq!((uri.as_str(), mode), ("http://h/20231130/actions/chat", dedicated.clone()));
    let settings =
        [("oci_serving_mode", "DEDICATED"), ("oci_endpoint_id", "ocid1.generativeaiendpoint.oc1..e")];
    assert_eq!(asked(&settings, None, "m").unwrap().1, dedicated);
    assert!(asked(&[("oci_region", "evil.example/")], None, "m").is_err());
}

#[test]
fn a_key_in_pem_signs_in_somebodys_name() {
    let vendor = Oci::new();
    let request = read(json!({"model": "m", "messages": [{"role": "user", "content": "?"}]}));
    with_call(|call| {
        let encoded = vendor.chat().unwrap().encode(&request, call).unwrap();
        assert_eq!(encoded.request.headers()["authorization"], "Bearer test-key");
        let key = Credential::Key(Secret::new("-----BEGIN PRIVATE KEY-----"));
        let signing = Call { credential: Some(&key), ..call.clone() };
        let error = vendor.chat().unwrap().encode(&request, &signing).unwrap_err();
        assert!(error.to_string().contains("oci_tenancy"), "{error}");
    });
}

#[test]
fn vectors_and_rankings() {
    let vendor = Oci::new();
    with_call(|call| {
        let request =
            json!({"model": "m", "input": ["a"], "dimensions": 3, "input_type": "search_query", "user": "u"});
        let request = llm_types::from_value(request).unwrap();
        insta::assert_snapshot!("embed", sent(vendor.embeddings().unwrap().encode(&request, call)));
        let request = json!({"model": "m", "query": "q", "documents": ["a", {"text": "b"}], "top_n": 1, "return_documents": true,
            "rank_fields": ["x"]});
        let request = llm_types::from_value(request).unwrap();
        insta::assert_snapshot!("rerank", sent(vendor.rerank().unwrap().encode(&request, call)));
    });
    let body = json!({"id": "e", "modelId": "m", "embeddings": [[0.5], [1]], "inputTextTokenCounts": [2, 3]})
        .to_string();
    let Decoded::Answer(answer) =
        vendor.embeddings().unwrap().decode(Response::new(body.as_bytes())).unwrap()
    else {
        panic!()
    };
    assert_eq!((answer.data.len(), answer.usage.get().unwrap().counts().input), (2, 5));
    let body = json!({"id": "r", "modelId": "m", "documentRanks": [{"index": 1, "relevanceScore": 0.5, "document": {"text": "b"}}]}).to_string();
    let Decoded::Answer(answer) = vendor.rerank().unwrap().decode(Response::new(body.as_bytes())).unwrap()
    else {
        panic!()
    };
    assert_eq!(
        serde_json::to_value(&answer).unwrap(),
        json!({"id": "r", "model": "m", "results": [{"index": 1, "relevance_score": 0.5, "document": {"text": "b"}}]})
    );
    let refused = Response::builder().status(404).header("opc-request-id", "o-1");
    let refused = refused.body(br#"{"code":"NotAuthorizedOrNotFound","message":"no"}"#.as_slice()).unwrap();
    let error = vendor.rerank().unwrap().decode(refused).unwrap_err();
    assert_eq!(
        (error.request_id.as_deref(), error.code.as_deref()),
        (Some("o-1"), Some("NotAuthorizedOrNotFound"))
    );
}
