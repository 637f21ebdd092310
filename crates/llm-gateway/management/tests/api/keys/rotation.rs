//! Keys get another text.

use llm_tenancy::KeyHash;
use serde_json::{Value, json};

use super::{info, made};
use crate::office::{MASTER, Place};

#[tokio::test]
async fn a_key_gets_another_text() {
    let place = Place::new().await;
    let (old, before) = made(&place, &json!({"key_alias": "ci", "max_budget": 5, "spend": 2})).await;
    let body = json!({"key": old, "max_budget": 7, "grace_period": "1h"});
    let new = place.master("POST", "/key/regenerate", &body).await;
    let text = new["key"].as_str().unwrap();
    assert_ne!(text, old);
    for (member, value) in [
        ("token_id", json!(KeyHash::of(text))),
        ("max_budget", json!(7)),
        ("spend", json!(2)),
        ("key_alias", json!("ci")),
        ("rotation_count", json!(1)),
        ("created_at", before["created_at"].clone()),
    ] {
        assert_eq!(new[member], value, "{member}");
    }
    // For an hour both open it; then one.
    for key in [&old, text] {
        assert_eq!(place.ask(key, "GET", "/key/info", &Value::Null).await.1["key"], new["token"], "{key}");
    }
    place.pass(3_600_000);
    assert_eq!(place.ask(&old, "GET", "/key/info", &Value::Null).await.0, 401);
    assert_eq!(place.ask(text, "GET", "/key/info", &Value::Null).await.0, 200);
    // Without grace the old text ends at once. The body may be left out.
    let chosen = json!({"new_key": "sk-chosen-0123456789", "spend": 1});
    let path = format!("/key/{}/regenerate", new["token"].as_str().unwrap());
    let third = place.master("POST", &path, &chosen).await;
    assert_eq!((&third["key"], &third["spend"]), (&json!("sk-chosen-0123456789"), &json!(1)));
    assert_eq!(place.ask(text, "GET", "/key/info", &Value::Null).await.0, 401);
    assert_eq!(place.refusal(MASTER, "POST", &path, &Value::Null).await.0, 404);
    let path = "/key/sk-chosen-0123456789/regenerate";
    assert_eq!(place.refusal(MASTER, "POST", path, &chosen).await.0, 400, "the same text");
    place.master("POST", path, &Value::Null).await;
    assert_eq!(place.refusal(MASTER, "POST", path, &Value::Null).await.0, 404);
}

#[tokio::test]
async fn what_is_due_is_told() {
    let place = Place::new().await;
    let (text, key) = made(&place, &json!({"auto_rotate": true, "rotation_interval": "30d"})).await;
    assert_eq!(
        (&key["key_rotation_at"], &key["rotation_due"]),
        (&json!("2026-12-18T11:06:40Z"), &json!(false))
    );
    place.pass(31 * 86_400_000);
    assert_eq!(info(&place, &text).await["rotation_due"], true);
    let new = place.master("POST", &format!("/key/{text}/regenerate"), &Value::Null).await;
    assert_eq!(
        (&new["key_rotation_at"], &new["rotation_due"]),
        (&json!("2027-01-18T11:06:40Z"), &json!(false))
    );
    let body = json!({"key": new["key"], "auto_rotate": false});
    assert_eq!(place.master("POST", "/key/update", &body).await["key_rotation_at"], Value::Null);
}
