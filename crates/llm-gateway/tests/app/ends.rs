//! Every request ends once in the books, however it ends.

use std::time::Duration;

use http::Request;
use serde_json::{Value, json};

use crate::support::{CHAT, MESSAGES, TestApp, ask, deployment, post, until};

fn streamed() -> Value {
    ask(&json!({"stream": true}))
}

async fn with(on_disconnect: &str, script: &Value) -> TestApp {
    TestApp::new(&json!({
        "model_list": [deployment("m", &json!({"model": "mock/m", "mock_response": script}))],
        "llm_gateway": {"on_disconnect": on_disconnect},
    }))
    .await
}

#[tokio::test]
async fn answered_with_its_bytes_and_its_time() {
    let app = TestApp::scripted(&json!({"text": "hi"})).await;
    let response = app.begin(post(CHAT, &ask(&json!({})))).await;
    assert!(!app.has_ended(), "the answer was not handed over yet");
    app.clock.advance(Duration::from_millis(30));
    let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
    let ended = app.ended();
    assert_eq!((ended.outcome, ended.status, ended.attempts), ("answered", Some(200), 1));
    assert_eq!((ended.response_bytes, ended.duration), (body.len() as u64, Duration::from_millis(30)));
    assert_eq!((app.app.in_flight.get(), app.app.held_bytes.get()), (0, 0));
}

#[tokio::test]
async fn gone_before_the_head() {
    let app = with("cancel", &json!({"delay_ms": 60_000})).await;
    for body in [ask(&json!({})), streamed()] {
        let waiting = app.begin(post(CHAT, &body));
        assert!(tokio::time::timeout(Duration::from_millis(20), waiting).await.is_err());
        let ended = app.ended();
        assert_eq!((ended.outcome, ended.status, ended.attempts), ("hung_up", None, 1));
        assert_eq!((app.app.in_flight.get(), app.app.held_bytes.get()), (0, 0));
    }
}

#[tokio::test]
async fn gone_in_the_middle() {
    for path in [CHAT, MESSAGES] {
        let app = with("cancel", &json!({"endless": true, "chunk_ms": 1})).await;
        let mut body = app.begin(post(path, &streamed())).await.into_body();
        until(&mut body, "delta").await;
        assert!(!app.has_ended());
        drop(body);
        assert_eq!(app.ended().outcome, "hung_up");
    }
}

#[tokio::test]
async fn gone_after_the_last_word_is_answered() {
    for (path, last) in [(CHAT, "[DONE]"), (MESSAGES, "message_stop")] {
        let app = with("cancel", &json!({"text": "hi"})).await;
        let mut body = app.begin(post(path, &streamed())).await.into_body();
        until(&mut body, last).await;
        drop(body);
        assert_eq!(app.ended().outcome, "answered", "{path}");
    }
}

#[tokio::test]
async fn heard_to_the_end_without_the_client() {
    for how in ["drain", "finish"] {
        for path in [CHAT, MESSAGES] {
            let script = json!({"chunks": 30, "chunk_ms": 1, "usage": {"completion_tokens": 77}});
            let app = with(how, &script).await;
            let mut body = app.begin(post(path, &streamed())).await.into_body();
            until(&mut body, "delta").await;
            drop(body);
            app.app.stop();
            app.app.finished().await;
            let ended = app.ended();
            assert_eq!((ended.outcome, ended.output_tokens), ("hung_up", Some(77)), "{how} {path}");
        }
    }
}

#[tokio::test]
async fn cut_off_at_shutdown() {
    let app = with("drain", &json!({"endless": true, "chunk_ms": 1})).await;
    let mut body = app.begin(post(CHAT, &streamed())).await.into_body();
    until(&mut body, "delta").await;
    app.app.stop();
    app.app.abort();
    drop(body);
    assert_eq!(app.ended().outcome, "drained");
    // One that has no answer yet was cut off as well.
    let app = with("cancel", &json!({"delay_ms": 60_000})).await;
    app.app.abort();
    let waiting = app.begin(post(CHAT, &ask(&json!({}))));
    assert!(tokio::time::timeout(Duration::from_millis(20), waiting).await.is_err());
    assert_eq!(app.ended().outcome, "drained");
}

#[tokio::test]
async fn refused_before_anybody_was_asked() {
    let app = TestApp::scripted(&json!({})).await;
    let request = Request::post(CHAT).body(axum::body::Body::from("{")).unwrap();
    assert_eq!(app.send(request).await.status, 400);
    let ended = app.ended();
    assert_eq!((ended.outcome, ended.status, ended.attempts), ("failed", Some(400), 0));
    assert_eq!((app.app.in_flight.get(), app.app.held_bytes.get()), (0, 0));
}
