//! Customers, by both of their names.

use serde_json::{Value, json};

use crate::office::{MASTER, Place};

#[tokio::test]
async fn a_customers_life() {
    let place = Place::new().await;
    for family in ["/customer", "/end_user"] {
        let path = |name: &str| format!("{family}/{name}");
        let body = json!({
            "user_id": "acme", "alias": "ACME", "max_budget": 0.1, "budget_duration": "1d",
            "allowed_model_region": "eu", "default_model": "gpt-4o-mini", "models": ["gpt-4o-mini"], "spend": 0.05,
        });
        let made = place.master("POST", &path("new"), &body).await;
        assert_eq!((&made["spend"], &made["allowed_model_region"]), (&json!(0.05), &json!("eu")));
        assert_eq!(made["litellm_budget_table"]["max_budget"], json!(0.1));
        assert!(made["budget_reset_at"].is_string());
        let changed = place
            .master("POST", &path("update"), &json!({"user_id": "acme", "max_budget": 2, "spend": 0}))
            .await;
        assert_eq!(changed["litellm_budget_table"]["max_budget"], 2);
        assert_eq!(
            (&changed["alias"], &changed["spend"]),
            (&json!("ACME"), &json!(0)),
            "what is not said stays"
        );
        assert_eq!(place.master("GET", &path("info?end_user_id=acme"), &Value::Null).await, changed);

        let blocked = place.master("POST", &path("block"), &json!({"user_ids": ["acme", "unseen"]})).await;
        assert_eq!(blocked["blocked_users"].as_array().unwrap().len(), 2);
        let listed = place.master("GET", &path("list"), &Value::Null).await;
        let states: Vec<_> =
            listed.as_array().unwrap().iter().map(|it| (&it["user_id"], &it["blocked"])).collect();
        assert_eq!(states, [(&json!("acme"), &json!(true)), (&json!("unseen"), &json!(true))]);
        let open = place.master("POST", &path("unblock"), &json!({"user_ids": ["acme"]})).await;
        assert_eq!(open, json!({"blocked_users": []}));
        assert_eq!(place.master("GET", &path("info?end_user_id=acme"), &Value::Null).await["blocked"], false);
        assert_eq!(
            place.refusal(MASTER, "POST", &path("unblock"), &json!({"user_ids": ["acme", "gone"]})).await.0,
            404
        );

        let found = place.master("GET", &path("list?search=AcM"), &Value::Null).await;
        assert_eq!(found.as_array().unwrap().len(), 1);
        let second = place.master("GET", &path("list?page=2&page_size=1"), &Value::Null).await;
        assert_eq!(second[0]["user_id"], "unseen");

        let body = json!({"user_ids": ["acme", "gone"]});
        assert_eq!(place.refusal(MASTER, "POST", &path("delete"), &body).await.0, 404, "all or none");
        let gone = place.master("POST", &path("delete"), &json!({"user_ids": ["acme", "unseen"]})).await;
        assert_eq!(gone["deleted_customers"], 2);
    }
}

#[tokio::test]
async fn what_is_kept_and_not_acted_upon_is_named() {
    let place = Place::new().await;
    let body = json!({
        "user_id": "acme", "models": ["gpt-4o"], "default_model": "gpt-4o-mini", "allowed_model_region": "eu",
        "object_permission": {"mcp_servers": [], "agents": null, "models": ["gpt-4o"]},
    });
    let ignored = place.ignored(MASTER, "POST", "/customer/new", &body).await;
    let named = "default_model, allowed_model_region, object_permission.mcp_servers, models, object_permission.models";
    assert_eq!(ignored.as_deref(), Some(named));
    let none = json!({"user_id": "acme", "default_model": null, "allowed_model_region": null, "object_permission": null});
    assert_eq!(place.ignored(MASTER, "POST", "/customer/update", &none).await, None);
    let shown = place.master("GET", "/customer/info?end_user_id=acme", &Value::Null).await;
    assert_eq!((&shown["object_permission"], &shown["default_model"]), (&json!({}), &Value::Null));
}

#[tokio::test]
async fn a_budget_under_a_name_is_shown() {
    let place = Place::new().await;
    place.master("POST", "/budget/new", &json!({"budget_id": "free", "max_budget": 1})).await;
    place.master("POST", "/customer/new", &json!({"user_id": "a", "budget_id": "free"})).await;
    let changed = place.master("POST", "/customer/update", &json!({"user_id": "a", "rpm_limit": 3})).await;
    assert_eq!(
        (&changed["litellm_budget_table"]["budget_id"], &changed["rpm_limit"]),
        (&json!("free"), &json!(3))
    );
    let budget = place.master("POST", "/budget/info", &json!({"budgets": ["free"]})).await;
    assert_eq!(budget[0]["rpm_limit"], Value::Null, "others' bounds stay as they are");
    let told =
        place.refusal(MASTER, "POST", "/customer/new", &json!({"user_id": "b", "budget_id": "gone"})).await;
    assert_eq!(told.0, 400);
}

#[tokio::test]
async fn what_makes_no_sense_is_named() {
    let place = Place::new().await;
    for (path, body, param) in [
        ("/customer/new", json!({}), "user_id"),
        ("/customer/new", json!({"user_id": ""}), "user_id"),
        ("/customer/new", json!({"user_id": "a", "max_budget": -1}), "max_budget"),
        ("/customer/new", json!({"user_id": "a", "max_budget": 1, "budget_id": "b"}), "budget_id"),
        ("/customer/new", json!({"user_id": "a", "allowed_model_region": "mars"}), "allowed_model_region"),
        ("/customer/delete", json!({"user_ids": []}), "user_ids"),
        ("/end_user/block", json!({"user_ids": "a"}), "user_ids"),
    ] {
        let told = place.refusal(MASTER, "POST", path, &body).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{path} {body}");
    }
    assert_eq!(
        place.refusal(MASTER, "GET", "/customer/info", &Value::Null).await.2.as_deref(),
        Some("end_user_id")
    );
    assert_eq!(place.refusal(MASTER, "POST", "/customer/update", &json!({"user_id": "gone"})).await.0, 404);
}
