//! Budgets of models and of groups of models, and what is told of limits beforehand.

use serde_json::{Value, json};

use super::{CHAT, Gateway, MASTER, config, entry, key, post, scripted};
use crate::client::{connect, send, soon};

/// A gateway with the models `dear` and `cheap`, which cost the same, and belong to the group `both`.
fn start() -> Gateway {
    let mut config = config(&[]);
    let of = config["model_list"][0].clone();
    let named = |name: &str| {
        let mut model = of.clone();
        (model["model_name"], model["model_info"]) =
            (name.into(), json!({"id": name, "access_groups": ["both"]}));
        model
    };
    config["model_list"] = json!([of, named("dear"), named("cheap")]);
    Gateway::start(&config)
}

/// A request that takes 100 tokens to read and 100 to write.
fn asks(model: &str) -> Value {
    let usage = json!({"usage": {"prompt_tokens": 100, "completion_tokens": 100}});
    scripted(&usage, &json!({"model": model, "max_tokens": 100}))
}

#[tokio::test]
async fn where_a_models_budget_is_spent_another_is_asked() {
    let gateway = start();
    let budget = json!({"dear": {"budget_limit": 0.0004, "time_period": "30d"}});
    let fields = json!({"model_max_budget": budget, "rpm_limit": 3,
        "budget_fallbacks": {"dear": ["no-such-model", "cheap"]}});
    let (falls, stays) =
        (key(&gateway, &fields).await, key(&gateway, &json!({"model_max_budget": budget})).await);
    let ask = async |key: &str| {
        let bearer = format!("Bearer {key}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let mut answer = send(connect(gateway.address).await, "POST", CHAT, &headers, &asks("dear")).await;
        let told = |name: &str| answer.header(name).map(ToOwned::to_owned);
        let (id, turns) = (told("x-litellm-model-id"), told("x-litellm-attempted-fallbacks"));
        let body: Value = serde_json::from_str(&answer.body().await).unwrap();
        (answer.status, id.unwrap_or_default(), turns.unwrap_or_default(), body)
    };
    let (status, id, turns, _) = ask(&falls).await;
    assert_eq!((status, id.as_str(), turns.as_str()), (200, "dear", "0"));
    for _ in 0..2 {
        let (status, id, turns, body) = ask(&falls).await;
        assert_eq!((status, id.as_str(), turns.as_str()), (200, "cheap", "1"), "{body}");
    }
    let (status, .., body) = ask(&falls).await;
    assert_eq!(
        (status, &body["error"]["rate_limit_type"]),
        (429, &json!("requests")),
        "each counted once: {body}"
    );

    assert_eq!(ask(&stays).await.0, 200);
    let (status, .., body) = ask(&stays).await;
    assert_eq!((status, &body["error"]["of"]), (429, &json!("dear")), "nobody was named for it: {body}");
}

#[tokio::test]
async fn a_groups_budget_is_for_the_models_that_name_it() {
    let gateway = start();
    let manage = async |method: &str, path: &str, body: &Value| {
        let bearer = format!("Bearer {MASTER}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let mut answer = send(connect(gateway.address).await, method, path, &headers, body).await;
        let text = answer.body().await;
        assert_eq!(answer.status, 200, "{path}: {text}");
        serde_json::from_str::<Value>(&text).unwrap()
    };
    manage("POST", "/access_group/new", &json!({"access_group": "both", "model_names": ["mock"]})).await;
    manage("PUT", "/access_group/both/budget", &json!({"max_budget": 0.0004})).await;
    let key = key(&gateway, &json!({})).await;
    assert_eq!(post(&gateway, &key, CHAT, &asks("dear")).await.0, 200);
    let (status, refused) = post(&gateway, &key, CHAT, &asks("cheap")).await;
    assert_eq!((status, &refused["error"]["level"]), (429, &json!("group")), "{refused}");
    entry(&gateway, &key).await;
    let spent = manage("GET", "/access_group/both/info", &Value::Null).await["spend"].as_f64();
    assert_eq!(spent, Some(0.0002), "and so it is told");
}

#[tokio::test]
async fn a_group_without_a_budget_knows_what_is_spent() {
    let gateway = start();
    let (status, made) = post(
        &gateway,
        MASTER,
        "/access_group/new",
        &json!({"access_group": "both", "model_names": ["mock"]}),
    )
    .await;
    assert_eq!(status, 200, "{made}");
    let key = key(&gateway, &json!({})).await;
    assert_eq!(post(&gateway, &key, CHAT, &asks("dear")).await.0, 200);
    entry(&gateway, &key).await;
    let bearer = format!("Bearer {MASTER}");
    let headers = [("authorization", bearer.as_str())];
    let mut told =
        send(connect(gateway.address).await, "GET", "/access_group/both/info", &headers, &Value::Null).await;
    let told: Value = serde_json::from_str(&told.body().await).unwrap();
    assert_eq!(told["spend"].as_f64(), Some(0.0002), "{told}");
}

#[tokio::test]
async fn limits_are_told_beforehand_and_nothing_is_taken() {
    let gateway = start();
    let fields = json!({"max_budget": 0.0006, "budget_duration": "30d", "rpm_limit": 3, "max_parallel_requests": 1,
        "model_max_budget": {"dear": {"budget_limit": 0.0003}}});
    let key = key(&gateway, &fields).await;
    let explain = async |model: &str| {
        let (status, told) = post(&gateway, &key, "/v1/explain", &asks(model)).await;
        assert_eq!(status, 200, "{told}");
        told["limits"].as_array().unwrap().clone()
    };
    let of = |limits: &[Value], kind: &str, of: &Value| {
        let found = limits.iter().find(|limit| limit["type"] == kind && limit["of"] == *of);
        found.unwrap_or_else(|| panic!("no {kind} of {of} in {limits:?}")).clone()
    };
    for _ in 0..3 {
        let limits = explain("dear").await;
        assert!(
            limits.iter().all(|limit| limit["refuses"] == false && limit["level"] == "key"),
            "{limits:?}"
        );
        assert_eq!(limits.len(), 4, "{limits:?}");
        assert_eq!(of(&limits, "requests", &Value::Null)["current"], 0, "nothing was taken");
    }
    assert_eq!(post(&gateway, &key, CHAT, &asks("dear")).await.0, 200);
    let settled = async {
        loop {
            let limits = explain("dear").await;
            if of(&limits, "max_parallel_requests", &Value::Null)["current"] == 0 {
                return limits;
            }
        }
    };
    let limits = soon(settled).await;
    let whole = of(&limits, "budget", &Value::Null);
    assert_eq!(
        (&whole["limit"], &whole["current"], &whole["reserved"]),
        (&json!("0.0006"), &json!("0.0002"), &json!("0"))
    );
    assert_eq!((&whole["refuses"], &whole["period"]), (&json!(false), &json!("30d")));
    assert!(whole["reset_at"].is_string(), "{whole}");
    let own = of(&limits, "budget", &json!("dear"));
    assert_eq!(
        (&own["limit"], &own["refuses"], &own["reset_at"]),
        (&json!("0.0003"), &json!(true), &Value::Null)
    );
    assert_eq!(of(&limits, "requests", &Value::Null)["current"], 1);
    assert_eq!(post(&gateway, &key, CHAT, &asks("dear")).await.0, 429, "as was told");
    let limits = explain("cheap").await;
    assert!(limits.iter().all(|limit| limit["refuses"] == false), "{limits:?}");
}

#[tokio::test]
async fn a_teams_metadata_has_rates_of_models() {
    let gateway = start();
    let team = json!({"team_id": "t", "metadata": {"model_rpm_limit": {"dear": 1}, "model_tpm_limit": {"cheap": 250}}});
    let (status, made) = post(&gateway, MASTER, "/team/new", &team).await;
    assert_eq!((status, &made["metadata"]), (200, &json!({})), "{made}");
    let of_team = json!({"team_id": "t"});
    let (one, other) = (key(&gateway, &of_team).await, key(&gateway, &of_team).await);
    let ask = async |key: &str, model: &str| {
        let (status, told) = post(&gateway, key, CHAT, &asks(model)).await;
        (status, told["error"]["level"].as_str().map(ToOwned::to_owned))
    };
    let refused = (429, Some("team".to_owned()));
    assert_eq!(ask(&one, "dear").await, (200, None));
    assert_eq!(ask(&other, "dear").await, refused, "a request a minute for all keys of the team");
    assert_eq!(ask(&other, "cheap").await, (200, None));
    assert_eq!(ask(&one, "cheap").await, refused, "200 of 250 tokens are used");
}
