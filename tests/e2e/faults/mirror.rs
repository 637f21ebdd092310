//! Copies of requests: who gets them, what is recorded, and that nobody who asked notices.

use std::time::Duration;

use llm_mock_server::Handle;
use serde_json::{Value, json};

use super::asked::{Ask, Dialect, named};
use super::upstreams::{asked, scripted, well};
use crate::client::{call, eventually};
use crate::process::Gateway;

/// A group whose requests are copied, and the one that gets the copies.
fn start(main: &Handle, shadow: &Handle, params: &Value, more: &Value) -> Gateway {
    let models = [
        named(Dialect::OpenAi.deployment("main", "main", &main.url(), params), "main"),
        named(Dialect::OpenAi.deployment("plain", "plain", &main.url(), &json!({})), "plain"),
        named(Dialect::Anthropic.deployment("shadow", "shadow", &shadow.url(), &json!({})), "shadow"),
    ];
    let mut config = json!({"model_list": models});
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Gateway::start(&config)
}

async fn metrics(gateway: &Gateway) -> String {
    call(gateway.address, "GET", "/metrics", &Value::Null).await.1.as_str().unwrap().to_owned()
}

/// The sum of all series whose line begins so.
async fn counted(gateway: &Gateway, series: &str) -> u64 {
    let text = metrics(gateway).await;
    let lines = text.lines().filter(|line| line.starts_with(series));
    lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_asked_and_recorded_apart() {
    let (main, shadow) = (well().await, well().await);
    for (params, more) in [
        (json!({"silent_model": "shadow"}), json!({})),
        (json!({}), json!({"router_settings": {"mirrors": {"main": {"to": "shadow"}}}})),
    ] {
        main.clear_records();
        shadow.clear_records();
        let gateway = start(&main, &shadow, &params, &more);
        for stream in [false, true] {
            let told = Ask::new(Dialect::OpenAi, "main", stream).of(gateway.address).await;
            assert_eq!((told.status, told.deployment()), (200, Some("main")));
            let id = told.header("x-request-id").unwrap();
            let own = gateway.logged(&[&format!("\"request.id\":\"{id}\""), "\"outcome\""]);
            assert_eq!((&own["deployment.id"], own.get("mirror_of")), (&json!("main"), None));
            assert_eq!(own["attempts"], 1);
            let copy = gateway.logged(&[&format!("\"mirror_of\":\"{id}\"")]);
            assert_eq!((&copy["deployment.id"], &copy["outcome"]), (&json!("shadow"), &json!("answered")));
            assert_eq!(copy["stream"], stream);
            assert_eq!(copy["tokens.input"].as_u64(), own["tokens.input"].as_u64());
            assert_ne!(copy["request.id"], own["request.id"]);
        }
        assert_eq!((asked(&main, "main"), asked(&shadow, "shadow")), (2, 2));
        assert_eq!(counted(&gateway, "llm_gateway_requests_total{").await, 2);
        assert_eq!(counted(&gateway, "llm_gateway_mirrored_requests_total{").await, 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_share_is_drawn_by_the_name_of_the_request() {
    let (main, shadow) = (well().await, well().await);
    let params = json!({"silent_model": "shadow", "silent_share": 0.5});
    let gateway = start(&main, &shadow, &params, &json!({}));
    const NAMES: [&str; 16] =
        ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p"];
    let mut copied = Vec::new();
    for _ in 0..2 {
        let before = counted(&gateway, "llm_gateway_mirrored_requests_total{").await;
        for name in NAMES {
            let told = Ask::chat("main").header("x-request-id", name).of(gateway.address).await;
            assert_eq!(told.status, 200);
        }
        let mut last = before;
        // No more come once it stays the same for a while.
        eventually(async || {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let now = counted(&gateway, "llm_gateway_mirrored_requests_total{").await;
            std::mem::replace(&mut last, now) == now
        })
        .await;
        copied.push(last - before);
    }
    assert_eq!(copied[0], copied[1], "the same names, the same copies");
    assert!((3..=13).contains(&copied[0]), "{copied:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_sent_once_and_never_copied_itself() {
    let main = well().await;
    let bad = scripted(&json!({"error": {"status": 500}})).await;
    let models = [
        named(
            Dialect::OpenAi.deployment("main", "main", &main.url(), &json!({"silent_model": "shadow"})),
            "main",
        ),
        named(
            Dialect::OpenAi.deployment("shadow", "shadow", &bad.url(), &json!({"silent_model": "main"})),
            "shadow",
        ),
    ];
    let gateway = Gateway::start(&json!({
        "model_list": models,
        "router_settings": {"num_retries": 3, "fallbacks": [{"shadow": ["main"]}]},
    }));
    let told = Ask::chat("main").of(gateway.address).await;
    assert_eq!((told.status, told.attempted()), (200, (0, 0)));
    let copy = gateway.logged(&[&format!("\"mirror_of\":\"{}\"", told.header("x-request-id").unwrap())]);
    assert_eq!(
        (&copy["outcome"], &copy["attempts"], &copy["status"]),
        (&json!("failed"), &json!(1), &json!(500))
    );
    assert_eq!((asked(&main, "main"), asked(&bad, "shadow")), (1, 1));
}

/// How long requests to these two models usually take, sent in turns: the machine is as busy for the one as for the other.
async fn usual(gateway: &Gateway, models: [&str; 2], requests: usize) -> [Duration; 2] {
    let mut took = [const { Vec::new() }; 2];
    for _ in 0..requests {
        for (model, took) in models.iter().zip(&mut took) {
            let told = Ask::chat(model).of(gateway.address).await;
            assert_eq!(told.status, 200);
            took.push(told.took);
        }
    }
    took.map(|mut took| {
        took.sort();
        took[requests / 2]
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shadow_that_hangs_is_not_noticed() {
    let main = well().await;
    for script in [json!({"delay_ms": 600_000}), json!({"stall_after_chunks": 1})] {
        let hangs = scripted(&script).await;
        let params = json!({"silent_model": "shadow"});
        let bounds = json!({"llm_gateway": {"mirroring": {"max_parallel": 2, "max_waiting": 3}}});
        let mut gateway = start(&main, &hangs, &params, &bounds);
        let [copied, plain] = usual(&gateway, ["main", "plain"], 40).await;
        assert!(copied < plain * 4 + Duration::from_millis(50), "{copied:?} {plain:?}");
        // Two are under way, three wait, and all others were dropped: each by a task of its own, whenever that runs.
        eventually(async || counted(&gateway, "llm_gateway_mirrors_dropped_total ").await >= 35).await;
        eventually(async || hangs.records().len() >= 2).await;
        assert_eq!(counted(&gateway, "llm_gateway_mirrors_dropped_total ").await, 35);
        assert_eq!(hangs.records().len(), 2);
        // Nor does the end wait for it.
        gateway.signal("TERM");
        assert!(gateway.ended(Duration::from_secs(5)).success());
        eventually(async || {
            let log = gateway.log();
            log.lines().filter(|line| line.contains("mirror_of") && line.contains("drained")).count() == 2
        })
        .await;
    }
}
