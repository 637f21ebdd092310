//! Keys.

mod bounds;
mod claims;
mod lists;
mod many;
mod rights;
mod rotation;
mod tenants;

use llm_store::Store;
use llm_tenancy::management::{ROUTES, Resource, Scope};
use llm_tenancy::{KeyHash, VirtualKey};
use serde_json::{Value, json};

use crate::office::{MASTER, Place};

/// A key with these members, by the master key.
async fn made(place: &Place, body: &Value) -> (String, Value) {
    let key = place.master("POST", "/key/generate", body).await;
    (key["key"].as_str().unwrap().to_owned(), key)
}

async fn info(place: &Place, key: &str) -> Value {
    place.master("GET", &format!("/key/info?key={key}"), &Value::Null).await["info"].clone()
}

async fn stored(store: &Store, key: &str) -> VirtualKey {
    store.get::<VirtualKey>(&KeyHash::meant_by(key), &Scope::everything()).await.unwrap().value
}

#[test]
fn every_route_of_keys_is_served() {
    let paths = llm_management::paths();
    for route in ROUTES.iter().filter(|route| route.resource == Resource::Key) {
        let served = paths.get(route.path).and_then(|path| path.get(route.method.to_ascii_lowercase()));
        assert!(served.is_some(), "{} {}", route.method, route.path);
    }
}

#[tokio::test]
async fn a_keys_life() {
    let place = Place::new().await;
    let body = json!({
        "key_alias": "ci", "user_id": "anna", "models": ["gpt-4o"], "max_budget": 12.5, "budget_duration": "daily",
        "duration": "30d", "metadata": {"app": "x", "tags": ["blue"], "model_rpm_limit": {"gpt-4o": 5}},
        "aliases": {"fast": "gpt-4o"}, "config": {}, "spend": 0.25, "send_invite_email": true,
    });
    let (text, key) = made(&place, &body).await;
    assert!(text.starts_with("sk-") && text.len() == 46, "{text}");
    let hash = KeyHash::of(&text).to_string();
    for (member, value) in [
        ("token", json!(hash)),
        ("token_id", json!(hash)),
        ("key_name", json!(format!("sk-...{}", &text[42..]))),
        ("user_id", json!("anna")),
        ("expires", json!("2026-12-18T11:06:40Z")),
        ("max_budget", json!(12.5)),
        ("budget_duration", json!("24h")),
        ("budget_reset_at", json!("2026-11-19T00:00:00Z")),
        ("metadata", json!({"app": "x"})),
        ("tags", json!(["blue"])),
        ("model_rpm_limit", json!({"gpt-4o": 5})),
        ("aliases", json!({"fast": "gpt-4o"})),
        ("spend", json!(0.25)),
        ("status", json!("active")),
        ("blocked", json!(false)),
        ("key_type", json!("default")),
    ] {
        assert_eq!(key[member], value, "{member}");
    }
    // By its text, by its hash, by itself; and its text is never told again.
    let shown = info(&place, &hash).await;
    assert_eq!(shown, info(&place, &text).await);
    assert_eq!(place.ask(&text, "GET", "/key/info", &Value::Null).await.1["info"], shown);
    assert!(!shown.to_string().contains(&text));

    let body =
        json!({"key": text, "max_budget": null, "metadata": {"app": "y"}, "duration": "-1", "rpm_limit": 7});
    let changed = place.master("POST", "/key/update", &body).await;
    assert_eq!(changed["key"], hash);
    for (member, value) in [
        ("max_budget", Value::Null),
        ("metadata", json!({"app": "y"})),
        ("expires", Value::Null),
        ("rpm_limit", json!(7)),
        ("tags", json!(["blue"])),
        ("models", json!(["gpt-4o"])),
        ("spend", json!(0.25)),
    ] {
        assert_eq!(changed[member], value, "{member}");
    }
    let body = json!({"key_alias": "ci", "spend": 3, "tags": []});
    let changed = place.master("POST", "/key/update", &body).await;
    assert_eq!((&changed["spend"], &changed["tags"]), (&json!(3), &json!([])), "named by its alias");

    let blocked = place.master("POST", "/key/block", &json!({"key": hash})).await;
    assert_eq!((&blocked["blocked"], &blocked["status"]), (&json!(true), &json!("revoked")));
    assert_eq!(place.ask(&text, "GET", "/key/info", &Value::Null).await.0, 401);
    place.master("POST", "/key/unblock", &json!({"key": text})).await;
    assert_eq!(place.ask(&text, "GET", "/key/info", &Value::Null).await.0, 200);

    let path = format!("/key/{hash}/reset_spend");
    let reset = place.master("POST", &path, &json!({"reset_to": 1})).await;
    assert_eq!((&reset["spend"], &reset["previous_spend"]), (&json!(1), &json!(3)));
    assert_eq!(place.refusal(MASTER, "POST", &path, &json!({"reset_to": 2})).await.0, 400);

    let gone = place.master("POST", "/key/delete", &json!({"keys": [text]})).await;
    assert_eq!(gone, json!({"deleted_keys": [hash]}));
    let shown = info(&place, &text).await;
    assert_eq!((&shown["status"], &shown["key_alias"]), (&json!("deleted"), &json!("ci")));
    assert!(shown["deleted_at"].is_string());
    assert_eq!(place.refusal(MASTER, "POST", "/key/delete", &json!({"keys": [text]})).await.0, 404);
    assert_eq!(place.refusal(&text, "GET", "/key/info", &Value::Null).await.0, 401);
}

#[tokio::test]
async fn keys_go_by_their_aliases_all_or_none() {
    let place = Place::new().await;
    for alias in ["a", "b"] {
        made(&place, &json!({"key_alias": alias})).await;
    }
    let told = place.refusal(MASTER, "POST", "/key/delete", &json!({"key_aliases": ["a", "c"]})).await;
    assert_eq!((told.0, told.1.as_deref()), (404, Some("not_found")));
    let gone = place.master("POST", "/key/delete", &json!({"key_aliases": ["a", "b"]})).await;
    assert_eq!(gone, json!({"deleted_keys": ["a", "b"]}));
    let told = place.refusal(MASTER, "POST", "/key/delete", &json!({"keys": [], "key_aliases": null})).await;
    assert_eq!((told.0, told.2.as_deref()), (400, Some("keys")));
}

#[tokio::test]
async fn what_makes_no_sense_is_named() {
    let place = Place::new().await;
    place
        .master("POST", "/key/generate", &json!({"key": "sk-chosen-0123456789", "key_alias": "taken"}))
        .await;
    for (body, status, param) in [
        (json!({"key": "sk-short"}), 400, Some("key")),
        (json!({"key": "0123456789abcdef"}), 400, Some("key")),
        (json!({"key": "sk-chosen-0123456789"}), 409, None),
        (json!({"key_alias": "taken"}), 409, None),
        (json!({"duration": "soon"}), 400, Some("duration")),
        (json!({"duration": "1d", "expires": "2027-01-01"}), 400, Some("duration")),
        (json!({"max_budget": -1}), 400, Some("max_budget")),
        (json!({"soft_budget": "-0.1"}), 400, Some("soft_budget")),
        (json!({"models": "gpt-4o"}), 400, Some("models")),
        (json!({"models": [1]}), 400, Some("models[0]")),
        (json!({"allowed_routes": ["llm_api_routes", "everything"]}), 400, Some("allowed_routes[1]")),
        (json!({"key_type": "llm_api", "allowed_routes": ["/v1/chat"]}), 400, Some("allowed_routes")),
        (json!({"key_type": "mine"}), 400, Some("key_type")),
        (json!({"auto_rotate": true}), 400, Some("rotation_interval")),
        (json!({"temp_budget_increase": 5}), 400, Some("temp_budget_expiry")),
        (json!({"metadata": {"temp_budget_expiry": "2027-01-01"}}), 400, Some("temp_budget_increase")),
        (json!({"metadata": {"service_account_id": "ci"}}), 400, Some("team_id")),
        (json!({"metadata": []}), 400, Some("metadata")),
        (json!({"team_id": "nowhere"}), 400, None),
        (json!({"project_id": "nowhere"}), 400, None),
        (json!({"budget_id": "nowhere"}), 400, None),
        (json!({"end_user_budget_id": "nowhere"}), 400, None),
    ] {
        let told = place.refusal(MASTER, "POST", "/key/generate", &body).await;
        assert_eq!((told.0, told.2.as_deref()), (status, param), "{body}");
    }
    for (path, body, param) in [
        ("/key/update", json!({}), "key"),
        ("/key/block", json!({}), "key"),
        ("/key/regenerate", json!({}), "key"),
        ("/key/service-account/generate", json!({}), "team_id"),
        ("/key/sk-chosen-0123456789/regenerate", json!({"new_key": "sk-short"}), "new_key"),
        ("/key/sk-chosen-0123456789/regenerate", json!({"grace_period": "-1"}), "grace_period"),
        ("/key/sk-chosen-0123456789/regenerate", json!({"key": "sk-another"}), "key"),
        ("/key/sk-chosen-0123456789/regenerate", json!({"new_master_key": "sk-new"}), "new_master_key"),
        ("/key/sk-chosen-0123456789/reset_spend", json!({"reset_to": true}), "reset_to"),
        ("/key/sk-chosen-0123456789/reset_spend", json!({"reset_to": -1}), "reset_to"),
    ] {
        let told = place.refusal(MASTER, "POST", path, &body).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{path} {body}");
    }
}

#[tokio::test]
async fn what_nothing_is_made_of_is_told() {
    let place = Place::new().await;
    let body = json!({
        "send_invite_email": true, "colour": "blue", "tags": ["a"], "metadata": {"tags": ["b"], "priority": "high"},
    });
    let ignored = place.ignored(MASTER, "POST", "/key/generate", &body).await;
    assert_eq!(ignored.as_deref(), Some("metadata.tags, send_invite_email, colour"));
    let body = json!({"send_invite_email": false, "models": [], "spend": null});
    assert_eq!(place.ignored(MASTER, "POST", "/key/generate", &body).await, None);
}

#[tokio::test]
async fn types_say_what_keys_open() {
    let place = Place::new().await;
    let body = json!({"key_type": "read_only", "user_id": "anna"});
    let (text, key) = made(&place, &body).await;
    assert_eq!((&key["key_type"], &key["allowed_routes"]), (&json!("read_only"), &json!(["info_routes"])));
    assert_eq!(place.ask(&text, "GET", "/key/info", &Value::Null).await.0, 200);
    assert_eq!(place.ask(&text, "POST", "/key/generate", &json!({})).await.0, 403);
}

#[tokio::test]
async fn more_may_be_spent_for_a_while() {
    let place = Place::new().await;
    let (text, _) = made(&place, &json!({"max_budget": 10})).await;
    let body =
        json!({"key": text, "temp_budget_increase": 2.5, "temp_budget_expiry": "2026-12-01T00:00:00+01:00"});
    let key = place.master("POST", "/key/update", &body).await;
    assert_eq!(
        (&key["temp_budget_increase"], &key["temp_budget_expiry"]),
        (&json!(2.5), &json!("2026-11-30T23:00:00Z"))
    );
    let body = json!({"key": text, "temp_budget_increase": null, "temp_budget_expiry": null});
    assert_eq!(place.master("POST", "/key/update", &body).await["temp_budget_increase"], Value::Null);
}

#[tokio::test]
async fn empty_texts_say_nothing() {
    let place = Place::new().await;
    let body = json!({"key_alias": "", "user_id": "", "team_id": "", "duration": "1d", "max_budget": "", "models": null});
    let (text, key) = made(&place, &body).await;
    assert_eq!(
        (&key["user_id"], &key["team_id"], &key["key_alias"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    let body =
        json!({"key": text, "team_id": "", "duration": "", "user_id": "anna", "object_permission": null});
    let changed = place.master("POST", "/key/update", &body).await;
    assert_eq!((&changed["expires"], &changed["user_id"]), (&key["expires"], &json!("anna")));
}

#[tokio::test]
async fn a_key_that_is_sent_back_as_it_was_shown_stays() {
    let place = Place::new().await;
    let body = json!({"key_alias": "ci", "max_budget": 1, "duration": "1d", "metadata": {"a": 1, "priority": "high"}});
    let (text, _) = made(&place, &body).await;
    let before = info(&place, &text).await;
    let mut body = before.clone();
    body["key"] = json!(text);
    let changed = place.master("POST", "/key/update", &body).await;
    assert_eq!(changed["updated_at"], before["updated_at"]);
    assert_eq!(info(&place, &text).await, before);
}

#[tokio::test]
async fn secrets_are_masked_and_stay() {
    let place = Place::new().await;
    let logging = json!([{"callback_name": "langfuse", "callback_vars": {"langfuse_secret_key": "sk-lf-1"}}]);
    let (text, key) = made(&place, &json!({"metadata": {"logging": logging, "a": 1}})).await;
    let masked = json!([{"callback_name": "langfuse", "callback_vars": {"langfuse_secret_key": "***"}}]);
    assert_eq!(key["metadata"], json!({"logging": masked, "a": 1}));
    let body = json!({"key": text, "metadata": {"logging": masked, "a": 2}});
    assert_eq!(
        place.master("POST", "/key/update", &body).await["metadata"],
        json!({"logging": masked, "a": 2})
    );
    assert_eq!(json!(stored(&place.store, &text).await.metadata), json!({"logging": logging, "a": 2}));
    let body = json!({"key": text, "metadata": {"api_key": "***"}});
    let told = place.refusal(MASTER, "POST", "/key/update", &body).await;
    assert_eq!((told.0, told.2.as_deref()), (400, Some("metadata.api_key")));
}

#[tokio::test]
async fn a_key_is_well_if_its_callbacks_are() {
    let place = Place::new().await;
    assert_eq!(place.master("POST", "/key/health", &Value::Null).await["key"], "healthy");
    for (logging, status) in [
        (
            json!([{"callback_name": "langfuse", "callback_vars": {"langfuse_secret_key": "sk-lf-secret"}}]),
            "healthy",
        ),
        (json!([{"callback_name": "langfuse"}, {"callback_type": "success"}]), "unhealthy"),
        (json!("langfuse"), "unhealthy"),
    ] {
        let (text, _) = made(&place, &json!({"metadata": {"logging": logging}})).await;
        let (code, answer) = place.ask(&text, "POST", "/key/health", &json!({})).await;
        assert_eq!((code.as_u16(), &answer["key"]), (200, &json!(status)), "{logging}");
        assert_eq!(answer["logging_callbacks"]["status"], status);
        assert!(!answer.to_string().contains("secret"), "{answer}");
    }
}

#[tokio::test]
async fn what_is_kept_and_not_acted_upon_is_told() {
    let place = Place::new().await;
    let body = json!({
        "guardrails": ["pii"], "permissions": {"pii": false}, "router_settings": {"num_retries": 1},
        "policies": [], "disable_global_guardrails": false, "config": {}, "enable_prompt_caching": null,
        "enforced_params": ["user"],
    });
    let ignored = place.ignored(MASTER, "POST", "/key/generate", &body).await;
    assert_eq!(ignored.as_deref(), Some("guardrails, permissions, router_settings"));
    let (_, key) = made(&place, &body).await;
    assert_eq!(key["guardrails"], json!(["pii"]), "it is kept all the same");
    let ignored = place.ignored(MASTER, "POST", "/team/new", &json!({"prompts": ["p"]})).await;
    assert_eq!(ignored.as_deref(), Some("prompts"), "and so for whomever it is said of");
}

#[tokio::test]
async fn numbers_may_be_texts_as_forms_send_them() {
    let place = Place::new().await;
    let (_, key) = made(&place, &json!({"rpm_limit": "12", "tpm_limit": 5.0, "max_budget": "1.5"})).await;
    assert_eq!(
        (&key["rpm_limit"], &key["tpm_limit"], &key["max_budget"]),
        (&json!(12), &json!(5), &json!(1.5))
    );
    for wrong in [json!("twelve"), json!("-1"), json!("1.5"), json!("")] {
        let told = place.refusal(MASTER, "POST", "/key/generate", &json!({"rpm_limit": wrong})).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some("rpm_limit")), "{wrong}");
    }
}

#[tokio::test]
async fn kinds_of_limits_are_told_in_litellms_words() {
    let place = Place::new().await;
    for (said, told) in [
        ("best_effort_throughput", "best_effort_throughput"),
        ("best_effort", "best_effort_throughput"),
        ("guaranteed_throughput", "guaranteed_throughput"),
        ("dynamic", "dynamic"),
    ] {
        let (_, key) = made(&place, &json!({"tpm_limit_type": said})).await;
        assert_eq!(key["tpm_limit_type"], told, "{said}");
    }
}
