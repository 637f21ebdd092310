//! Checks in the background and on demand.

use std::time::Duration;

use llm_mock_server::Script;
use serde_json::{Value, json};

use super::scene::{answerer, asked_by_clients, at, dear, get, is_check, with_info};
use crate::client::{call, connect, eventually, send};
use crate::faults::upstreams::{scripted, well};
use crate::process::Gateway;

/// Nobody is left alone for what requests meet, so that all there is to see is what checks find.
fn config(models: &Value, general: &Value) -> Value {
    let mut general_settings = json!({"background_health_checks": true, "health_check_interval": 0.2});
    for (name, value) in general.as_object().unwrap() {
        general_settings[name] = value.clone();
    }
    let router = json!({"disable_cooldowns": true, "num_retries": 0});
    json!({"model_list": models, "router_settings": router, "general_settings": general_settings})
}

async fn status(gateway: &Gateway, id: &str) -> Value {
    get(gateway, "/health/latest").await["latest_health_checks"][id]["status"].take()
}

#[tokio::test]
async fn who_is_down_is_not_asked_and_comes_back_by_itself() {
    let (bad, well) = (scripted(&json!({"error": {"status": 500}})).await, well().await);
    let bad_one = with_info(
        at(&bad, "bad", &json!({"weight": 1})),
        &json!({"health_check_model": "openai/a-cheaper-one", "health_check_max_tokens": 3}),
    );
    let models = json!([bad_one, at(&well, "well", &json!({}))]);
    let gateway = Gateway::start(&config(&models, &json!({})));
    eventually(async || status(&gateway, "bad").await == "unhealthy").await;
    let line = gateway.logged(&["a deployment is not well", "bad"]);
    assert_eq!((&line["deployment.id"], &line["outcome"]), (&json!("bad"), &json!("internal")), "{line}");
    let before = asked_by_clients(&bad);
    for _ in 0..5 {
        assert_eq!(answerer(&gateway).await, "well");
    }
    assert_eq!(asked_by_clients(&bad), before, "it was asked although it is down");
    let checks = bad.records();
    let check: Value =
        serde_json::from_slice(&checks.iter().find(|one| is_check(one)).unwrap().body).unwrap();
    assert_eq!((&check["model"], &check["max_tokens"]), (&json!("a-cheaper-one"), &json!(3)));

    bad.set_script(Some(Script::default()));
    eventually(async || answerer(&gateway).await == "bad").await;
    gateway.logged(&["a deployment is well again", "\"bad\""]);
    // Checks are no requests of anybody's.
    let log = gateway.log();
    let lines = log.lines().filter(|line| line.contains("llm_gateway::access"));
    assert!(lines.clone().all(|line| line.contains("/v1/chat/completions")), "{log}");
    let counted = call(gateway.address, "GET", "/metrics", &Value::Null).await.1;
    let counted = counted.as_str().unwrap();
    let checks = r#"llm_gateway_health_checks_total{provider="openai",deployment="bad",outcome="well"}"#;
    assert!(counted.contains(checks), "{counted}");
}

#[tokio::test]
async fn without_checks_what_they_found_is_forgotten() {
    let (bad, well) = (scripted(&json!({"error": {"status": 500}})).await, well().await);
    let models = json!([at(&bad, "bad", &json!({"weight": 1})), at(&well, "well", &json!({}))]);
    let gateway = Gateway::start(&config(&models, &json!({})));
    eventually(async || status(&gateway, "bad").await == "unhealthy").await;
    assert_eq!(answerer(&gateway).await, "well");
    gateway.rewrite(&config(&models, &json!({"background_health_checks": false})));
    eventually(async || {
        call(gateway.address, "POST", "/v1/chat/completions", &crate::client::ask("main")).await.0 == 500
    })
    .await;
}

#[tokio::test]
async fn what_is_found_is_only_shown_where_routing_does_not_go_by_it() {
    let bad = scripted(&json!({"error": {"status": 429}})).await;
    let other = well().await;
    let models = json!([at(&bad, "bad", &json!({"weight": 1})), at(&other, "well", &json!({}))]);
    for general in [
        json!({"enable_health_check_routing": false}),
        json!({"health_check_ignore_transient_errors": true}),
        json!({"background_health_check_model_groups": ["other", "main"], "enable_health_check_routing": false}),
    ] {
        let gateway = Gateway::start(&config(&models, &general));
        eventually(async || status(&gateway, "bad").await == "unhealthy").await;
        let (status, _) =
            call(gateway.address, "POST", "/v1/chat/completions", &crate::client::ask("main")).await;
        assert_eq!(status, 429, "{general}");
    }
}

#[tokio::test]
async fn only_the_groups_and_deployments_that_are_meant_are_checked() {
    let (meant, spared, elsewhere) = (well().await, well().await, well().await);
    let off = json!({"disable_background_health_check": true});
    let mut other = at(&elsewhere, "elsewhere", &json!({}));
    other["model_name"] = "other".into();
    let models =
        json!([at(&meant, "meant", &json!({})), with_info(at(&spared, "spared", &json!({})), &off), other]);
    let gateway =
        Gateway::start(&config(&models, &json!({"background_health_check_model_groups": ["main"]})));
    eventually(async || meant.records().len() >= 3).await;
    assert_eq!((spared.records().len(), elsewhere.records().len()), (0, 0));
    assert_eq!(status(&gateway, "meant").await, "healthy");
}

#[tokio::test]
async fn checks_cost_only_what_they_may() {
    let vendor = well().await;
    let models = json!([at(&vendor, "dear", &dear())]);
    let gateway = Gateway::start(&config(&models, &json!({})));
    // The vendor is on this thread: nobody may block it while something is waited for.
    eventually(async || gateway.log().contains("health checks have cost")).await;
    let line = gateway.logged(&["health checks have cost what they may today"]);
    assert_eq!(line["max_usd_per_day"], 1.0);
    assert_eq!(vendor.records().len(), 1, "checked beyond the bound");
    let spent =
        get(&gateway, "/health/latest").await["spent_today_usd"].as_str().unwrap().parse::<f64>().unwrap();
    assert!(spent > 1.0, "{spent}");

    // The same bound holds for checks on demand, and a configuration may set another.
    let on_demand = |most: Value| json!({"model_list": models, "llm_gateway": {"health_checks": {"max_usd_per_day": most}}});
    for (most, expected) in [(json!(0), 0), (json!(1.0), 1), (json!(1_000), 3)] {
        vendor.clear_records();
        let gateway = Gateway::start(&on_demand(most.clone()));
        for _ in 0..3 {
            get(&gateway, "/health").await;
        }
        assert_eq!(vendor.records().len(), expected, "{most}");
    }
}

#[tokio::test]
async fn health_is_told_without_secrets() {
    let (bad, good) =
        (scripted(&json!({"error": {"status": 401, "message": "no: vendor-key"}})).await, well().await);
    let vectors = with_info(at(&good, "vectors", &json!({})), &json!({"mode": "embedding"}));
    let speech = with_info(at(&good, "speech", &json!({})), &json!({"mode": "audio_speech"}));
    let mut pattern = at(&good, "pattern", &json!({}));
    pattern["model_name"] = "any/*".into();
    pattern["litellm_params"]["model"] = "openai/*".into();
    let mut checked_pattern =
        with_info(pattern.clone(), &json!({"id": "checked", "health_check_model": "gpt-4o-mini"}));
    checked_pattern["model_name"] = "other/*".into();
    let models = json!([
        at(&bad, "bad", &json!({})),
        at(&good, "good", &json!({})),
        vectors,
        speech,
        pattern,
        checked_pattern,
    ]);
    let gateway = Gateway::start(&json!({"model_list": models}));
    let told = get(&gateway, "/health").await;
    assert_eq!((&told["healthy_count"], &told["unhealthy_count"]), (&json!(5), &json!(1)), "{told:#}");
    let bad_one = &told["unhealthy_endpoints"][0];
    assert_eq!(bad_one["model"], "openai/bad");
    assert_eq!((&bad_one["model_id"], &bad_one["model_name"]), (&json!("bad"), &json!("main")));
    assert_eq!((&bad_one["exception_status"], &bad_one["breaker"]), (&json!(401), &json!("closed")));
    assert_eq!(bad_one["last_check"]["kind"], "authentication");
    assert!(bad_one["error"].as_str().unwrap().contains("***"), "{bad_one}");
    assert!(bad_one["last_check"]["at"].as_str().unwrap().ends_with('Z'));
    assert!(!told.to_string().contains("vendor-key"), "{told:#}");
    let of = |id: &str| {
        let all = told["healthy_endpoints"].as_array().unwrap();
        all.iter().find(|one| one["model_id"] == id).unwrap().clone()
    };
    assert_eq!(of("checked")["model"], "openai/gpt-4o-mini");
    assert!(of("checked")["last_check"]["at"].is_string());
    assert!(of("pattern")["unchecked"].as_str().unwrap().contains("health_check_model"));
    assert!(of("speech")["unchecked"].as_str().unwrap().contains("audio_speech"));
    let mut paths: Vec<String> = good.records().iter().map(|record| record.path.clone()).collect();
    paths.sort();
    assert_eq!(paths, ["/v1/chat/completions", "/v1/chat/completions", "/v1/embeddings"]);

    // One at a time.
    for (query, ids) in [
        ("model_id=good", vec!["good"]),
        ("model=openai%2Fgood", vec!["good"]),
        ("model=other/*", vec!["checked"]),
        ("model=nobody", vec![]),
    ] {
        let told = get(&gateway, &format!("/health?{query}")).await;
        let all = told["healthy_endpoints"].as_array().unwrap();
        assert_eq!(
            all.iter().map(|one| one["model_id"].as_str().unwrap()).collect::<Vec<_>>(),
            ids,
            "{query}"
        );
    }
}

#[tokio::test]
async fn details_are_hidden_and_strangers_told_nothing() {
    let vendor = scripted(&json!({"error": {"status": 500, "message": "inner secret"}})).await;
    let general = json!({"health_check_details": false, "master_key": "sk-master"});
    let gateway =
        Gateway::start(&json!({"model_list": [at(&vendor, "one", &json!({}))], "general_settings": general}));
    for path in ["/health", "/health/latest", "/provider/budgets"] {
        assert_eq!(call(gateway.address, "GET", path, &Value::Null).await.0, 401, "{path}");
    }
    assert_eq!(vendor.records().len(), 0, "strangers cost money");
    let headers = [("authorization", "Bearer sk-master")];
    let mut answer = send(connect(gateway.address).await, "GET", "/health", &headers, &Value::Null).await;
    let told: Value = serde_json::from_str(&answer.body().await).unwrap();
    assert_eq!(told["unhealthy_endpoints"], json!([{"model": "openai/one", "model_id": "one"}]));
    let mut answer =
        send(connect(gateway.address).await, "GET", "/health/latest", &headers, &Value::Null).await;
    assert!(!answer.body().await.contains("inner secret"));
}

#[tokio::test]
async fn a_check_under_way_does_not_hold_up_the_end() {
    let slow = scripted(&json!({"delay_ms": 60_000})).await;
    let mut gateway = Gateway::start(&config(&json!([at(&slow, "slow", &json!({}))]), &json!({})));
    eventually(async || !slow.records().is_empty()).await;
    gateway.signal("TERM");
    assert!(gateway.ended(Duration::from_secs(5)).success());
}

#[tokio::test]
async fn checks_that_take_too_long_have_failed() {
    let slow = scripted(&json!({"delay_ms": 60_000})).await;
    let one = with_info(at(&slow, "slow", &json!({})), &json!({"health_check_timeout": 0.2}));
    let gateway = Gateway::start(&json!({"model_list": [one]}));
    let told = get(&gateway, "/health").await;
    let told = &told["unhealthy_endpoints"][0];
    assert!(told["error"].as_str().unwrap().contains("no answer within 0.2 s"), "{told}");
}

#[tokio::test]
async fn lists_may_leave_out_what_is_down() {
    let (bad, good) = (scripted(&json!({"error": {"status": 500}})).await, well().await);
    let mut down = at(&bad, "down", &json!({}));
    down["model_name"] = "gone".into();
    let half = at(&bad, "half", &json!({}));
    let models = json!([half, at(&good, "good", &json!({})), down]);
    let gateway = Gateway::start(&config(&models, &json!({"model_list_healthy_only": true})));
    eventually(async || {
        let told = get(&gateway, "/v1/models").await;
        let names: Vec<&str> =
            told["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
        assert!(names.contains(&"main"), "{names:?}");
        names == ["main"]
    })
    .await;
}
