//! What a request itself asks of the router.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::scene::{answerer, at, main};
use crate::faults::asked::{Ask, DIALECTS, Dialect, named};
use crate::faults::upstreams::{scripted, well};
use crate::process::Gateway;

#[tokio::test]
async fn a_clients_own_impatience_benches_nobody() {
    let (slow, other) = (scripted(&json!({"delay_ms": 400})).await, well().await);
    let models = json!([at(&slow, "slow", &json!({"order": 1})), at(&other, "other", &json!({"order": 2}))]);
    let gateway = Gateway::start(
        &json!({"model_list": models, "router_settings": {"num_retries": 0, "circuit_breaker": {"consecutive_failures": 2}}}),
    );
    for hasty in [
        Ask::chat("main").header("x-litellm-timeout", "0.1"),
        Ask::chat("main").with("timeout", 0.1),
        Ask::new(Dialect::OpenAi, "main", true).header("x-litellm-stream-timeout", "0.1"),
        Ask::new(Dialect::OpenAi, "main", true).with("stream_timeout", 0.1),
    ] {
        for _ in 0..2 {
            let told = hasty.of(gateway.address).await;
            assert_eq!((told.status, told.deployment()), (200, Some("other")), "{told:?}");
        }
    }
    assert_eq!(answerer(&gateway).await, "slow", "it was benched for its clients' impatience");
    let sent: Value = serde_json::from_slice(&slow.records()[2].body).unwrap();
    assert!(sent.get("timeout").is_none(), "the vendor was told: {sent}");
    let told = Ask::chat("main").with("timeout", "soon").of(gateway.address).await;
    assert_eq!(told.status, 400, "{told:?}");
}

#[tokio::test]
async fn nobody_waits_beyond_the_end_of_a_request() {
    let vendor = scripted(&json!({"error": {"status": 500}})).await;
    let gateway = Gateway::start(&json!({"model_list": [at(&vendor, "lone", &json!({}))]}));
    // The first back-off alone would take longer.
    let told = Ask::chat("main").header("x-litellm-timeout", "0.3").of(gateway.address).await;
    assert_eq!((told.status, vendor.records().len()), (500, 1), "{told:?}");
    assert!(told.took < Duration::from_millis(450), "{told:?}");
}

#[tokio::test]
async fn a_request_may_say_when_its_first_token_is_late() {
    let (slow, other) = (scripted(&json!({"first_chunk_ms": 5_000})).await, well().await);
    let models = json!([at(&slow, "slow", &json!({"weight": 1})), at(&other, "other", &json!({}))]);
    let gateway = Gateway::start(&json!({"model_list": models,
        "router_settings": {"circuit_breaker": {"consecutive_failures": 1}}}));
    let stream = || Ask::new(Dialect::OpenAi, "main", true);
    for ask in
        [stream().header("x-llm-gateway-first-token-timeout", "0.2"), stream().with("ttft_timeout", 0.2)]
    {
        let told = ask.of(gateway.address).await;
        assert_eq!((told.status, told.deployment()), (200, Some("other")), "{told:?}");
        assert!(told.took < Duration::from_secs(2), "{told:?}");
    }
    assert_eq!(slow.records().len(), 2, "it was benched for a client's impatience");
    let told = stream().header("x-llm-gateway-first-token-timeout", "soon").of(gateway.address).await;
    assert_eq!(told.status, 400);
}

#[tokio::test]
async fn a_request_may_say_where_it_may_be_served() {
    let (europe, america) = (well().await, well().await);
    let models = json!([
        at(&america, "us", &json!({"region_name": "us-east-1", "weight": 1})),
        at(&europe, "eu", &json!({"region_name": "eu-west-1"})),
    ]);
    let gateway = Gateway::start(&json!({"model_list": models}));
    assert_eq!(main(&gateway).await.deployment(), Some("us"));
    for ask in [
        Ask::chat("main").with("allowed_model_region", "eu"),
        Ask::chat("main").with("metadata", json!({"allowed_model_region": "eu"})),
        Ask::chat("main").with("metadata", json!({"allowed_model_region": ["eu"]})),
    ] {
        let told = ask.of(gateway.address).await;
        assert_eq!((told.status, told.deployment()), (200, Some("eu")), "{told:?}");
    }
    let sent: Value = serde_json::from_slice(&europe.records()[0].body).unwrap();
    assert!(sent.get("allowed_model_region").is_none(), "the vendor was told: {sent}");
}

#[tokio::test]
async fn a_clients_headers_reach_vendors_where_that_is_configured() {
    let (told, kept) = (well().await, well().await);
    let mut other = at(&kept, "kept", &json!({}));
    other["model_name"] = "other".into();
    let settings = json!({"model_group_settings": {"forward_client_headers_to_llm_api": ["main"]}});
    let gateway = Gateway::start(
        &json!({"model_list": [at(&told, "told", &json!({})), other], "litellm_settings": settings}),
    );
    for model in ["main", "other"] {
        let ask = [
            ("x-team", "blue"),
            ("x-api-key", "a-clients-own-key"),
            ("x-litellm-tags", "a"),
            ("x-stainless-lang", "rust"),
            ("cookie", "secret"),
        ]
        .into_iter()
        .fold(Ask::chat(model), |ask, (name, value)| ask.header(name, value));
        assert_eq!(ask.of(gateway.address).await.status, 200);
    }
    let (record, other) = (&told.records()[0], &kept.records()[0]);
    assert_eq!(record.headers.get("x-team").unwrap(), "blue");
    assert!(other.headers.get("x-team").is_none());
    for name in ["x-api-key", "x-litellm-tags", "x-stainless-lang", "cookie"] {
        assert!(record.headers.get(name).is_none(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_room_beyond_the_end_of_a_request() {
    let slow = scripted(&json!({"delay_ms": 3_000})).await;
    let lone = at(&slow, "lone", &json!({"max_parallel_requests": 1}));
    let mut hasty = at(&slow, "hasty", &json!({"max_parallel_requests": 1, "timeout": 0.3}));
    hasty["model_name"] = "hasty".into();
    let gateway = Gateway::start(
        &json!({"model_list": [lone, hasty], "router_settings": {"num_retries": 0, "disable_cooldowns": true}}),
    );
    let address = gateway.address;
    let mut inside = JoinSet::new();
    inside.spawn(async move { Ask::chat("main").of(address).await });
    while slow.records().is_empty() {
        sleep(Duration::from_millis(10)).await;
    }
    for ask in [
        Ask::chat("main").header("x-litellm-timeout", "0.3"),
        Ask::new(Dialect::Anthropic, "main", true).with("timeout", 0.3),
    ] {
        let told = ask.of(address).await;
        assert_eq!((told.status, told.code().as_str()), (504, "queue_timeout"), "{told:?}");
        assert_eq!(told.error("message"), "the deployment lone had no room in time");
        assert!(told.took < Duration::from_secs(2), "{told:?}");
    }
    let told = inside.join_all().await;
    assert_eq!(told[0].status, 200, "whoever was inside is none the worse for it");
    // Nor longer than the deployment has for an answer.
    let (mut asking, began) = (JoinSet::new(), Instant::now());
    for _ in 0..4 {
        asking.spawn(async move { Ask::chat("hasty").of(address).await });
    }
    for told in asking.join_all().await {
        assert_eq!(told.status, 504, "{told:?}");
        assert!(["total_timeout", "queue_timeout"].contains(&told.code().as_str()), "{told:?}");
    }
    assert!(began.elapsed() < Duration::from_millis(2_500), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_request_may_name_fallbacks_as_the_configuration_does() {
    let (bad, good) = (scripted(&json!({"error": {"status": 500}})).await, well().await);
    let mut other = at(&good, "other", &json!({}));
    other["model_name"] = "other".into();
    let gateway = Gateway::start(
        &json!({"model_list": [at(&bad, "bad", &json!({})), other], "router_settings": {"num_retries": 0}}),
    );
    for (fallbacks, expected) in [
        (json!([{"main": ["other"]}]), (200, Some("other"))),
        (json!([{"*": [{"model": "other", "temperature": 0}]}]), (200, Some("other"))),
        (json!([{"other": ["main"]}]), (500, Some("bad"))),
    ] {
        for dialect in DIALECTS {
            let told = Ask::new(dialect, "main", false)
                .with("fallbacks", fallbacks.clone())
                .of(gateway.address)
                .await;
            assert_eq!((told.status, told.deployment()), expected, "{fallbacks} {told:?}");
        }
    }
    let told = Ask::chat("main").with("priority", 300).of(gateway.address).await;
    let expected = "priority: expected 0 to 255, found 300";
    assert_eq!((told.status, told.error("message").as_str()), (400, expected));
    let told = Ask::chat("main").with("fallbacks", json!([{"main": "other"}])).of(gateway.address).await;
    let expected = "fallbacks: a map without `model`, expected a model group's name, or a map with `model`";
    assert_eq!((told.status, told.error("message").as_str()), (400, expected));
}

#[tokio::test]
async fn fallbacks_go_by_the_name_that_was_asked_for() {
    let (bad, good) = (scripted(&json!({"error": {"status": 500}})).await, well().await);
    let group = |mut deployment: Value, name: &str| {
        deployment["model_name"] = name.into();
        deployment
    };
    let any = named(Dialect::OpenAi.deployment("openai/*", "*", &bad.url(), &json!({})), "any");
    let gateway = Gateway::start(&json!({
        "model_list": [at(&bad, "main", &json!({})), any, group(at(&good, "other", &json!({})), "other")],
        "router_settings": {
            "num_retries": 0,
            "model_group_alias": {"short": "main", "plain": "main"},
            "fallbacks": [{"short": ["other"]}, {"openai/gpt-4o": ["other"]}, {"o3": ["other"]}],
        },
    }));
    for (model, expected) in [
        ("short", (200, "other")),
        ("plain", (500, "main")),
        ("main", (500, "main")),
        ("openai/gpt-4o", (200, "other")),
        ("openai/o3", (200, "other")),
        ("openai/o4-mini", (500, "any")),
    ] {
        let told = Ask::chat(model).of(gateway.address).await;
        assert_eq!((told.status, told.deployment()), (expected.0, Some(expected.1)), "{model}: {told:?}");
    }
    assert!(!gateway.log().contains("never used"), "{}", gateway.log());
}

#[tokio::test]
async fn why_nobody_may_be_asked_is_told() {
    let vendor = well().await;
    let models = json!([
        at(&vendor, "one", &json!({"tags": ["a"], "region_name": "us-east-1", "rpm": 1})),
        at(&vendor, "two", &json!({"tags": ["b"], "region_name": "us-east-1", "rpm": 1})),
    ]);
    let gateway =
        Gateway::start(&json!({"model_list": models, "router_settings": {"enable_tag_filtering": true,
        "optional_pre_call_checks": ["enforce_model_rate_limits"]}}));
    let why = async |ask: Ask| {
        let told = ask.of(gateway.address).await;
        (told.status, told.error("message").replace("no deployment available: ", ""))
    };
    let chat = || Ask::chat("main");
    for (ask, status, expected) in [
        (chat().with("tags", ["c"]), 401, "all are without the labels that the request asks for"),
        (
            chat().with("allowed_model_region", "eu"),
            403,
            "all are outside of where the request may be served",
        ),
        (chat().with("tags", [1]), 400, "tags: invalid type: integer `1`, expected a string"),
        (chat().with("tags", json!({})), 400, "tags: invalid type: map, expected a text or a list of texts"),
    ] {
        assert_eq!(why(ask).await, (status, expected.to_owned()));
    }
    let of = |tag: &str| chat().with("tags", tag);
    assert_eq!(of("a").of(gateway.address).await.deployment(), Some("one"));
    let expected =
        "some are out of requests for this minute, some are without the labels that the request asks for";
    assert_eq!(why(of("a")).await, (429, expected.to_owned()));
    assert_eq!(of("b").of(gateway.address).await.deployment(), Some("two"));
    assert_eq!(why(chat()).await, (429, "all are out of requests for this minute".to_owned()));
}

#[tokio::test]
async fn a_member_that_one_vendor_has_no_place_for_goes_to_another() {
    let vendor = well().await;
    let claude = |id: &str, more: &Value| {
        named(Dialect::Anthropic.deployment("main", "claude-sonnet-4-5", &vendor.url(), more), id)
    };
    let checked = |models: Value| {
        Gateway::start(&json!({"model_list": models, "router_settings": {"enable_pre_call_checks": true}}))
    };
    let of = async |gateway: &Gateway, member: &str, value: Value| {
        let told = Ask::chat("main").with(member, value).of(gateway.address).await;
        assert_eq!(told.status, 200, "{told:?}");
        told.deployment().unwrap().to_owned()
    };
    let gateway = checked(json!([
        claude("claude", &json!({"weight": 1})),
        at(&vendor, "gpt-4o", &json!({"weight": 0}))
    ]));
    assert_eq!(of(&gateway, "stop", json!("x")).await, "claude", "it has a place for that");
    assert_eq!(of(&gateway, "seed", json!(1)).await, "claude", "its loss is told, and harms nobody");
    assert_eq!(of(&gateway, "logprobs", json!(true)).await, "gpt-4o");
    assert_eq!(of(&gateway, "logit_bias", json!({"1": 1})).await, "gpt-4o");
    let lone = checked(json!([claude("claude", &json!({}))]));
    assert_eq!(of(&lone, "logprobs", json!(true)).await, "claude", "somebody has to serve");
    let careless = json!({"drop_params": true, "weight": 1});
    let gateway = checked(json!([claude("claude", &careless), at(&vendor, "gpt-4o", &json!({"weight": 0}))]));
    assert_eq!(of(&gateway, "logprobs", json!(true)).await, "claude", "it is not to matter");
}
