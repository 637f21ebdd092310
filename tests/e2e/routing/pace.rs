//! How fast deployments answer, streamed and whole, and who is asked for it.

use serde_json::{Value, json};

use super::scene::at;
use crate::client::call;
use crate::faults::asked::{Ask, Dialect};
use crate::faults::upstreams::scripted;
use crate::process::Gateway;

/// Who answers so many requests.
async fn answerers(gateway: &Gateway, ask: impl Fn() -> Ask, times: usize) -> Vec<String> {
    let mut all = Vec::new();
    for _ in 0..times {
        let told = ask().of(gateway.address).await;
        assert_eq!(told.status, 200, "{told:?}");
        all.push(told.deployment().unwrap().to_owned());
    }
    all
}

#[tokio::test]
async fn the_faster_one_is_asked_for_whole_answers_too() {
    let vendor = async |delay_ms: u64| scripted(&json!({"delay_ms": delay_ms})).await;
    let (slow, fast) = (vendor(200).await, vendor(20).await);
    let alone = |mut deployment: Value| {
        deployment["model_name"] = deployment["model_info"]["id"].clone();
        deployment
    };
    let gateway = Gateway::start(&json!({
        "model_list": [
            at(&slow, "tardy", &json!({})),
            at(&fast, "brisk", &json!({})),
            alone(at(&slow, "one", &json!({}))),
            alone(at(&fast, "other", &json!({}))),
        ],
        "router_settings": {
            "routing_strategy": "latency-based-routing",
            "virtual_models": {"quick": {"fastest": ["one", "other"]}},
        },
    }));
    for (model, slow, fast) in [("main", "tardy", "brisk"), ("quick", "one", "other")] {
        // Each is tried, then the faster one is asked.
        let first = answerers(&gateway, || Ask::chat(model), 2).await;
        assert!(first.iter().any(|id| id == slow) && first.iter().any(|id| id == fast), "{first:?}");
        let next = answerers(&gateway, || Ask::chat(model), 8).await;
        assert!(next.iter().all(|id| id == fast), "{next:?}");
    }
    let asked = json!({"model": "main", "messages": [{"role": "user", "content": "Hello"}]});
    let (_, told) = call(gateway.address, "POST", "/v1/explain", &asked).await;
    for candidate in told["decisions"][0]["candidates"].as_array().unwrap() {
        let took = candidate["vitals"]["pace"]["answer_ms"].as_f64().unwrap();
        assert_eq!(took >= 200.0, candidate["deployment"] == "tardy", "{candidate}");
        assert!(took < 1_000.0, "{candidate}");
    }
    let streamed = answerers(&gateway, || Ask::new(Dialect::OpenAi, "main", true), 8).await;
    assert!(streamed.iter().skip(3).all(|id| id == "brisk"), "{streamed:?}");
}
