//! Every direction: what is sent for the corpus and for fixtures, what is read from fixtures, and the laws.
//!
//! The fixtures follow IBM Cloud API docs, "IBM watsonx.ai" ("Infer text chat", "Infer text chat event stream",
//! "Generate embeddings", "Generate rerank", "Error handling"), read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use http::{HeaderMap, Response};
use llm_provider_core::{Call, Decoded, EncodeError, OnUnsupported, Payload, Provider as _};
use llm_provider_watsonx::Watsonx;
use llm_testkit::conformance::{Scenario, Vendor, run, run_corpus};
use llm_testkit::laws::Equivalence;
use llm_testkit::suite::{Suite, sent};
use llm_types::ChatRequest;
use serde_json::{Value, json};

const MODEL: &str = "ibm/granite-4-h-small";

/// Claims that are true of this vendor: it says the same in other words, or needs no word for it.
const EQUIVALENCES: &[Equivalence] = &[
    Equivalence::of("stream", "true", ""),
    Equivalence::any("stream_options.include_usage", ""),
    Equivalence::any("stream_options.include_obfuscation", ""),
];

/// What the vendor's wire has no place for.
const SKIPS: &[(Scenario, &str)] = &[
    (Scenario::Documents, "messages hold text, images and sound"),
    (Scenario::ContentPolicy, "moderation is the vendor's answer in the message, no refusal"),
    (Scenario::UsageCached, "the vendor tells of no prompt cache"),
];

/// The vendor as its pages show it.
fn suite(vendor: &Watsonx) -> Suite<'_> {
    Suite {
        provider: vendor,
        fixtures: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"),
        model: MODEL,
        base_url: Some("https://us-south.ml.cloud.ibm.com"),
        parameters: [("project_id", "p-1")].into_iter().collect(),
        equivalences: EQUIVALENCES,
    }
}

fn with_call<T>(then: impl FnOnce(&Call<'_>) -> T) -> T {
    suite(&Watsonx::new()).with_call(then)
}

fn read(json: Value) -> ChatRequest {
    llm_types::from_value(json).unwrap()
}

#[test]
fn requests() {
    for (name, request) in suite(&Watsonx::new()).requests() {
        insta::assert_snapshot!(name, request);
    }
}

#[test]
fn the_whole_corpus_is_sent() {
    let refused = run_corpus(&Watsonx::new(), MODEL, EQUIVALENCES);
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn conformance() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/conformance");
    let report = run(&Vendor {
        provider: &Watsonx::new(),
        fixtures: &folder,
        model: MODEL,
        terminal: "10:00:09.000Z\"}",
        junk: &["event: new\ndata: {\"new\":1}\n\n"],
        skips: SKIPS,
    });
    assert_eq!(report.passed.len() + SKIPS.len(), Scenario::ALL.len(), "{report}");
}

#[test]
fn answers() {
    for (name, answer) in suite(&Watsonx::new()).answers() {
        insta::assert_json_snapshot!(name, answer);
    }
}

#[test]
fn streams() {
    for (name, chunks) in suite(&Watsonx::new()).streams() {
        insta::assert_snapshot!(name, chunks);
    }
}

#[test]
fn errors() {
    for (name, error) in suite(&Watsonx::new()).errors() {
        insta::assert_json_snapshot!(name, error);
    }
}

#[test]
fn addresses_and_credentials() {
    let vendor = Watsonx::new();
    let chat = vendor.chat().unwrap();
    let sent = |settings: &[(&str, &str)], base: Option<&str>, model: &str| {
        let (headers, parameters) = (HeaderMap::new(), settings.iter().copied().collect());
        let call = Call { base_url: base, parameters: &parameters, ..Call::new(model, &headers) };
        let request = json!({"model": "m", "messages": [{"role": "user", "content": "?"}]});
        let encoded = chat.encode(&read(request), &call)?;
        let (parts, body) = encoded.request.into_parts();
        let Payload::Bytes(body) = body else { panic!("no bytes") };
        let authorization =
            parts.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
        let body: Value = serde_json::from_slice(&body).unwrap();
        Ok::<_, EncodeError>((parts.uri.to_string(), authorization, body))
    };
    let (uri, authorization, body) = sent(
        &[("region_name", "eu-de"), ("space_id", "s"), ("token", "t"), ("api_version", "2026-01-01")],
        None,
        "m",
    )
    .unwrap();
    assert_eq!(uri, "https://eu-de.ml.cloud.ibm.com/ml/v1/text/chat?version=2026-01-01");
    assert_eq!((authorization.as_deref(), &body["space_id"]), (Some("Bearer t"), &json!("s")));
    let (uri, authorization, body) =
        sent(&[("zen_api_key", "eg=="), ("project_id", "p")], Some("https://cpd.example/"), "deployment/d 1")
            .unwrap();
    assert_eq!(uri, "https://cpd.example/ml/v1/deployments/d%201/text/chat?version=2024-03-13");
    assert_eq!(authorization.as_deref(), Some("ZenApiKey eg=="));
    assert_eq!(body, json!({"messages": [{"role": "user", "content": "?"}]}));
    assert!(matches!(sent(&[("project_id", "p")], None, "m"), Err(EncodeError::Setup(_))));
}

#[test]
fn vectors() {
    let vendor = Watsonx::new();
    let vectors = vendor.embeddings().unwrap();
    with_call(|call| {
        let request = json!({"model": "m", "input": ["a", "b"], "dimensions": 3, "truncate_input_tokens": 9});
        let request = llm_types::from_value(request).unwrap();
        insta::assert_snapshot!(sent(vectors.encode(&request, call)), @r#"
        POST https://us-south.ml.cloud.ibm.com/ml/v1/text/embeddings?version=2024-03-13
        {"inputs":["a","b"],"parameters":{"truncate_input_tokens":9},"model_id":"ibm/granite-4-h-small","project_id":"p-1"}
          dropped dimensions: the vendor's vectors have no such parameter
        "#);
        let strict = Call { unsupported: OnUnsupported::Reject, ..call.clone() };
        assert!(vectors.encode(&request, &strict).is_err());
    });
    let body = json!({"model_id": "slate", "created_at": "2026-11-02T10:00:00.000Z", "input_token_count": 4,
        "results": [{"embedding": [0.5, 1]}, {"embedding": [2, 3]}]})
    .to_string();
    let Decoded::Answer(answer) = vectors.decode(Response::new(body.as_bytes())).unwrap() else { panic!() };
    let answer = serde_json::to_value(answer).unwrap();
    assert_eq!(
        (&answer["data"][1]["embedding"], &answer["usage"]["prompt_tokens"]),
        (&json!([2, 3]), &json!(4))
    );
    assert!(vectors.decode(Response::new(b"{}".as_slice())).is_err());
}

#[test]
fn rankings() {
    let vendor = Watsonx::new();
    let ranking = vendor.rerank().unwrap();
    with_call(|call| {
        let request = json!({"model": "m", "query": "q", "documents": ["a", {"text": "b"}], "top_n": 1,
            "return_documents": true, "max_tokens_per_doc": 9, "rank_fields": ["text"]});
        let request = llm_types::from_value(request).unwrap();
        insta::assert_snapshot!(sent(ranking.encode(&request, call)), @r#"
        POST https://us-south.ml.cloud.ibm.com/ml/v1/text/rerank?version=2024-03-13
        {"query":"q","inputs":[{"text":"a"},{"text":"b"}],"parameters":{"return_options":{"top_n":1,"inputs":true},"truncate_input_tokens":9},"model_id":"ibm/granite-4-h-small","project_id":"p-1"}
          dropped rank_fields: the vendor's rankings have no such parameter
        "#);
    });
    let body =
        json!({"model_id": "reranker", "results": [{"index": 1, "score": 0.75, "input": {"text": "b"}},
        {"index": 0, "score": -0.5}], "input_token_count": 20})
        .to_string();
    let Decoded::Answer(answer) = ranking.decode(Response::new(body.as_bytes())).unwrap() else { panic!() };
    assert_eq!(
        serde_json::to_value(answer).unwrap(),
        json!({"model": "reranker", "meta": {"tokens": {"input_tokens": 20}}, "results": [
            {"index": 1, "relevance_score": 0.75, "document": {"text": "b"}}, {"index": 0, "relevance_score": -0.5}]})
    );
}

#[test]
fn the_model_gateway_speaks_openai() {
    let vendor = llm_provider_watsonx::WatsonxGateway::new();
    with_call(|call| {
        let parameters = [("token", "t")].into_iter().collect();
        for base in ["https://us-south.ml.cloud.ibm.com", "https://us-south.ml.cloud.ibm.com/ml/gateway/v1/"]
        {
            let call =
                Call { model: "azure/gpt-4o", base_url: Some(base), parameters: &parameters, ..call.clone() };
            let request = read(json!({"model": "m", "messages": [{"role": "user", "content": "?"}]}));
            let encoded = vendor.chat().unwrap().encode(&request, &call).unwrap();
            assert_eq!(encoded.request.headers()["authorization"], "Bearer t");
            assert_eq!(
                encoded.request.uri(),
                "https://us-south.ml.cloud.ibm.com/ml/gateway/v1/chat/completions"
            );
            let request = llm_types::from_value(json!({"model": "m", "input": "a"})).unwrap();
            let encoded = vendor.embeddings().unwrap().encode(&request, &call).unwrap();
            assert_eq!(encoded.request.uri(), "https://us-south.ml.cloud.ibm.com/ml/gateway/v1/embeddings");
        }
    });
    assert!(run_corpus(&vendor, MODEL, &[]).is_empty());
}
