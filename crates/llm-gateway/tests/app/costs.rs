//! What answers cost: from the table, from the configuration, and when nobody knows.

use std::time::Duration;

use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

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
async fn a_deployment_has_its_own_discount_and_margin() {
    let entry = |id: &str, litellm_params: Value, mut info: Value| {
        let mut params = json!({
            "model": format!("mock/{id}"), "input_cost_per_token": 0.00001, "output_cost_per_token": 0,
            "mock_response": {"usage": {"prompt_tokens": 1000, "completion_tokens": 1}},
        });
        params.as_object_mut().unwrap().extend(litellm_params.as_object().unwrap().clone());
        info["id"] = json!(id);
        json!({"model_name": id, "litellm_params": params, "model_info": info})
    };
    let changes = json!([{"from": "2026-01-02", "cost_discount": 0, "cost_margin": {"fixed_amount": 0.001}}]);
    let config = json!({
        "litellm_settings": {"cost_discount_config": {"mock": 0.5}, "cost_margin_config": {"global": 0.1}},
        "router_settings": {"virtual_models": {"any": {"cheapest": ["usual", "cheap"]}}},
        "model_list": [
            entry("usual", json!({}), json!({})),
            entry("cheap", json!({}), json!({"cost_discount": 0.8, "price_changes": changes})),
            entry("dear", json!({"cost_margin": {"percentage": 1, "fixed_amount": 0.002}}), json!({"cost_margin": 5})),
            entry("plain", json!({}), json!({"cost_discount": 0, "cost_margin": 0})),
        ],
    });
    let app = TestApp::new(&config).await;
    let told = async |model: &str| {
        let answer = app.post(CHAT, &ask(&json!({"model": model}))).await;
        let header = |name: &str| answer.header(name).unwrap_or_default().to_owned();
        (header("x-litellm-model-id"), header(COST))
    };
    for (model, cost) in [("usual", "0.0055"), ("cheap", "0.0022"), ("dear", "0.012"), ("plain", "0.01")] {
        assert_eq!(told(model).await, (model.to_owned(), cost.to_owned()));
    }
    assert_eq!(told("any").await, ("cheap".to_owned(), "0.0022".to_owned()), "by what is paid");
    let foreseen = app.post("/v1/explain", &ask(&json!({"model": "cheap", "max_tokens": 1}))).await.json();
    let least: f64 = foreseen["estimated_cost"]["usd_at_least"].as_str().unwrap().parse().unwrap();
    let tokens = foreseen["estimated_cost"]["input_tokens"].as_f64().unwrap();
    assert!((least - tokens * 0.000_002_2).abs() < 1e-9, "{least} for {tokens}");
    app.clock.advance(Duration::from_hours(24));
    assert_eq!(told("cheap").await.1, "0.011", "both have changed");
    assert_eq!(told("any").await.0, "usual");
}

#[tokio::test]
async fn a_request_costs_what_held_when_it_began() {
    // The clock stands at the first instant of 2026, and the prices change two hours later.
    let config = json!({
        "litellm_settings": {"cost_margin_config": {"global": 0.5}},
        "llm_gateway": {"price_changes": [
            {"from": "2026-01-01T03:00:00Z", "cost_margin_config": {"mock": 0}, "cost_discount_config": {"mock": 0.5}},
        ]},
        "model_list": [{
            "model_name": "m",
            "litellm_params": {
                "model": "mock/m", "input_cost_per_token": 0.00001, "output_cost_per_token": 0.1,
                "mock_response": {"usage": {"prompt_tokens": 1000, "completion_tokens": 1}},
            },
            "model_info": {"price_changes": [
                {"from": "2026-01-02", "output_cost_per_token": 0},
                {"from": "2026-01-01T03:00:00+01:00", "input_cost_per_token": 0.00002},
            ]},
        }],
    });
    let app = TestApp::new(&config).await;
    let now = |app: &TestApp| app.app.runtime.now().rfc3339();
    let told = async || {
        let cost = app.post(CHAT, &ask(&json!({}))).await.header(COST).unwrap().to_owned();
        let request = http::Request::get("/v1/model/info").body(axum::body::Body::empty()).unwrap();
        let shown = app.send(request).await.json();
        let info = &shown["data"][0]["model_info"];
        let price = |name: &str| info[name].to_string().parse::<f64>().unwrap();
        let report = app.app.serving().config.check(app.app.runtime.now());
        let per_mtok = report.deployments[0].usd_per_mtok.clone().unwrap();
        (cost, price("input_cost_per_token"), price("output_cost_per_token"), per_mtok.0)
    };
    let expected =
        |cost: &str, input, output, per_mtok: &str| (cost.to_owned(), input, output, per_mtok.to_owned());
    // A cent for the prompt and ten for the answer, and half of it more.
    assert_eq!(told().await, expected("0.165", 0.00001, 0.1, "10"));
    app.clock.advance(Duration::from_millis(2 * 3_600_000 - 1));
    assert_eq!(told().await, expected("0.165", 0.00001, 0.1, "10"), "{}", now(&app));
    app.clock.advance(Duration::from_millis(1));
    assert_eq!(told().await, expected("0.18", 0.00002, 0.1, "20"), "{}", now(&app));
    app.clock.advance(Duration::from_hours(1));
    assert_eq!(told().await, expected("0.06", 0.00002, 0.1, "20"), "{}", now(&app));
    app.clock.advance(Duration::from_hours(21));
    assert_eq!(told().await, expected("0.01", 0.00002, 0.0, "20"), "{}", now(&app));
}

#[tokio::test]
async fn the_cheapest_is_the_one_that_is_cheapest_now() {
    let entry = |id: &str, cost: f64, changes: Value| {
        json!({
            "model_name": "m",
            "litellm_params": {
                "model": format!("mock/{id}"), "input_cost_per_token": cost, "output_cost_per_token": 0,
                "mock_response": "hi",
            },
            "model_info": {"id": id, "price_changes": changes},
        })
    };
    let config = json!({
        "router_settings": {"routing_strategy": "cost-based-routing"},
        "model_list": [
            entry("a", 0.001, json!([{"from": "2026-01-02", "input_cost_per_token": 0.003}])),
            entry("b", 0.002, json!([])),
        ],
    });
    let app = TestApp::new(&config).await;
    let chosen =
        async || app.post(CHAT, &ask(&json!({}))).await.header("x-litellm-model-id").unwrap().to_owned();
    assert_eq!(chosen().await, "a");
    app.clock.advance(Duration::from_hours(24));
    assert_eq!(chosen().await, "b");
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

#[tokio::test]
async fn rankings_are_billed_by_the_search_or_by_the_token() {
    let cost = |model: &'static str, told: Value| async move {
        let vendor = MockServer::start().await;
        Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(told)).mount(&vendor).await;
        let params = json!({"model": model, "api_base": vendor.uri(), "api_key": "k"});
        let app = TestApp::new(&json!({"model_list": [deployment("m", &params)]})).await;
        let answer =
            app.post("/v1/rerank", &json!({"model": "m", "query": "q", "documents": ["a", "b"]})).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.header(COST).map(ToOwned::to_owned)
    };
    let results = json!([{"index": 0, "relevance_score": 0.9}]);
    let searched = json!({"id": "r", "results": results, "meta": {"billed_units": {"search_units": 3}}});
    assert_eq!(cost("cohere/rerank-v3.5", searched).await.as_deref(), Some("0.006"));
    let silent = json!({"id": "r", "results": results});
    assert_eq!(
        cost("cohere/rerank-v3.5", silent).await.as_deref(),
        Some("0.002"),
        "one search, if nothing is said"
    );
    let tokens = json!({"object": "list", "data": results, "model": "rerank-2.5", "usage": {"total_tokens": 1_000_000}});
    assert_eq!(cost("voyage/rerank-2.5", tokens).await.as_deref(), Some("0.05"));
}

#[tokio::test]
async fn a_place_has_its_own_prices_wherever_they_are_shown() {
    let entry = |region: Value| {
        let mut params = json!({"model": "bedrock/meta.llama3-70b-instruct-v1:0", "api_key": "k"});
        params["aws_region_name"] = region;
        deployment("m", &params)
    };
    for (region, variable, expected) in [
        (json!("ap-south-1"), "", 0.000_003_18),
        (Value::Null, "ap-south-1", 0.000_003_18),
        (json!("us-east-1"), "ap-south-1", 0.000_002_65),
        (Value::Null, "", 0.000_002_65),
    ] {
        let config = json!({"model_list": [entry(region.clone())]});
        let app = TestApp::with_env(&config, &[("AWS_REGION_NAME", variable)]).await;
        let serving = app.app.serving();
        let checked =
            serving.config.check(app.app.runtime.now()).deployments[0].usd_per_mtok.clone().unwrap().0;
        assert_eq!(checked.parse::<f64>().unwrap(), expected * 1e6, "{region} {variable}");
        let group = serving.resolve("m").unwrap();
        let billed = group.deployments[0]
            .pricing
            .first()
            .prices
            .as_ref()
            .unwrap()
            .rate(llm_pricing::Item::Input)
            .unwrap();
        assert_eq!(billed.per_million().to_string(), checked);
        let request = http::Request::get("/v1/model/info").body(axum::body::Body::empty()).unwrap();
        let told = app.send(request).await.json();
        assert_eq!(told["data"][0]["model_info"]["input_cost_per_token"].as_f64(), Some(expected));
    }
}
