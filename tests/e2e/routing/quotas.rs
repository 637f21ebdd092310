//! What vendors say is left of their limits.

use llm_mock_server::{Handle, Script};
use serde_json::{Value, json};

use super::scene::{answerer, at, get};
use crate::client::eventually;
use crate::faults::asked::{Dialect, named};
use crate::faults::upstreams::{scripted, well};
use crate::process::Gateway;

fn start(models: &Value) -> Gateway {
    Gateway::start(&json!({"model_list": models}))
}

async fn endpoint(gateway: &Gateway, id: &str) -> Value {
    get(gateway, &format!("/health?model_id={id}")).await["healthy_endpoints"][0].take()
}

fn tells_nothing(vendor: &Handle) {
    vendor.set_script(Some(Script::default()));
}

#[tokio::test]
async fn whoever_has_nothing_left_is_passed_over_until_it_has() {
    let spent = json!({"headers": {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1.5s",
        "x-ratelimit-remaining-tokens": "90000", "x-ratelimit-reset-tokens": "6m0s"}});
    let (vendor, other) = (scripted(&spent).await, well().await);
    let gateway =
        start(&json!([at(&vendor, "first", &json!({"weight": 1})), at(&other, "second", &json!({}))]));
    assert_eq!(answerer(&gateway).await, "first");
    for _ in 0..3 {
        assert_eq!(answerer(&gateway).await, "second");
    }
    assert_eq!(vendor.records().len(), 1);
    tells_nothing(&vendor);
    eventually(async || answerer(&gateway).await == "first").await;
    assert_eq!(endpoint(&gateway, "first").await["x-ratelimit-remaining-tokens"], 90_000);
}

#[tokio::test]
async fn where_nobody_has_anything_left_the_vendor_says_no() {
    let spent =
        json!({"headers": {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "60s"}});
    let vendor = scripted(&spent).await;
    let gateway = start(&json!([at(&vendor, "lone", &json!({}))]));
    for _ in 0..3 {
        assert_eq!(answerer(&gateway).await, "lone");
    }
    assert_eq!(vendor.records().len(), 3);
}

#[tokio::test]
async fn every_vendor_has_its_own_words() {
    // An hour from now, as Anthropic says it.
    let spent = json!({"headers": {"anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": "2099-01-01T00:00:00Z"}});
    let (vendor, other) = (scripted(&spent).await, well().await);
    let first = Dialect::Anthropic.deployment("main", "first", &vendor.url(), &json!({"weight": 1}));
    let gateway = start(&json!([named(first, "first"), at(&other, "second", &json!({}))]));
    assert_eq!(answerer(&gateway).await, "first");
    assert_eq!(answerer(&gateway).await, "second");
    assert_eq!(endpoint(&gateway, "first").await["x-ratelimit-remaining-requests"], 0);
}
