//! Bad input and bad keys: a clear answer in the client's dialect, and nothing told that must not be.

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{CHAT, MESSAGES, TestApp, ask, deployment, post};

#[tokio::test]
async fn bad_bodies_name_their_fault() {
    let app = TestApp::scripted(&json!({})).await;
    let deep = format!("{{\"model\":\"m\",\"messages\":{}{}}}", "[".repeat(200), "]".repeat(200));
    let many: String = (0..200_000).map(|n| format!("\"a{n}\":0,")).collect();
    for (body, param, says) in [
        ("", None, "empty"),
        ("[]", None, "not a JSON object"),
        ("{\"model\":\"m\"", None, "not a JSON object"),
        ("{\"messages\":[]}", Some("model"), "is missing"),
        ("{\"model\":7}", Some("model"), "expected a string"),
        ("{\"model\":\"m\",\"stream\":\"yes\"}", Some("stream"), "expected a boolean"),
        ("{\"model\":\"m\",\"model\":\"n\"}", Some("model"), "stands twice"),
        ("{\"model\":\"m\",\"stream\":true,\"stream_options\":7}", Some("stream_options"), "invalid type"),
        (&deep, None, "levels deep"),
        (&format!("{{{many}\"a7\":1}}"), Some("a7"), "stands twice"),
        (&format!("{{\"model\":\"{}\"}}", "x".repeat(10_000)), Some("model"), "at most 512 bytes"),
    ] {
        let request = Request::post(CHAT).header("content-type", "application/json");
        let answer = app.send(request.body(Body::from(body.to_owned())).unwrap()).await;
        let error = &answer.json()["error"];
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
        assert_eq!(error["type"], "invalid_request_error");
        assert_eq!(error["param"].as_str(), param, "{}", answer.text);
        assert!(error["message"].as_str().unwrap().contains(says), "{}", answer.text);
        let _ended = app.ended();
    }
}

#[tokio::test]
async fn each_dialect_has_its_own_refusal() {
    let app = TestApp::scripted(&json!({})).await;
    let unknown = json!({"model": "n", "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]});
    let openai = app.post(CHAT, &unknown).await;
    assert_eq!(
        (openai.status, openai.header("x-llm-gateway-layer")),
        (StatusCode::NOT_FOUND, Some("router"))
    );
    assert_eq!(openai.json()["error"]["code"], "model_not_found");
    let anthropic = app.post(MESSAGES, &unknown).await;
    assert_eq!(anthropic.status, StatusCode::NOT_FOUND);
    assert_eq!(anthropic.json()["type"], "error");
    assert_eq!(anthropic.json()["error"]["type"], "not_found_error");
    assert_eq!(anthropic.json()["request_id"].as_str(), anthropic.header("x-request-id"));
    for (path, kind) in [("/v1/nothing", "not_found_error"), ("/v1/messages/x", "not_found_error")] {
        assert_eq!(app.post(path, &unknown).await.json()["error"]["type"], kind);
    }
    let request = Request::get(CHAT).body(Body::empty()).unwrap();
    let answer = app.send(request).await;
    assert_eq!((answer.status, answer.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, Some("POST")));
    let request = Request::post(CHAT).header("content-type", "text/plain").body(Body::from("{}")).unwrap();
    assert_eq!(app.send(request).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn what_a_vendor_says_in_the_headers_of_a_refusal_is_told() {
    let vendor = MockServer::start().await;
    let refusal = json!({"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down.",
        "details": {"error_code": "tokens_per_minute"}}, "request_id": "req_vendor"});
    let answer = ResponseTemplate::new(429)
        .insert_header("request-id", "req_vendor")
        .insert_header("retry-after", "7")
        .insert_header("anthropic-ratelimit-requests-remaining", "0")
        .insert_header("x-ratelimit-reset-requests", "7s")
        .insert_header("set-cookie", "a=b")
        .set_body_json(&refusal);
    Mock::given(any()).respond_with(answer).mount(&vendor).await;
    let params = json!({"model": "anthropic/claude-sonnet-4-5", "api_base": vendor.uri(), "api_key": "k"});
    let config = json!({"model_list": [deployment("m", &params)], "router_settings": {"num_retries": 0}});
    let app = TestApp::new(&config).await;
    for (path, stream) in [(CHAT, false), (CHAT, true), (MESSAGES, false), (MESSAGES, true)] {
        let answer = app.post(path, &ask(&json!({"stream": stream, "max_tokens": 9}))).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{}", answer.text);
        assert_eq!(answer.header("llm_provider-request-id"), Some("req_vendor"));
        assert_eq!(answer.header("llm_provider-anthropic-ratelimit-requests-remaining"), Some("0"));
        assert_eq!(answer.header("x-ratelimit-reset-requests"), Some("7s"));
        assert_eq!(answer.header("retry-after"), Some("7"));
        assert_eq!((answer.header("set-cookie"), answer.header("llm_provider-set-cookie")), (None, None));
        assert_eq!(answer.json()["error"]["details"], refusal["error"]["details"], "{}", answer.text);
        // The gateway's own name for the request stands where the dialect's clients look for one.
        let named = (path == MESSAGES).then(|| answer.header("x-request-id").unwrap());
        assert_eq!(answer.header("request-id"), named);
    }
}

#[tokio::test]
async fn each_dialect_finds_the_name_of_its_request() {
    let app = TestApp::scripted(&json!({"text": "Hello"})).await;
    let converse = json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}]});
    for (path, request, header) in [
        (MESSAGES, ask(&json!({"max_tokens": 9})), "request-id"),
        ("/model/m/converse", converse.clone(), "x-amzn-requestid"),
        ("/model/nothing/converse", converse, "x-amzn-requestid"),
    ] {
        let answer = app.post(path, &request).await;
        assert!(answer.header(header).is_some(), "{path} {:?}", answer.headers);
        assert_eq!(answer.header(header), answer.header("x-request-id"), "{path}");
    }
    assert_eq!(app.post(CHAT, &ask(&json!({}))).await.header("request-id"), None);
}

#[tokio::test]
async fn a_name_for_the_request_is_kept_if_it_is_plain() {
    let app = TestApp::scripted(&json!({})).await;
    for (given, kept) in [("abc-1_2.3:4", true), ("a b", false), ("a\"b", false), (&*"x".repeat(129), false)]
    {
        let mut request = post(CHAT, &ask(&json!({})));
        request.headers_mut().insert("x-request-id", given.parse().unwrap());
        let answer = app.send(request).await;
        let told = answer.header("x-request-id").unwrap();
        assert_eq!(told == given, kept, "{given} {told}");
        assert_eq!(answer.header("x-litellm-call-id"), Some(told));
    }
}

#[tokio::test]
async fn names_beyond_ascii_are_models_too() {
    let params = json!({"model": "mock/m", "mock_response": "hi"});
    let app = TestApp::new(&json!({"model_list": [deployment("модель-λ", &params)]})).await;
    for path in [CHAT, MESSAGES] {
        let answer = app.post(path, &ask(&json!({"model": "модель-λ"}))).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        assert_eq!(answer.headers["x-litellm-model-group"].as_bytes(), "модель-λ".as_bytes());
        assert_eq!(app.ended().model.as_deref(), Some("модель-λ"));
    }
}

#[tokio::test]
async fn the_model_may_stand_in_the_path() {
    let app = TestApp::new(
        &json!({"model_list": [deployment("a/b", &json!({"model": "mock/m", "mock_response": "hi"}))]}),
    )
    .await;
    let mut body = ask(&json!({}));
    for model in [None, Some(json!("other")), Some(json!(7))] {
        body.as_object_mut().unwrap().shift_remove("model");
        if let Some(model) = model {
            body["model"] = model;
        }
        for named in ["a%2Fb", "a/b"] {
            let path = format!("/openai/deployments/{named}/chat/completions?api-version=1");
            let answer = app.post(&path, &body).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
            assert_eq!(app.ended().model.as_deref(), Some("a/b"));
        }
    }
}

#[tokio::test]
async fn no_secret_leaves() {
    const KEY: &str = "sk-vendor-0123456789";
    const MASTER: &str = "sk-master-0123456789";
    let vendor = MockServer::start().await;
    let refusal = json!({"error": {"message": format!("Incorrect API key provided: {KEY}."), "type": "invalid_request_error", "code": "invalid_api_key", "innererror": {"words": [format!("key {KEY}")]}}});
    Mock::given(any()).respond_with(ResponseTemplate::new(401).set_body_json(&refusal)).mount(&vendor).await;
    let params = json!({"model": "openai/gpt-4o", "api_base": vendor.uri(), "api_key": "os.environ/KEY"});
    let config = json!({
        "model_list": [deployment("m", &params)],
        "general_settings": {"master_key": "os.environ/MASTER"},
    });
    let app = TestApp::with_env(&config, &[("KEY", KEY), ("MASTER", MASTER)]).await;
    let said = |answer: &crate::support::Answer| format!("{:?} {}", answer.headers, answer.text);
    let send = async |method: &str, path: &str, key: Option<&str>, body: &Value| {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        let request = match key {
            Some(key) => request.header("authorization", format!("Bearer {key}")),
            None => request,
        };
        app.send(request.body(Body::from(body.to_string())).unwrap()).await
    };
    for stream in [true, false] {
        let answer = send("POST", CHAT, Some(MASTER), &ask(&json!({"stream": stream}))).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.json()["error"]["message"], "Incorrect API key provided: ***.");
        assert!(!said(&answer).contains(KEY), "{}", said(&answer));
    }
    for (method, path) in
        [("GET", "/health"), ("GET", "/metrics"), ("GET", "/v1/models"), ("GET", "/v1/models/m")]
    {
        let refused = send(method, path, None, &json!(null)).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{path}");
        let answer = send(method, path, Some(MASTER), &json!(null)).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(!said(&answer).contains(KEY) && !said(&answer).contains(MASTER), "{path}");
    }
    let shown = format!("{:?}", app.app);
    assert!(!shown.contains(KEY) && !shown.contains(MASTER), "{shown}");
}
