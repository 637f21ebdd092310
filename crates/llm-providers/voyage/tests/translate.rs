//! Requests, answers and refusals, case by case: what becomes of them stands in `tests/snapshots`.
//!
//! The fixtures follow Voyage AI's API reference ("Text embedding models", "Contextualized chunk embedding models",
//! "Multimodal embedding models", "Rerankers", "Error codes"), read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use http::{HeaderMap, Response};
use llm_provider_core::{
    Call, Credential, Decoded, EncodeError, Encoded, OnUnsupported, Payload, Provider, Secret,
};
use llm_provider_voyage::Voyage;
use llm_types::{EmbeddingInput, EmbeddingRequest, ErrorKind, RerankRequest, from_value};
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

fn embed(model: &str, request: Value) -> Value {
    let headers = HeaderMap::new();
    let request = from_value(request).unwrap();
    sent(Voyage.embeddings().unwrap().encode(&request, &Call::new(model, &headers)))
}

fn rank(request: Value) -> Value {
    let headers = HeaderMap::new();
    let request: RerankRequest = from_value(request).unwrap();
    sent(Voyage.rerank().unwrap().encode(&request, &Call::new("rerank-2.5", &headers)))
}

#[test]
fn requests_for_vectors() {
    let image = "data:image/png;base64,AA==";
    for (name, model, request) in [
        ("one_text", "voyage-3.5", json!({"model": "x", "input": "a"})),
        (
            "texts",
            "voyage-3.5",
            json!({"model": "x", "input": ["a", "b"], "input_type": "search_query", "dimensions": 256,
                "encoding_format": "base64", "user": "u", "truncation": false}),
        ),
        (
            "integers",
            "voyage-3-large",
            json!({"model": "x", "input": ["a"], "encoding_format": "base64", "output_dtype": "int8", "input_type": "document"}),
        ),
        (
            "other_format",
            "voyage-3-large",
            json!({"model": "x", "input": ["a"], "encoding_format": "ubinary"}),
        ),
        ("float", "voyage-3.5", json!({"model": "x", "input": ["a"], "encoding_format": "float"})),
        (
            "single_chunks",
            "voyage-context-3",
            json!({"model": "x", "input": ["a", "b"], "encoding_format": "base64"}),
        ),
        (
            "texts_and_images",
            "voyage-multimodal-3",
            json!({"model": "x", "input": ["a", image, {"text": "b", "image": "https://h/i.png"},
                {"content": [{"type": "text", "text": "c"}, {"type": "video_url", "video_url": "https://h/v.mp4"}]}],
                "encoding_format": "base64", "input_type": "passage"}),
        ),
        (
            "an_invented_model",
            "an-invented-model",
            json!({"model": "x", "input": [{"image": "https://h/i.png"}]}),
        ),
        ("tokens", "voyage-3.5", json!({"model": "x", "input": [1, 2]})),
        ("sound", "voyage-multimodal-3", json!({"model": "x", "input": [{"audio": "x"}]})),
    ] {
        insta::assert_json_snapshot!(format!("request.{name}"), embed(model, request));
    }
}

#[test]
fn documents_in_chunks() {
    let input = EmbeddingInput::Parts(vec![json!(["a", "b"]), json!(["c"]), json!("d")]);
    let request = EmbeddingRequest::new("x", input);
    let headers = HeaderMap::new();
    for model in ["voyage-context-3", "an-invented-model"] {
        let seen = sent(Voyage.embeddings().unwrap().encode(&request, &Call::new(model, &headers)));
        assert_eq!(seen["uri"], "https://api.voyageai.com/v1/contextualizedembeddings");
        assert_eq!(seen["body"]["inputs"], json!([["a", "b"], ["c"], ["d"]]));
    }
    let wrong = EmbeddingRequest::new("x", EmbeddingInput::Parts(vec![json!(["a", 1])]));
    let seen = sent(Voyage.embeddings().unwrap().encode(&wrong, &Call::new("voyage-context-3", &headers)));
    assert_eq!(seen, json!({"refused": "input[0]: is no list of texts"}));
}

#[test]
fn requests_for_rankings() {
    let request = json!({"model": "x", "query": "q", "documents": ["a", {"text": "b"}], "top_n": 1,
        "return_documents": true, "max_tokens_per_doc": 9, "truncation": false});
    insta::assert_json_snapshot!("request.ranking", rank(request));
}

#[test]
fn a_key_goes_to_whoever_issued_it() {
    let headers = HeaderMap::new();
    let request = EmbeddingRequest::new("x", EmbeddingInput::Text("a".to_owned()));
    let ranking = RerankRequest::new("x", "q", vec![json!("a")]);
    let uri = |key: &str, base_url| {
        let key = Credential::Key(Secret::new(key));
        let call = Call { credential: Some(&key), base_url, ..Call::new("m", &headers) };
        let embedded = Voyage.embeddings().unwrap().encode(&request, &call).unwrap();
        assert!(embedded.request.headers()["authorization"].is_sensitive());
        let ranked = Voyage.rerank().unwrap().encode(&ranking, &call).unwrap();
        (embedded.request.uri().to_string(), ranked.request.uri().to_string())
    };
    let at = |base: &str| (format!("{base}/embeddings"), format!("{base}/rerank"));
    assert_eq!(uri("pa-1", None), at("https://api.voyageai.com/v1"));
    assert_eq!(uri("al-1", None), at("https://ai.mongodb.com/v1"));
    assert_eq!(uri("al-1", Some("http://own/v1/")), at("http://own/v1"));
}

#[test]
fn strict_callers_are_refused() {
    let headers = HeaderMap::new();
    let call = Call { unsupported: OnUnsupported::Reject, ..Call::new("m", &headers) };
    let mut request = RerankRequest::new("x", "q", vec![json!("a")]);
    assert!(Voyage.rerank().unwrap().encode(&request, &call).is_ok());
    request.rank_fields = vec!["text".to_owned()].into();
    assert!(Voyage.rerank().unwrap().encode(&request, &call).is_err());
}

#[test]
fn answers() {
    for name in ["texts", "base64", "chunks", "multimodal", "ranking"] {
        let path = format!("{}/tests/fixtures/response/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let body = std::fs::read(path).unwrap();
        let response = Response::new(body.as_slice());
        let read = if name == "ranking" {
            match Voyage.rerank().unwrap().decode(response).unwrap() {
                Decoded::Answer(answer) => serde_json::to_value(answer).unwrap(),
                Decoded::Again { .. } => panic!("an answer"),
            }
        } else {
            match Voyage.embeddings().unwrap().decode(response).unwrap() {
                Decoded::Answer(answer) => serde_json::to_value(answer).unwrap(),
                Decoded::Again { .. } => panic!("an answer"),
            }
        };
        insta::assert_json_snapshot!(format!("response.{name}"), read);
    }
}

#[test]
fn refusals() {
    for (status, detail, kind) in [
        (
            400,
            "The request body is not valid JSON, or some arguments were not specified properly.",
            ErrorKind::InvalidRequest,
        ),
        (401, "Provided API key is invalid.", ErrorKind::Authentication),
        (403, "This API key cannot be used at this host.", ErrorKind::PermissionDenied),
        (429, "You have exceeded your rate limits.", ErrorKind::RateLimit),
        (500, "Our servers are having an issue.", ErrorKind::Internal),
        (503, "Try again later.", ErrorKind::Unavailable),
    ] {
        let body = json!({ "detail": detail }).to_string();
        let response = || Response::builder().status(status).body(body.as_bytes()).unwrap();
        let error = Voyage.embeddings().unwrap().decode(response()).unwrap_err();
        assert_eq!((error.kind, error.message.as_str(), error.status), (kind, detail, status));
        assert_eq!(Voyage.rerank().unwrap().decode(response()).unwrap_err().kind, kind);
    }
    let unreadable = Voyage.embeddings().unwrap().decode(Response::new(b"<html>".as_slice())).unwrap_err();
    assert_eq!(unreadable.kind, ErrorKind::BadGateway);
}
