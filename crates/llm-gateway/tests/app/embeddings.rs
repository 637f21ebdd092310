//! Vectors: in the forms that clients ask for, in pieces where the vendor has a limit, and refusals.

use base64::Engine as _;
use http::StatusCode;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::support::{TestApp, body, deployment};

const EMBEDDINGS: &str = "/v1/embeddings";

#[tokio::test]
async fn vectors_come_as_they_are_asked_for() {
    let app = TestApp::scripted(&json!({})).await;
    let floats = app.post(EMBEDDINGS, &json!({"model": "m", "input": ["a", "b"], "dimensions": 3})).await;
    assert_eq!(floats.status, StatusCode::OK, "{}", floats.text);
    let vectors = floats.json();
    assert_eq!(
        (vectors["data"][1]["index"].as_u64(), vectors["usage"]["total_tokens"].as_u64()),
        (Some(1), Some(2))
    );
    assert_eq!(app.ended().outcome, "answered");
    let ask = json!({"model": "m", "input": "a", "dimensions": 3, "encoding_format": "base64"});
    let coded = app.post("/openai/deployments/m/embeddings", &ask).await.json();
    let text = coded["data"][0]["embedding"].as_str().unwrap();
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    let first = f32::from_le_bytes(bytes[..4].try_into().unwrap());
    assert!((f64::from(first) - vectors["data"][0]["embedding"][0].as_f64().unwrap()).abs() < 1e-6);
    app.ended();
}

#[tokio::test]
async fn more_inputs_than_one_request_may_hold_are_sent_in_several() {
    let app = TestApp::scripted(&json!({})).await;
    let input: Vec<String> = (0..2050).map(|n| format!("text {n}")).collect();
    let answer = app.post(EMBEDDINGS, &json!({"model": "m", "input": input, "dimensions": 1})).await;
    assert_eq!(answer.header("x-litellm-attempted-retries"), Some("0"), "a piece is no retry");
    assert_eq!(app.ended().attempts, 2);
    let whole = answer.json();
    let data = whole["data"].as_array().unwrap();
    assert!(data.iter().enumerate().all(|(at, vector)| vector["index"].as_u64() == Some(at as u64)));
    assert_eq!((data.len(), whole["usage"]["prompt_tokens"].as_u64()), (2050, Some(4100)));
    let last =
        app.post(EMBEDDINGS, &json!({"model": "m", "input": "text 2049", "dimensions": 1})).await.json();
    assert_eq!(data[2049]["embedding"], last["data"][0]["embedding"], "the order is kept");
}

#[tokio::test]
async fn what_cannot_be_done_is_said() {
    let app = TestApp::scripted(&json!({})).await;
    let empty = app.post(EMBEDDINGS, &json!({"model": "m", "input": []})).await;
    assert_eq!(
        (empty.status, empty.json()["error"]["param"].as_str()),
        (StatusCode::BAD_REQUEST, Some("input"))
    );
    let wrong = app.post(EMBEDDINGS, &json!({"model": "m", "input": [1, "a"]})).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    let lacking = TestApp::new(&json!({"model_list": [
        deployment("m", &json!({"model": "anthropic/claude", "api_key": "k", "api_base": "http://127.0.0.1:9"}))]}))
    .await;
    let answer = lacking.post(EMBEDDINGS, &json!({"model": "m", "input": "a"})).await;
    assert!(answer.text.contains("anthropic has no embeddings"), "{}", answer.text);
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let failing = TestApp::scripted(&json!({"error": {"status": 429, "retry_after_s": 7}})).await;
    let answer = failing.post(EMBEDDINGS, &json!({"model": "m", "input": "a"})).await;
    assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, Some("7")));
    let odd = TestApp::scripted(&body(&json!({"hello": 1}))).await;
    assert_eq!(
        odd.post(EMBEDDINGS, &json!({"model": "m", "input": "a"})).await.status,
        StatusCode::BAD_GATEWAY
    );
}

/// Answers pieces of two inputs or more, and has no answer to a single one.
fn only_several(request: &Request) -> ResponseTemplate {
    let body: Value = request.body_json().unwrap();
    let inputs = body["texts"].as_array().unwrap().len();
    if inputs == 1 {
        return ResponseTemplate::new(500).set_body_json(json!({"message": "out of order"}));
    }
    ResponseTemplate::new(200).set_body_json(json!({"id": "e", "embeddings": {"float": vec![[0.5]; inputs]},
        "meta": {"billed_units": {"input_tokens": inputs * 10}}}))
}

#[tokio::test]
async fn pieces_that_were_answered_are_paid_for_though_another_fails() {
    let vendor = MockServer::start().await;
    Mock::given(any()).respond_with(only_several).mount(&vendor).await;
    let params = json!({"model": "cohere/embed-v4.0", "api_base": vendor.uri(), "api_key": "k",
        "input_cost_per_token": 0.001, "output_cost_per_token": 0});
    let app = TestApp::new(&json!({"model_list": [deployment("m", &params)]})).await;
    let ask = |count: usize| json!({"model": "m", "input": vec!["a"; count]});
    let whole = app.post(EMBEDDINGS, &ask(98)).await;
    assert_eq!(whole.status, StatusCode::OK, "{}", whole.text);
    assert_eq!(app.ended().cost.as_deref(), Some("0.98"));
    let broken = app.post(EMBEDDINGS, &ask(97)).await;
    assert_eq!(broken.status, StatusCode::INTERNAL_SERVER_ERROR, "{}", broken.text);
    assert!(broken.text.contains("out of order"), "{}", broken.text);
    let ended = app.ended();
    assert_eq!((ended.outcome, ended.attempts, ended.cost.as_deref()), ("failed", 2, Some("0.96")));
    app.post(EMBEDDINGS, &ask(1)).await;
    assert_eq!(app.ended().cost, None, "nothing was answered");
}
