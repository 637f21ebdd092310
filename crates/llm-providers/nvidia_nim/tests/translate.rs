//! Chat by the grid and the corpus; vectors and rankings case by case: what becomes of them stands in
//! `tests/snapshots`.
//!
//! The fixtures follow NVIDIA's documentation ("NIM for LLMs", "Text Embedding NIM", "Text Reranking NIM"), read
//! 2026-11; none is a recording.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use http::{HeaderMap, Response};
use llm_provider_core::{Call, Decoded, Dialect, EncodeError, Encoded, OnUnsupported, Payload, Provider};
use llm_provider_nvidia_nim::NvidiaNim;
use llm_testkit::conformance::{Scenario, Vendor, run, run_corpus};
use llm_types::{ErrorKind, from_value};
use serde_json::{Value, json};

/// What is sent and noted, for eyes.
fn sent(encoded: Result<Encoded, EncodeError>) -> Value {
    let encoded = match encoded {
        Ok(encoded) => encoded,
        Err(error) => return json!({ "refused": error.to_string() }),
    };
    let notes: Vec<_> = encoded.notes.iter().map(ToString::to_string).collect();
    let uri = encoded.request.uri().to_string();
    let Payload::Bytes(body) = encoded.request.into_body() else { panic!("bytes") };
    json!({ "uri": uri, "body": serde_json::from_slice::<Value>(&body).unwrap(), "notes": notes })
}

#[test]
fn chat_is_openais() {
    let report = run(&Vendor {
        provider: &NvidiaNim,
        fixtures: &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/conformance"),
        model: "meta/llama-3.3-70b-instruct",
        terminal: "data: [DONE]",
        junk: &["event: new\ndata: {\"object\":\"new\"}\n\n"],
        skips: &[(Scenario::Documents, "NIM's chat takes no files")],
    });
    assert_eq!(report.skipped.len(), 1, "{report}");
    assert!(run_corpus(&NvidiaNim, "an-invented-model", &[]).is_empty());
    assert!(NvidiaNim.relay(Dialect::OpenAiChat).is_some() && NvidiaNim.relay(Dialect::CohereChat).is_none());
}

#[test]
fn requests_for_vectors() {
    let image = "data:image/png;base64,AA==";
    let headers = HeaderMap::new();
    for (name, model, request) in [
        ("one_text", "nvidia/nv-embedqa-e5-v5", json!({"model": "x", "input": "a"})),
        (
            "texts",
            "nvidia/llama-3.2-nv-embedqa-1b-v2",
            json!({"model": "x", "input": ["a", "b"], "input_type": "search_query", "dimensions": 384,
                "encoding_format": "base64", "truncate": "END", "user": "u"}),
        ),
        ("purpose_in_the_name", "nvidia/nv-embedqa-e5-v5-query", json!({"model": "x", "input": "a"})),
        ("another_purpose", "m", json!({"model": "x", "input": "a", "input_type": "classification"})),
        (
            "images",
            "nvidia/nvclip",
            json!({"model": "x", "input": ["a", {"image": image}, {"type": "text", "text": "b"}], "input_type": "query"}),
        ),
        (
            "images_as_texts",
            "nvidia/nvclip",
            json!({"model": "x", "input": [image, "a"], "input_type": "query"}),
        ),
        (
            "own_modality",
            "nvidia/nvclip",
            json!({"model": "x", "input": [image], "input_type": "query", "modality": "image"}),
        ),
        ("both_at_once", "nvidia/nvclip", json!({"model": "x", "input": [{"text": "a", "image": image}]})),
        ("sound", "nvidia/nvclip", json!({"model": "x", "input": [{"audio": "a"}]})),
        ("tokens", "m", json!({"model": "x", "input": [1, 2]})),
    ] {
        let request = from_value(request).unwrap();
        let encoded = NvidiaNim.embeddings().unwrap().encode(&request, &Call::new(model, &headers));
        insta::assert_json_snapshot!(format!("request.{name}"), sent(encoded));
    }
}

fn rank(model: &str, base_url: Option<&str>, unsupported: OnUnsupported) -> Value {
    let headers = HeaderMap::new();
    let image = "data:image/png;base64,AA==";
    let request = from_value(
        json!({"model": "x", "query": "q", "top_n": 1, "return_documents": true, "truncate": "END",
        "documents": ["a", {"text": "b", "image": image}, image], "max_tokens_per_doc": 9}),
    )
    .unwrap();
    let call = Call { base_url, unsupported, ..Call::new(model, &headers) };
    sent(NvidiaNim.rerank().unwrap().encode(&request, &call))
}

#[test]
fn requests_for_rankings() {
    let model = "nvidia/llama-3.2-nv-rerankqa-1b-v2";
    insta::assert_json_snapshot!("ranking.hosted", rank(model, None, OnUnsupported::Drop));
    insta::assert_json_snapshot!(
        "ranking.server",
        rank(model, Some("http://nim:8000/v1/"), OnUnsupported::Drop)
    );
    assert!(rank(model, None, OnUnsupported::Reject)["refused"].is_string());
}

#[test]
fn addresses_of_rankings() {
    let seen = |model, base| {
        let seen = rank(model, base, OnUnsupported::Drop);
        (seen["uri"].as_str().unwrap().to_owned(), seen["body"]["model"].as_str().unwrap().to_owned())
    };
    let hosted = "https://ai.api.nvidia.com/v1/retrieval/nvidia/llama-3_2-nv-rerankqa-1b-v2/reranking";
    let own = "http://h/v1/ranking";
    for (model, base, uri, name) in [
        ("nvidia/llama-3_2-nv-rerankqa-1b-v2", None, hosted, "nvidia/llama-3.2-nv-rerankqa-1b-v2"),
        (
            "nvidia/llama-3.2-nv-rerankqa-1b-v2",
            Some("https://integrate.api.nvidia.com/v1"),
            hosted,
            "nvidia/llama-3.2-nv-rerankqa-1b-v2",
        ),
        (
            "a/b",
            Some("https://ai.api.nvidia.com/v1/retrieval/nvidia/reranking"),
            "https://ai.api.nvidia.com/v1/retrieval/nvidia/reranking",
            "a/b",
        ),
        ("ranking/a/b_c", None, "https://ai.api.nvidia.com/v1/ranking", "a/b_c"),
        ("ranking/a", Some("http://h"), own, "a"),
        ("a_b", Some("http://h/v1"), own, "a_b"),
        ("a", Some("http://h/v1/ranking"), own, "a"),
    ] {
        assert_eq!(seen(model, base), (uri.to_owned(), name.to_owned()), "{model} at {base:?}");
    }
}

#[test]
fn answers() {
    let body = br#"{"rankings":[{"index":1,"logit":-1.25},{"index":0,"logit":7.5}],"usage":{"prompt_tokens":24,"total_tokens":24}}"#;
    let Decoded::Answer(ranking) =
        NvidiaNim.rerank().unwrap().decode(Response::new(body.as_slice())).unwrap()
    else {
        panic!("an answer")
    };
    insta::assert_json_snapshot!("response.ranking", ranking);
    let body = br#"{"object":"list","data":[{"index":0,"embedding":[0.5,-0.25],"object":"embedding"}],"model":"nvidia/nv-embedqa-e5-v5","usage":{"prompt_tokens":8,"total_tokens":8}}"#;
    let Decoded::Answer(vectors) =
        NvidiaNim.embeddings().unwrap().decode(Response::new(body.as_slice())).unwrap()
    else {
        panic!("an answer")
    };
    insta::assert_json_snapshot!("response.vectors", vectors);
}

#[test]
fn refusals() {
    for (status, body, kind, message) in [
        (
            400,
            json!({"object": "error", "message": "'input_type' parameter is required", "detail": {}, "type": "invalid_request_error"}),
            ErrorKind::InvalidRequest,
            "'input_type' parameter is required",
        ),
        (
            401,
            json!({"status": 401, "title": "Unauthorized", "detail": "Authentication failed"}),
            ErrorKind::Authentication,
            "Authentication failed",
        ),
        (
            404,
            json!({"status": 404, "title": "Not Found", "detail": "Function not found for account"}),
            ErrorKind::NotFound,
            "Function not found for account",
        ),
        (
            422,
            json!({"detail": [{"loc": ["body", "passages"], "msg": "field required"}]}),
            ErrorKind::Unprocessable,
            "body.passages: field required",
        ),
        (
            429,
            json!({"status": 429, "title": "Too Many Requests"}),
            ErrorKind::RateLimit,
            "{\"status\":429,\"title\":\"Too Many Requests\"}",
        ),
    ] {
        let body = body.to_string();
        let response = || Response::builder().status(status).body(body.as_bytes()).unwrap();
        let error = NvidiaNim.rerank().unwrap().decode(response()).unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (kind, message));
        assert_eq!(NvidiaNim.embeddings().unwrap().decode(response()).unwrap_err().kind, kind);
    }
    for body in ["{", r#"{"rankings":[{"index":0}]}"#, "{}"] {
        let error = NvidiaNim.rerank().unwrap().decode(Response::new(body.as_bytes())).unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadGateway, "{body}");
    }
}
