//! What a request itself asks of the router.

use std::time::Duration;

use serde_json::{Value, json};

use super::scene::{answerer, at, main};
use crate::faults::asked::{Ask, Dialect};
use crate::faults::upstreams::{scripted, well};
use crate::process::Gateway;

#[tokio::test]
async fn a_clients_own_impatience_benches_nobody() {
    let (slow, other) = (scripted(&json!({"delay_ms": 400})).await, well().await);
    let models = json!([at(&slow, "slow", &json!({"order": 1})), at(&other, "other", &json!({"order": 2}))]);
    let gateway = Gateway::start(
        &json!({"model_list": models, "router_settings": {"num_retries": 0, "circuit_breaker": {"consecutive_failures": 2}}}),
    );
    for hasty in [
        Ask::chat("main").header("x-litellm-timeout", "0.1"),
        Ask::chat("main").with("timeout", 0.1),
        Ask::new(Dialect::OpenAi, "main", true).header("x-litellm-stream-timeout", "0.1"),
        Ask::new(Dialect::OpenAi, "main", true).with("stream_timeout", 0.1),
    ] {
        for _ in 0..2 {
            let told = hasty.of(gateway.address).await;
            assert_eq!((told.status, told.deployment()), (200, Some("other")), "{told:?}");
        }
    }
    assert_eq!(answerer(&gateway).await, "slow", "it was benched for its clients' impatience");
    let sent: Value = serde_json::from_slice(&slow.records()[2].body).unwrap();
    assert!(sent.get("timeout").is_none(), "the vendor was told: {sent}");
    let told = Ask::chat("main").with("timeout", "soon").of(gateway.address).await;
    assert_eq!(told.status, 400, "{told:?}");
}

#[tokio::test]
async fn nobody_waits_beyond_the_end_of_a_request() {
    let vendor = scripted(&json!({"error": {"status": 500}})).await;
    let gateway = Gateway::start(&json!({"model_list": [at(&vendor, "lone", &json!({}))]}));
    // The first back-off alone would take longer.
    let told = Ask::chat("main").header("x-litellm-timeout", "0.3").of(gateway.address).await;
    assert_eq!((told.status, vendor.records().len()), (500, 1), "{told:?}");
    assert!(told.took < Duration::from_millis(450), "{told:?}");
}

#[tokio::test]
async fn a_request_may_say_when_its_first_token_is_late() {
    let (slow, other) = (scripted(&json!({"first_chunk_ms": 5_000})).await, well().await);
    let models = json!([at(&slow, "slow", &json!({"weight": 1})), at(&other, "other", &json!({}))]);
    let gateway = Gateway::start(&json!({"model_list": models,
        "router_settings": {"circuit_breaker": {"consecutive_failures": 1}}}));
    let stream = || Ask::new(Dialect::OpenAi, "main", true);
    for ask in
        [stream().header("x-llm-gateway-first-token-timeout", "0.2"), stream().with("ttft_timeout", 0.2)]
    {
        let told = ask.of(gateway.address).await;
        assert_eq!((told.status, told.deployment()), (200, Some("other")), "{told:?}");
        assert!(told.took < Duration::from_secs(2), "{told:?}");
    }
    assert_eq!(slow.records().len(), 2, "it was benched for a client's impatience");
    let told = stream().header("x-llm-gateway-first-token-timeout", "soon").of(gateway.address).await;
    assert_eq!(told.status, 400);
}

#[tokio::test]
async fn a_request_may_say_where_it_may_be_served() {
    let (europe, america) = (well().await, well().await);
    let models = json!([
        at(&america, "us", &json!({"region_name": "us-east-1", "weight": 1})),
        at(&europe, "eu", &json!({"region_name": "eu-west-1"})),
    ]);
    let gateway = Gateway::start(&json!({"model_list": models}));
    assert_eq!(main(&gateway).await.deployment(), Some("us"));
    for ask in [
        Ask::chat("main").with("allowed_model_region", "eu"),
        Ask::chat("main").with("metadata", json!({"allowed_model_region": "eu"})),
        Ask::chat("main").with("metadata", json!({"allowed_model_region": ["eu"]})),
    ] {
        let told = ask.of(gateway.address).await;
        assert_eq!((told.status, told.deployment()), (200, Some("eu")), "{told:?}");
    }
    let sent: Value = serde_json::from_slice(&europe.records()[0].body).unwrap();
    assert!(sent.get("allowed_model_region").is_none(), "the vendor was told: {sent}");
}

#[tokio::test]
async fn a_clients_headers_reach_vendors_where_that_is_configured() {
    let (told, kept) = (well().await, well().await);
    let mut other = at(&kept, "kept", &json!({}));
    other["model_name"] = "other".into();
    let settings = json!({"model_group_settings": {"forward_client_headers_to_llm_api": ["main"]}});
    let gateway = Gateway::start(
        &json!({"model_list": [at(&told, "told", &json!({})), other], "litellm_settings": settings}),
    );
    for model in ["main", "other"] {
        let ask = [
            ("x-team", "blue"),
            ("x-api-key", "a-clients-own-key"),
            ("x-litellm-tags", "a"),
            ("x-stainless-lang", "rust"),
            ("cookie", "secret"),
        ]
        .into_iter()
        .fold(Ask::chat(model), |ask, (name, value)| ask.header(name, value));
        assert_eq!(ask.of(gateway.address).await.status, 200);
    }
    let (record, other) = (&told.records()[0], &kept.records()[0]);
    assert_eq!(record.headers.get("x-team").unwrap(), "blue");
    assert!(other.headers.get("x-team").is_none());
    for name in ["x-api-key", "x-litellm-tags", "x-stainless-lang", "cookie"] {
        assert!(record.headers.get(name).is_none(), "{name}");
    }
}
