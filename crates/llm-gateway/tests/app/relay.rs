//! What the vendor gets of a request that passes through: the client's bytes, and the closed list of changes.

use serde_json::{Value, json};
use wiremock::matchers::{any, body_partial_json};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{Answer, CHAT, MESSAGES, TestApp, ask, deployment, post};

/// Asks a deployment with these further parameters; gives the answer and the text that the vendor got.
async fn sent(params: Value, body: &Value) -> (Answer, String) {
    let vendor = MockServer::start().await;
    let answer = json!({"id": "c", "object": "chat.completion", "model": "gpt-4o", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}});
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(answer)).mount(&vendor).await;
    let mut all = json!({"model": "openai/gpt-4o", "api_base": vendor.uri(), "api_key": "k"});
    all.as_object_mut().unwrap().extend(params.as_object().unwrap().clone());
    let app = TestApp::new(&json!({"model_list": [deployment("m", &all)]})).await;
    let answer = app.post(CHAT, body).await;
    let requests = vendor.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1, "{}", answer.text);
    (answer, String::from_utf8(requests[0].body.clone()).unwrap())
}

/// The same, read as JSON: every name stands once.
async fn got(params: Value, body: &Value) -> Value {
    let (_, text) = sent(params, body).await;
    llm_provider_core::Peek::new(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn nothing_but_the_name_changes() {
    let body = ask(&json!({"anything": {"x": [1, 2.50]}}));
    let (answer, text) = sent(json!({}), &body).await;
    assert_eq!(text, body.to_string().replace("\"model\":\"m\"", "\"model\":\"gpt-4o\""));
    assert_eq!(answer.header("x-llm-gateway-notes"), None);
}

#[tokio::test]
async fn members_for_the_gateway_stay_here() {
    let body = ask(&json!({"tags": ["a"], "num_retries": 3, "guardrails": ["pii"], "user": "u"}));
    let (answer, text) = sent(json!({}), &body).await;
    let got: Value = serde_json::from_str(&text).unwrap();
    assert!(["tags", "num_retries", "guardrails"].iter().all(|name| got.get(name).is_none()));
    assert_eq!(got["user"], "u");
    assert_eq!(answer.header("x-llm-gateway-notes"), Some("dropped guardrails"), "what is not done is told");
}

#[tokio::test]
async fn configured_members_stand_once() {
    let defaults = json!({"temperature": 0.5, "seed": 7});
    let got_one = got(defaults, &ask(&json!({"seed": 1}))).await;
    assert_eq!((&got_one["temperature"], &got_one["seed"]), (&json!(0.5), &json!(1)));
    let overrides = json!({"seed": 7, "extra_body": {"seed": 9, "model": "other"}});
    let got_one = got(overrides, &ask(&json!({"seed": 1}))).await;
    assert_eq!((&got_one["seed"], &got_one["model"]), (&json!(9), &json!("other")));
    let drops = json!({"additional_drop_params": ["seed"]});
    let (answer, text) = sent(drops, &ask(&json!({"seed": 1}))).await;
    assert!(!text.contains("seed"));
    assert_eq!(answer.header("x-llm-gateway-notes"), Some("configured seed"));
}

#[tokio::test]
async fn configured_limits_get_the_vendors_name() {
    let mut body = ask(&json!({}));
    body.as_object_mut().unwrap().shift_remove("max_tokens");
    let got_one = got(json!({"model": "openai/o3", "max_tokens": 50}), &body).await;
    assert_eq!((&got_one["max_completion_tokens"], got_one.get("max_tokens")), (&json!(50), None));
}

#[tokio::test]
async fn usage_is_asked_for_once() {
    let stream = ask(&json!({"stream": true}));
    let options = |configured: Value| {
        let stream = stream.clone();
        async move { got(configured, &stream).await.get("stream_options").cloned() }
    };
    assert_eq!(options(json!({})).await, Some(json!({"include_usage": true})));
    let set = json!({"stream_options": {"include_obfuscation": false}});
    assert_eq!(
        options(set.clone()).await,
        Some(json!({"include_obfuscation": false, "include_usage": true}))
    );
    let set = json!({"extra_body": set});
    assert_eq!(options(set).await, Some(json!({"include_obfuscation": false, "include_usage": true})));
    assert_eq!(options(json!({"additional_drop_params": ["stream_options"]})).await, None);
    let kept =
        got(json!({}), &ask(&json!({"stream": true, "stream_options": {"include_obfuscation": false}})))
            .await;
    assert_eq!(kept["stream_options"], json!({"include_obfuscation": false, "include_usage": true}));
}

#[tokio::test]
async fn headers_that_speak_to_a_vendor_reach_that_vendor_alone() {
    let told = |model: &'static str, path: &'static str| async move {
        let vendor = MockServer::start().await;
        Mock::given(any()).respond_with(ResponseTemplate::new(500)).mount(&vendor).await;
        let params = json!({"model": model, "api_base": vendor.uri(), "api_key": "k"});
        let app = TestApp::new(&json!({"model_list": [deployment("m", &params)]})).await;
        let mut request = post(
            path,
            &json!({"model": "m", "input": "hi", "max_tokens": 9,
            "messages": [{"role": "user", "content": "hi"}]}),
        );
        for name in ["openai-organization", "anthropic-beta"] {
            request.headers_mut().insert(name, http::HeaderValue::from_static("x"));
        }
        app.send(request).await;
        let asked = vendor.received_requests().await.unwrap().remove(0);
        ["openai-organization", "anthropic-beta"].map(|name| asked.headers.contains_key(name))
    };
    assert_eq!(told("openai/gpt-4o", CHAT).await, [true, false]);
    assert_eq!(told("openai/gpt-4o", "/v1/responses").await, [true, false]);
    assert_eq!(told("anthropic/claude", MESSAGES).await, [false, true]);
    assert_eq!(told("mistral/m", CHAT).await, [false, false]);
}

#[tokio::test]
async fn usage_that_cannot_be_true_is_told_beside_the_bytes() {
    let prompt = "x".repeat(400);
    for (usage, note, estimated) in [
        (json!({"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11}), None, false),
        (Value::Null, Some("defaulted usage"), true),
        (
            json!({"prompt_tokens": -10, "completion_tokens": 1, "total_tokens": -9}),
            Some("defaulted usage"),
            true,
        ),
        (
            json!({"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11,
            "prompt_tokens_details": {"cached_tokens": 99}}),
            Some("defaulted usage"),
            true,
        ),
    ] {
        let mut answer = json!({"id": "c", "object": "chat.completion", "model": "gpt-4o-mini", "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]});
        if !usage.is_null() {
            answer["usage"] = usage.clone();
        }
        let vendor = MockServer::start().await;
        let bytes = answer.to_string();
        let whole = ResponseTemplate::new(200).set_body_raw(bytes.clone(), "application/json");
        Mock::given(body_partial_json(json!({"stream": false}))).respond_with(whole).mount(&vendor).await;
        let chunk = json!({"id": "c", "object": "chat.completion.chunk", "model": "gpt-4o-mini", "choices": [
            {"index": 0, "delta": {"content": "hi"}, "finish_reason": "stop"}]});
        let last = json!({"id": "c", "object": "chat.completion.chunk", "choices": [], "usage": usage});
        let events = format!("data: {chunk}\n\ndata: {last}\n\ndata: [DONE]\n\n");
        let stream = ResponseTemplate::new(200).set_body_raw(events, "text/event-stream");
        Mock::given(body_partial_json(json!({"stream": true}))).respond_with(stream).mount(&vendor).await;
        let params = json!({"model": "openai/gpt-4o-mini", "api_base": vendor.uri(), "api_key": "k"});
        let app = TestApp::new(&json!({"model_list": [deployment("m", &params)]})).await;
        let asked = |stream: bool| json!({"model": "m", "stream": stream, "messages": [{"role": "user", "content": prompt}]});
        let told = app.post(CHAT, &asked(false)).await;
        assert_eq!((told.header("x-llm-gateway-notes"), &told.text), (note, &bytes), "{usage}");
        let whole = app.ended();
        assert_eq!(whole.is_estimate, estimated, "{usage}");
        // The head of a stream has gone by then: the records alone say so.
        let told = app.post(CHAT, &asked(true)).await;
        assert_eq!(told.header("x-llm-gateway-notes"), None);
        let streamed = app.ended();
        assert_eq!((streamed.is_estimate, streamed.cost.is_some()), (estimated, true), "{usage}");
    }
}

/// Mistral's models tell thinking in parts of the content, unasked too, whoever serves them.
#[tokio::test]
async fn an_answer_in_parts_is_told_as_text_and_thinking() {
    let content = json!([{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"type": "text", "text": "4"}]);
    for model in ["mistral/any-name", "openai/any-name", "azure_ai/any-name"] {
        let vendor = MockServer::start().await;
        let answer = json!({"id": "c", "object": "chat.completion", "model": "m", "choices": [
            {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}});
        Mock::given(any())
            .respond_with(ResponseTemplate::new(200).set_body_json(answer))
            .mount(&vendor)
            .await;
        let params = json!({"model": model, "api_base": vendor.uri(), "api_key": "k"});
        let app = TestApp::new(&json!({"model_list": [deployment("m", &params)]})).await;
        let body = ask(&json!({"reasoning_effort": "high", "anything": {"x": 2.50}}));
        let answer = app.post(CHAT, &body).await.json();
        let message = &answer["choices"][0]["message"];
        assert_eq!(
            (&message["content"], &message["reasoning_content"]),
            (&json!("4"), &json!("Hm.")),
            "{model}"
        );
        let sent = String::from_utf8(vendor.received_requests().await.unwrap()[0].body.clone()).unwrap();
        let expected = body.to_string().replace("\"model\":\"m\"", "\"model\":\"any-name\"");
        assert_eq!(sent, expected, "{model}: the request passes as it came");
    }
}
