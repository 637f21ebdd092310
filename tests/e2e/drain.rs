//! The end: what is under way may finish within a limit, nothing new begins.

use std::time::Duration;

use llm_mock_server::{Handle, MockServer, Options, Script};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::client::{ALIVE, CHAT, MESSAGES, connect, eventually, send, stream};
use crate::process::{Gateway, PATIENCE, config};

async fn vendor(script: Script) -> Handle {
    MockServer::start(Options { script: Some(script), ..Options::default() }).await.unwrap()
}

fn slow(words: u64) -> Script {
    Script { chunks: Some(words), chunk_ms: 50, ..Script::default() }
}

#[tokio::test]
async fn a_running_stream_completes() {
    for signal in ["TERM", "INT"] {
        let mock = vendor(slow(20)).await;
        let mut gateway = Gateway::start(&config(&mock.url(), &json!({})));
        let mut openai = stream(gateway.address, CHAT, "openai/any").await;
        let mut anthropic = stream(gateway.address, MESSAGES, "openai/any").await;
        openai.until("data:", 2).await;
        gateway.signal(signal);
        eventually(async || TcpStream::connect(gateway.address).await.is_err()).await;
        assert!(!openai.text().contains("[DONE]"), "the listener is closed while the stream goes on");
        assert!(openai.end().await && anthropic.end().await);
        assert!(openai.text().contains("[DONE]") && anthropic.text().contains("message_stop"));
        assert_eq!(gateway.ended(PATIENCE).code(), Some(0));
    }
}

#[tokio::test]
async fn an_endless_stream_is_cut_at_the_limit() {
    let mock = vendor(Script { endless: true, chunk_ms: 20, ..Script::default() }).await;
    let settings = json!({"server": {"drain_timeout_ms": 500}});
    let mut gateway = Gateway::start(&config(&mock.url(), &settings));
    let mut answer = stream(gateway.address, CHAT, "openai/any").await;
    answer.until("data:", 2).await;
    let began = Instant::now();
    gateway.signal("TERM");
    assert!(!answer.end().await, "a cut stream does not end well");
    assert!(!answer.text().contains("[DONE]"));
    assert_eq!(gateway.ended(PATIENCE).code(), Some(0));
    // Nothing but the limit ends it: that it has ended says that the limit was kept, and this that it was not hurried.
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(500), "{took:?}");
    let line = gateway.logged(&["request cut off at shutdown"]);
    assert_eq!(line["outcome"], "drained");
}

#[tokio::test]
async fn idle_connections_hold_nothing_up() {
    let mock = vendor(Script::saying("hi")).await;
    let mut gateway = Gateway::start(&config(&mock.url(), &json!({})));
    let silent = connect(gateway.address).await;
    let mut used = send(connect(gateway.address).await, "GET", ALIVE, &[], &Value::Null).await;
    used.body().await;
    let began = Instant::now();
    gateway.signal("TERM");
    assert_eq!(gateway.ended(PATIENCE).code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    drop((silent, used));
}

/// Whoever starts it may stop it as soon as it says that it listens.
#[tokio::test]
async fn a_stop_is_heard_from_the_start() {
    let mock = vendor(Script::saying("hi")).await;
    for _ in 0..5 {
        let mut gateway = Gateway::start(&config(&mock.url(), &json!({})));
        gateway.signal("TERM");
        assert_eq!(gateway.ended(PATIENCE).code(), Some(0));
    }
}
