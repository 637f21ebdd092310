//! What answers cost: from the table, from the configuration, and when nobody knows.

use serde_json::{Value, json};

use crate::support::{CHAT, TestApp, ask, deployment};

const COST: &str = "x-litellm-response-cost";

async fn cost(params: Value, usage: Value) -> Option<String> {
    let mut params = params;
    params["mock_response"] = json!({"usage": usage});
    let app = TestApp::new(&json!({"model_list": [deployment("m", &params)]})).await;
    let answer = app.post(CHAT, &ask(&json!({}))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.header(COST).map(ToOwned::to_owned)
}

#[tokio::test]
async fn the_configurations_prices_are_used() {
    let prices =
        json!({"model": "mock/m", "input_cost_per_token": 0.000002, "output_cost_per_token": "0.000010"});
    let usage = json!({"prompt_tokens": 1000, "completion_tokens": 100});
    assert_eq!(cost(prices, usage.clone()).await.as_deref(), Some("0.003"));
    assert_eq!(cost(json!({"model": "mock/m"}), usage).await, None, "unknown is not free");
}

#[tokio::test]
async fn discounts_and_margins_are_counted() {
    let config = json!({
        "litellm_settings": {"cost_discount_config": {"mock": 0.5}, "cost_margin_config": {"global": 0.1}},
        "model_list": [deployment("m", &json!({
            "model": "mock/m", "input_cost_per_token": 0.00001, "output_cost_per_token": 0,
            "mock_response": {"usage": {"prompt_tokens": 1000, "completion_tokens": 1}},
        }))],
    });
    let app = TestApp::new(&config).await;
    assert_eq!(app.post(CHAT, &ask(&json!({}))).await.header(COST), Some("0.0055"));
}

#[tokio::test]
async fn what_is_known_of_models_is_told_without_secrets() {
    let params = json!({
        "model": "openai/gpt-4o-mini", "api_key": "sk-secret", "api_base": "http://u:secret@h/v1?key=secret",
        "output_cost_per_token": 0.5,
    });
    let config = json!({"model_list": [
        {"model_name": "m", "litellm_params": params, "model_info": {"id": "one", "team": "blue"}}]});
    let app = TestApp::new(&config).await;
    let answer =
        app.send(http::Request::get("/v1/model/info").body(axum::body::Body::empty()).unwrap()).await;
    assert!(!answer.text.contains("secret"), "{}", answer.text);
    let data = &answer.json()["data"][0];
    assert_eq!(
        (&data["model_name"], &data["litellm_params"]["model"]),
        (&json!("m"), &json!("openai/gpt-4o-mini"))
    );
    let info = &data["model_info"];
    assert_eq!(
        (&info["id"], &info["team"], &info["max_input_tokens"]),
        (&json!("one"), &json!("blue"), &json!(128_000))
    );
    assert!(info["input_cost_per_token"].is_number());
    assert_eq!(info["output_cost_per_token"].to_string().parse::<f64>().ok(), Some(0.5), "{info}");
}
