//! Answers that are not ready when they are asked for.

use http::StatusCode;
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{Answer, CHAT, TestApp, ask, deployment};

/// Asks a vendor whose prediction is under way and says it is found at `urls` of the vendor's.
async fn asked(urls: Value, more: &Value) -> (TestApp, Answer) {
    let vendor = MockServer::start().await;
    let mut urls = urls;
    for url in urls.as_object_mut().unwrap().values_mut() {
        *url = format!("{}{}", vendor.uri(), url.as_str().unwrap()).into();
    }
    let begun = json!({"id": "p", "status": "processing", "urls": urls});
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(201).set_body_json(begun))
        .mount(&vendor)
        .await;
    let events = "event: output\ndata: Hi\n\nevent: done\ndata: {}\n\n";
    Mock::given(method("GET"))
        .and(path("/stream"))
        .and(header("authorization", "Bearer r8-key"))
        .respond_with(ResponseTemplate::new(200).set_body_raw(events, "text/event-stream"))
        .mount(&vendor)
        .await;
    let params =
        json!({"model": "replicate/a/b", "api_base": vendor.uri(), "api_key": "r8-key", "timeout": 0.9});
    let app = TestApp::new(&json!({"model_list": [deployment("m", &params)]})).await;
    let answer = app.post(CHAT, &ask(more)).await;
    (app, answer)
}

#[tokio::test]
async fn the_next_question_has_the_firsts_key() {
    for stream in [false, true] {
        let (app, answer) = asked(json!({"stream": "/stream"}), &json!({"stream": stream})).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        assert!(answer.text.contains("Hi"), "{}", answer.text);
        assert_eq!(answer.header("x-litellm-attempted-retries"), Some("0"), "waiting is no retry");
        assert_eq!(app.ended().attempts, 2);
    }
}

#[tokio::test]
async fn all_questions_share_the_time() {
    let (app, answer) = asked(json!({"get": "/prediction"}), &json!({})).await;
    assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT, "{}", answer.text);
    assert_eq!(app.ended().attempts, 1);
}
