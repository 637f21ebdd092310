//! Deployments that keep failing are left alone and come back; retries wait; a bad key benches the key.

use std::time::Duration;

use llm_mock_server::{Handle, Script};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::asked::{Ask, Dialect, named};
use super::upstreams::{asked, scripted, well};
use crate::client::eventually;
use crate::process::Gateway;

fn deployment(group: &str, id: &str, base: &str, more: &Value) -> Value {
    named(Dialect::OpenAi.deployment(group, id, base, more), id)
}

async fn answers(gateway: &Gateway, times: usize) {
    for _ in 0..times {
        let told = Ask::chat("main").of(gateway.address).await;
        assert_eq!(told.status, 200, "{told:?}");
    }
}

/// `bad` is preferred by its weight; `well` is there for whoever it fails.
fn two(bad: &Handle, well: &Handle, router: &Value) -> Gateway {
    let models = json!([
        deployment("main", "bad", &bad.url(), &json!({"weight": 1})),
        deployment("main", "well", &well.url(), &json!({})),
    ]);
    Gateway::start(&json!({"model_list": models, "router_settings": router}))
}

#[tokio::test]
async fn who_keeps_failing_is_left_alone_and_comes_back_by_one_request() {
    const COOL_DOWN: Duration = Duration::from_millis(1_500);
    let (bad, well) = (scripted(&json!({"error": {"status": 500}})).await, well().await);
    let breaker = json!({"consecutive_failures": 3, "cooldown": COOL_DOWN.as_secs_f64()});
    let gateway = two(&bad, &well, &json!({"circuit_breaker": breaker}));
    answers(&gateway, 3).await;
    let opened = Instant::now();
    answers(&gateway, 10).await;
    assert!(opened.elapsed() < COOL_DOWN, "this machine is too slow to tell");
    assert_eq!(bad.records().len(), 3, "it was not left alone");

    // One request finds out that it is still unwell, and that is enough.
    sleep(COOL_DOWN).await;
    let again = Instant::now();
    answers(&gateway, 10).await;
    assert!(again.elapsed() < COOL_DOWN, "this machine is too slow to tell");
    assert_eq!(bad.records().len(), 4, "more than one found out");

    // Now it is well, and while one request finds that out, the others go elsewhere.
    bad.set_script(Some(Script { delay_ms: 300, ..Script::default() }));
    sleep(COOL_DOWN).await;
    bad.clear_records();
    let before = well.records().len();
    let asks: [_; 5] = std::array::from_fn(|_| answers(&gateway, 1));
    let [a, b, c, d, e] = asks;
    tokio::join!(a, b, c, d, e);
    assert_eq!((bad.records().len(), well.records().len() - before), (1, 4));
    answers(&gateway, 3).await;
    assert_eq!(bad.records().len(), 4, "it has not come back");
}

#[tokio::test]
async fn a_lone_deployment_is_asked_four_times_and_then_the_error_is_told() {
    let start = |vendor: &Handle| {
        let models = json!([deployment("main", "lone", &vendor.url(), &json!({}))]);
        Gateway::start(&json!({"model_list": models}))
    };
    let saved = scripted(&json!({"fail_first": 3})).await;
    let lost = scripted(&json!({"fail_first": 4, "error": {"status": 503}})).await;
    let (first, second) = (start(&saved), start(&lost));
    let ask = Ask::chat("main");
    let (saved_by, lost_to) = tokio::join!(ask.of(first.address), ask.of(second.address));
    assert_eq!((saved_by.status, saved_by.attempted()), (200, (3, 0)), "{saved_by:?}");
    assert_eq!((lost_to.status, lost_to.attempted()), (503, (3, 0)), "{lost_to:?}");
    assert_eq!((saved.records().len(), lost.records().len()), (4, 4));
    // 1, 2 and 4 seconds, at least the half of each.
    for told in [saved_by, lost_to] {
        assert!((3.5..9.0).contains(&told.took.as_secs_f64()), "{told:?}");
    }
}

#[tokio::test]
async fn retry_after_is_honoured_and_bounded() {
    let limited = |seconds: u64, first: u64| json!({"fail_first": first, "error": {"status": 429, "retry_after_s": seconds}});
    let (soon, late) = (scripted(&limited(2, 1)).await, scripted(&limited(61, 1_000)).await);
    let models = json!([
        deployment("soon", "soon", &soon.url(), &json!({})),
        deployment("late", "late", &late.url(), &json!({})),
    ]);
    let gateway = Gateway::start(&json!({"model_list": models}));
    let (ask_soon, ask_late) = (Ask::chat("soon"), Ask::chat("late"));
    let (served, told) = tokio::join!(ask_soon.of(gateway.address), ask_late.of(gateway.address));
    assert_eq!((served.status, served.attempted(), soon.records().len()), (200, (1, 0), 2), "{served:?}");
    assert!((2.0..4.0).contains(&served.took.as_secs_f64()), "{served:?}");
    // Nobody waits for longer than a minute; the client is told how long, and the deployment is not benched by it.
    assert_eq!(
        (told.status, told.header("retry-after"), late.records().len()),
        (429, Some("61"), 1),
        "{told:?}"
    );
    assert!(told.took < Duration::from_secs(1), "{told:?}");
    assert_eq!(ask_late.of(gateway.address).await.status, 429);
    assert_eq!(late.records().len(), 2, "a lone deployment was benched by one 429");
}

#[tokio::test]
async fn too_many_requests_bench_one_of_two_for_as_long_as_the_vendor_asks() {
    let limited = json!({"error": {"status": 429, "retry_after_s": 2}});
    let (bad, well) = (scripted(&limited).await, well().await);
    let gateway = two(&bad, &well, &json!({}));
    let asked_at = Instant::now();
    answers(&gateway, 8).await;
    assert!(asked_at.elapsed() < Duration::from_secs(2), "this machine is too slow to tell");
    assert_eq!(bad.records().len(), 1);
    eventually(async || {
        answers(&gateway, 1).await;
        bad.records().len() == 2
    })
    .await;
    assert!(asked_at.elapsed() >= Duration::from_secs(2));
}

#[tokio::test]
async fn a_bad_key_benches_the_key_and_not_the_model() {
    let (refusing, other) = (scripted(&json!({"error": {"status": 401}})).await, well().await);
    let with = |key: &str, more: Value| {
        let mut params = more;
        params["api_key"] = key.into();
        params
    };
    let models = json!([
        deployment("main", "revoked", &refusing.url(), &with("a-revoked-key", json!({"weight": 1}))),
        deployment("main", "valid", &other.url(), &with("a-valid-key", json!({}))),
        // Another model by the same key, and the same model by another key.
        deployment("second", "second-revoked", &refusing.url(), &with("a-revoked-key", json!({"weight": 1}))),
        deployment("second", "second-valid", &other.url(), &with("a-valid-key", json!({}))),
    ]);
    let gateway = Gateway::start(&json!({"model_list": models}));
    for (group, by) in [("main", "valid"), ("second", "second-valid")] {
        for _ in 0..3 {
            let told = Ask::chat(group).of(gateway.address).await;
            assert_eq!((told.status, told.deployment()), (200, Some(by)), "{told:?}");
        }
    }
    assert_eq!(refusing.records().len(), 1, "one refusal says it for all that have this key");

    // A lone key is told as refused, at once, and is not asked again for this request.
    let lone = scripted(&json!({"error": {"status": 401}})).await;
    let models = json!([deployment("main", "lone", &lone.url(), &json!({}))]);
    let gateway = Gateway::start(&json!({"model_list": models}));
    let told = Ask::chat("main").of(gateway.address).await;
    assert_eq!((told.status, asked(&lone, "lone")), (401, 1), "{told:?}");
    assert_eq!(told.header("x-llm-gateway-layer"), Some("provider"));
    assert!(!told.text.contains("vendor-key"), "{told:?}");
}
