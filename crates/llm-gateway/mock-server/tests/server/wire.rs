//! Routes, wires and protocols.

use http::Method;
use llm_mock_server::{MockServer, Options, Outcome};
use serde_json::{Value, json};

use crate::client::{CHAT, Client, MESSAGES, chat, ended, request, soon, start, streamed, text};

#[tokio::test]
async fn both_wires_are_spoken_on_one_connection() {
    let server = start().await;
    let mut client = Client::h1(&server).await;
    for path in [CHAT, "/chat/completions", "/openai/v1/chat/completions"] {
        let answer = client.json(Method::POST, path, &chat("mock/echo")).await;
        assert_eq!(answer["choices"][0]["message"]["content"], "Hi");
        assert_eq!(answer["created"], 1_767_225_600);
    }
    let answer = client.json(Method::POST, MESSAGES, &chat("echo")).await;
    assert_eq!(answer["content"][0]["text"], "Hi");
    let count = client.json(Method::POST, "/v1/messages/count_tokens", &chat("any")).await;
    assert_eq!(count, json!({"input_tokens": 1}));
    assert_eq!(client.json(Method::GET, "/health", &Value::Null).await, json!({"status": "ok"}));
    assert_eq!(client.json(Method::GET, "/v1/models", &Value::Null).await["object"], "list");
    let mut models = request(Method::GET, "/v1/models", &Value::Null);
    models.headers_mut().insert("anthropic-version", "2023-06-01".parse().unwrap());
    let models: Value = serde_json::from_str(&text(client.send(models).await).await).unwrap();
    assert_eq!(models["data"][0]["type"], "model");
}

#[tokio::test]
async fn wrong_routes_and_methods_are_refused() {
    let server = start().await;
    let mut client = Client::h1(&server).await;
    assert_eq!(client.call(Method::GET, CHAT, &Value::Null).await.0, 405);
    assert_eq!(client.call(Method::POST, "/v1/models", &Value::Null).await.0, 405);
    assert_eq!(client.call(Method::POST, "/v1/moderations", &json!({})).await.0, 404);
    assert_eq!(client.call(Method::POST, CHAT, &json!({"model": "m"})).await.0, 400);
}

#[tokio::test]
async fn streams_end_with_their_terminator_on_both_protocols() {
    for h2 in [false, true] {
        let server = start().await;
        let mut client = if h2 { Client::h2(&server).await } else { Client::h1(&server).await };
        let response = client.post(CHAT, &streamed("stream-100")).await;
        assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
        assert!(response.headers()["x-request-id"].to_str().unwrap().starts_with("req_mock"));
        let body = text(response).await;
        assert_eq!(body.matches("\"content\":").count(), 101);
        assert!(body.ends_with("data: [DONE]\n\n"));
        let record = ended(&server).await;
        assert_eq!((record.status, record.outcome), (Some(200), Outcome::Complete));
        assert_eq!(record.version, if h2 { "HTTP/2.0" } else { "HTTP/1.1" });
        assert_eq!(record.at_ms, 1_767_225_600_123);
    }
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused() {
    let server = MockServer::start(Options { max_body_bytes: 100, ..Options::default() }).await.unwrap();
    let mut client = Client::h1(&server).await;
    let (status, body) = client.call(Method::POST, MESSAGES, &chat(&"x".repeat(100))).await;
    assert_eq!(status, 413);
    assert!(body.contains("request_too_large"), "{body}");
}

#[tokio::test]
async fn h2_streams_are_limited_as_asked() {
    let options = Options { h2_max_concurrent_streams: Some(1), ..Options::default() };
    let server = MockServer::start(options).await.unwrap();
    let mut client = Client::h2(&server).await;
    let stalled = client.post(CHAT, &streamed("stall")).await;
    let body = chat("echo");
    let mut second = std::pin::pin!(client.post(CHAT, &body));
    let early = tokio::time::timeout(std::time::Duration::from_millis(100), second.as_mut()).await;
    assert!(early.is_err() && server.total() == 1, "the second stream was let in");
    drop(stalled);
    assert_eq!(soon(second).await.status(), 200);
}

#[tokio::test]
async fn nothing_is_recorded_where_nothing_shall_be() {
    let server = MockServer::start(Options { max_records: 0, ..Options::default() }).await.unwrap();
    Client::h1(&server).await.call(Method::POST, CHAT, &chat("m")).await;
    assert!(server.stop().await.is_empty());
}
