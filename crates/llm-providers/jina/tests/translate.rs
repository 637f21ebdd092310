//! Chat by the grid and the corpus; vectors and rankings case by case: what becomes of them stands in
//! `tests/snapshots`.
//!
//! The fixtures follow Jina AI's documentation ("Embeddings", "Reranker", "DeepSearch") and the source of DeepSearch's
//! server, read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use http::{HeaderMap, Response};
use llm_provider_core::{Call, Decoded, EncodeError, Encoded, OnUnsupported, Payload, Provider, StreamError};
use llm_provider_jina::Jina;
use llm_testkit::conformance::{Scenario, Vendor, run, run_corpus};
use llm_testkit::corpus::corpus;
use llm_testkit::laws::{self, Equivalence};
use llm_types::{ChatRequest, ErrorKind, from_value};
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

/// Claims that are true of words: calls and results stand in them, and no text is no text.
const EQUIVALENCES: &[Equivalence] = &[Equivalence::of("messages[*].content", "", "")];

const NO_TOOLS: &str = "DeepSearch calls its own tools only";

#[test]
fn the_grid() {
    let jina = Jina::new();
    let report = run(&Vendor {
        provider: &jina,
        fixtures: &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/conformance"),
        model: "jina-deepsearch-v1",
        terminal: "\"numURLs\":4}",
        junk: &["event: new\ndata: {\"object\":\"new\"}\n\n"],
        skips: &[
            (Scenario::Tools, NO_TOOLS),
            (Scenario::ToolsStream, NO_TOOLS),
            (Scenario::ParallelToolsStream, NO_TOOLS),
            (Scenario::ContentPolicy, "Jina documents no such refusal"),
        ],
    });
    assert_eq!(report.skipped.len(), 4, "{report}");
}

#[test]
fn the_whole_corpus_is_sent() {
    assert!(run_corpus(&Jina::new(), "an-invented-model", EQUIVALENCES).is_empty());
}

#[test]
fn what_becomes_of_the_corpus() {
    let jina = Jina::new();
    let headers = HeaderMap::new();
    for case in corpus().iter().filter(|case| {
        [
            "json_schema",
            "json_object",
            "images_url",
            "pdf_base64",
            "long_history",
            "tools_parallel_results",
            "sampling_all",
        ]
        .contains(&case.name)
    }) {
        let encoded =
            jina.chat().unwrap().encode(&case.request(), &Call::new("jina-deepsearch-v1", &headers));
        insta::assert_json_snapshot!(format!("corpus.{}", case.name), sent(encoded));
    }
}

#[test]
fn strict_callers_and_addresses() {
    let jina = Jina::new();
    let headers = HeaderMap::new();
    let request: ChatRequest =
        from_value(json!({"model": "m", "messages": [{"role": "user", "content": "?"}],
        "temperature": 0.5, "budget_tokens": 1000}))
        .unwrap();
    let strict = Call { unsupported: OnUnsupported::Reject, ..Call::new("m", &headers) };
    assert!(jina.chat().unwrap().encode(&request, &strict).is_err());
    let uri = |base_url| {
        let encoded =
            jina.chat().unwrap().encode(&request, &Call { base_url, ..Call::new("m", &headers) }).unwrap();
        let Payload::Bytes(body) = encoded.request.body() else { panic!("bytes") };
        assert_eq!(serde_json::from_slice::<Value>(body).unwrap()["budget_tokens"], 1000);
        encoded.request.uri().to_string()
    };
    let usual = "https://deepsearch.jina.ai/v1/chat/completions";
    assert_eq!((uri(None).as_str(), uri(Some("https://api.jina.ai/v1")).as_str()), (usual, usual));
    assert_eq!(uri(Some("http://own/v1")), "http://own/v1/chat/completions");
}

#[test]
fn searches_that_fail() {
    let jina = Jina::new();
    let body = json!({"choices": [{"index": 0, "finish_reason": "error",
        "message": {"role": "assistant", "content": "Error: no budget", "type": "error"}}]})
    .to_string();
    let error = jina.chat().unwrap().decode(Response::new(body.as_bytes())).unwrap_err();
    assert_eq!(error.message, "Error: no budget");
    let stream = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"no\",\"type\":\"error\"},\"finish_reason\":\"error\"}]}\n\n";
    let items = laws::read(|| jina.chat().unwrap().decoder(), stream.as_bytes());
    assert!(
        matches!(items.as_slice(), [Err(StreamError::Upstream(error))] if error.message == "no"),
        "{items:?}"
    );
}

#[test]
fn steps_and_sources_reach_the_client() {
    let jina = Jina::new();
    let stream = include_bytes!("fixtures/conformance/thinking_stream.stream.sse");
    let chunks = laws::chunks(|| jina.chat().unwrap().decoder(), stream);
    laws::stream_laws(&chunks);
    let lines: Vec<_> = chunks.iter().map(|chunk| serde_json::to_string(chunk).unwrap()).collect();
    insta::assert_snapshot!("stream.thinking", lines.join("\n"));
}

#[test]
fn requests_for_vectors() {
    let jina = Jina::new();
    let headers = HeaderMap::new();
    let image = "data:image/png;base64,AA==";
    for (name, model, request) in [
        ("one_text", "jina-embeddings-v3", json!({"model": "x", "input": "a"})),
        (
            "texts",
            "jina-embeddings-v3",
            json!({"model": "x", "input": ["a", "b"], "input_type": "search_document", "dimensions": 256,
                "encoding_format": "base64", "late_chunking": true, "truncate": true, "normalized": true, "user": "u"}),
        ),
        (
            "own_words",
            "jina-embeddings-v4",
            json!({"model": "x", "input": ["a"], "task": "code.query", "input_type": "query", "encoding_format": "float",
                "embedding_type": ["float", "ubinary"], "return_multivector": true}),
        ),
        ("clustering", "jina-embeddings-v3", json!({"model": "x", "input": "a", "input_type": "clustering"})),
        (
            "mixture",
            "jina-embeddings-v4",
            json!({"model": "x", "input": ["a", {"text": "b"}, {"image": "https://h/i.png"}, image,
                {"type": "image_url", "image_url": {"url": image}}, {"pdf": "https://h/p.pdf"}]}),
        ),
        ("both_at_once", "m", json!({"model": "x", "input": [{"text": "a", "image": image}]})),
        ("tokens", "m", json!({"model": "x", "input": [1]})),
    ] {
        let request = from_value(request).unwrap();
        let encoded = jina.embeddings().unwrap().encode(&request, &Call::new(model, &headers));
        insta::assert_json_snapshot!(format!("request.{name}"), sent(encoded));
    }
    let ranking = from_value(
        json!({"model": "x", "query": "q", "documents": ["a", {"text": "b"}, {"image": "https://h/i.png"}],
        "top_n": 2, "return_documents": false, "rank_fields": ["text"]}),
    )
    .unwrap();
    let encoded = jina.rerank().unwrap().encode(&ranking, &Call::new("jina-reranker-m0", &headers));
    insta::assert_json_snapshot!("request.ranking", sent(encoded));
}

#[test]
fn answers() {
    let jina = Jina::new();
    for (name, body) in [
        (
            "vectors",
            json!({"model": "jina-embeddings-v3", "object": "list", "usage": {"total_tokens": 6, "prompt_tokens": 6},
            "data": [{"object": "embedding", "index": 0, "embedding": [0.1, -0.2]}]}),
        ),
        (
            "many_vectors",
            json!({"model": "jina-embeddings-v4", "object": "list", "usage": {"total_tokens": 6},
            "data": [{"object": "embeddings", "index": 0, "embeddings": [[0.1], [0.2]]}]}),
        ),
        (
            "several_types",
            json!({"model": "jina-embeddings-v3", "object": "list", "usage": {"total_tokens": 6},
            "data": [{"object": "embedding", "index": 0, "embedding": {"float": [0.1], "ubinary": [7]}}]}),
        ),
    ] {
        let body = body.to_string();
        let Decoded::Answer(answer) =
            jina.embeddings().unwrap().decode(Response::new(body.as_bytes())).unwrap()
        else {
            panic!("an answer")
        };
        insta::assert_json_snapshot!(format!("response.{name}"), answer);
    }
    let body = json!({"model": "jina-reranker-v2-base-multilingual", "usage": {"total_tokens": 815}, "results": [
        {"index": 0, "document": {"text": "a"}, "relevance_score": 0.57}, {"index": 1, "relevance_score": 0.14}]})
    .to_string();
    let Decoded::Answer(ranking) = jina.rerank().unwrap().decode(Response::new(body.as_bytes())).unwrap()
    else {
        panic!("an answer")
    };
    insta::assert_json_snapshot!("response.ranking", ranking);
}

#[test]
fn refusals() {
    let jina = Jina::new();
    for (status, body, kind) in [
        (400, json!({"detail": "Model 'x' not found"}), ErrorKind::InvalidRequest),
        (401, json!({"detail": "Invalid API key"}), ErrorKind::Authentication),
        (402, json!({"detail": "Account balance not enough"}), ErrorKind::PaymentRequired),
        (
            422,
            json!({"detail": [{"loc": ["body", "input"], "msg": "field required"}]}),
            ErrorKind::Unprocessable,
        ),
        (429, json!({"detail": "Rate limit exceeded"}), ErrorKind::RateLimit),
    ] {
        let body = body.to_string();
        let response = || Response::builder().status(status).body(body.as_bytes()).unwrap();
        assert_eq!(jina.embeddings().unwrap().decode(response()).unwrap_err().kind, kind);
        assert_eq!(jina.rerank().unwrap().decode(response()).unwrap_err().kind, kind);
    }
    for body in ["{", "{}", r#"{"data":[{"index":0}]}"#] {
        let error = jina.embeddings().unwrap().decode(Response::new(body.as_bytes())).unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadGateway, "{body}");
    }
}
