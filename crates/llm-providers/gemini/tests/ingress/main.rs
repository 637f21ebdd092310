//! Clients that speak Gemini: requests read and encoded again, answers and streams written, errors.
//!
//! The bodies follow Google's documentation of the Gemini API, version v1beta, and what its SDK for Python sends, read
//! 2026-11; none is a recording.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use bytes::BytesMut;
use http::{HeaderMap, Response};
use llm_provider_core::{
    Call, Chat, CountTokens, Decoded, Decoder, Embeddings, Ingress, Outgoing, Payload, Provider, Reply,
    TokenCount, Translator, WholeIngress,
};
use llm_provider_gemini::{
    BatchEmbedContentsIngress, EmbedContentIngress, Gemini, GeminiArrayIngress, GeminiIngress,
};
use llm_testkit::laws;
use llm_types::{ApiError, ChatChunk, ChatRequest, ChatResponse, ErrorKind, Layer, Nullable};
use serde_json::{Value, json};

mod answers;
mod requests;
mod streams;

fn chat() -> &'static dyn Translator<Chat> {
    static GEMINI: Gemini = Gemini;
    GEMINI.chat().unwrap()
}

fn ingress() -> &'static dyn Ingress {
    &GeminiIngress
}

fn read(body: &Value) -> (ChatRequest, Vec<String>) {
    let incoming =
        ingress().read(body.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error}: {body}"));
    // What was read is sound: it survives being written and read in canonical form.
    let canonical = serde_json::to_vec(&incoming.request).unwrap();
    assert_eq!(llm_types::from_slice::<ChatRequest>(&canonical).unwrap(), incoming.request);
    (incoming.request, incoming.notes.iter().map(ToString::to_string).collect())
}

/// What the Gemini translator makes of a request that was read.
fn again(body: &Value, model: &str) -> Value {
    let (request, _) = read(body);
    let headers = HeaderMap::new();
    let encoded = chat().encode(&request, &Call::new(model, &headers)).unwrap();
    let Payload::Bytes(bytes) = encoded.request.body() else { panic!("no bytes") };
    serde_json::from_slice(bytes).unwrap()
}

fn decode(json: &str) -> ChatResponse {
    match chat().decode(Response::new(json.as_bytes())).unwrap() {
        Decoded::Answer(answer) => answer,
        Decoded::Again { .. } => panic!("no answer"),
    }
}

/// Names that were made for calls are no loss.
fn without_made_names(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, value| {
                name != "id" || !value.as_str().is_some_and(|id| id.starts_with("gcall_"))
            });
            members.values_mut().for_each(without_made_names);
        }
        Value::Array(items) => items.iter_mut().for_each(without_made_names),
        _ => {}
    }
}

#[test]
fn googles_own_details_of_an_error_are_told_as_they_came() {
    let details = json!([
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": "GenerateRequestsPerMinute"}]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34s"},
    ]);
    let refusal = json!({"error": {"code": 429, "message": "Quota.", "status": "RESOURCE_EXHAUSTED", "details": details}});
    let text = refusal.to_string();
    let response = Response::builder().status(429).body(text.as_bytes()).unwrap();
    let Err(error) = chat().decode(response) else { panic!("an answer") };
    let told: Value =
        serde_json::from_slice(&ingress().error(&ApiError::from(error), &Reply::default())).unwrap();
    assert_eq!(told, refusal);
}

#[test]
fn errors_are_status_objects() {
    let error = ApiError::new(ErrorKind::RateLimit, Layer::Provider, "Slow down.")
        .with_code("rateLimitExceeded")
        .with_param("contents[0]")
        .with_retry_after_ms(1500);
    let body: Value = serde_json::from_slice(&ingress().error(&error, &Reply::default())).unwrap();
    assert_eq!(
        body,
        json!({"error": {
            "code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED",
            "details": [
                {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "rateLimitExceeded", "domain": "provider"},
                {"@type": "type.googleapis.com/google.rpc.BadRequest",
                    "fieldViolations": [{"field": "contents[0]", "description": "Slow down."}]},
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.500s"},
            ],
        }})
    );
    for (kind, vendor_type, status) in [
        (ErrorKind::InvalidRequest, Some("FAILED_PRECONDITION"), "FAILED_PRECONDITION"),
        (ErrorKind::InvalidRequest, Some("invalid_request_error"), "INVALID_ARGUMENT"),
        (ErrorKind::Authentication, None, "UNAUTHENTICATED"),
        (ErrorKind::NotFound, None, "NOT_FOUND"),
        (ErrorKind::GatewayTimeout, None, "DEADLINE_EXCEEDED"),
        (ErrorKind::BadGateway, None, "UNAVAILABLE"),
        (ErrorKind::Internal, None, "INTERNAL"),
    ] {
        let error = ApiError {
            vendor_type: vendor_type.map(str::to_owned),
            ..ApiError::new(kind, Layer::Gateway, "No.")
        };
        let body: Value = serde_json::from_slice(&ingress().error(&error, &Reply::default())).unwrap();
        assert_eq!(body["error"]["status"], status);
    }
    let array: Vec<Value> =
        serde_json::from_slice(&GeminiArrayIngress.error(&error, &Reply::default())).unwrap();
    assert_eq!(array[0]["error"]["code"], 429);
}

#[test]
fn counts() {
    let count: &dyn WholeIngress<CountTokens> = &GeminiIngress;
    for body in [
        json!({"contents": [{"parts": [{"text": "Hi."}]}], "systemInstruction": {"parts": [{"text": "S."}]}}),
        json!({"generateContentRequest": {
            "model": "models/x", "contents": [{"parts": [{"text": "Hi."}]}],
            "systemInstruction": {"parts": [{"text": "S."}]},
        }}),
    ] {
        let incoming = count.read(body.to_string().as_bytes()).unwrap();
        let texts: Vec<_> =
            incoming.request.messages.iter().map(|message| message.content.get().unwrap().text()).collect();
        assert_eq!(texts, ["S.", "Hi."]);
        assert!(incoming.notes.is_empty(), "{:?}", incoming.notes);
        let written = count.write(&incoming.request, &TokenCount::new(31), &Reply::default());
        assert_eq!(written.body, r#"{"totalTokens":31}"#);
    }
}

#[test]
fn vectors() {
    let one: &dyn WholeIngress<Embeddings> = &EmbedContentIngress;
    let incoming = one
        .read(br#"{"model":"models/x","content":{"parts":[{"text":"a"}]},"taskType":"RETRIEVAL_QUERY","title":"t","output_dimensionality":8}"#)
        .unwrap();
    assert_eq!(
        serde_json::to_value(&incoming.request).unwrap(),
        json!({"model": "", "input": "a", "dimensions": 8, "input_type": "search_query", "title": "t"})
    );
    let answer = llm_types::from_value(json!({
        "data": [{"index": 1, "embedding": [2.5]}, {"index": 0, "embedding": "AACAPw=="}],
        "usage": {"prompt_tokens": 3, "total_tokens": 3},
    }))
    .unwrap();
    let body: Value =
        serde_json::from_slice(&one.write(&incoming.request, &answer, &Reply::default()).body).unwrap();
    let usage = json!({"promptTokenCount": 3, "totalTokenCount": 3});
    assert_eq!(body, json!({"embedding": {"values": [1.0]}, "usageMetadata": usage}));

    let batch: &dyn WholeIngress<Embeddings> = &BatchEmbedContentsIngress;
    let incoming = batch
        .read(br#"{"requests":[{"model":"models/x","content":{"parts":[{"text":"a"}]}},{"content":{"parts":[{"text":"b"},{"text":"c"}]},"taskType":"CLUSTERING"}]}"#)
        .unwrap();
    assert_eq!(
        serde_json::to_value(&incoming.request).unwrap(),
        json!({"model": "", "input": ["a", "b\nc"]})
    );
    let notes: Vec<_> = incoming.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "converted requests[1].content.parts: to one text",
            "dropped requests[1]: the first text's settings hold for all of them",
        ]
    );
    let body: Value =
        serde_json::from_slice(&batch.write(&incoming.request, &answer, &Reply::default()).body).unwrap();
    assert_eq!(body["embeddings"], json!([{"values": [1.0]}, {"values": [2.5]}]));

    let picture =
        br#"{"requests":[{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"AA"}}]}}]}"#;
    let input = serde_json::to_value(batch.read(picture).unwrap().request.input).unwrap();
    assert_eq!(input, json!([{"parts": [{"inlineData": {"mimeType": "image/png", "data": "AA"}}]}]));
    for (body, place) in [(r#"{"requests":[]}"#, "requests"), (r#"{"requests":[{}]}"#, "requests[0].content")]
    {
        assert_eq!(batch.read(body.as_bytes()).unwrap_err().path, place);
    }
}

/// What other vendors sign comes back from a client that knows nothing of it.
#[test]
fn signatures_come_back() {
    let next = |parts: Vec<Value>| {
        let user = json!({ "role": "user", "parts": [{ "text": "a" }] });
        json!({ "contents": [user, { "role": "model", "parts": parts }] })
    };
    let parts = |answer: &Value| {
        let content = &answer["candidates"][0]["content"];
        content["parts"].as_array().cloned().unwrap_or_default()
    };
    laws::comes_back(
        ingress(),
        &["parts"],
        |body| next(parts(&serde_json::from_slice(body).unwrap())),
        |stream| {
            let frames = llm_provider_core::Frames::new(stream);
            let answers = frames.map(|frame| {
                serde_json::from_slice::<Value>(&llm_provider_core::SseEvent::parse(frame).data).unwrap()
            });
            next(answers.flat_map(|answer| parts(&answer)).collect())
        },
    );
}
