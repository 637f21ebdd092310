//! Credentials that are fetched, and refused by the vendor before they expire.

use std::sync::atomic::{AtomicUsize, Ordering};

use http::StatusCode;
use serde_json::{Value, json};
use wiremock::matchers::{path, path_regex};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::support::{Answer, CHAT, TestApp, ask, deployment};

/// Hands out `token-1`, `token-2`, ...
#[derive(Default)]
struct Tokens(AtomicUsize);

impl Respond for Tokens {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        let token = format!("token-{}", self.0.fetch_add(1, Ordering::SeqCst) + 1);
        ResponseTemplate::new(200).set_body_json(json!({"access_token": token, "expires_in": 3599}))
    }
}

/// Lets in whoever has this token.
struct Door(&'static str);

impl Respond for Door {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        if request.headers["authorization"] != format!("Bearer {}", self.0) {
            let error = json!({"error": {"code": "401", "message": "Access denied"}});
            return ResponseTemplate::new(401).set_body_json(error);
        }
        let body: Value = request.body_json().unwrap();
        if body["stream"] == true {
            let events = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
            return ResponseTemplate::new(200).set_body_raw(events, "text/event-stream");
        }
        ResponseTemplate::new(200).set_body_json(json!({"id": "c", "object": "chat.completion", "model": "gpt-4o",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]}))
    }
}

struct World {
    vendor: MockServer,
    app: TestApp,
}

impl World {
    async fn letting_in(token: &'static str) -> Self {
        let vendor = MockServer::start().await;
        Mock::given(path("/t/oauth2/v2.0/token")).respond_with(Tokens::default()).mount(&vendor).await;
        Mock::given(path_regex("chat/completions$")).respond_with(Door(token)).mount(&vendor).await;
        let params = json!({"model": "azure/gpt-4o", "api_base": vendor.uri(), "tenant_id": "t",
            "client_id": "c", "client_secret": "s", "azure_authority_host": vendor.uri()});
        let app = TestApp::new(&json!({"model_list": [deployment("m", &params)]})).await;
        Self { vendor, app }
    }

    /// How often a token, and how often an answer has been asked for.
    async fn asked(&self) -> (usize, usize) {
        let asked = self.vendor.received_requests().await.unwrap();
        let tokens = asked.iter().filter(|request| request.url.path().ends_with("token")).count();
        (tokens, asked.len() - tokens)
    }

    async fn chat(&self, more: &Value) -> Answer {
        self.app.post(CHAT, &ask(more)).await
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_fetched_anew_and_the_request_sent_once_more() {
    for stream in [false, true] {
        // The first token has been revoked before its time.
        let world = World::letting_in("token-2").await;
        let answer = world.chat(&json!({"stream": stream})).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        assert!(answer.text.contains("hi"), "{}", answer.text);
        assert_eq!(answer.header("x-litellm-attempted-retries"), Some("0"), "the router has not tried again");
        assert_eq!((world.asked().await, world.app.ended().attempts), ((2, 2), 2));
        let answer = world.chat(&json!({"stream": stream})).await;
        assert_eq!((answer.status, world.asked().await), (StatusCode::OK, (2, 3)), "the new one is kept");
    }
}

#[tokio::test]
async fn who_is_not_let_in_at_all_does_not_ask_for_tokens_without_end() {
    let world = World::letting_in("none").await;
    for asked in [(2, 2), (2, 3), (2, 4)] {
        let answer = world.chat(&json!({})).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(answer.text.contains("Access denied"), "{}", answer.text);
        assert_eq!(world.asked().await, asked);
    }
    world.app.clock.advance(std::time::Duration::from_secs(10));
    world.chat(&json!({})).await;
    assert_eq!(world.asked().await, (3, 6), "after a while it is tried again");
}

#[tokio::test]
async fn settings_of_vendors_may_stand_in_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "s3cret\n").unwrap();
    let vendor = MockServer::start().await;
    Mock::given(path("/t/oauth2/v2.0/token")).respond_with(Tokens::default()).mount(&vendor).await;
    Mock::given(path_regex("chat/completions$")).respond_with(Door("token-1")).mount(&vendor).await;
    let params = |secret: String| {
        json!({"model": "azure/gpt-4o", "api_base": vendor.uri(), "tenant_id": "t", "client_id": "c",
            "client_secret": secret, "azure_authority_host": vendor.uri()})
    };
    let list = [
        deployment("m", &params(format!("file:{}", file.display()))),
        deployment("lost", &params(format!("file:{}.lost", file.display()))),
    ];
    let app = TestApp::new(&json!({"model_list": list})).await;
    let answer = app.post(CHAT, &ask(&json!({}))).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let login = vendor.received_requests().await.unwrap().remove(0);
    assert!(
        String::from_utf8(login.body).unwrap().contains("client_secret=s3cret&"),
        "the end of the line is no part"
    );
    let lost = app.post(CHAT, &ask(&json!({"model": "lost"}))).await;
    assert_eq!(lost.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(lost.text.contains("client_secret: cannot read the secret in"), "{}", lost.text);
}
