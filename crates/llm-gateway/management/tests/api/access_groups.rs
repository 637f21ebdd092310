//! Access groups, by all three families of routes.

use http::StatusCode;
use serde_json::{Value, json};

use crate::office::{MASTER, Place};
use crate::people::{key_of, populated};

#[tokio::test]
async fn a_groups_life_by_its_id() {
    let place = populated().await;
    for family in ["/v1/access_group", "/v1/unified_access_group"] {
        let body = json!({
            "access_group_name": "beta", "access_model_names": ["gpt-*"], "access_mcp_server_ids": ["git"],
            "assigned_team_ids": ["north-team"], "assigned_key_ids": [key_of("ines")],
        });
        let (status, made) = place.ask(MASTER, "POST", family, &body).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        assert_eq!(made["assigned_teams"], json!([{"id": "north-team", "name": null}]));
        assert_eq!(made["access_mcp_servers"], json!([{"id": "git", "name": null}]));
        assert!(!made.to_string().contains(&key_of("ines")), "keys are told by their hashes");
        assert_eq!(place.refusal(MASTER, "POST", family, &body).await.0, 409);
        let one = format!("{family}/{}", made["access_group_id"].as_str().unwrap());
        assert_eq!(place.master("GET", &one, &Value::Null).await, made);
        assert_eq!(place.master("GET", family, &Value::Null).await, json!([made]));
        assert_eq!(place.master("GET", &format!("{family}?search=x&page=1"), &Value::Null).await, json!([]));
        let changed = place.master("PUT", &one, &json!({"description": "d", "assigned_key_ids": []})).await;
        assert_eq!(
            (&changed["access_model_names"], &changed["assigned_keys"]),
            (&json!(["gpt-*"]), &json!([]))
        );
        for (body, param) in [
            (json!({"assigned_team_ids": ["gone"]}), "assigned_team_ids"),
            (json!({"assigned_key_ids": ["sk-gone"]}), "assigned_key_ids"),
            (json!({"access_group_name": " "}), "access_group_name"),
        ] {
            let told = place.refusal(MASTER, "PUT", &one, &body).await;
            assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{body}");
        }
        let (status, body) = place.ask(MASTER, "DELETE", &one, &Value::Null).await;
        assert_eq!((status, body), (StatusCode::NO_CONTENT, Value::Null));
        for method in ["GET", "PUT", "DELETE"] {
            assert_eq!(place.refusal(MASTER, method, &one, &json!({})).await.0, 404, "{method}");
        }
    }
}

#[tokio::test]
async fn a_groups_life_by_its_name() {
    let place = Place::new().await;
    let model = json!({"model_name": "gpt", "litellm_params": {"model": "openai/gpt-4o"}, "model_info": {"id": "m1"}});
    place.master("POST", "/model/new", &model).await;
    let body = json!({"access_group": "prod", "model_names": ["claude"], "model_ids": ["m1"]});
    let made = place.master("POST", "/access_group/new", &body).await;
    assert_eq!((&made["model_names"], &made["models_updated"]), (&json!(["claude", "gpt"]), &json!(2)));
    assert_eq!(place.refusal(MASTER, "POST", "/access_group/new", &body).await.0, 409);
    let info = place.master("GET", "/access_group/prod/info", &Value::Null).await;
    assert_eq!((&info["deployment_count"], &info["budget"]), (&json!(1), &Value::Null));
    let changed = place.master("PUT", "/access_group/prod/update", &json!({"model_names": ["gpt"]})).await;
    assert_eq!(changed["model_names"], json!(["gpt"]));

    let budget = place
        .master("PUT", "/access_group/prod/budget", &json!({"max_budget": 10, "budget_duration": "30d"}))
        .await;
    assert_eq!((&budget["budget"]["max_budget"], &budget["spend"]), (&json!(10), &json!(0)));
    assert!(budget["budget"]["budget_reset_at"].is_string());
    assert_eq!(place.master("GET", "/access_group/prod/budget", &Value::Null).await, budget);
    let listed = place.master("GET", "/access_group/list", &Value::Null).await;
    assert_eq!(listed["access_groups"][0]["budget"], budget["budget"]);
    let cleared = place.master("DELETE", "/access_group/prod/budget", &Value::Null).await;
    assert_eq!(cleared["budget_deleted"], true);
    let cleared = place.master("DELETE", "/access_group/prod/budget", &Value::Null).await;
    assert_eq!(cleared["budget_deleted"], false);

    for (method, path, body, param) in [
        ("POST", "/access_group/new", json!({"access_group": ""}), "access_group"),
        ("POST", "/access_group/new", json!({"access_group": "x"}), "model_names"),
        ("POST", "/access_group/new", json!({"access_group": "x", "model_ids": ["gone"]}), "model_ids"),
        ("PUT", "/access_group/prod/update", json!({}), "model_names"),
        ("PUT", "/access_group/prod/budget", json!({}), "max_budget"),
        ("PUT", "/access_group/prod/budget", json!({"budget_id": "b"}), "budget_id"),
    ] {
        let told = place.refusal(MASTER, method, path, &body).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{path} {body}");
    }
    let gone = place.master("DELETE", "/access_group/prod/delete", &Value::Null).await;
    assert_eq!(gone["models_updated"], 1);
    for (method, path) in [
        ("GET", "/access_group/prod/info"),
        ("GET", "/access_group/prod/budget"),
        ("DELETE", "/access_group/prod/budget"),
        ("DELETE", "/access_group/prod/delete"),
    ] {
        assert_eq!(place.refusal(MASTER, method, path, &Value::Null).await.0, 404, "{method} {path}");
    }
}
