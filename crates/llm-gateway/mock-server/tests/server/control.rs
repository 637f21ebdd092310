//! The control API and its twin, the handle.

use http::Method;
use llm_mock_server::Script;
use serde_json::{Value, json};

use crate::client::{CHAT, Client, MESSAGES, chat, start};

#[tokio::test]
async fn the_record_is_readable_and_shows_no_key() {
    let server = start().await;
    let mut client = Client::h1(&server).await;
    client.call(Method::POST, "/v1/messages?beta=true", &chat("error-529")).await;
    let record = client.json(Method::GET, "/_mock/requests", &Value::Null).await;
    assert_eq!(
        record,
        json!({"total": 1, "data": [{
            "sequence": 0,
            "at_ms": 1_767_225_600_123_i64,
            "method": "POST",
            "path": "/v1/messages",
            "query": "beta=true",
            "version": "HTTP/1.1",
            "headers": {"host": "mock.test", "authorization": "Bearer ***abcd", "content-length": "65"},
            "body": chat("error-529").to_string(),
            "status": 529,
            "outcome": "complete",
            "frames": 1,
        }]})
    );
    assert_eq!(
        client.call(Method::DELETE, "/_mock/requests", &Value::Null).await,
        (204.try_into().unwrap(), String::new())
    );
    assert!(server.records().is_empty());
}

#[tokio::test]
async fn the_record_is_read_from_a_number_on_and_tells_what_was_served() {
    let server = start().await;
    let mut client = Client::h1(&server).await;
    let ask = |max_tokens: u64, stream: bool| {
        json!({"model": "m", "messages": [{"role": "user", "content": "Hello there"}], "stream": stream,
            "max_tokens": max_tokens, "mock": {"chunks": 6, "obeys_max_tokens": true}})
    };
    for (max_tokens, stream) in [(9, false), (4, false), (4, true)] {
        client.call(Method::POST, CHAT, &ask(max_tokens, stream)).await;
    }
    let lines = client.call(Method::GET, "/_mock/requests.jsonl?from=1&limit=5", &Value::Null).await.1;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> = lines.iter().map(|line| (&line["sequence"], &line["frames"])).collect();
    assert_eq!(told, [(&json!(1), &json!(1)), (&json!(2), &json!(6))], "a head, four words, an end");
    for line in &lines {
        assert_eq!(
            (&line["usage"]["prompt_tokens"], &line["usage"]["completion_tokens"]),
            (&json!(2), &json!(4))
        );
    }
    assert_eq!(server.records()[0].usage.unwrap().completion_tokens, 6);
    let (status, said) = client.call(Method::GET, "/_mock/requests.jsonl?from=x", &Value::Null).await;
    assert_eq!((status.as_u16(), said.contains("numbers")), (400, true));
}

#[tokio::test]
async fn scripts_are_set_queued_and_taken_back() {
    let server = start().await;
    let mut client = Client::h1(&server).await;
    let script = json!({"text": "always"});
    assert_eq!(client.json(Method::PUT, "/_mock/script", &script).await, json!({"queued": 0}));
    let queue = json!([{"text": "once"}, {"error": {"status": 503}}]);
    assert_eq!(client.json(Method::PUT, "/_mock/script", &queue).await, json!({"queued": 2}));
    // Listing models asks for no answer, so it takes none off the queue.
    client.call(Method::GET, "/v1/models", &Value::Null).await;
    let mut answers = Vec::new();
    for _ in 0..3 {
        let answer = client.json(Method::POST, CHAT, &chat("m")).await;
        answers.push(answer["choices"][0]["message"]["content"].as_str().unwrap_or("refused").to_owned());
    }
    assert_eq!(answers, ["once", "refused", "always"]);
    client.call(Method::DELETE, "/_mock/script", &Value::Null).await;
    let answer = client.call(Method::POST, CHAT, &chat("m")).await.1;
    assert!(answer.contains("Hello! This is the mock vendor"), "{answer}");
    server.set_queue(vec![Script::saying("from the handle")]);
    assert!(client.call(Method::POST, CHAT, &chat("m")).await.1.contains("from the handle"));
}

#[tokio::test]
async fn a_script_that_cannot_be_played_changes_nothing() {
    let server = start().await;
    server.set_script(Some(Script::saying("before")));
    let mut client = Client::h1(&server).await;
    for script in [json!({"texte": ""}), json!([{"text": ""}, {"chunks": 0}]), json!("text")] {
        let (status, body) = client.call(Method::PUT, "/_mock/script", &script).await;
        assert_eq!(status, 400, "{body}");
        assert!(body.starts_with("{\"error\":\"mock: "), "{body}");
    }
    assert!(client.call(Method::POST, CHAT, &chat("m")).await.1.contains("before"));
    assert_eq!(client.call(Method::POST, "/_mock/script", &json!({})).await.0, 405);
    assert_eq!(client.call(Method::GET, "/_mock/nothing", &Value::Null).await.0, 404);
}

#[tokio::test]
async fn exchanges_are_replayed_once_and_in_order() {
    let server = start().await;
    let mut client = Client::h1(&server).await;
    let exchanges = json!([
        {"method": "POST", "path": CHAT, "response": {"status": 429, "content_type": "application/json",
            "headers": {"retry-after": "7"}, "body": {"error": {"message": "slow down"}}}},
        {"path": MESSAGES, "response": {"content_type": "text/event-stream", "chunk_bytes": 5,
            "body": "event: ping\ndata: {\"type\": \"ping\"}\n\n"}},
        {"path": CHAT, "response": {"body_base64": "eyJuIjogMS4wMH0="}},
    ]);
    assert_eq!(client.json(Method::PUT, "/_mock/exchanges", &exchanges).await, json!({"left": 3}));
    let first = client.post(CHAT, &chat("echo")).await;
    assert_eq!((first.status().as_u16(), &first.headers()["retry-after"]), (429, &"7".parse().unwrap()));
    assert_eq!(crate::client::text(first).await, r#"{"error":{"message":"slow down"}}"#);
    assert_eq!(client.call(Method::POST, CHAT, &json!({})).await.1, r#"{"n": 1.00}"#);
    let (status, stream) = client.call(Method::POST, MESSAGES, &json!({})).await;
    assert_eq!((status.as_u16(), stream.as_str()), (200, "event: ping\ndata: {\"type\": \"ping\"}\n\n"));
    let (status, body) = client.call(Method::POST, CHAT, &json!({})).await;
    assert_eq!(status, 404);
    assert!(body.contains("No exchange is left for POST"), "{body}");
    assert_eq!(client.json(Method::GET, "/_mock/exchanges", &Value::Null).await, json!({"left": 0}));
    assert_eq!(client.call(Method::PUT, "/_mock/exchanges", &json!([{"path": 1}])).await.0, 400);
    client.call(Method::DELETE, "/_mock/exchanges", &Value::Null).await;
    assert_eq!(client.call(Method::POST, CHAT, &chat("echo")).await.0, 200);
}
