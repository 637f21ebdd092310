//! Names for several models of which the prompt chooses one: by how hard it is, and by what it is about.

use llm_mock_server::Script;
use serde_json::{Value, json};

use crate::client::{connect, send};
use crate::faults::asked::Ask;
use crate::faults::upstreams::{asked, scripted, well};
use crate::process::{Gateway, PATIENCE};

fn model(name: &str, base: &str) -> Value {
    let params = json!({"model": format!("openai/{name}"), "api_base": format!("{base}/v1"), "api_key": "k"});
    json!({"model_name": name, "litellm_params": params, "model_info": {"id": name}})
}

fn says(model: &str, prompt: &str) -> Ask {
    Ask::chat(model).with("messages", json!([{"role": "user", "content": prompt}]))
}

const HARD: &str = "Think step by step and prove it, then analyze the trade-offs of each approach.";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_hard_a_prompt_is_chooses_its_model() {
    let vendor = well().await;
    let mut models = vec![model("small", &vendor.url()), model("large", &vendor.url())];
    models.push(json!({"model_name": "litellm", "litellm_params": {
        "model": "auto_router/complexity_router",
        "complexity_router_config": {"tiers": {"SIMPLE": ["small"], "REASONING": ["large"], "MEDIUM": "small"}},
        "complexity_router_default_model": "small",
    }}));
    let gateway = Gateway::start(&json!({"model_list": models, "router_settings": {"virtual_models": {
        "ours": {"by_complexity": {"simple": "small", "reasoning": "large"}},
    }}}));
    for name in ["ours", "litellm"] {
        for (prompt, expected) in [("Hi there", "small"), (HARD, "large")] {
            let told = says(name, prompt).of(gateway.address).await;
            assert_eq!((told.status, told.deployment()), (200, Some(expected)), "{name}: {told:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_of_several_models_serves_while_it_is_well() {
    let (first, second) = (well().await, well().await);
    let models = json!([model("second", &second.url()), model("first", &first.url())]);
    let gateway = Gateway::start(&json!({"model_list": models, "router_settings": {
        "num_retries": 0,
        "virtual_models": {"sure": {"first_of": ["first", "second"]}},
        "routing_groups": [{"group_name": "group", "models": ["second", "first"], "routing_strategy": "priority",
            "model_priorities": {"first": 1, "second": 2}}],
    }}));
    let served = async |name: &str, times: usize| {
        let mut by = Vec::new();
        for _ in 0..times {
            let told = says(name, "Hello").of(gateway.address).await;
            assert_eq!(told.status, 200, "{told:?}");
            by.push(told.deployment().unwrap().to_owned());
        }
        by
    };
    for name in ["sure", "group"] {
        // By chance once in 4,096.
        assert_eq!(served(name, 12).await, ["first"; 12], "{name}");
    }
    first.stop().await;
    for name in ["sure", "group"] {
        assert_eq!(served(name, 2).await, ["second"; 2], "{name}: the next one when it fails");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_goes_to_the_cheapest_of_those_for_drafts() {
    let vendor = well().await;
    let priced = |name: &str, usd: f64| {
        let mut entry = model(name, &vendor.url());
        entry["litellm_params"]["input_cost_per_token"] = json!(usd);
        entry["litellm_params"]["output_cost_per_token"] = json!(usd);
        entry
    };
    let models = json!([priced("large", 1e-5), priced("small", 2e-6), priced("smaller", 1e-6)]);
    let gateway = Gateway::start(&json!({"model_list": models, "router_settings": {"virtual_models": {
        "writer": {"by_quality": {"draft": ["large", "small", "smaller"], "final": "large"}},
    }}}));
    const TIER: &str = "x-llm-gateway-quality-tier";
    let by_header = |tier: &'static str| says("writer", "Hello").header(TIER, tier);
    let about = json!({"quality_tier": "draft"});
    for (ask, expected) in [
        (says("writer", "Hello"), ("large", "final")),
        (says("writer", "Hello").with("quality_tier", "draft"), ("smaller", "draft")),
        (says("writer", "Hello").with("metadata", about), ("smaller", "draft")),
        (by_header("draft"), ("smaller", "draft")),
        (by_header("draft").with("quality_tier", "final"), ("large", "final")),
        (says("writer:draft", "Hello"), ("smaller", "draft")),
    ] {
        let told = ask.of(gateway.address).await;
        assert_eq!((told.status, told.deployment()), (200, Some(expected.0)), "{told:?}");
        assert_eq!(told.header(TIER), Some(expected.1), "{told:?}");
    }
    let line = gateway.logged(&["request answered", "\"quality_tier\":\"draft\""]);
    assert_eq!(line["deployment.id"], "smaller", "{line}");
    for record in vendor.records().iter() {
        let sent: Value = serde_json::from_slice(&record.body).unwrap();
        assert!(sent.get("quality_tier").is_none(), "the vendor was told: {sent}");
    }
    let told = by_header("best").of(gateway.address).await;
    assert!(told.status == 400 && told.error("message").ends_with("but draft, final"), "{told:?}");
    assert_eq!(says("small", "Hello").with("quality_tier", "draft").of(gateway.address).await.status, 200);

    let asking = says("writer", "Hello").with("quality_tier", "draft").body;
    let mut answer = send(connect(gateway.address).await, "POST", "/v1/explain", &[], &asking).await;
    let told: Value = serde_json::from_str(&answer.body().await).unwrap();
    assert_eq!(
        (&told["quality_tier"], &told["group"]),
        (&json!("draft"), &json!("writer:draft")),
        "{told:#}"
    );
    assert_eq!(told["decisions"][0]["candidates"].as_array().unwrap().len(), 3, "{told:#}");
    let mut answer = send(connect(gateway.address).await, "GET", "/v1/models", &[], &Value::Null).await;
    let listed = answer.body().await;
    assert!(listed.contains("\"writer\"") && listed.contains("\"writer:draft\""), "{listed}");
}

/// A gateway with a semantic router whose vectors come from this vendor.
fn semantic(vendor: &str, embedder: &str) -> Gateway {
    let config = json!({"encoder_type": "openai", "encoder_name": "any", "routes": [
        {"name": "law", "utterances": ["Write a contract", "Review this deed"], "score_threshold": 0.9,
         "description": "", "metadata": {}},
        {"name": "code", "utterances": ["Fix this bug"], "score_threshold": 0.9},
    ]});
    let names = ["law", "code", "other"];
    let mut models: Vec<Value> = names.iter().map(|name| model(name, vendor)).collect();
    models.push(model("embedder", embedder));
    models.push(json!({"model_name": "auto", "litellm_params": {
        "model": "auto_router/auto", "auto_router_config": config.to_string(),
        "auto_router_default_model": "other", "auto_router_embedding_model": "embedder",
    }}));
    Gateway::start(&json!({"model_list": models, "router_settings": {"num_retries": 0}}))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_prompt_is_about_chooses_its_model() {
    let vendor = well().await;
    let gateway = semantic(&vendor.url(), &vendor.url());
    gateway.logged(&["the examples of a virtual model have their vectors"]);
    for (prompt, expected) in
        [("Review this deed", "law"), ("Fix this bug", "code"), ("What is new?", "other")]
    {
        for _ in 0..2 {
            let told = says("auto", prompt).of(gateway.address).await;
            assert_eq!((told.status, told.deployment()), (200, Some(expected)), "{prompt}: {told:?}");
        }
    }
    // The examples at once, then each prompt once.
    assert_eq!(asked(&vendor, "embedder"), 4);

    let socket = connect(gateway.address).await;
    let mut answer = send(socket, "POST", "/v1/explain", &[], &says("auto", "Fix this bug").body).await;
    let told: Value = serde_json::from_str(&answer.body().await).unwrap();
    let scores = told["class"]["meaning"]["scores"].as_array().unwrap();
    assert_eq!((&told["group"], scores.len()), (&json!("code"), 2), "{told:#}");
    assert!(scores[1]["score"].as_f64().unwrap() > 0.999 && scores[0]["threshold"] == 0.9, "{told:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_vectors_the_default_serves() {
    let (vendor, broken) = (well().await, scripted(&json!({"error": {"status": 500}})).await);
    let gateway = semantic(&vendor.url(), &broken.url());
    let told = says("auto", "Fix this bug").of(gateway.address).await;
    assert_eq!((told.status, told.deployment()), (200, Some("other")), "{told:?}");
    gateway.logged(&["the default model serves"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_embedding_model_holds_nobody_up_for_long() {
    let vendor = well().await;
    let gateway = semantic(&vendor.url(), &vendor.url());
    gateway.logged(&["the examples of a virtual model have their vectors"]);
    vendor.set_script(Some(Script::from_json(br#"{"delay_ms": 60000}"#).unwrap()));
    let slow = says("auto", "Fix this bug").with("mock", json!({"text": "Yes."}));
    let told = slow.of(gateway.address).await;
    assert_eq!((told.status, told.deployment()), (200, Some("other")), "{told:?}");
    assert!(told.took < PATIENCE, "{told:?}");
}
