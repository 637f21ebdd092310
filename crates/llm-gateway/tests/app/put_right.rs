//! What the configuration wants put into conversations: marks of the prompt cache, and what vendors demand.

use http::HeaderValue;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{Answer, CHAT, MESSAGES, TestApp, ask, deployment, post};

/// What came of a request, and what the vendor got of it, if it was asked.
struct Told {
    answer: Answer,
    got: Option<wiremock::Request>,
}

impl Told {
    fn body(&self) -> Value {
        let got = self.got.as_ref().unwrap_or_else(|| panic!("nobody was asked: {}", self.answer.text));
        got.body_json().unwrap()
    }

    fn notes(&self) -> &str {
        self.answer.header("x-llm-gateway-notes").unwrap_or_default()
    }
}

/// Asks a deployment with these parameters under these settings.
async fn told(params: Value, settings: Value, path: &str, body: &Value) -> Told {
    let vendor = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(500)).mount(&vendor).await;
    let mut all = json!({"model": "anthropic/claude-sonnet-4-5", "api_base": vendor.uri(), "api_key": "k"});
    all.as_object_mut().unwrap().extend(params.as_object().unwrap().clone());
    let config = json!({"litellm_settings": settings, "model_list": [deployment("m", &all)]});
    let app = TestApp::new(&config).await;
    let mut request = post(path, body);
    request.headers_mut().insert("anthropic-beta", HeaderValue::from_static("new-2030-01-01"));
    let answer = app.send(request).await;
    Told { answer, got: vendor.received_requests().await.unwrap().pop() }
}

fn system_point() -> Value {
    json!({"cache_control_injection_points": [{"location": "message", "role": "system"}]})
}

#[tokio::test]
async fn marks_reach_vendors_that_have_a_place_for_them() {
    let mark = json!({"type": "ephemeral"});
    let body =
        ask(&json!({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]}));
    let claude = told(system_point(), json!({}), CHAT, &body).await;
    assert_eq!(claude.body()["system"], json!([{"type": "text", "text": "s", "cache_control": mark}]));
    assert!(claude.notes().contains("configured messages[0].cache_control"), "{}", claude.notes());
    let mut params = system_point();
    params["model"] = "bedrock/anthropic.claude-sonnet-4-20250514-v1:0".into();
    let bedrock = told(params.clone(), json!({}), CHAT, &body).await.body();
    assert_eq!(bedrock["system"], json!([{"text": "s"}, {"cachePoint": {"type": "default"}}]));
    // OpenAI keeps prompts by itself. That is no loss, not even where losses are refused.
    params["model"] = "openai/gpt-4o".into();
    let mut strict = body.clone();
    strict["drop_params"] = false.into();
    let openai = told(params, json!({}), CHAT, &strict).await.body();
    assert_eq!(openai["messages"], body["messages"]);
}

#[tokio::test]
async fn a_requests_own_points_hold() {
    let mut body =
        ask(&json!({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]}));
    body["cache_control_injection_points"] = json!([{"location": "message", "index": -1}]);
    let got = told(system_point(), json!({}), CHAT, &body).await.body();
    assert_eq!(got["system"], "s");
    assert_eq!(got["messages"][0]["content"][0]["cache_control"], json!({"type": "ephemeral"}));
    assert!(got.get("cache_control_injection_points").is_none());
    body["cache_control_injection_points"] = json!([{"location": "nowhere"}]);
    let refused = told(json!({}), json!({}), CHAT, &body).await;
    assert_eq!(refused.answer.status, 400);
    assert_eq!(refused.answer.json()["error"]["param"], "cache_control_injection_points");
}

#[tokio::test]
async fn bodies_that_pass_as_bytes_are_marked_as_bytes() {
    let body = json!({"model": "m", "max_tokens": 9, "system": "s", "own": 1.50,
        "messages": [{"role": "user", "content": "hi"}]});
    let told = told(system_point(), json!({}), MESSAGES, &body).await;
    let mut expected = body.clone();
    expected["model"] = "claude-sonnet-4-5".into();
    expected["system"] = json!([{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}]);
    assert_eq!(String::from_utf8(told.got.unwrap().body).unwrap(), expected.to_string());
}

#[tokio::test]
async fn conversations_are_put_right_only_where_that_is_wanted() {
    let call = json!({"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let body = ask(&json!({"max_tokens": 999_999_999, "messages": [{"role": "user", "content": "u"},
        {"role": "assistant", "tool_calls": [call]}, {"role": "user", "content": "and?"}]}));
    let on = json!({"modify_params": true});
    let left = told(json!({}), json!({}), CHAT, &body).await.body();
    assert_eq!((&left["max_tokens"], left.to_string().contains("tool_result")), (&json!(999_999_999), false));
    let right = told(json!({}), on.clone(), CHAT, &body).await;
    let got = right.body();
    assert_eq!((got["max_tokens"].as_u64(), got.to_string().contains("tool_result")), (Some(64_000), true));
    assert!(right.notes().contains("configured max_tokens; configured messages"), "{}", right.notes());
    let mut own = body.clone();
    own["modify_params"] = false.into();
    let left = told(json!({}), on.clone(), CHAT, &own).await.body();
    assert_eq!((left.to_string().contains("tool_result"), left.get("modify_params")), (false, None));
    own["modify_params"] = true.into();
    assert!(told(json!({}), json!({}), CHAT, &own).await.body().to_string().contains("tool_result"));
    // What passes as bytes keeps its messages and fits its limit.
    let plain =
        json!({"model": "m", "max_tokens": 999_999_999, "messages": [{"role": "assistant", "content": " "}]});
    let relayed = told(json!({}), on, MESSAGES, &plain).await.body();
    assert_eq!((&relayed["max_tokens"], &relayed["messages"]), (&json!(64_000), &plain["messages"]));
}

#[tokio::test]
async fn betas_reach_claude_wherever_it_is() {
    let header = |told: &Told| told.got.as_ref().unwrap().headers.get("anthropic-beta").cloned();
    let expected = Some(HeaderValue::from_static("new-2030-01-01"));
    for (params, path) in [
        (json!({"model": "anthropic/claude-sonnet-4-5"}), CHAT),
        (json!({"model": "anthropic/claude-sonnet-4-5"}), MESSAGES),
        (json!({"model": "azure_ai/claude-sonnet-4-5"}), CHAT),
        (json!({"model": "azure_ai/claude-sonnet-4-5"}), MESSAGES),
        (
            json!({"model": "vertex_ai/claude-sonnet-4-5", "vertex_project": "p", "vertex_location": "us-east5"}),
            CHAT,
        ),
        (
            json!({"model": "vertex_ai/claude-sonnet-4-5", "vertex_project": "p", "vertex_location": "us-east5"}),
            MESSAGES,
        ),
    ] {
        let told = told(params.clone(), json!({}), path, &ask(&json!({}))).await;
        assert_eq!(header(&told), expected, "{params} {path}: {}", told.answer.text);
    }
    for (model, place) in [
        ("bedrock/anthropic.claude-sonnet-4-20250514-v1:0", "/additionalModelRequestFields/anthropic_beta"),
        ("bedrock/invoke/anthropic.claude-sonnet-4-20250514-v1:0", "/anthropic_beta"),
    ] {
        for path in [CHAT, MESSAGES] {
            let told = told(json!({"model": model}), json!({}), path, &ask(&json!({}))).await;
            assert_eq!(header(&told), None, "it means nothing to Bedrock");
            assert_eq!(told.body().pointer(place), Some(&json!(["new-2030-01-01"])), "{model} {path}");
        }
    }
}
