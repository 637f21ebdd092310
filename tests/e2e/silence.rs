//! Silent vendors: comments keep the line alive, in mid-stream and before the first event.

use llm_mock_server::{MockServer, Options, Script};
use serde_json::json;

use crate::client::{CHAT, MESSAGES, stream};
use crate::process::{Gateway, config};

#[tokio::test]
async fn comments_keep_a_silent_stream_alive() {
    let settings = json!({"server": {"keepalive_comment_ms": 100}});
    for after in [0, 2] {
        let script = Script { stall_after_chunks: Some(after), ..Script::saying("one two three") };
        let mock = MockServer::start(Options { script: Some(script), ..Options::default() }).await.unwrap();
        let gateway = Gateway::start(&config(&mock.url(), &settings));
        for (path, model) in [
            (CHAT, "openai/any"),
            (CHAT, "anthropic/any"),
            (MESSAGES, "openai/any"),
            (MESSAGES, "anthropic/any"),
        ] {
            let mut answer = stream(gateway.address, path, model).await;
            answer.until(": keep-alive\n\n", 3).await;
            let text = answer.text();
            assert_eq!(text.contains("two"), after == 2, "{path} {model}: {text}");
        }
    }
}

#[tokio::test]
async fn a_lively_stream_has_none() {
    let script = Script { chunks: Some(10), chunk_ms: 30, ..Script::default() };
    let mock = MockServer::start(Options { script: Some(script), ..Options::default() }).await.unwrap();
    let gateway = Gateway::start(&config(&mock.url(), &json!({"server": {"keepalive_comment_ms": 250}})));
    let mut answer = stream(gateway.address, CHAT, "openai/any").await;
    assert!(answer.end().await);
    assert!(!answer.text().contains("keep-alive"), "{}", answer.text());
}

/// What failed after a comment has gone out can no longer be told as a status.
#[tokio::test]
async fn a_failure_after_a_comment_is_told_in_the_stream() {
    let error = json!({"status": 500, "message": "The vendor broke."});
    let script =
        json!({"stall_after_chunks": 0, "stall_ms": 400, "error_in_stream_after_chunks": 0, "error": error});
    let script = serde_json::from_value(script).unwrap();
    let mock = MockServer::start(Options { script: Some(script), ..Options::default() }).await.unwrap();
    let gateway = Gateway::start(&config(&mock.url(), &json!({"server": {"keepalive_comment_ms": 50}})));
    for (path, model) in [(CHAT, "openai/any"), (MESSAGES, "openai/any"), (CHAT, "anthropic/any")] {
        let mut answer = stream(gateway.address, path, model).await;
        assert!(answer.end().await);
        let text = answer.text();
        assert!(text.contains("keep-alive") && text.contains("The vendor broke."), "{path} {model}: {text}");
        assert!(!text.contains("[DONE]") && !text.contains("message_stop"), "{path} {model}: {text}");
    }
}
