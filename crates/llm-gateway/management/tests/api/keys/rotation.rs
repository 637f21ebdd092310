//! Keys get another text.

use llm_management::Rotated;
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

const DAY_MS: i64 = 86_400_000;

fn rotating(alias: &str) -> Value {
    json!({"key_alias": alias, "auto_rotate": true, "rotation_interval": "30d"})
}

#[tokio::test]
async fn what_is_due_goes_to_the_secret_manager() {
    let place = Place::new().await;
    place.keep_keys(true);
    let (old, before) = made(&place, &rotating("ci")).await;
    assert_eq!(place.kept("ci").as_deref(), Some(old.as_str()), "as soon as it is made");
    let user = place.master("POST", "/user/new", &json!({"user_id": "u1", "key_alias": "first"})).await;
    assert_eq!(place.kept("first").as_deref(), user["key"].as_str(), "with a user, too");
    let blocked =
        json!({"key_alias": "blocked", "auto_rotate": true, "rotation_interval": "30d", "blocked": true});
    let (of_blocked, _) = made(&place, &blocked).await;
    let (nameless, _) = made(&place, &json!({"auto_rotate": true, "rotation_interval": "30d"})).await;
    let (later, _) =
        made(&place, &json!({"key_alias": "later", "auto_rotate": true, "rotation_interval": "60d"})).await;
    let grace = "24h".parse().unwrap();
    assert_eq!(place.office.rotate_due(grace).await.unwrap(), Rotated::default());

    place.pass(31 * DAY_MS);
    let (one, other) = tokio::join!(place.office.rotate_due(grace), place.office.rotate_due(grace));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(
        [one.rotated.clone(), other.rotated.clone()].concat(),
        ["ci"],
        "by one of both: {one:?} {other:?}"
    );
    assert!(one.failed.is_empty() && other.failed.is_empty(), "{one:?} {other:?}");
    let new = place.kept("ci").unwrap();
    assert_ne!(new, old);
    let now = info(&place, &new).await;
    assert_eq!((&now["rotation_count"], &now["rotation_due"]), (&json!(1), &json!(false)));
    assert_eq!(now["created_at"], before["created_at"]);
    for key in [&of_blocked, &nameless] {
        assert_eq!(info(&place, key).await["rotation_due"], true, "nobody could be given another text");
    }
    assert_eq!(info(&place, &later).await["rotation_count"], 0);
    let audit = place.master("GET", &format!("/audit?object_id={}", KeyHash::of(&old)), &Value::Null).await;
    assert!(audit.to_string().contains("rotated"), "{audit}");

    // The old text works as long as it is to.
    assert_eq!(place.ask(&old, "GET", "/key/info", &Value::Null).await.0, 200);
    place.pass(DAY_MS);
    assert_eq!(place.ask(&old, "GET", "/key/info", &Value::Null).await.0, 401);
    assert_eq!(place.ask(&new, "GET", "/key/info", &Value::Null).await.0, 200);
}

#[tokio::test]
async fn a_secret_manager_that_is_away_changes_nothing() {
    let place = Place::new().await;
    place.keep_keys(false);
    let (old, _) = made(&place, &rotating("ci")).await;
    place.pass(31 * DAY_MS);
    let grace = "1h".parse().unwrap();
    let round = place.office.rotate_due(grace).await.unwrap();
    assert_eq!(round.failed, [("ci".to_owned(), "is away".to_owned())]);
    let told = info(&place, &old).await;
    assert_eq!((&told["rotation_due"], &told["rotation_count"]), (&json!(true), &json!(0)));
    place.pass(DAY_MS);
    assert_eq!(place.ask(&old, "GET", "/key/info", &Value::Null).await.0, 200, "it has no end");

    place.keep_keys(true);
    assert_eq!(place.office.rotate_due(grace).await.unwrap().rotated, ["ci"]);
    let new = place.kept("ci").unwrap();
    assert_eq!(info(&place, &new).await["rotation_count"], 1);
    // Whoever asks for another text gets it, and so does the secret manager.
    let third = place.master("POST", &format!("/key/{new}/regenerate"), &Value::Null).await;
    assert_eq!(place.kept("ci").as_deref(), third["key"].as_str());
}

#[tokio::test]
async fn whoever_wants_a_rotation_that_nobody_does_is_told() {
    let place = Place::new().await;
    let ignored = async |body: Value| place.ignored(MASTER, "POST", "/key/generate", &body).await;
    assert_eq!(ignored(rotating("a")).await.as_deref(), Some("auto_rotate"));
    assert_eq!(place.office.rotate_due("1h".parse().unwrap()).await.unwrap(), Rotated::default());
    place.keep_keys(true);
    assert_eq!(ignored(rotating("b")).await, None);
    let nameless = json!({"auto_rotate": true, "rotation_interval": "30d"});
    assert_eq!(ignored(nameless).await.as_deref(), Some("auto_rotate"), "it is found by its alias there");
    assert_eq!(ignored(json!({"key_alias": "c", "auto_rotate": false})).await, None);
}

/// Whoever finds the new text in the secret manager may have it before the gateway has heard that it is there.
#[tokio::test]
async fn a_text_that_was_handed_over_names_its_key() {
    let place = Place::new().await;
    place.keep_keys(true);
    for (alias, spend) in [("ci", 2), ("other", 0), ("gone", 0)] {
        let mut body = rotating(alias);
        body["spend"] = json!(spend);
        made(&place, &body).await;
    }
    place.pass(31 * DAY_MS);
    // The secret manager has taken the texts, and its answers come to nothing.
    place.lose_answers();
    let round = place.office.rotate_due("1h".parse().unwrap()).await.unwrap();
    assert_eq!((round.rotated.len(), round.failed.len()), (0, 3), "{round:?}");
    let text = place.kept("ci").unwrap();
    let hash = KeyHash::of(&text).to_string();
    for name in [&text, &hash] {
        let told = info(&place, name).await;
        assert_eq!((&told["key_alias"], &told["rotation_count"]), (&json!("ci"), &json!(0)));
    }
    let changed = place.master("POST", "/key/update", &json!({"key": text, "max_budget": 7})).await;
    assert_eq!((&changed["key_alias"], &changed["max_budget"]), (&json!("ci"), &json!(7)));
    place.master("POST", "/key/block", &json!({"key": hash})).await;
    assert_eq!(place.ask(&text, "GET", "/key/info", &Value::Null).await.0, 401, "it is blocked");
    place.master("POST", "/key/unblock", &json!({"key": text})).await;
    place.master("POST", &format!("/key/{text}/reset_spend"), &json!({"reset_to": 1})).await;
    assert_eq!(info(&place, &text).await["spend"], 1);
    let bulk =
        json!({"keys": [{"key": text, "max_budget": 8}, {"key": place.kept("other"), "max_budget": 9}]});
    let bulk = place.master("POST", "/key/bulk_update", &bulk).await;
    assert_eq!(bulk["failed_updates"], json!([]), "{bulk}");
    let told = place.master("POST", "/v2/key/info", &json!({"keys": [text]})).await;
    assert_eq!(told["info"][0]["max_budget"], 8);
    let listed = place.master("GET", &format!("/key/list?key_hash={hash}"), &Value::Null).await;
    assert_eq!(listed["total_count"], 1, "{listed}");

    let gone = place.kept("gone").unwrap();
    place.master("POST", "/key/delete", &json!({"keys": [gone]})).await;
    assert_eq!(place.refusal(MASTER, "POST", "/key/update", &json!({"key": gone, "spend": 0})).await.0, 404);
    // Foreign hands reach no further with it than with one that is not there.
    let stranger = place.master("POST", "/user/new", &json!({"user_id": "stranger"})).await;
    let stranger = stranger["key"].as_str().unwrap();
    for name in [text.as_str(), "sk-of-nobody-0123456789"] {
        let body = json!({"key": name, "max_budget": 1});
        assert_eq!(place.refusal(stranger, "POST", "/key/update", &body).await.0, 404, "{name}");
    }
    // Whoever asks for another text ends both.
    let third = place.master("POST", &format!("/key/{text}/regenerate"), &Value::Null).await;
    assert_eq!(third["key_alias"], "ci");
    assert_eq!(place.refusal(MASTER, "POST", "/key/update", &json!({"key": text, "spend": 0})).await.0, 404);
    assert_eq!(place.ask(third["key"].as_str().unwrap(), "GET", "/key/info", &Value::Null).await.0, 200);
}

/// Changes that come while the secret manager takes a text are not lost, whichever text names the key.
#[tokio::test]
async fn a_key_is_changed_while_it_is_rotated() {
    let place = Place::new().await;
    place.keep_keys(true);
    made(&place, &rotating("ci")).await;
    place.pass(31 * DAY_MS);
    place.when_kept(|office, text| async move {
        let body = json!({"key": text, "max_budget": 7}).to_string();
        let request = http::Request::post("/key/update")
            .header("authorization", format!("Bearer {MASTER}"))
            .header("content-type", "application/json");
        let answer =
            tower::ServiceExt::oneshot(office, request.body(axum::body::Body::from(body)).unwrap()).await;
        assert_eq!(answer.unwrap().status(), 200);
    });
    let round = place.office.rotate_due("1h".parse().unwrap()).await.unwrap();
    assert_eq!((round.rotated, round.failed), (vec!["ci".to_owned()], Vec::new()));
    let now = info(&place, &place.kept("ci").unwrap()).await;
    assert_eq!((&now["max_budget"], &now["rotation_count"]), (&json!(7), &json!(1)));
}
