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
