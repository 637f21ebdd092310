use http::{HeaderMap, Response};
use llm_provider_core::Payload;
use serde_json::json;

use super::read as read_answer;
use super::*;

fn sent(request: Value) -> (String, Value, Vec<String>) {
    let request: EmbeddingRequest = llm_types::from_value(request).unwrap();
    let headers = HeaderMap::new();
    let call = Call::new("gemini-embedding-001", &headers);
    let encoded = Translator::<Embeddings>::encode(&Gemini, &request, &call).unwrap();
    let Payload::Bytes(body) = encoded.request.body() else { panic!("no bytes") };
    (
        encoded.request.uri().path().to_owned(),
        serde_json::from_slice(body).unwrap(),
        encoded.notes.iter().map(ToString::to_string).collect(),
    )
}

#[test]
fn one_text() {
    let (path, body, notes) = sent(json!({
        "model": "m", "input": "Hello", "dimensions": 256, "input_type": "search_document", "title": "T"
    }));
    assert_eq!(path, "/v1beta/models/gemini-embedding-001:embedContent");
    assert_eq!(
        body,
        json!({
            "model": "models/gemini-embedding-001", "content": {"parts": [{"text": "Hello"}]},
            "taskType": "RETRIEVAL_DOCUMENT", "title": "T", "outputDimensionality": 256,
        })
    );
    assert_eq!(notes, ["converted input_type: to `RETRIEVAL_DOCUMENT`"]);
}

#[test]
fn several_texts_and_other_things() {
    let (path, body, _) = sent(json!({"model": "m", "input": ["a", "b"]}));
    assert_eq!(path, "/v1beta/models/gemini-embedding-001:batchEmbedContents");
    let request = |part: Value| json!({"model": "models/gemini-embedding-001", "content": {"parts": [part]}});
    assert_eq!(body, json!({"requests": [request(json!({"text": "a"})), request(json!({"text": "b"}))]}));

    let (_, body, _) = sent(json!({"model": "m", "input": [
        "gs://b/o.png", {"image_url": {"url": "data:image/gif;base64,R0lGOD"}}, {"type": "text", "text": "t"},
        {"inline_data": {"mime_type": "audio/wav", "data": "AA"}},
    ]}));
    assert_eq!(
        body,
        json!({"requests": [
            request(json!({"fileData": {"mimeType": "image/png", "fileUri": "gs://b/o.png"}})),
            request(json!({"inlineData": {"mimeType": "image/gif", "data": "R0lGOD"}})),
            request(json!({"text": "t"})),
            request(json!({"inlineData": {"mimeType": "audio/wav", "data": "AA"}})),
        ]})
    );
}

#[test]
fn what_cannot_be_asked() {
    let headers = HeaderMap::new();
    for input in [json!([1, 2]), json!([[1]]), json!([{"odd": 1}]), json!([{"image": 1}])] {
        let request = llm_types::from_value(json!({"model": "m", "input": input})).unwrap();
        let refused = Translator::<Embeddings>::encode(&Gemini, &request, &Call::new("m", &headers));
        assert!(matches!(refused, Err(EncodeError::Invalid { .. })), "{input}");
    }
}

#[test]
fn answers() {
    let read = |body: &Value| {
        let body = body.to_string();
        serde_json::to_value(read_answer(&Response::new(body.as_bytes())).unwrap()).unwrap()
    };
    assert_eq!(
        read(&json!({"embedding": {"values": [0.1, -2]}, "usageMetadata": {"promptTokenCount": 3}})),
        json!({
            "object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.1, -2]}],
            "usage": {"prompt_tokens": 3, "total_tokens": 3},
        })
    );
    assert_eq!(
        read(&json!({"embeddings": [{"values": [1]}, {"values": [2]}]}))["data"][1],
        json!({"object": "embedding", "index": 1, "embedding": [2]})
    );
    let body = br#"{"error":{"code":404,"message":"no","status":"NOT_FOUND"}}"#;
    let error = read_answer(&Response::builder().status(404).body(body.as_slice()).unwrap()).unwrap_err();
    assert_eq!(error.kind, llm_types::ErrorKind::NotFound);
}
