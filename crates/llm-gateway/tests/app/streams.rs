//! Streams at their edges: failures before and after the beginning, what is withheld, what is no stream at all.

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{CHAT, MESSAGES, TestApp, ask, body, events};

const FAILURE: &str = "data: {\"error\":{\"message\":\"Slow down\",\"type\":\"requests\",\"code\":\"rate_limit_exceeded\"}}\n\n";
const HELLO: &str = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello\"},\"finish_reason\":null}]}\n\n";
const STOP: &str = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const USAGE: &str = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":5,\"total_tokens\":8}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

fn streamed() -> Value {
    ask(&json!({"stream": true}))
}

#[tokio::test]
async fn a_failure_before_the_first_event_is_a_status() {
    // OpenAI's clients see OpenAI's own word.
    for (path, kind) in [(CHAT, "requests"), (MESSAGES, "rate_limit_error")] {
        for stream in [FAILURE.to_owned(), format!(": hold the line\n\n{FAILURE}")] {
            for chunks in [1, 100] {
                let mut script = events(&stream);
                script["chunks"] = chunks.into();
                let app = TestApp::scripted(&script).await;
                let answer = app.post(path, &streamed()).await;
                assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{path} {stream}");
                assert_eq!(answer.json()["error"]["message"], "Slow down");
                assert_eq!(answer.json()["error"]["type"], kind);
                assert_eq!(answer.header("x-llm-gateway-layer"), Some("provider"));
                let ended = app.ended();
                assert_eq!((ended.outcome, ended.status), ("failed", Some(429)));
            }
        }
    }
}

#[tokio::test]
async fn a_failure_after_it_stands_in_the_stream() {
    let app = TestApp::scripted(&events(&format!("{HELLO}{FAILURE}"))).await;
    let answer = app.post(CHAT, &streamed()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.text, format!("{HELLO}{FAILURE}"), "the vendor's own words, once");
    let ended = app.ended();
    assert_eq!((ended.outcome, ended.status), ("failed", Some(200)));
    assert_eq!(ended.response_bytes, answer.text.len() as u64);

    let answer = app.post(MESSAGES, &streamed()).await;
    assert_eq!(answer.status, StatusCode::OK);
    let last = answer.text.split("\n\n").filter(|event| !event.is_empty()).last().unwrap();
    let (name, data) = last.split_once('\n').unwrap();
    assert_eq!(name, "event: error");
    let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!((&data["type"], &data["error"]["type"]), (&json!("error"), &json!("rate_limit_error")));
    assert_eq!(app.ended().outcome, "failed");
}

#[tokio::test]
async fn a_stream_cut_short_says_so() {
    let app = TestApp::scripted(&events(&format!("{HELLO}data: {{\"id\":"))).await;
    let answer = app.post(CHAT, &streamed()).await;
    let error = answer.text.strip_prefix(HELLO).unwrap().strip_prefix("data: ").unwrap();
    let error: Value = serde_json::from_str(error).unwrap();
    assert_eq!(error["error"]["message"], "the vendor's stream ended too early");
    assert_eq!(app.ended().outcome, "failed");
}

#[tokio::test]
async fn what_is_no_stream_is_a_bad_gateway() {
    for script in [
        events(" "),
        events(": nothing follows\n\n"),
        events(DONE.trim_end_matches("E]\n\n")),
        body(&json!({"hello": "world"})),
    ] {
        for path in [CHAT, MESSAGES] {
            let app = TestApp::scripted(&script).await;
            let answer = app.post(path, &streamed()).await;
            assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{script} {}", answer.text);
            assert_eq!(app.ended().status, Some(502));
        }
    }
}

#[tokio::test]
async fn a_whole_answer_to_a_stream_is_told_in_pieces() {
    let answer = json!({"id": "c", "object": "chat.completion", "model": "m", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}});
    for (path, end) in [(CHAT, "[DONE]"), (MESSAGES, "message_stop")] {
        let app = TestApp::scripted(&body(&answer)).await;
        let answer = app.post(path, &streamed()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        assert!(answer.text.contains("hi") && answer.text.contains(end), "{}", answer.text);
        assert_eq!(app.ended().output_tokens, Some(2));
    }
}

#[tokio::test]
async fn a_failure_may_come_as_a_good_answer() {
    let failure = json!({"error": {"message": "No such key", "type": "invalid_request_error", "code": "invalid_api_key"}});
    for path in [CHAT, MESSAGES] {
        for stream in [true, false] {
            let app = TestApp::scripted(&body(&failure)).await;
            let answer = app.post(path, &ask(&json!({"stream": stream}))).await;
            assert!(!answer.status.is_success(), "{path} {stream}: {}", answer.text);
            assert_eq!(answer.json()["error"]["message"], "No such key");
        }
    }
}

#[tokio::test]
async fn a_stream_is_no_whole_answer() {
    for path in [CHAT, MESSAGES] {
        let app = TestApp::scripted(&events(&format!("{HELLO}{STOP}{DONE}"))).await;
        let answer = app.post(path, &ask(&json!({}))).await;
        assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{}", answer.text);
    }
}

#[tokio::test]
async fn the_usage_chunk_is_for_those_who_asked() {
    let all = format!("{HELLO}{STOP}{USAGE}{DONE}");
    for chunks in [1, 3, 400] {
        let mut script = events(&all);
        script["chunks"] = chunks.into();
        let app = TestApp::scripted(&script).await;
        for (options, told) in [
            (None, false),
            (Some(json!(null)), false),
            (Some(json!({})), false),
            (Some(json!({"include_usage": false})), false),
            (Some(json!({"include_obfuscation": false})), false),
            (Some(json!({"include_usage": true})), true),
        ] {
            let mut request = streamed();
            if let Some(options) = &options {
                request["stream_options"] = options.clone();
            }
            let answer = app.post(CHAT, &request).await;
            let expected = if told { all.clone() } else { format!("{HELLO}{STOP}{DONE}") };
            assert_eq!(answer.text, expected, "{chunks} {options:?}");
            let ended = app.ended();
            assert_eq!((ended.outcome, ended.output_tokens), ("answered", Some(5)));
            assert_eq!(ended.response_bytes, expected.len() as u64);
        }
    }
}

#[tokio::test]
async fn usage_beside_content_is_passed_on() {
    let both = USAGE.replace("\"choices\":[]", "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"!\"}}]");
    let all = format!("{HELLO}{both}{STOP}{DONE}");
    let app = TestApp::scripted(&events(&all)).await;
    assert_eq!(app.post(CHAT, &streamed()).await.text, all);
    assert_eq!(app.ended().output_tokens, Some(5));
}

#[tokio::test]
async fn null_asks_for_no_stream() {
    let app = TestApp::scripted(&json!({"text": "hi"})).await;
    let answer = app.post(CHAT, &ask(&json!({"stream": null}))).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "hi");
}

#[tokio::test(start_paused = true)]
async fn comments_keep_a_silent_stream_alive() {
    let app = TestApp::scripted(&json!({"text": "hi", "first_chunk_ms": 40_000})).await;
    let answer = app.post(CHAT, &streamed()).await;
    assert!(answer.text.starts_with(": keep-alive\n\n"), "{}", answer.text);
    assert!(answer.text.ends_with(DONE));
    let ended = app.ended();
    assert_eq!((ended.outcome, ended.response_bytes), ("answered", answer.text.len() as u64));
}
