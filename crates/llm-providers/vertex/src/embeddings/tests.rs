use http::HeaderMap;
use llm_provider_core::{Parameters, Payload};

use super::*;

fn sent(model: &str, request: Value) -> Result<(String, Value, Vec<String>), EncodeError> {
    let request: EmbeddingRequest = llm_types::from_value(request).unwrap();
    let headers = HeaderMap::new();
    let parameters: Parameters = [("vertex_project", "p")].into_iter().collect();
    let call = Call { parameters: &parameters, ..Call::new(model, &headers) };
    let encoded = Translator::<Embeddings>::encode(&Vertex, &request, &call)?;
    let Payload::Bytes(body) = encoded.request.body() else { panic!("no bytes") };
    let path = encoded.request.uri().path().rsplit_once("/models/").unwrap().1.to_owned();
    let notes = encoded.notes.iter().map(ToString::to_string).collect();
    Ok((path, serde_json::from_slice(body).unwrap(), notes))
}

#[test]
fn texts_by_predict() {
    let request = json!({
        "model": "m", "input": ["a", "b"], "dimensions": 256, "input_type": "search_query", "auto_truncate": false,
        "user": "u",
    });
    let (path, body, notes) = sent("text-embedding-005", request).unwrap();
    assert_eq!(path, "text-embedding-005:predict");
    assert_eq!(
        body,
        json!({
            "instances": [
                {"content": "a", "task_type": "RETRIEVAL_QUERY"}, {"content": "b", "task_type": "RETRIEVAL_QUERY"},
            ],
            "parameters": {"autoTruncate": false, "outputDimensionality": 256},
        })
    );
    assert_eq!(
        notes,
        ["converted input_type: to `RETRIEVAL_QUERY`", "dropped user: Vertex AI knows no end users"]
    );
    assert_eq!(
        sent("gemini-embedding-001", json!({"model": "m", "input": "a"})).unwrap().0,
        "gemini-embedding-001:predict"
    );
    assert!(sent("text-embedding-005", json!({"model": "m", "input": [1]})).is_err());
    assert_eq!((max_inputs("text-embedding-005"), max_inputs("gemini-embedding-001")), (250, 1));
}

#[test]
fn the_newest_by_embed_content() {
    let (path, body, _) =
        sent("gemini-embedding-2-preview", json!({"model": "m", "input": ["a"], "dimensions": 8})).unwrap();
    assert_eq!(path, "gemini-embedding-2-preview:embedContent");
    assert_eq!(body, json!({"content": {"parts": [{"text": "a"}]}, "outputDimensionality": 8}));
    assert!(sent("gemini-embedding-2-preview", json!({"model": "m", "input": ["a", "b"]})).is_err());
}

#[test]
fn pictures_and_films() {
    let one = |input: Value| {
        sent("multimodalembedding@001", json!({"model": "m", "input": input, "dimensions": 128}))
            .map(|sent| sent.1)
    };
    let whole = |instance: Value| json!({"instances": [instance], "parameters": {"dimension": 128}});
    for (input, instance) in [
        (json!("a dog"), json!({"text": "a dog"})),
        (json!("gs://b/dog.png"), json!({"image": {"gcsUri": "gs://b/dog.png"}})),
        (json!(["gs://b/Dog.MP4"]), json!({"video": {"gcsUri": "gs://b/Dog.MP4"}})),
        (
            json!([{"image_url": {"url": "data:image/png;base64,AA"}}]),
            json!({"image": {"bytesBase64Encoded": "AA"}}),
        ),
        (json!([{"type": "text", "text": "t"}]), json!({"text": "t"})),
        (
            json!([{"text": "t", "image": {"gcsUri": "gs://x"}}]),
            json!({"text": "t", "image": {"gcsUri": "gs://x"}}),
        ),
    ] {
        assert_eq!(one(input).unwrap(), whole(instance));
    }
    assert!(one(json!([{"image_url": "https://example.com/a.png"}])).is_err());
    assert!(one(json!([[1]])).is_err());
}

fn answer(body: &Value) -> Value {
    let body = body.to_string();
    match Translator::<Embeddings>::decode(&Vertex, Response::new(body.as_bytes())).unwrap() {
        Decoded::Answer(answer) => serde_json::to_value(answer).unwrap(),
        Decoded::Again { .. } => panic!("no answer"),
    }
}

#[test]
fn answers() {
    let texts = answer(&json!({"predictions": [
        {"embeddings": {"values": [0.5, 1], "statistics": {"token_count": 3, "truncated": false}}},
        {"embeddings": {"values": [2], "statistics": {"token_count": 4.0, "truncated": true}}},
    ], "metadata": {"billableCharacterCount": 9}}));
    assert_eq!(
        texts,
        json!({
            "object": "list",
            "data": [
                {"object": "embedding", "index": 0, "embedding": [0.5, 1]},
                {"object": "embedding", "index": 1, "embedding": [2], "truncated": true},
            ],
            "usage": {"prompt_tokens": 7, "total_tokens": 7},
            "provider_specific_fields": {"metadata": {"billableCharacterCount": 9}},
        })
    );
    let mixed = answer(&json!({"predictions": [{
        "textEmbedding": [1], "imageEmbedding": [2],
        "videoEmbeddings": [{"startOffsetSec": 0, "endOffsetSec": 7, "embedding": [3]}],
    }]}));
    assert_eq!(
        mixed["data"],
        json!([
            {"object": "embedding", "index": 0, "embedding": [1], "modality": "text"},
            {"object": "embedding", "index": 1, "embedding": [2], "modality": "image"},
            {"object": "embedding", "index": 2, "embedding": [3], "modality": "video"},
        ])
    );
    let newest = answer(&json!({"embedding": {"values": [1]}, "usageMetadata": {"promptTokenCount": 2}}));
    assert_eq!(newest["usage"]["prompt_tokens"], 2);
    let error = Response::builder()
        .status(403)
        .body(br#"{"error":{"code":403,"message":"No.","status":"PERMISSION_DENIED"}}"#.as_slice());
    let error = Translator::<Embeddings>::decode(&Vertex, error.unwrap()).unwrap_err();
    assert_eq!(error.kind, llm_types::ErrorKind::PermissionDenied);
}
