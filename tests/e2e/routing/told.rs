//! What the log and the metrics tell of the router.

use serde_json::{Value, json};

use super::scene::{at, main};
use crate::client::call;
use crate::faults::asked::{Ask, Told};
use crate::faults::upstreams::{scripted, well};
use crate::process::Gateway;

async fn counted(gateway: &Gateway) -> String {
    call(gateway.address, "GET", "/metrics", &Value::Null).await.1.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_decision_is_told_in_the_log() {
    let (bad, good) = (scripted(&json!({"error": {"status": 500}})).await, well().await);
    let of = |group: &str, mut deployment: Value| {
        deployment["model_name"] = group.into();
        deployment
    };
    let variant = |name: &str| json!({"name": name, "model": "tried", "weight": 1});
    let router = json!({"num_retries": 0, "fallbacks": [{"tried": ["other"]}],
        "splits": [{"name": "trial", "model": "main", "variants": [variant("a"), variant("b")]}],
        "rules": [{"name": "all", "when": "model == 'first'", "model": "main"}]});
    let models = json!([
        at(&good, "never", &json!({})),
        of("tried", at(&bad, "bad", &json!({}))),
        of("other", at(&good, "other", &json!({}))),
    ]);
    let config = json!({"model_list": models, "router_settings": router});
    let gateway = Gateway::start(&config);
    let told = Ask::chat("first").of(gateway.address).await;
    assert_eq!((told.status, told.attempted()), (200, (0, 1)), "{told:?}");
    let line = gateway.logged(&[told.header("x-request-id").unwrap(), "\"outcome\""]);
    assert_eq!(line["rule"], "all", "{line}");
    assert!(["trial=a", "trial=b"].contains(&line["variant"].as_str().unwrap()), "{line}");
    assert_eq!((&line["fallbacks"], &line["retries"], &line["hedges"]), (&json!(1), &json!(0), &json!(0)));
    assert_eq!(line["failed_attempts"], "bad=internal");
    let counted = counted(&gateway).await;
    let went_on = r#"llm_gateway_fallbacks_total{from="tried",to="other",outcome="answered"} 1"#;
    assert!(counted.contains(went_on), "{counted}");
    let variant = told.header("x-llm-gateway-variant").unwrap().trim_start_matches("trial=");
    let of_variant =
        format!(r#"llm_gateway_variants_total{{split="trial",variant="{variant}",outcome="answered"}} 1"#);
    assert!(counted.contains(&of_variant), "{counted}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_waited_for_room_is_told_how_long() {
    let slow = scripted(&json!({"delay_ms": 200})).await;
    let one_at_a_time = at(&slow, "one", &json!({"max_parallel_requests": 1}));
    let gateway = Gateway::start(&json!({"model_list": [one_at_a_time]}));
    let (first, second) = tokio::join!(main(&gateway), main(&gateway));
    let waited = |told: &Told| told.header("x-llm-gateway-queue-duration-ms")?.parse::<f64>().ok();
    let (at_once, late) = if waited(&first).is_none() { (first, second) } else { (second, first) };
    assert_eq!((at_once.status, late.status, waited(&at_once)), (200, 200, None));
    // It came a little later than the other, and waited for all the rest of that.
    let waited = waited(&late).unwrap();
    assert!((50.0..5_000.0).contains(&waited), "{waited}");
    let line = gateway.logged(&[late.header("x-request-id").unwrap(), "queue_ms"]);
    assert_eq!(line["queue_ms"], waited.floor(), "{line}");
    let counted = counted(&gateway).await;
    let count = r#"llm_gateway_queue_seconds_count{provider="openai",deployment="one"} 1"#;
    assert!(counted.contains(count), "{counted}");
}

#[tokio::test]
async fn who_is_left_alone_is_told() {
    let (bad, good) = (scripted(&json!({"error": {"status": 429, "retry_after_s": 30}})).await, well().await);
    let models = json!([at(&bad, "bad", &json!({"weight": 1})), at(&good, "good", &json!({}))]);
    let gateway = Gateway::start(&json!({"model_list": models}));
    assert_eq!(main(&gateway).await.status, 200);
    let line = gateway.logged(&["left alone for a while"]);
    assert_eq!((&line["deployment.id"], &line["what"]), (&json!("bad"), &json!("deployment")), "{line}");
    assert_eq!((&line["cause"], &line["cool_down_ms"]), (&json!("rate_limit"), &json!(30_000)));
    let counted = counted(&gateway).await;
    for expected in [
        r#"llm_gateway_cool_downs_total{provider="openai",deployment="bad",what="deployment",cause="rate_limit"} 1"#,
        r#"llm_gateway_deployment_state{provider="openai",deployment="bad",model="main"} 2"#,
        r#"llm_gateway_deployment_state{provider="openai",deployment="good",model="main"} 0"#,
        r#"llm_gateway_attempts_total{provider="openai",deployment="good",reason="retry",outcome="answered"} 1"#,
    ] {
        assert!(counted.contains(expected), "{expected}\n{counted}");
    }
    let health = call(gateway.address, "GET", "/health?model_id=bad", &Value::Null).await.1;
    let bad_one = &health["unhealthy_endpoints"][0];
    assert_eq!((&bad_one["breaker"], &bad_one["cause"]), (&json!("open"), &json!("rate_limit")), "{health}");
    assert!(bad_one["cooling_until"].as_str().unwrap().ends_with('Z'));
}
