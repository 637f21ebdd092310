//! Many keys are changed with one request.

use llm_tenancy::KeyHash;
use serde_json::{Value, json};

use super::tenants::{settle, text};
use crate::office::{MASTER, Place};

async fn ask(place: &Place, who: &str, path: &str, body: &Value) -> Value {
    let (status, answer) = place.ask(&text(who), "POST", path, body).await;
    assert_eq!(status, 200, "{body}: {answer}");
    answer
}

/// The aliases of those that were changed, and how many were not.
fn done(answer: &Value) -> (Vec<&str>, usize) {
    let changed = answer["successful_updates"].as_array().unwrap();
    let mut changed: Vec<_> =
        changed.iter().map(|it| it["key_info"]["key_alias"].as_str().unwrap()).collect();
    changed.sort_unstable();
    (changed, answer["failed_updates"].as_array().unwrap().len())
}

#[tokio::test]
async fn each_key_is_changed_for_itself() {
    let place = settle().await;
    let body = json!({"keys": [
        {"key": text("member-in-t1"), "max_budget": 5, "tags": ["a"]},
        {"key": text("foreign-in-t2"), "max_budget": 5},
        {"key": text("absent"), "max_budget": 5},
        {"key": text("nobody-in-t1"), "spend": 5},
        {"key": text("permitted-in-t1"), "rpm_limit": 1},
    ]});
    let answer = ask(&place, "team_admin", "/key/bulk_update", &body).await;
    assert_eq!(answer["total_requested"], 5);
    assert_eq!(done(&answer), (vec!["member-in-t1", "permitted-in-t1"], 3));
    let failed = answer["failed_updates"].as_array().unwrap();
    assert_eq!(failed[0]["key"], json!(KeyHash::of(&text("foreign-in-t2"))));
    assert_eq!(failed[0]["failed_reason"], failed[1]["failed_reason"], "foreign and absent are told alike");
    assert_eq!((&failed[0]["key_info"], &failed[1]["key_info"]), (&Value::Null, &Value::Null));
    assert_eq!(failed[2]["key_info"]["key_alias"], "nobody-in-t1");
    assert!(!answer.to_string().contains("sk-member"));
    let body = json!({"keys": [{"key": text("user-alone"), "colour": "blue"}]});
    let ignored = place.ignored(MASTER, "POST", "/key/bulk_update", &body).await;
    assert_eq!(ignored.as_deref(), Some("keys[0].colour"));
    for (body, param) in [
        (json!({}), "keys"),
        (json!({"keys": []}), "keys"),
        (json!({"keys": vec![json!({"key": "x"}); 501]}), "keys"),
        (json!({"keys": [{"key": "x"}, {"max_budget": 1}]}), "keys[1].key"),
        (json!({"keys": [7]}), "keys[0]"),
    ] {
        let told = place.refusal(&text("team_admin"), "POST", "/key/bulk_update", &body).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some(param)));
    }
}

#[tokio::test]
async fn keys_of_a_team_are_changed_together() {
    let place = settle().await;
    let path = "/team/key/bulk_update";
    place.master("POST", "/key/block", &json!({"key": text("permitted-in-t1")})).await;
    let all = json!({"team_id": "t1", "all_keys_in_team": true, "update_fields": {"rpm_limit": 9, "metadata": {"a": 1}}});
    let answer = ask(&place, "team_admin", path, &all).await;
    assert_eq!(done(&answer), (vec!["bare", "member-in-t1", "nobody-in-t1"], 0), "blocked ones stay");
    let some = json!({
        "team_id": "t1", "key_ids": [text("member-in-t1"), text("foreign-in-t2"), text("absent"), text("member-in-t1")],
        "update_fields": {"tags": ["x"]},
    });
    let answer = ask(&place, "team_admin", path, &some).await;
    assert_eq!(done(&answer), (vec!["member-in-t1"], 2));
    let update =
        |team: &str| json!({"team_id": team, "all_keys_in_team": true, "update_fields": {"rpm_limit": 1}});
    let foreign = place.ask(&text("team_admin"), "POST", path, &update("t2")).await;
    assert_eq!(foreign, place.ask(&text("team_admin"), "POST", path, &update("nowhere")).await);
    assert_eq!(foreign.0, 404);
    for (body, param) in [
        (json!({"all_keys_in_team": true, "update_fields": {"rpm_limit": 1}}), "team_id"),
        (json!({"team_id": "t1", "update_fields": {"rpm_limit": 1}}), "key_ids"),
        (
            json!({"team_id": "t1", "all_keys_in_team": true, "key_ids": ["x"], "update_fields": {"rpm_limit": 1}}),
            "key_ids",
        ),
        (json!({"team_id": "t1", "all_keys_in_team": true}), "update_fields"),
        (json!({"team_id": "t1", "all_keys_in_team": true, "update_fields": {}}), "update_fields"),
        (
            json!({"team_id": "t1", "all_keys_in_team": true, "update_fields": {"metadata": {"guardrails": []}}}),
            "update_fields.guardrails",
        ),
        (
            json!({"team_id": "t1", "all_keys_in_team": true, "update_fields": {"user_id": "me"}}),
            "update_fields.user_id",
        ),
    ] {
        let told = place.refusal(&text("team_admin"), "POST", path, &body).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{body}");
    }
}
