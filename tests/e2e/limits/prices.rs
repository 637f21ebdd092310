//! What teams pay less or more than others.

use serde_json::{Value, json};

use super::{CHAT, Gateway, MASTER, config, entry, key, post, scripted};
use crate::client::{connect, send};

#[tokio::test]
async fn a_team_pays_what_is_agreed() {
    let prices =
        json!({"dear": {"margin": {"percentage": 0.5, "fixed_amount": 0.001}}, "cheap": {"discount": 0.25}});
    let gateway = Gateway::start(&config(&[("llm_gateway", json!({"team_prices": prices}))]));
    for team in ["dear", "cheap", "usual"] {
        let made = post(&gateway, MASTER, "/team/new", &json!({"team_id": team, "max_budget": 0.0013})).await;
        assert_eq!(made.0, 200, "{}", made.1);
    }
    // 200 millionths of a dollar.
    let usage = json!({"usage": {"prompt_tokens": 100, "completion_tokens": 100}});
    let body = scripted(&usage, &json!({"max_tokens": 100}));
    for (team, cost) in [("dear", 0.0013), ("cheap", 0.00015), ("usual", 0.0002)] {
        let key = key(&gateway, &json!({"team_id": team})).await;
        let bearer = format!("Bearer {key}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        if team == "dear" {
            // What is reserved is what it may cost that team: more than it has.
            let (status, refused) = post(&gateway, &key, CHAT, &body).await;
            assert_eq!((status, &refused["error"]["level"]), (429, &json!("team")), "{refused}");
            let more = json!({"team_id": team, "max_budget": 1});
            assert_eq!(post(&gateway, MASTER, "/team/update", &more).await.0, 200);
        }
        let mut answer = send(connect(gateway.address).await, "POST", CHAT, &headers, &body).await;
        let told = answer.header("x-litellm-response-cost").map(|cost| cost.parse::<f64>().unwrap());
        let text = answer.body().await;
        assert_eq!((answer.status, told), (200, Some(cost)), "{team}: {text}");
        let entry: Value = entry(&gateway, &key).await;
        assert_eq!(entry["spend"].as_f64(), Some(cost), "{entry}");
        assert_eq!(entry["metadata"]["list_cost"].as_f64(), Some(0.0002), "{entry}");
        assert!(!entry["metadata"]["flags"].as_array().unwrap().contains(&json!("exceeded")), "{entry}");
    }
}

#[tokio::test]
async fn a_price_that_nobody_knows_is_seen() {
    let mut config = config(&[]);
    config["model_list"] = json!([{"model_name": "mock", "litellm_params": {"model": "mock/any"},
        "model_info": {"id": "nameless"}}]);
    let gateway = Gateway::start(&config);
    let key = key(&gateway, &json!({})).await;
    let (status, answer) = post(&gateway, &key, CHAT, &scripted(&json!({}), &json!({}))).await;
    assert_eq!(status, 200, "{answer}");
    let line = gateway.logged(&["request answered"]);
    assert_eq!(line["cost.unpriced"], true, "{line}");
    let counts = send(
        connect(gateway.address).await,
        "GET",
        "/metrics",
        &[("authorization", "Bearer sk-master")],
        &Value::Null,
    )
    .await
    .body()
    .await;
    let count = r#"llm_gateway_unpriced_requests_total{provider="mock",deployment="nameless"} 1"#;
    assert!(counts.contains(count), "{counts}");
    let entry = entry(&gateway, &key).await;
    assert!(entry["metadata"]["flags"].as_array().unwrap().contains(&json!("unpriced")), "{entry}");
}
