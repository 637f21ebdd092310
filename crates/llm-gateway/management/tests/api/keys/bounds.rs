//! What new keys begin with, and what no key has more of.

use llm_management::KeyBounds;
use llm_pricing::Usd;
use serde_json::{Value, json};

use super::made;
use crate::office::{MASTER, Place};

fn bounds() -> KeyBounds {
    KeyBounds {
        max_budget: Some(Usd::from_nanos(100_000_000_000)),
        budget_duration: "10d".parse().ok(),
        duration: "30d".parse().ok(),
        max_parallel_requests: Some(4),
        tpm_limit: Some(1_000),
        rpm_limit: Some(10),
    }
}

fn assert_has(key: &Value, members: &Value) {
    for (member, value) in members.as_object().unwrap() {
        assert_eq!(&key[member], value, "{member}");
    }
}

#[tokio::test]
async fn a_key_begins_with_what_the_configuration_says() {
    let place = Place::new().await;
    place.master("POST", "/team/new", &json!({"team_id": "core"})).await;
    let defaults = json!({
        "max_budget": "1.5", "budget_duration": "7d", "duration": "1d", "rpm_limit": 5, "models": ["gpt-4o"],
        "metadata": {"setting": "default", "tags": ["blue"]}, "team_id": "core", "user_id": "anna",
    });
    place.bound_keys(&defaults, KeyBounds::default());
    let begun = json!({
        "max_budget": 1.5, "budget_duration": "7d", "expires": "2026-11-19T11:06:40Z", "rpm_limit": 5,
        "models": ["gpt-4o"], "metadata": {"setting": "default"}, "tags": ["blue"], "team_id": "core",
        "user_id": "anna", "tpm_limit": null,
    });
    let (_, key) = made(&place, &json!({"models": [], "metadata": {}})).await;
    assert_has(&key, &begun);
    assert!(key["budget_reset_at"].is_string());

    // What is said counts; a budget without an end of its period may be asked for.
    let said = json!({"max_budget": 9, "budget_duration": null, "models": ["m"], "rpm_limit": 50, "metadata": {"a": 1}});
    let (text, key) = made(&place, &said).await;
    assert_has(
        &key,
        &json!({"max_budget": 9, "budget_duration": null, "models": ["m"], "rpm_limit": 50, "metadata": {"a": 1}}),
    );
    let changed = place.master("POST", "/key/update", &json!({"key": text, "max_budget": null})).await;
    assert_eq!(changed["max_budget"], Value::Null, "a change brings nothing of it back");

    let machine = place.master("POST", "/key/service-account/generate", &json!({"key_alias": "robot"})).await;
    assert_has(&machine, &json!({"user_id": null, "team_id": "core", "max_budget": 1.5}));
}

#[tokio::test]
async fn no_key_has_more_than_its_bound() {
    let place = Place::new().await;
    let (old, _) = made(&place, &json!({"max_budget": 500, "rpm_limit": 50})).await;
    place.bound_keys(&json!({"max_budget": "200", "tpm_limit": 7}), bounds());
    let (_, key) = made(&place, &json!({"budget_duration": null})).await;
    let bounded = json!({
        "max_budget": 100, "budget_duration": "10d", "expires": "2026-12-18T11:06:40Z",
        "max_parallel_requests": 4, "tpm_limit": 7, "rpm_limit": 10,
    });
    assert_has(&key, &bounded);
    let full = json!({
        "max_budget": 100, "budget_duration": "10d", "duration": "30d", "max_parallel_requests": 4,
        "tpm_limit": 1_000, "rpm_limit": 10,
    });
    let (text, key) = made(&place, &full).await;
    assert_eq!(key["tpm_limit"], 1_000);

    for (said, param, value, bound) in [
        (json!({"max_budget": 200}), "max_budget", "200", "100"),
        (json!({"budget_duration": "11d"}), "budget_duration", "11d", "10d"),
        (json!({"duration": "31d"}), "duration", "31d", "30d"),
        (json!({"duration": "-1"}), "duration", "without a bound", "30d"),
        (json!({"expires": "2027-11-19T00:00:00Z"}), "expires", "2027-11-19T00:00:00Z", "30d"),
        (json!({"max_parallel_requests": 5}), "max_parallel_requests", "5", "4"),
        (json!({"tpm_limit": 1_001}), "tpm_limit", "1001", "1000"),
        (json!({"rpm_limit": 11}), "rpm_limit", "11", "10"),
    ] {
        let mut change = said.clone();
        change["key"] = json!(text);
        for (path, body) in [("/key/generate", &said), ("/key/update", &change), ("/key/regenerate", &change)]
        {
            let (status, answer) = place.ask(MASTER, "POST", path, body).await;
            let message = format!(
                "{param} is {value}; by litellm_settings.upperbound_key_generate_params it is {bound} at most"
            );
            assert_eq!(
                (status.as_u16(), &answer["error"]["param"], &answer["error"]["message"]),
                (400, &json!(param), &json!(message)),
                "{path}"
            );
        }
    }
    let no_budget = json!({"key": text, "max_budget": null});
    assert_eq!(place.refusal(MASTER, "POST", "/key/update", &no_budget).await.0, 400);
    // What was more before may stay, until it is said anew.
    let changed = place.master("POST", "/key/update", &json!({"key": old, "rpm_limit": 8})).await;
    assert_has(&changed, &json!({"max_budget": 500, "rpm_limit": 8}));
}

#[tokio::test]
async fn the_first_key_of_a_user_is_made_as_others_are() {
    let place = crate::people::populated().await;
    let defaults = json!({
        "max_budget": "200", "budget_duration": "7d", "models": ["gpt-4o"], "metadata": {"setting": "default"},
        "team_id": "north-team", "user_id": "ines",
    });
    place.bound_keys(&defaults, bounds());
    let begun = json!({
        "max_budget": 100, "budget_duration": "7d", "expires": "2026-12-18T11:06:40Z", "models": ["gpt-4o"],
        "max_parallel_requests": 4, "tpm_limit": 1_000, "rpm_limit": 10, "metadata": {"setting": "default"},
        "team_id": null,
    });
    let first_key = async |id: &str| {
        let info = place.master("GET", &format!("/user/info?user_id={id}"), &Value::Null).await;
        assert_eq!(info["user_info"]["max_budget"], Value::Null, "the key's budget is not the user's");
        assert_eq!(info["keys"].as_array().unwrap().len(), 1);
        info["keys"][0].clone()
    };
    place.master("POST", "/user/new", &json!({"user_id": "u1"})).await;
    let key = first_key("u1").await;
    assert_has(&key, &begun);
    assert_eq!(key["user_id"], "u1");
    assert!(key["budget_reset_at"].is_string());
    let body = json!({"user_id": "u2", "team_id": "south-team", "duration": "1d"});
    place.master("POST", "/user/new", &body).await;
    assert_has(&first_key("u2").await, &json!({"team_id": "south-team", "expires": "2026-11-19T11:06:40Z"}));
    let body = json!({"users": [{"user_id": "u3", "auto_create_key": true}]});
    place.master("POST", "/management/v1/users/bulk", &body).await;
    assert_has(&first_key("u3").await, &begun);
    let olga = crate::people::key_of("olga");
    let body = json!({"user_id": "u4", "organizations": ["north"]});
    let (status, made) = place.ask(&olga, "POST", "/user/new", &body).await;
    assert_eq!(status.as_u16(), 200, "{made}");
    assert_has(&first_key("u4").await, &begun);

    let body = json!({"user_id": "u5", "duration": "31d"});
    let (status, answer) = place.ask(MASTER, "POST", "/user/new", &body).await;
    let message = "duration is 31d; by litellm_settings.upperbound_key_generate_params it is 30d at most";
    assert_eq!((status.as_u16(), &answer["error"]["message"]), (400, &json!(message)));
    assert_eq!(place.refusal(MASTER, "GET", "/user/info?user_id=u5", &Value::Null).await.0, 404);
}
