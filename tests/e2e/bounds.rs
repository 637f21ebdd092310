//! Bounds at the edge: beyond them 503 with `Retry-After`, while liveness still answers.

use std::time::Duration;

use llm_mock_server::{Handle, MockServer, Options, Outcome, Script};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use crate::client::{ALIVE, CHAT, MESSAGES, ask, call, connect, eventually, open, send, soon, stream};
use crate::process::{Gateway, config};

async fn start(script: Script, server: Value) -> (Handle, Gateway) {
    let mock = MockServer::start(Options { script: Some(script), ..Options::default() }).await.unwrap();
    let gateway = Gateway::start(&config(&mock.url(), &json!({"server": server})));
    (mock, gateway)
}

fn endless() -> Script {
    Script { endless: true, chunk_ms: 20, ..Script::default() }
}

/// A refusal for want of room, in the dialect of the path.
async fn assert_full(gateway: &Gateway, path: &str) {
    let mut answer = open(gateway.address, "POST", path, &ask("openai/any")).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.header("x-llm-gateway-layer"), Some("limit"));
    assert!(answer.header("x-request-id").is_some());
    let body: Value = serde_json::from_str(&answer.body().await).unwrap();
    assert_eq!(body["error"]["code"], "overloaded");
    assert_eq!(body["type"] == "error", path == MESSAGES, "{body}");
}

#[tokio::test]
async fn connections() {
    let (_mock, gateway) = start(Script::saying("hi"), json!({"max_connections": 3})).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut answer = send(connect(gateway.address).await, "GET", ALIVE, &[], &Value::Null).await;
        answer.body().await;
        held.push(answer.socket());
    }
    assert_full(&gateway, CHAT).await;
    assert_full(&gateway, MESSAGES).await;
    let answer = open(gateway.address, "POST", CHAT, &ask("openai/any")).await;
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(call(gateway.address, "GET", ALIVE, &Value::Null).await.0, 200);
    // Those that came in time are served.
    let socket = held.pop().unwrap();
    assert_eq!(send(socket, "POST", CHAT, &[], &ask("openai/any")).await.status, 200);
    eventually(async || call(gateway.address, "POST", CHAT, &ask("openai/any")).await.0 == 200).await;
}

#[tokio::test]
async fn requests_in_flight() {
    let (_mock, gateway) = start(endless(), json!({"max_in_flight_requests": 2})).await;
    let first = stream(gateway.address, CHAT, "openai/any").await;
    let second = stream(gateway.address, MESSAGES, "anthropic/any").await;
    assert_full(&gateway, CHAT).await;
    assert_full(&gateway, MESSAGES).await;
    for path in [ALIVE, "/health/readiness", "/metrics", "/v1/models"] {
        assert_eq!(call(gateway.address, "GET", path, &Value::Null).await.0, 200, "{path}");
    }
    drop(first);
    eventually(async || open(gateway.address, "POST", CHAT, &ask("nothing")).await.status == 404).await;
    drop(second);
}

#[tokio::test]
async fn bytes_of_bodies() {
    let script = Script { delay_ms: 60_000, ..Script::default() };
    let (mock, gateway) = start(script, json!({"max_held_bytes": 1_000_000})).await;
    let mut large = ask("openai/any");
    large["messages"][0]["content"] = "x".repeat(600_000).into();
    let mut first = connect(gateway.address).await;
    let text = crate::client::request("POST", CHAT, &[], &large);
    soon(first.write_all(text.as_bytes())).await.unwrap();
    soon(mock.records_when(|all| all.len() == 1)).await;
    let refused = open(gateway.address, "POST", CHAT, &large).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    assert_eq!(call(gateway.address, "GET", ALIVE, &Value::Null).await.0, 200);
    drop(first);
    // Its share is given back: the next one reaches the vendor.
    soon(mock.records_when(|all| all[0].outcome == Outcome::ClientClosed)).await;
    // The vendor hears of it first: its connection is closed before the rest of the request is dropped.
    eventually(async || {
        let (_, metrics) = call(gateway.address, "GET", "/metrics", &Value::Null).await;
        metrics.as_str().unwrap().contains("held_bytes 0")
    })
    .await;
    let mut next = connect(gateway.address).await;
    soon(next.write_all(text.as_bytes())).await.unwrap();
    soon(mock.records_when(|all| all.len() == 2)).await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_it_is_sent() {
    let (mock, gateway) = start(Script::saying("hi"), json!({"max_body_bytes": 1000})).await;
    let mut socket = connect(gateway.address).await;
    let head = format!("POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100000000\r\n\r\n");
    soon(socket.write_all(head.as_bytes())).await.unwrap();
    let mut answer = [0; 12];
    soon(socket.read_exact(&mut answer)).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
    assert_eq!(mock.total(), 0);
}

/// What was refused unread would be taken for the next request: the client is told that the connection ends.
#[tokio::test]
async fn a_request_refused_unread_ends_its_connection() {
    let (_mock, gateway) = start(Script::saying("hi"), json!({})).await;
    for (path, status) in [(CHAT, "415"), ("/nowhere", "404")] {
        let mut socket = connect(gateway.address).await;
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\ncontent-length: 9\r\n\r\n"
        );
        soon(socket.write_all(head.as_bytes())).await.unwrap();
        let mut answer = String::new();
        soon(socket.read_to_string(&mut answer)).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        assert!(answer.contains("connection: close\r\n"), "{answer}");
    }
    let answer = open(gateway.address, "POST", CHAT, &ask("openai/any")).await;
    assert_eq!(answer.header("connection"), None, "what was read does no harm");
}

/// Slow heads: none at all, half of one, and a second one on a connection that was used before.
#[tokio::test]
async fn heads_have_to_come_in_time() {
    let (_mock, gateway) = start(Script::saying("hi"), json!({"header_read_timeout_ms": 300})).await;
    let silent = connect(gateway.address).await;
    let mut half = connect(gateway.address).await;
    soon(half.write_all(b"POST /v1/chat/completions HTTP/1.1\r\nhost: ")).await.unwrap();
    let mut used = send(connect(gateway.address).await, "GET", ALIVE, &[], &Value::Null).await;
    used.body().await;
    let mut again = used.socket();
    soon(again.write_all(b"GET /health")).await.unwrap();
    for (name, mut socket) in [("silent", silent), ("half", half), ("again", again)] {
        let began = Instant::now();
        let mut rest = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(3), socket.read_to_end(&mut rest)).await;
        assert!(read.is_ok(), "{name}: still open after {:?}", began.elapsed());
        assert!(!rest.starts_with(b"HTTP/1.1 200"), "{name}");
    }
    assert_eq!(call(gateway.address, "GET", ALIVE, &Value::Null).await.0, 200);
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let (_mock, gateway) = start(Script::saying("hi"), json!({})).await;
    let long = "x".repeat(100_000);
    let mut socket = connect(gateway.address).await;
    // The answer may come before all of it is written.
    let text = format!("GET {ALIVE} HTTP/1.1\r\nhost: localhost\r\nx-long: {long}\r\n\r\n");
    let _ = soon(socket.write_all(text.as_bytes())).await;
    let mut answer = Vec::new();
    let _ = soon(socket.read_to_end(&mut answer)).await;
    assert!(answer.starts_with(b"HTTP/1.1 431") || answer.is_empty(), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(call(gateway.address, "GET", ALIVE, &Value::Null).await.0, 200);
}

#[tokio::test]
async fn only_trusted_proxies_are_believed() {
    for (trusted, wanted) in [(json!(["127.0.0.0/8"]), "203.0.113.9"), (json!(["10.0.0.0/8"]), "127.0.0.1")] {
        let (_mock, gateway) = start(Script::saying("hi"), json!({"trusted_proxies": trusted})).await;
        let headers = [("x-forwarded-for", "203.0.113.9"), ("x-request-id", "by-proxy")];
        send(connect(gateway.address).await, "POST", CHAT, &headers, &ask("openai/any")).await.body().await;
        assert_eq!(gateway.logged(&["by-proxy"])["client"], wanted);
    }
}

/// Source: RFC 9112, 3.2, read 2026-11-22.
#[tokio::test]
async fn a_request_names_one_host() {
    let (_mock, gateway) = start(Script::saying("hi"), json!({})).await;
    for (version, hosts, status) in [
        ("HTTP/1.1", "host: localhost\r\n", "200"),
        ("HTTP/1.1", "", "400"),
        ("HTTP/1.1", "host: localhost\r\nhost: localhost\r\n", "400"),
        ("HTTP/1.0", "", "200"),
        ("HTTP/1.0", "host: localhost\r\nhost: other\r\n", "400"),
    ] {
        let mut socket = connect(gateway.address).await;
        let head = format!("GET {ALIVE} {version}\r\n{hosts}connection: close\r\n\r\n");
        soon(socket.write_all(head.as_bytes())).await.unwrap();
        let mut answer = String::new();
        soon(socket.read_to_string(&mut answer)).await.unwrap();
        let told = answer.split(' ').nth(1);
        assert_eq!(told, Some(status), "{version} {hosts:?}: {answer}");
    }
}

#[tokio::test]
async fn a_compressed_body_is_refused_with_a_word_for_it() {
    let (mock, gateway) = start(Script::saying("hi"), json!({})).await;
    for (coding, status) in [("gzip", 415), ("br", 415), ("identity", 200), ("Identity", 200)] {
        let headers = [("content-type", "application/json"), ("content-encoding", coding)];
        let mut answer =
            send(connect(gateway.address).await, "POST", CHAT, &headers, &ask("openai/any")).await;
        let text = answer.body().await;
        assert_eq!(answer.status, status, "{coding}: {text}");
        assert_eq!(text.contains("content-encoding"), status == 415, "{text}");
    }
    assert_eq!(mock.total(), 2);
}
