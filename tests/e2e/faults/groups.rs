//! From one group to the next: how far, and with what losses.

use serde_json::{Value, json};

use super::asked::{Ask, DIALECTS, Dialect, named};
use super::upstreams::{asked, scripted, well};
use crate::process::Gateway;

#[tokio::test]
async fn changes_of_the_group_are_limited_and_no_group_is_asked_twice() {
    let bad = scripted(&json!({"error": {"status": 500}})).await;
    let groups = ["g1", "g2", "g3", "g4", "g5"];
    let models: Vec<Value> = groups
        .map(|group| named(Dialect::OpenAi.deployment(group, group, &bad.url(), &json!({})), group))
        .into();
    let chain = json!([{"g1": ["g2"]}, {"g2": ["g3"]}, {"g3": ["g4"]}, {"g4": ["g5"]}]);
    // Default, a limit of one, and lists that lead back.
    let cases = [
        (json!({"num_retries": 0, "fallbacks": chain}), 3, [1, 1, 1, 1, 0]),
        (json!({"num_retries": 0, "fallbacks": chain, "max_fallbacks": 1}), 1, [1, 1, 0, 0, 0]),
        (json!({"num_retries": 0, "fallbacks": chain, "max_fallbacks": 0}), 0, [1, 0, 0, 0, 0]),
        (json!({"num_retries": 0, "fallbacks": [{"g1": ["g2", "g3"]}, {"g2": ["g3"]}]}), 2, [1, 1, 1, 0, 0]),
    ];
    for (router, hops, times) in cases {
        bad.clear_records();
        let gateway = Gateway::start(&json!({"model_list": models, "router_settings": router}));
        let told = Ask::chat("g1").of(gateway.address).await;
        assert_eq!((told.status, told.attempted()), (500, (0, hops)), "{told:?}");
        assert_eq!(told.deployment(), Some(groups[hops as usize]));
        assert_eq!(groups.map(|group| asked(&bad, group)), times);
        let line = gateway.logged(&[told.header("x-request-id").unwrap(), "\"outcome\""]);
        assert_eq!((&line["attempts"], &line["fallbacks"]), (&json!(hops + 1), &json!(hops)));
    }
}

/// A member that OpenAI's wire has and Anthropic's has not.
fn with_a_loss(model: &str, stream: bool) -> Ask {
    Ask::new(Dialect::OpenAi, model, stream).with("logit_bias", json!({"50256": -100}))
}

#[tokio::test]
async fn a_fallback_that_would_lose_something_is_skipped_unless_that_is_allowed() {
    let (bad, well) = (scripted(&json!({"error": {"status": 500}})).await, well().await);
    let mut models = vec![Dialect::OpenAi.deployment("main", "main", &bad.url(), &json!({}))];
    for vendor in DIALECTS {
        let group = vendor.name();
        models.push(named(vendor.deployment(group, group, &well.url(), &json!({})), group));
    }
    let fallbacks = json!([{"main": ["anthropic", "openai"]}]);
    let start = |router: Value| Gateway::start(&json!({"model_list": models, "router_settings": router}));
    for stream in [false, true] {
        let strict = start(json!({"num_retries": 0, "fallbacks": fallbacks}));
        let told = with_a_loss("main", stream).of(strict.address).await;
        assert_eq!((told.status, told.deployment()), (200, Some("openai")), "{told:?}");
        // What loses nothing takes the first.
        let told = Ask::new(Dialect::OpenAi, "main", stream).of(strict.address).await;
        assert_eq!(told.deployment(), Some("anthropic"), "{told:?}");
        // The first choice may lose it, as always; and then a fallback may, too.
        let told = with_a_loss("anthropic", stream).of(strict.address).await;
        assert_eq!((told.status, told.deployment()), (200, Some("anthropic")), "{told:?}");

        let lax = start(json!({"num_retries": 0, "fallbacks": fallbacks, "allow_lossy_fallbacks": true}));
        let told = with_a_loss("main", stream).of(lax.address).await;
        assert_eq!((told.status, told.deployment()), (200, Some("anthropic")), "{told:?}");
        assert!(told.header("x-llm-gateway-notes").unwrap().contains("logit_bias"), "{told:?}");
    }
    // Where nobody can take it whole, the first failure is told and not the loss.
    let alone = start(json!({"num_retries": 0, "fallbacks": [{"main": ["anthropic"]}]}));
    let told = with_a_loss("main", false).of(alone.address).await;
    assert_eq!(told.status, 500, "{told:?}");
    assert_eq!(asked(&well, "anthropic"), 6);
}
