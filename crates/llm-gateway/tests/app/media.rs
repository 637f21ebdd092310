//! Remote media that the vendor wants as bytes: they count among the bytes held.

use http::StatusCode;
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{Answer, CHAT, TestApp, ask, deployment};

/// Asks about an image of 9,000 bytes, with so much room for bodies and media.
async fn asked(max_held_bytes: u64) -> (TestApp, Answer, Vec<Value>) {
    let vendor = MockServer::start().await;
    let image = ResponseTemplate::new(200).set_body_raw(vec![7; 9000], "image/png");
    Mock::given(method("GET")).and(path("/image")).respond_with(image).mount(&vendor).await;
    let answer = json!({"model": "llava", "message": {"role": "assistant", "content": "hi"}, "done": true, "done_reason": "stop"});
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200).set_body_json(answer))
        .mount(&vendor)
        .await;
    let params = json!({"model": "ollama/llava", "api_base": vendor.uri()});
    let app = TestApp::new(&json!({
        "model_list": [deployment("m", &params)],
        "llm_gateway": {"fetch": {"allow_private": true}, "server": {"max_held_bytes": max_held_bytes}},
    }))
    .await;
    let image = json!({"type": "image_url", "image_url": {"url": format!("{}/image", vendor.uri())}});
    let answer = app.post(CHAT, &ask(&json!({"messages": [{"role": "user", "content": [image]}]}))).await;
    let seen = vendor.received_requests().await.unwrap();
    let posted = seen.iter().filter(|request| request.method == http::Method::POST);
    let bodies = posted.map(|request| request.body_json().unwrap()).collect();
    (app, answer, bodies)
}

#[tokio::test]
async fn what_is_fetched_is_held_until_the_request_ends() {
    // In the request the image stands in 12,000 letters.
    let (app, answer, bodies) = asked(13_000).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(bodies[0]["messages"][0]["images"][0].as_str().map(str::len), Some(12_000));
    assert_eq!((app.ended().outcome, app.app.held_bytes.get()), ("answered", 0));

    let (app, answer, bodies) = asked(11_000).await;
    assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, Some("1")));
    assert_eq!(answer.json()["error"]["code"], "overloaded");
    assert_eq!((bodies.len(), app.app.held_bytes.get()), (0, 0));
}
