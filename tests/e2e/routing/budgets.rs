//! Budgets of vendors, deployments and labels.

use serde_json::{Value, json};

use super::scene::{answerer, at, dear, get, main};
use crate::client::{call, eventually};
use crate::faults::asked::{Ask, Dialect, named};
use crate::faults::upstreams::{scripted, well};
use crate::process::Gateway;

fn with_budget(mut params: Value, usd: f64, period: &str) -> Value {
    params["max_budget"] = usd.into();
    params["budget_duration"] = period.into();
    params
}

#[tokio::test]
async fn a_vendor_that_has_spent_its_budget_is_not_asked() {
    let (first, second) = (well().await, well().await);
    let mut params = dear();
    params["order"] = 1.into();
    let models = json!([
        at(&first, "first", &params),
        named(Dialect::Anthropic.deployment("main", "second", &second.url(), &dear()), "second"),
    ]);
    let budgets = json!({"openai": {"budget_limit": 0.5, "time_period": "1d"},
        "anthropic": {"max_budget": 1_000_000, "budget_duration": "7d"}});
    let gateway = Gateway::start(
        &json!({"model_list": models, "router_settings": {"provider_budget_config": budgets}}),
    );
    assert_eq!(answerer(&gateway).await, "first");
    assert_eq!(answerer(&gateway).await, "second");
    assert_eq!(answerer(&gateway).await, "second");
    let told = get(&gateway, "/provider/budgets").await;
    let openai = &told["providers"]["openai"];
    assert_eq!((&openai["budget_limit"], &openai["time_period"]), (&json!(0.5), &json!("1d")));
    assert!(openai["spend"].as_f64().unwrap() > 0.5, "{told}");
    assert!(openai["budget_reset_at"].as_str().unwrap().ends_with('Z'));
    assert!(told["providers"]["anthropic"]["spend"].as_f64().unwrap() > 0.5);
    let counted = call(gateway.address, "GET", "/metrics", &Value::Null).await.1;
    let counted = counted.as_str().unwrap();
    assert!(
        counted.contains(r#"llm_gateway_budget_remaining_usd{scope="provider",name="openai"} 0.0"#),
        "{counted}"
    );

    // A new configuration leaves spent what is spent.
    let more = json!({"openai": {"budget_limit": 1_000, "time_period": "1d"}});
    let config = json!({"model_list": models, "router_settings": {"provider_budget_config": more}});
    gateway.rewrite(&config);
    eventually(async || answerer(&gateway).await == "first").await;
    assert!(get(&gateway, "/provider/budgets").await["providers"]["openai"]["spend"].as_f64().unwrap() > 0.5);
}

#[tokio::test]
async fn a_deployment_without_money_is_back_with_the_next_period() {
    let vendor = well().await;
    let models = json!([at(&vendor, "one", &with_budget(dear(), 0.5, "2s"))]);
    let gateway = Gateway::start(&json!({"model_list": models, "router_settings": {"num_retries": 0}}));
    assert_eq!(answerer(&gateway).await, "one");
    let told = main(&gateway).await;
    assert_eq!((told.status, told.code().as_str()), (429, "no_deployment_available"), "{told:?}");
    assert_eq!(vendor.records().len(), 1);
    eventually(async || main(&gateway).await.status == 200).await;
}

#[tokio::test]
async fn streams_are_paid_too() {
    let vendor = well().await;
    let models = json!([at(&vendor, "one", &with_budget(dear(), 0.5, "1d"))]);
    let gateway = Gateway::start(&json!({"model_list": models, "router_settings": {"num_retries": 0}}));
    assert_eq!(Ask::new(Dialect::OpenAi, "main", true).of(gateway.address).await.status, 200);
    eventually(async || main(&gateway).await.status == 429).await;
}

#[tokio::test]
async fn requests_with_a_label_whose_budget_is_spent_are_refused() {
    let vendor = well().await;
    let budgets = json!({"team:a": {"max_budget": 0.5, "budget_duration": "1d"}});
    let gateway = Gateway::start(&json!({
        "model_list": [at(&vendor, "one", &dear())],
        "litellm_settings": {"tag_budget_config": budgets},
    }));
    let of_team = Ask::chat("main").with("metadata", json!({"tags": ["team:a"]}));
    assert_eq!(of_team.of(gateway.address).await.status, 200);
    let told = of_team.of(gateway.address).await;
    assert_eq!((told.status, told.code().as_str()), (429, "budget_exceeded"), "{told:?}");
    assert_eq!(Ask::chat("main").header("x-litellm-tags", "team:a").of(gateway.address).await.status, 429);
    assert_eq!(Ask::chat("main").header("x-litellm-tags", "team:b").of(gateway.address).await.status, 200);
    assert_eq!(vendor.records().len(), 2);
}

#[tokio::test]
async fn each_deployment_is_paid_for_its_part_of_an_answer() {
    let first =
        scripted(&json!({"text": "one two three four five six", "chunks": 6, "cut_after_chunks": 3})).await;
    let second = well().await;
    let mut params = with_budget(dear(), 1_000.0, "1d");
    params["order"] = 1.into();
    let models =
        json!([at(&first, "first", &params), at(&second, "second", &with_budget(dear(), 1_000.0, "1d")),]);
    let router = json!({"enable_mid_stream_fallback_continuation": true});
    let gateway = Gateway::start(&json!({"model_list": models, "router_settings": router}));
    let told = Ask::new(Dialect::OpenAi, "main", true).of(gateway.address).await;
    assert_eq!((told.status, second.records().len()), (200, 1), "{told:?}");
    let left = async |id: &str| -> f64 {
        let counted = call(gateway.address, "GET", "/metrics", &Value::Null).await.1;
        let series = format!(r#"llm_gateway_budget_remaining_usd{{scope="deployment",name="{id}"}} "#);
        let line =
            counted.as_str().unwrap().lines().find_map(|line| line.strip_prefix(&series).map(str::to_owned));
        line.unwrap().parse().unwrap()
    };
    eventually(async || left("first").await < 1_000.0 && left("second").await < 1_000.0).await;
}
