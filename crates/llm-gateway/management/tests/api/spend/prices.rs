//! What requests would cost.

use serde_json::{Value, json};

use crate::office::{MASTER, Place};

/// The list's prices of a model, in nano-dollars for a million tokens: what is read, and what is written.
fn listed(vendor: &str, model: &str) -> [i64; 2] {
    let prices = llm_pricing::find(vendor, model).unwrap().prices.unwrap();
    [llm_pricing::Item::Input, llm_pricing::Item::Output]
        .map(|item| prices.rate(item).unwrap().per_million().nanos())
}

fn dollars(nanos: i64) -> Value {
    serde_json::from_str(&llm_pricing::Usd::from_nanos(nanos).to_string()).unwrap()
}

#[tokio::test]
async fn costs_are_calculated() {
    let place = Place::new().await;
    let [input, output] = listed("openai", "gpt-4o");
    let calculate = async |body: Value| place.master("POST", "/spend/calculate", &body).await;
    let answer = json!({"id": "1", "model": "gpt-4o", "choices": [], "usage": {"prompt_tokens": 2_000_000, "completion_tokens": 1_000_000, "total_tokens": 3_000_000}});
    let cost = calculate(json!({"completion_response": answer})).await;
    assert_eq!(cost, json!({"cost": dollars(2 * input + output)}));
    let words = "x".repeat(400_000 - r#"{"role":"user","content":""}"#.len());
    let cost =
        calculate(json!({"model": "openai/gpt-4o", "messages": [{"role": "user", "content": words}]})).await;
    assert_eq!(cost, json!({"cost": dollars(input / 10)}), "four bytes are a token where nobody counts");
    for (body, param) in [
        (json!({}), "model"),
        (json!({"model": "gpt-4o"}), "messages"),
        (json!({"model": "no-such-model", "messages": []}), "model"),
        (json!({"completion_response": {"usage": {}}}), "completion_response.model"),
        (json!({"completion_response": {"model": "gpt-4o"}}), "completion_response.usage"),
        (json!({"completion_response": {"model": "none", "usage": {}}}), "completion_response.model"),
        (json!({"completion_response": []}), "completion_response"),
    ] {
        let told = place.refusal(MASTER, "POST", "/spend/calculate", &body).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{body}");
    }
}

#[tokio::test]
async fn costs_are_estimated() {
    let place = Place::new().await;
    let [input, output] = listed("openai", "gpt-4o");
    let body = json!({"model": "gpt-4o", "input_tokens": 1_000_000, "output_tokens": 500_000, "num_requests_per_day": 10});
    let told = place.master("POST", "/cost/estimate", &body).await;
    assert_eq!(told["cost_per_request"], dollars(input + output / 2));
    assert_eq!(
        (&told["input_cost_per_request"], &told["output_cost_per_request"]),
        (&dollars(input), &dollars(output / 2))
    );
    assert_eq!(
        (&told["daily_cost"], &told["monthly_cost"]),
        (&dollars(10 * (input + output / 2)), &Value::Null)
    );
    assert_eq!((&told["margin_cost_per_request"], &told["provider"]), (&json!(0), &json!("openai")));
    assert_eq!((&told["input_tokens"], &told["num_requests_per_month"]), (&json!(1_000_000), &Value::Null));
    assert!(told["input_cost_per_token"].as_f64().unwrap() > 0.0);
    let cached = json!({"model": "gpt-4o", "input_tokens": 1_000_000, "output_tokens": 0, "cache_read_input_tokens": 1_000_000});
    let told = place.master("POST", "/cost/estimate", &cached).await;
    assert_eq!(told["cache_read_cost_per_request"], told["cost_per_request"]);
    assert!(told["cost_per_request"].as_f64().unwrap() < input as f64 / 1e9, "{told}");
    for (body, param) in [
        (json!({"input_tokens": 1, "output_tokens": 1}), "model"),
        (json!({"model": "gpt-4o", "output_tokens": 1}), "input_tokens"),
        (json!({"model": "gpt-4o", "input_tokens": 1}), "output_tokens"),
        (json!({"model": "gpt-4o", "input_tokens": -1, "output_tokens": 1}), "input_tokens"),
        (json!({"model": "none", "input_tokens": 1, "output_tokens": 1}), "model"),
        (
            json!({"model": "gpt-4o", "input_tokens": 1, "output_tokens": 1, "cache_read_input_tokens": 2}),
            "cache_read_input_tokens",
        ),
        (
            json!({"model": "gpt-4o", "input_tokens": 1, "output_tokens": 1, "reasoning_tokens": 2}),
            "reasoning_tokens",
        ),
    ] {
        let told = place.refusal(MASTER, "POST", "/cost/estimate", &body).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{body}");
    }
}
