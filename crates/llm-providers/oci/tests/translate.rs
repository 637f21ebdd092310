//! Every direction: what is sent for the corpus and for fixtures, what is read from fixtures, and the laws.
//!
//! The fixtures follow the Oracle Cloud Infrastructure API, "Generative AI Service Inference API", version 20231130, read
//! 2026-11; none is a recording.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use http::{HeaderMap, Response};
use llm_provider_core::{
    Call, Credential, Decoded, EncodeError, OnUnsupported, Payload, Provider as _, Secret,
};
use llm_provider_oci::Oci;
use llm_testkit::conformance::{Scenario, Vendor, run, run_corpus};
use llm_testkit::corpus::corpus;
use llm_testkit::laws::{self, Equivalence};
use llm_testkit::suite::{Suite, sent};
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

/// The vendor as its pages show it.
fn suite(vendor: &Oci) -> Suite<'_> {
    Suite {
        provider: vendor,
        fixtures: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"),
        model: MODEL,
        base_url: None,
        parameters: [("oci_region", "eu-frankfurt-1"), ("oci_compartment_id", "ocid1.compartment.oc1..c")]
            .into_iter()
            .collect(),
        equivalences: EQUIVALENCES,
    }
}

fn with_call<T>(then: impl FnOnce(&Call<'_>) -> T) -> T {
    suite(&Oci::new()).with_call(then)
}

fn read(json: Value) -> ChatRequest {
    llm_types::from_value(json).unwrap()
}

#[test]
fn requests() {
    for (name, request) in suite(&Oci::new()).requests() {
        insta::assert_snapshot!(name, request);
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
    for (name, answer) in suite(&Oci::new()).answers() {
        insta::assert_json_snapshot!(name, answer);
    }
}

#[test]
fn streams() {
    for (name, chunks) in suite(&Oci::new()).streams() {
        insta::assert_snapshot!(name, chunks);
    }
}

#[test]
fn errors() {
    for (name, error) in suite(&Oci::new()).errors() {
        insta::assert_json_snapshot!(name, error);
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
fn a_form_that_nobody_knows_keeps_what_it_says() {
    let vendor = Oci::new();
    let form = json!({"type": "yaml", "indent": 2});
    let request = read(json!({
        "model": "m", "messages": [{"role": "user", "content": "?"}], "response_format": form
    }));
    with_call(|call| {
        let call = Call { model: "cohere.command-a-03-2025", ..call.clone() };
        let encoded = vendor.chat().unwrap().encode(&request, &call).unwrap();
        let Payload::Bytes(body) = encoded.request.body() else { panic!("no bytes") };
        let body: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(body["chatRequest"]["responseFormat"], form);
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
