//! What is the request's own: faults that no retry heals, and what a request may say of retries and fallbacks.

use std::time::Duration;

use llm_mock_server::Handle;
use serde_json::{Value, json};

use super::asked::{Ask, Dialect, named};
use super::upstreams::{scripted, well};
use crate::process::Gateway;

/// Vendors with a fault and in good health, and a gateway before them.
struct Scene {
    bad: Handle,
    well: Handle,
    gateway: Gateway,
}

/// The group `main` with so many deployments at a vendor that plays `script`, and healthy groups `a`, `b` and `c`.
async fn scene(script: Value, deployments: usize, router: Value) -> Scene {
    let (bad, well) = (scripted(&script).await, well().await);
    let at = |group: &str, base: &str, id: String| {
        named(Dialect::OpenAi.deployment(group, group, base, &json!({})), &id)
    };
    let mut models: Vec<Value> =
        (0..deployments).map(|place| at("main", &bad.url(), format!("main-{place}"))).collect();
    models.extend(["a", "b", "c"].map(|group| at(group, &well.url(), group.to_owned())));
    let gateway = Gateway::start(&json!({"model_list": models, "router_settings": router}));
    Scene { bad, well, gateway }
}

impl Scene {
    /// Requests at the vendor with the fault and the healthy one, since the last time.
    fn asked(&self) -> (usize, usize) {
        let counts = (self.bad.records().len(), self.well.records().len());
        self.bad.clear_records();
        self.well.clear_records();
        counts
    }
}

const TOO_LONG: &str = "This model's maximum context length is 8 tokens. However, your messages are longer.";

fn too_long() -> Value {
    json!({"error": {"status": 400, "message": TOO_LONG, "code": "context_length_exceeded"}})
}

fn refused_content() -> Value {
    let message = "Your request was rejected as a result of our safety system.";
    json!({"error": {"status": 400, "message": message, "code": "content_policy_violation"}})
}

#[tokio::test]
async fn what_no_other_deployment_heals_is_not_tried_again() {
    let cases = [
        (json!({"error": {"status": 400}}), 400),
        (json!({"error": {"status": 422}}), 422),
        (json!({"error": {"status": 413}}), 413),
        (too_long(), 400),
        (refused_content(), 400),
    ];
    for (script, status) in cases {
        for deployments in [1, 2] {
            let scene = scene(script.clone(), deployments, json!({})).await;
            let told = Ask::chat("main").of(scene.gateway.address).await;
            assert_eq!((told.status, scene.asked()), (status, (1, 0)), "{script} {told:?}");
            assert_eq!(told.attempted(), (0, 0));
            assert_eq!(told.header("x-llm-gateway-layer"), Some("provider"));
            assert!(told.took < Duration::from_secs(1), "{told:?}");
        }
    }
}

#[tokio::test]
async fn long_prompts_and_refused_content_have_fallbacks_of_their_own() {
    let lists = json!({
        "fallbacks": [{"main": ["a"]}],
        "context_window_fallbacks": [{"main": ["b"]}],
        "content_policy_fallbacks": [{"main": ["c"]}],
    });
    for (script, by) in
        [(too_long(), "b"), (refused_content(), "c"), (json!({"error": {"status": 400}}), "a")]
    {
        let scene = scene(script, 2, lists.clone()).await;
        for stream in [false, true] {
            let told = Ask::new(Dialect::OpenAi, "main", stream).of(scene.gateway.address).await;
            assert_eq!((told.status, told.deployment()), (200, Some(by)), "{told:?}");
            assert_eq!((told.attempted(), scene.asked()), ((0, 1), (1, 1)));
        }
    }
    // Without such a list the general one serves; a list that does not name the group leaves the error as it is.
    let general = scene(too_long(), 1, json!({"fallbacks": [{"main": ["a"]}]})).await;
    assert_eq!(Ask::chat("main").of(general.gateway.address).await.deployment(), Some("a"));
    let other = json!({"fallbacks": [{"main": ["a"]}], "context_window_fallbacks": [{"b": ["c"]}]});
    let told = Ask::chat("main").of(scene(too_long(), 1, other).await.gateway.address).await;
    assert_eq!((told.status, told.code().as_str()), (400, "context_length_exceeded"), "{told:?}");
}

#[tokio::test]
async fn a_request_says_how_often_and_where() {
    let script = json!({"error": {"status": 500}});
    let router = json!({"num_retries": 1, "fallbacks": [{"main": ["a"]}], "circuit_breaker": {"consecutive_failures": 1_000}});
    let scene = scene(script, 3, router).await;
    let address = scene.gateway.address;
    let main = || Ask::chat("main");
    // Ask, who answers, requests at both vendors.
    let cases = [
        (main(), Some("a"), (2, 1)),
        (main().with("num_retries", 0), Some("a"), (1, 1)),
        (main().with("max_retries", 0), Some("a"), (1, 1)),
        (main().with("num_retries", 2), Some("a"), (3, 1)),
        (main().header("x-litellm-num-retries", "2"), Some("a"), (3, 1)),
        (main().header("x-litellm-num-retries", "2").with("num_retries", 0), Some("a"), (1, 1)),
        (main().with("fallbacks", json!(["b"])), Some("b"), (2, 1)),
        (main().with("fallbacks", json!([{"model": "c", "max_tokens": 7}])), Some("c"), (2, 1)),
        (main().with("fallbacks", json!(["nobody", "b"])), Some("b"), (2, 1)),
        (main().with("disable_fallbacks", true), None, (2, 0)),
        (main().with("disable_fallbacks", true).with("num_retries", 0), None, (1, 0)),
    ];
    for (ask, by, times) in cases {
        let told = ask.of(address).await;
        match by {
            Some(by) => assert_eq!((told.status, told.deployment()), (200, Some(by)), "{ask:?} {told:?}"),
            None => assert_eq!(told.status, 500, "{ask:?} {told:?}"),
        }
        if ask.body["fallbacks"][0]["max_tokens"] == 7 {
            let sent: Value = serde_json::from_slice(&scene.well.records()[0].body).unwrap();
            assert_eq!((&sent["max_tokens"], &sent["model"]), (&json!(7), &json!("c")));
        }
        for record in scene.bad.records().iter().chain(&scene.well.records()) {
            let sent: Value = serde_json::from_slice(&record.body).unwrap();
            for ours in ["num_retries", "max_retries", "fallbacks", "disable_fallbacks"] {
                assert!(sent.get(ours).is_none(), "{ours} reached a vendor: {sent}");
            }
        }
        assert_eq!(scene.asked(), times, "{ask:?}");
    }
    for (member, value) in
        [("num_retries", json!("many")), ("fallbacks", json!(7)), ("disable_fallbacks", json!(3))]
    {
        let told = main().with(member, value).of(address).await;
        assert_eq!((told.status, scene.asked()), (400, (0, 0)), "{told:?}");
    }
    let told = main().header("x-litellm-num-retries", "-1").of(address).await;
    assert_eq!(told.status, 400, "{told:?}");
}

#[tokio::test]
async fn failures_can_be_rehearsed() {
    let router = json!({
        "fallbacks": [{"main": ["a"]}],
        "context_window_fallbacks": [{"main": ["b"]}],
        "content_policy_fallbacks": [{"main": ["c"]}],
    });
    let scene = scene(json!({}), 2, router).await;
    let address = scene.gateway.address;
    for (member, by) in [
        ("mock_testing_fallbacks", "a"),
        ("mock_testing_context_fallbacks", "b"),
        ("mock_testing_content_policy_fallbacks", "c"),
    ] {
        let told = Ask::chat("main").with(member, true).of(address).await;
        assert_eq!((told.status, told.deployment(), scene.asked()), (200, Some(by), (0, 1)), "{told:?}");
        assert_eq!(told.attempted(), (0, 1));
        let told = Ask::chat("main").with(member, false).of(address).await;
        assert_eq!((told.status, scene.asked()), (200, (1, 0)), "{told:?}");
        let told = Ask::chat("main").with(member, true).with("disable_fallbacks", true).of(address).await;
        assert_eq!((told.code().as_str(), scene.asked()), (member, (0, 0)), "{told:?}");
    }
    // The first choice alone is limited, and nobody's health suffers.
    for _ in 0..10 {
        let told = Ask::chat("main").with("mock_testing_rate_limit_error", true).of(address).await;
        assert_eq!((told.status, scene.asked()), (200, (1, 0)), "{told:?}");
    }
}
