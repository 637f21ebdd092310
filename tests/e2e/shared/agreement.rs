//! What one gateway learns, the other goes by half a second later at the latest.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{Two, deployment};
use crate::client::{CHAT, ask, call, connect, eventually, open, send};
use crate::faults::asked::Ask;
use crate::faults::upstreams::{scripted, well};
use crate::process::Gateway;

const HALF_A_SECOND: Duration = Duration::from_millis(500);

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_cool_down_of_one_is_a_cool_down_of_all() {
    let limited = scripted(&json!({"error": {"status": 429, "retry_after_s": 30}})).await;
    let (refusing, well) = (scripted(&json!({"error": {"status": 401}})).await, well().await);
    let models = json!([
        deployment("limited", &limited, &json!({"order": 1})),
        deployment("refusing", &refusing, &json!({"order": 2, "api_key": "a-revoked-key"})),
        deployment("well", &well, &json!({"order": 3})),
    ]);
    let two = Two::start(&models, &json!({}));
    let [here, there] = &two.gateways;
    assert_eq!(Ask::chat("main").of(here.address).await.deployment(), Some("well"));
    assert_eq!((limited.records().len(), refusing.records().len()), (1, 1));
    let told_at = Instant::now();
    sleep(HALF_A_SECOND - told_at.elapsed()).await;
    for _ in 0..3 {
        assert_eq!(Ask::chat("main").of(there.address).await.deployment(), Some("well"));
    }
    let asked = (limited.records().len(), refusing.records().len());
    assert_eq!(asked, (1, 1), "the other one had to find out for itself");

    // One that comes later knows it too.
    let config = std::fs::read_to_string(here.file("config.yaml")).unwrap();
    let third = Gateway::start(&serde_json::from_str::<Value>(&config).unwrap());
    assert_eq!(Ask::chat("main").of(third.address).await.deployment(), Some("well"));
    assert_eq!((limited.records().len(), refusing.records().len()), (1, 1));
    eventually(async || readiness(&third).await == json!({"status": "connected", "replicas": 3})).await;
    drop(third);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn counts_of_one_are_counts_of_all() {
    let usage = json!({"usage": {"prompt_tokens": 10, "completion_tokens": 10}});
    let vendors = [scripted(&usage).await, scripted(&usage).await];
    let models =
        json!([deployment("first", &vendors[0], &json!({})), deployment("second", &vendors[1], &json!({}))]);
    let two = Two::start(&models, &json!({"routing_strategy": "usage-based-routing-v2"}));
    // Whoever has had fewer tokens is next, whichever gateway they went by. A new minute begins with nothing.
    within_a_minute(Duration::from_secs(6)).await;
    for round in 0..6 {
        let told = Ask::chat("main").of(two.gateways[round % 2].address).await;
        assert_eq!(told.status, 200, "{told:?}");
        sleep(HALF_A_SECOND).await;
        let asked = vendors.each_ref().map(|vendor| vendor.records().len());
        assert!(asked[0].abs_diff(asked[1]) <= 1, "{asked:?}");
    }
    assert_eq!(vendors.each_ref().map(|vendor| vendor.records().len()), [3, 3]);
    let keys: u32 = two.redis.ask("DBSIZE").trim_start_matches(':').parse().unwrap();
    assert!((1..=2).contains(&keys), "{keys} keys for news and nothing to divide");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn requests_under_way_at_one_are_seen_by_all() {
    let (slow, well) = (scripted(&json!({"delay_ms": 3_000})).await, well().await);
    let models =
        json!([deployment("slow", &slow, &json!({"order": 1})), deployment("well", &well, &json!({}))]);
    let two = Two::start(&models, &json!({"routing_strategy": "least-busy"}));
    let [here, there] = &two.gateways;
    let mut under_way = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let socket = connect(here.address).await;
        under_way.spawn(async move { send(socket, "POST", CHAT, &[], &ask("main")).await });
    }
    slow.records_when(|records| records.len() == 4).await;
    sleep(HALF_A_SECOND).await;
    assert_eq!(in_flight(there, "slow").await, Some(4));
    // Whoever asked is gone, and with them what was under way.
    under_way.shutdown().await;
    sleep(HALF_A_SECOND).await;
    assert_eq!(in_flight(there, "slow").await, Some(0));
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_conversation_stays_where_it_was_by_whichever_gateway_it_comes() {
    let vendors = [well().await, well().await];
    let models =
        json!([deployment("first", &vendors[0], &json!({})), deployment("second", &vendors[1], &json!({}))]);
    let two = Two::start(&models, &json!({"optional_pre_call_checks": ["session_affinity"]}));
    let served = async |gateway: &Gateway, session: usize| {
        let mut body = ask("main");
        body["litellm_session_id"] = format!("session-{session}").into();
        let mut answer = open(gateway.address, "POST", CHAT, &body).await;
        answer.body().await;
        answer.header("x-llm-gateway-deployment").unwrap().to_owned()
    };
    let mut here = Vec::new();
    for session in 0..8 {
        here.push(served(&two.gateways[0], session).await);
    }
    sleep(HALF_A_SECOND).await;
    for (session, expected) in here.iter().enumerate() {
        assert_eq!(served(&two.gateways[1], session).await, *expected, "{session}");
    }

    // Redis loses everything, is told again, and one that comes later knows it.
    assert_eq!(two.redis.ask("FLUSHALL"), "+OK");
    eventually(async || two.redis.ask("KEYS *:pins") != "*0").await;
    let config = std::fs::read_to_string(two.gateways[0].file("config.yaml")).unwrap();
    let third = Gateway::start(&serde_json::from_str::<Value>(&config).unwrap());
    for (session, expected) in here.iter().enumerate() {
        assert_eq!(served(&third, session).await, *expected, "{session}");
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn what_one_finds_out_by_checks_counts_for_all() {
    let down = scripted(&json!({"error": {"status": 401}})).await;
    let models = json!([deployment("down", &down, &json!({}))]);
    let redis = super::server::Server::start();
    let start = |shared: bool| {
        Gateway::start(&json!({
            "model_list": models, "router_settings": {"redis_url": redis.url()},
            "general_settings": {
                "background_health_checks": true, "health_check_interval": 1, "use_shared_health_check": shared,
            },
        }))
    };
    let found = async |gateway: &Gateway| {
        let (_, body) = call(gateway.address, "GET", "/health/latest", &Value::Null).await;
        body["latest_health_checks"]["down"]["unhealthy_count"].as_u64().unwrap_or_default()
    };
    let asked = async |gateways: &[Gateway]| {
        for gateway in gateways {
            eventually(async || found(gateway).await == 1).await;
        }
        // Those that began at once have to get out of each other's way.
        sleep(Duration::from_secs(5)).await;
        // The time that really passes is counted from before the first look to after the last: at least six seconds.
        let (began, before) = (Instant::now(), down.records().len());
        sleep(Duration::from_secs(6)).await;
        eventually(async || down.records().len() >= before + 4).await;
        let checks = u32::try_from(down.records().len() - before).unwrap();
        (f64::from(checks), began.elapsed().as_secs_f64())
    };
    let together = asked(&[start(true), start(true), start(true)]).await;
    let apart = asked(&[start(false), start(false), start(false)]).await;
    // One each second, and for each gateway one that it had begun before it heard of another's.
    let is_of_one = |(checks, seconds): (f64, f64)| checks <= seconds + 3.0;
    assert!(is_of_one(together), "{together:?} together");
    assert!(!is_of_one(apart) && apart.0 >= 1.5 * apart.1, "{apart:?} apart");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_budget_that_one_has_spent_is_spent_for_all() {
    let usage = json!({"usage": {"prompt_tokens": 10, "completion_tokens": 10}});
    let (dear, well) = (scripted(&usage).await, well().await);
    let priced =
        json!({"order": 1, "max_budget": 0.5, "input_cost_per_token": 0.03, "output_cost_per_token": 0});
    let models = json!([deployment("dear", &dear, &priced), deployment("well", &well, &json!({"order": 2}))]);
    let two = Two::start(&models, &json!({}));
    // Each spends a part, and only together have they spent it all.
    for gateway in &two.gateways {
        assert_eq!(Ask::chat("main").of(gateway.address).await.deployment(), Some("dear"));
    }
    sleep(HALF_A_SECOND).await;
    for gateway in &two.gateways {
        assert_eq!(Ask::chat("main").of(gateway.address).await.deployment(), Some("well"));
    }
    assert_eq!(dear.records().len(), 2);
}

/// Waits until so much is left of the minute.
pub(crate) async fn within_a_minute(needed: Duration) {
    const MINUTE: u128 = 60_000;
    let since = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() % MINUTE;
    let left = Duration::from_millis((MINUTE - since) as u64);
    if left < needed {
        sleep(left + Duration::from_millis(50)).await;
    }
}

pub(super) async fn readiness(gateway: &Gateway) -> Value {
    call(gateway.address, "GET", "/health/readiness", &Value::Null).await.1["shared_state"].clone()
}

async fn in_flight(gateway: &Gateway, id: &str) -> Option<u64> {
    let metrics = call(gateway.address, "GET", "/metrics", &Value::Null).await.1;
    let deployment = format!("deployment=\"{id}\"");
    let of_it =
        |line: &&str| line.starts_with("llm_gateway_deployment_in_flight{") && line.contains(&deployment);
    metrics.as_str()?.lines().find(of_it)?.rsplit(' ').next()?.parse().ok()
}
