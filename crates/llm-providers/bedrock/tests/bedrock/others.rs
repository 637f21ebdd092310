//! Vectors, rankings, counts. The answers follow the examples of the User Guide and the API Reference, read 2026-11.

use http::{HeaderMap, Response};
use llm_provider_core::{
    Call, CountTokens, Decoded, Embeddings, EncodeError, Operation, Parameters, Provider, Rerank, Translator,
};
use llm_types::{EmbeddingRequest, ErrorKind, RerankRequest};
use serde_json::{Value, json};

use crate::{BEDROCK, CLAUDE, body, notes, request, sent};

fn embeddings() -> &'static dyn Translator<Embeddings> {
    BEDROCK.embeddings().unwrap()
}

fn rerank() -> &'static dyn Translator<Rerank> {
    BEDROCK.rerank().unwrap()
}

fn asked(model: &str, members: &Value) -> (Value, Vec<String>) {
    let mut asked = json!({ "model": "m", "input": "a" });
    asked.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let request: EmbeddingRequest = llm_types::from_value(asked).unwrap();
    let headers = HeaderMap::new();
    let encoded = embeddings().encode(&request, &Call::new(model, &headers)).unwrap();
    assert!(encoded.request.uri().path().ends_with("/invoke"), "{}", encoded.request.uri());
    (body(&encoded), notes(&encoded))
}

fn answered<O: Operation>(
    translator: &dyn Translator<O>,
    body: &Value,
    headers: &[(&str, &str)],
) -> O::Response {
    let mut response = Response::builder();
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    let text = body.to_string();
    match translator.decode(response.body(text.as_bytes()).unwrap()) {
        Ok(Decoded::Answer(answer)) => answer,
        Ok(Decoded::Again { .. }) => panic!("no answer"),
        Err(error) => panic!("{error}"),
    }
}

const IMAGE: &str = "data:image/png;base64,iVBORw0KGgo=";

#[test]
fn vectors_are_asked_in_every_familys_words() {
    let none: [&str; 0] = [];
    let (body, said) = asked("amazon.titan-embed-text-v1", &json!({ "dimensions": 256 }));
    assert_eq!(body, json!({ "inputText": "a" }));
    assert_eq!(said, ["dropped dimensions: this model's vectors have one size"]);

    let (body, said) = asked(
        "amazon.titan-embed-text-v2:0",
        &json!({ "dimensions": 256, "normalize": true, "encoding_format": "base64" }),
    );
    assert_eq!(body, json!({ "inputText": "a", "dimensions": 256, "normalize": true }));
    assert_eq!(said, none);

    let (body, _) = asked(
        "amazon.titan-embed-image-v1",
        &json!({ "input": [{ "text": "a" }, { "image": IMAGE }], "dimensions": 384 }),
    );
    assert_eq!(
        body,
        json!({ "inputText": "a", "inputImage": "iVBORw0KGgo=", "embeddingConfig": { "outputEmbeddingLength": 384 } })
    );

    let (body, said) = asked("cohere.embed-english-v3", &json!({ "input": ["a", "b"] }));
    assert_eq!(body, json!({ "texts": ["a", "b"], "input_type": "search_document" }));
    assert_eq!(said, ["defaulted input_type: to `search_document`; this model must be told a purpose"]);

    let (body, said) =
        asked("us.cohere.embed-v4:0", &json!({ "input": [IMAGE], "dimensions": 512, "truncate": "END" }));
    assert_eq!(
        body,
        json!({ "images": [IMAGE], "input_type": "image", "output_dimension": 512, "embedding_types": ["float"], "truncate": "END" })
    );
    assert_eq!(said, none);

    let (body, _) = asked(
        "amazon.nova-2-multimodal-embeddings-v1:0",
        &json!({ "dimensions": 1024, "input_type": "search_query" }),
    );
    assert_eq!(
        body,
        json!({
            "schemaVersion": "nova-multimodal-embed-v1", "taskType": "SINGLE_EMBEDDING",
            "singleEmbeddingParams": {
                "embeddingPurpose": "GENERIC_RETRIEVAL", "embeddingDimension": 1024,
                "text": { "truncationMode": "END", "value": "a" }
            }
        })
    );

    let (body, _) = asked("twelvelabs.marengo-embed-3-0-v1:0", &json!({ "input": IMAGE }));
    assert_eq!(
        body,
        json!({ "inputType": "image", "image": { "mediaSource": { "base64String": "iVBORw0KGgo=" } } })
    );
}

#[test]
fn how_many_inputs_a_request_holds() {
    assert_eq!(BEDROCK.max_embedding_inputs("amazon.titan-embed-text-v2:0"), 1);
    assert_eq!(BEDROCK.max_embedding_inputs("cohere.embed-english-v3"), 96);
    let headers = HeaderMap::new();
    for (model, input) in [
        ("amazon.titan-embed-text-v2:0", json!(["a", "b"])),
        ("amazon.titan-embed-text-v2:0", json!([1, 2])),
        ("amazon.titan-embed-text-v2:0", json!([{ "image": IMAGE }])),
        ("cohere.embed-english-v3", json!(["a", IMAGE])),
        ("cohere.embed-english-v3", json!([])),
    ] {
        let request: EmbeddingRequest =
            llm_types::from_value(json!({ "model": "m", "input": input })).unwrap();
        let refused = embeddings().encode(&request, &Call::new(model, &headers)).unwrap_err();
        assert!(matches!(&refused, EncodeError::Invalid { path, .. } if path == "input"), "{refused}");
    }
}

#[test]
fn vectors_are_read_from_every_familys_words() {
    let read = |body: Value| {
        let answer = answered(embeddings(), &body, &[("x-amzn-bedrock-input-token-count", "3")]);
        let mut value = serde_json::to_value(answer).unwrap();
        let tokens = value["usage"]["prompt_tokens"].take();
        let vectors: Vec<Value> =
            value["data"].as_array().unwrap().iter().map(|data| data["embedding"].clone()).collect();
        (Value::from(vectors), tokens.as_u64().unwrap(), value["provider_specific_fields"].clone())
    };
    let none = Value::Null;
    assert_eq!(
        read(
            json!({ "embedding": [0.5, -1], "inputTextTokenCount": 4, "embeddingsByType": { "float": [0.5, -1] } })
        ),
        (json!([[0.5, -1]]), 4, none.clone())
    );
    assert_eq!(
        read(json!({ "embedding": [0.5], "embeddingsByType": { "binary": [1] }, "inputTextTokenCount": 4 })),
        (json!([[0.5]]), 4, json!({ "embeddingsByType": { "binary": [1] } }))
    );
    assert_eq!(
        read(
            json!({ "embeddings": [[0.5], [1.5]], "id": "i", "response_type": "embeddings_floats", "texts": ["a", "b"] })
        ),
        (json!([[0.5], [1.5]]), 3, none.clone())
    );
    assert_eq!(
        read(json!({ "embeddings": { "float": [[0.5], [1.5]] } })),
        (json!([[0.5], [1.5]]), 3, none.clone())
    );
    assert_eq!(
        read(json!({ "embeddings": { "float": [[0.5]], "int8": [[5]] } })),
        (json!([{ "float": [0.5], "int8": [5] }]), 3, none.clone())
    );
    assert_eq!(
        read(json!({ "embeddings": [{ "embeddingType": "TEXT", "embedding": [0.5] }] })),
        (json!([[0.5]]), 3, none.clone())
    );
    assert_eq!(
        read(json!({ "data": [{ "embedding": [0.5], "embeddingOption": null }] })),
        (json!([[0.5]]), 3, none)
    );
    let nothing = embeddings().decode(Response::new(b"{}".as_slice())).unwrap_err();
    assert_eq!(nothing.kind, ErrorKind::BadGateway);
}

#[test]
fn rankings() {
    let request: RerankRequest = llm_types::from_value(json!({
        "model": "m", "query": "sky", "top_n": 2, "max_chunks_per_doc": 3, "max_tokens_per_doc": 512,
        "documents": ["blue", { "text": "grey" }, { "title": "t", "text": "green" }]
    }))
    .unwrap();
    let headers = HeaderMap::new();
    let parameters: Parameters = [("aws_region_name", "us-east-1")].into_iter().collect();
    let call = Call { parameters: &parameters, ..Call::new("cohere.rerank-v3-5:0", &headers) };
    insta::assert_snapshot!("rerank", sent(rerank().encode(&request, &call)));
    let answer = answered(
        rerank(),
        &json!({ "results": [
            { "index": 1, "relevanceScore": 0.9, "document": { "type": "TEXT", "textDocument": { "text": "grey" } } },
            { "index": 0, "relevanceScore": 0.1 }
        ] }),
        &[("x-amzn-requestid", "r-1")],
    );
    assert_eq!(
        serde_json::to_value(answer).unwrap(),
        json!({
            "results": [{ "index": 1, "relevance_score": 0.9, "document": { "text": "grey" } }, { "index": 0, "relevance_score": 0.1 }],
            "id": "r-1", "meta": { "billed_units": { "search_units": 1 } }
        })
    );
    let arn = "arn:aws:bedrock:us-west-2::foundation-model/amazon.rerank-v1:0";
    let encoded = rerank().encode(&request, &Call::new(arn, &headers)).unwrap();
    let config = &body(&encoded)["rerankingConfiguration"]["bedrockRerankingConfiguration"];
    assert_eq!(config["modelConfiguration"]["modelArn"], arn);
    let refused =
        rerank().decode(Response::builder().status(429).body(b"{}".as_slice()).unwrap()).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::RateLimit);
}

#[test]
fn counts() {
    let count: &dyn Translator<CountTokens> = BEDROCK.count_tokens().unwrap();
    let request = request(json!({
        "model": "m", "messages": [{ "role": "system", "content": "s" }, { "role": "user", "content": "?" }],
        "temperature": 0.5, "stream": true,
        "tools": [{ "type": "function", "function": { "name": "f", "parameters": { "type": "object", "properties": {} } } }]
    }));
    let headers = HeaderMap::new();
    insta::assert_snapshot!("count", sent(count.encode(&request, &Call::new(CLAUDE, &headers))));
    let invoked = count
        .encode(&request, &Call::new("invoke/anthropic.claude-sonnet-4-20250514-v1:0", &headers))
        .unwrap();
    assert!(body(&invoked)["input"]["invokeModel"]["body"].is_string());
    assert_eq!(answered(count, &json!({ "inputTokens": 403 }), &[]).input_tokens, 403);
    let refused = count.decode(Response::builder().status(403).body(b"{}".as_slice()).unwrap()).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::PermissionDenied);
}
