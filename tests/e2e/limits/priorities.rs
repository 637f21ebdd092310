//! What of a model's rates is reserved for whom.

use std::time::Duration;

use serde_json::{Value, json};

use super::{CHAT, Gateway, MASTER, config, key, post, scripted};
use crate::client::{connect, eventually, send};
use crate::shared::agreement::within_a_minute;

/// A gateway whose model `mock` takes 10 requests and 1000 tokens a minute, by two deployments, and whose model `free` as
/// many as one likes; with these reservations.
fn start(reservation: &Value) -> (Gateway, Value) {
    let mut config = config(&[("litellm_settings", reservation.clone())]);
    let of = config["model_list"][0].clone();
    let model = |name: &str, rates: &[(&str, u64)]| {
        let mut model = of.clone();
        model["model_name"] = name.into();
        for (rate, most) in rates {
            model["litellm_params"][*rate] = json!(most);
        }
        model
    };
    config["model_list"] = json!([
        model("mock", &[("rpm", 6), ("tpm", 1_000)]),
        model("mock", &[("rpm", 4)]),
        model("free", &[])
    ]);
    (Gateway::start(&config), config)
}

/// Reserves nine tenths for `prod`, a tenth for `dev`, and a fifth for those who are neither.
fn tenths() -> Value {
    json!({
        "priority_reservation": {"prod": 0.9, "dev": {"type": "rpm", "value": 1}},
        "priority_reservation_settings": {"default_priority": 0.2, "saturation_threshold": 0.5},
    })
}

async fn key_of(gateway: &Gateway, priority: &str) -> String {
    key(gateway, &json!({"metadata": {"priority": priority}})).await
}

fn asks(model: &str, tokens: u64) -> Value {
    let usage = json!({"usage": {"prompt_tokens": tokens, "completion_tokens": 1}});
    scripted(&usage, &json!({"model": model}))
}

#[tokio::test]
async fn each_priority_has_its_share_once_the_model_is_saturated() {
    let (gateway, mut config) = start(&tenths());
    let (dev, also_dev) = (key_of(&gateway, "dev").await, key_of(&gateway, "dev").await);
    let team = json!({"team_id": "live", "metadata": {"priority": "prod"}});
    assert_eq!(post(&gateway, MASTER, "/team/new", &team).await.0, 200);
    // Its own word does not make it less than its team is.
    let prod = key(&gateway, &json!({"team_id": "live", "metadata": {"priority": "dev"}})).await;
    let (none, other) = (key(&gateway, &json!({})).await, key_of(&gateway, "unheard-of").await);
    let body = asks("mock", 1);
    let ask = async |key: &str| post(&gateway, key, CHAT, &body).await;
    within_a_minute(Duration::from_secs(20)).await;

    for turn in 0..5 {
        let (status, answer) = ask(if turn % 2 == 0 { &dev } else { &also_dev }).await;
        assert_eq!(status, 200, "all of it is there for everybody while it is idle: {answer}");
    }
    let (status, refused) = ask(&dev).await;
    let error = &refused["error"];
    assert_eq!(
        (status, &error["level"], &error["subject"]),
        (429, &json!("priority"), &json!("dev")),
        "{error}"
    );
    assert_eq!((&error["limit"], &error["current"], &error["of"]), (&json!(1), &json!(5), &json!("mock")));
    assert_eq!(
        (&error["rate_limit_type"], &error["code"]),
        (&json!("requests"), &json!("rate_limit_exceeded"))
    );
    assert!(error["reset_at"].as_str().is_some_and(|at| at.ends_with(":00Z")), "{error}");
    let (status, told) = post(&gateway, &also_dev, "/v1/explain", &body).await;
    let limits = told["limits"].as_array().unwrap();
    let of = |level: &str, kind: &str| {
        limits.iter().find(|it| it["level"] == level && it["type"] == kind).unwrap_or(&Value::Null)
    };
    assert_eq!((status, &of("priority", "requests")["refuses"]), (200, &json!(true)), "{told}");
    assert_eq!(
        (&of("model", "requests")["current"], &of("model", "requests")["limit"]),
        (&json!(5), &Value::Null)
    );

    for _ in 0..9 {
        let (status, answer) = ask(&prod).await;
        assert_eq!(status, 200, "this is reserved for it: {answer}");
    }
    let (status, refused) = ask(&prod).await;
    assert_eq!((status, &refused["error"]["subject"]), (429, &json!("prod")), "{refused}");
    for key in [&none, &other] {
        assert_eq!(ask(key).await.0, 200, "all others have a share as well");
    }
    let (status, refused) = ask(&none).await;
    assert_eq!((status, &refused["error"]["limit"]), (429, &json!(2)), "{refused}");
    assert_eq!(
        post(&gateway, &dev, CHAT, &asks("free", 1)).await.0,
        200,
        "nothing is reserved of a model without rates"
    );
    assert_eq!(post(&gateway, MASTER, CHAT, &body).await.0, 200, "the master key is bounded by nothing");

    // What is reserved may be changed under way.
    config["litellm_settings"]["priority_reservation"] = json!({"prod": 0.1, "dev": 0.9});
    gateway.rewrite(&config);
    eventually(async || ask(&dev).await.0 == 200).await;
    assert_eq!(ask(&prod).await.0, 429);
}

#[tokio::test]
async fn tokens_are_reserved_as_requests_are() {
    let shares = json!({"prod": 0.8, "dev": {"type": "tpm", "value": 200}});
    let (gateway, _) = start(&json!({"priority_reservation": shares}));
    let (dev, prod) = (key_of(&gateway, "dev").await, key_of(&gateway, "prod").await);
    within_a_minute(Duration::from_secs(15)).await;
    let (status, answer) = post(&gateway, &dev, CHAT, &asks("mock", 600)).await;
    assert_eq!(status, 200, "{answer}");
    let settled = async || {
        let told = post(&gateway, &dev, "/v1/explain", &asks("mock", 1)).await.1;
        let of_model = |it: &&Value| it["level"] == "model" && it["type"] == "tokens";
        let tokens = told["limits"].as_array().unwrap().iter().find(of_model).expect("it is counted").clone();
        tokens["reserved"] == 0 && tokens["current"] == 601
    };
    eventually(settled).await;
    // Its own share of the tokens is spent, and that of its requests is not.
    let small =
        scripted(&json!({"usage": {"prompt_tokens": 9, "completion_tokens": 1}}), &json!({"max_tokens": 1}));
    let (status, refused) = post(&gateway, &dev, CHAT, &small).await;
    let error = &refused["error"];
    assert_eq!((status, &error["level"], &error["limit"]), (429, &json!("priority"), &json!(200)), "{error}");
    assert_eq!((&error["rate_limit_type"], &error["current"]), (&json!("tokens"), &json!(601)));

    let bearer = format!("Bearer {prod}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let answer = send(connect(gateway.address).await, "POST", CHAT, &headers, &small).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-ratelimit-limit-tokens"), Some("800"), "now that it counts it is told");
}
