//! Every route of these subjects, every role, what is one's own and what is not: what is foreign and what is absent are
//! answered alike, and nothing foreign is in lists.

use http::StatusCode;
use serde_json::{Value, json};

use crate::office::Place;
use crate::people::{LOOKERS, TENANTS, key_of, populated};

/// What is managed by proxy admins alone: method, path, body. `ID` stands for the id.
fn for_admins() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("POST", "/customer/new", json!({"user_id": "ID"})),
        ("POST", "/customer/update", json!({"user_id": "ID"})),
        ("POST", "/customer/delete", json!({"user_ids": ["ID"]})),
        ("GET", "/customer/info?end_user_id=ID", Value::Null),
        ("GET", "/customer/list", Value::Null),
        ("POST", "/customer/block", json!({"user_ids": ["ID"]})),
        ("POST", "/customer/unblock", json!({"user_ids": ["ID"]})),
        ("POST", "/end_user/new", json!({"user_id": "ID"})),
        ("POST", "/end_user/update", json!({"user_id": "ID"})),
        ("POST", "/end_user/delete", json!({"user_ids": ["ID"]})),
        ("GET", "/end_user/info?end_user_id=ID", Value::Null),
        ("GET", "/end_user/list", Value::Null),
        ("POST", "/end_user/block", json!({"user_ids": ["ID"]})),
        ("POST", "/end_user/unblock", json!({"user_ids": ["ID"]})),
        ("GET", "/budget/settings?budget_id=ID", Value::Null),
        ("GET", "/management/v1/budgets", Value::Null),
        ("POST", "/tag/new", json!({"name": "ID"})),
        ("POST", "/tag/update", json!({"name": "ID"})),
        ("POST", "/tag/delete", json!({"name": "ID"})),
        ("POST", "/tag/info", json!({"names": ["ID"]})),
        ("GET", "/tag/list", Value::Null),
        ("GET", "/tag/distinct", Value::Null),
        ("POST", "/v1/access_group", json!({"access_group_name": "ID"})),
        ("GET", "/v1/access_group", Value::Null),
        ("GET", "/v1/access_group/ID", Value::Null),
        ("PUT", "/v1/access_group/ID", json!({})),
        ("DELETE", "/v1/access_group/ID", Value::Null),
        ("POST", "/v1/unified_access_group", json!({"access_group_name": "ID"})),
        ("GET", "/v1/unified_access_group", Value::Null),
        ("GET", "/v1/unified_access_group/ID", Value::Null),
        ("PUT", "/v1/unified_access_group/ID", json!({})),
        ("DELETE", "/v1/unified_access_group/ID", Value::Null),
        ("POST", "/access_group/new", json!({"access_group": "ID", "model_names": ["x"]})),
        ("GET", "/access_group/list", Value::Null),
        ("GET", "/access_group/ID/info", Value::Null),
        ("PUT", "/access_group/ID/update", json!({"model_names": ["x"]})),
        ("DELETE", "/access_group/ID/delete", Value::Null),
        ("GET", "/access_group/ID/budget", Value::Null),
        ("PUT", "/access_group/ID/budget", json!({"max_budget": 1})),
        ("DELETE", "/access_group/ID/budget", Value::Null),
        ("GET", "/audit", Value::Null),
        ("GET", "/audit/ID", Value::Null),
        ("POST", "/user/delete", json!({"user_ids": ["ID"]})),
        ("POST", "/management/v1/users/bulk_delete", json!({"user_ids": ["ID"]})),
    ]
}

fn with(text: &str, id: &str) -> String {
    text.replace("ID", id)
}

fn with_in(body: &Value, id: &str) -> Value {
    serde_json::from_str(&with(&body.to_string(), id)).unwrap()
}

#[tokio::test]
async fn what_is_everybodys_is_for_proxy_admins() {
    let place = populated().await;
    place.master("POST", "/customer/new", &json!({"user_id": "there"})).await;
    place.master("POST", "/tag/new", &json!({"name": "there"})).await;
    place.master("POST", "/access_group/new", &json!({"access_group": "there", "model_names": ["x"]})).await;
    place.master("POST", "/budget/new", &json!({"budget_id": "there"})).await;
    for (method, path, body) in for_admins() {
        for name in TENANTS.iter().chain(&LOOKERS) {
            let mut told = Vec::new();
            for id in ["there", "gone"] {
                let (status, answer) =
                    place.ask(&key_of(name), method, &with(path, id), &with_in(&body, id)).await;
                assert_eq!(status, StatusCode::FORBIDDEN, "{name} {method} {path}: {answer}");
                told.push(answer.to_string());
            }
            assert_eq!(told[0], told[1], "{name} {method} {path}");
        }
        // Who sees everything looks, and does nothing.
        let looks = method == "GET" || path == "/tag/info";
        let (status, answer) =
            place.ask(&key_of("peter"), method, &with(path, "there"), &with_in(&body, "there")).await;
        assert_eq!(status != StatusCode::FORBIDDEN, looks, "peter {method} {path}: {answer}");
        assert!(!status.is_server_error(), "peter {method} {path}: {answer}");
    }
}

/// What belongs to tenants: method, path, body. `ID` stands for the id.
fn for_tenants() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("GET", "/user/info?user_id=ID", Value::Null),
        ("GET", "/v2/user/info?user_id=ID", Value::Null),
        ("POST", "/user/update", json!({"user_id": "ID", "user_alias": "x"})),
        ("POST", "/model/update", json!({"model_id": "ID"})),
        ("PATCH", "/model/ID/update", json!({"litellm_params": {"rpm": 1}})),
        ("POST", "/model/delete", json!({"id": "ID"})),
        ("POST", "/model/block", json!({"model_id": "ID"})),
        ("POST", "/model/unblock", json!({"model_id": "ID"})),
        (
            "POST",
            "/model/new",
            json!({"model_name": "x", "litellm_params": {"model": "openai/x", "api_key": "sk-1"}, "team_id": "ID"}),
        ),
        ("GET", "/credentials/by_name/ID", Value::Null),
        ("GET", "/credentials/by_model/ID", Value::Null),
        ("PATCH", "/credentials/ID", json!({"display_name": "x"})),
        ("DELETE", "/credentials/ID", Value::Null),
        (
            "POST",
            "/credentials",
            json!({"credential_name": "x", "credential_values": {"api_key": "sk-1"}, "team_id": "ID"}),
        ),
        (
            "POST",
            "/credentials",
            json!({"credential_name": "x", "credential_values": {"api_key": "sk-1"}, "organization_id": "ID"}),
        ),
    ]
}

/// A model and a credential of each team, organisation and of everybody, whose ids are those of their owners.
async fn belongings(place: &Place) {
    for (id, owner) in [
        ("north-team", "team_id"),
        ("south-team", "team_id"),
        ("north", "organization_id"),
        ("south", "organization_id"),
        ("everybodys", ""),
    ] {
        let owner = if owner.is_empty() { json!({}) } else { json!({ owner: id }) };
        for (path, body) in [
            (
                "/model/new",
                json!({"model_name": "m", "model_id": id, "litellm_params": {"model": "openai/x", "api_key": "sk-1"}}),
            ),
            ("/credentials", json!({"credential_name": id, "credential_values": {"api_key": "sk-1"}})),
        ] {
            let mut body = body;
            body.as_object_mut().unwrap().extend(owner.as_object().unwrap().clone());
            place.master("POST", path, &body).await;
        }
    }
}

#[tokio::test]
async fn what_is_foreign_is_answered_as_what_is_absent() {
    let place = populated().await;
    belongings(&place).await;
    for (method, path, body) in for_tenants() {
        // Of the south, seen from the north; and what is everybody's, which is no tenant's to change.
        for name in ["olga", "tess", "ines", "vera", "nobody"] {
            let mut told = Vec::new();
            for id in ["gone", "south-team", "south", "igor", "everybodys"] {
                let (status, answer) =
                    place.ask(&key_of(name), method, &with(path, id), &with_in(&body, id)).await;
                assert!(status.is_client_error(), "{name} {method} {path} {id}: {answer}");
                told.push((status, answer.to_string()));
            }
            assert!(told.iter().all(|it| *it == told[0]), "{name} {method} {path}: {told:?}");
        }
    }
    // Nothing of it has changed.
    let (_, mine) = place.ask(&key_of("theo"), "GET", "/credentials/by_name/south-team", &Value::Null).await;
    assert_eq!((&mine["display_name"], &mine["team_id"]), (&Value::Null, &json!("south-team")));
    let (status, _) =
        place.ask(&key_of("theo"), "POST", "/model/unblock", &json!({"model_id": "south-team"})).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_ones_own_is_in_reach() {
    let place = populated().await;
    belongings(&place).await;
    for (name, method, path, body, status) in [
        ("ines", "GET", "/user/info", Value::Null, 200),
        ("vera", "GET", "/v2/user/info?user_id=vera", Value::Null, 200),
        ("olga", "GET", "/user/info?user_id=ines", Value::Null, 200),
        ("tess", "GET", "/user/info?user_id=ines", Value::Null, 404),
        ("vera", "POST", "/user/update", json!({"user_id": "vera", "user_alias": "x"}), 403),
        ("tess", "PATCH", "/model/north-team/update", json!({"litellm_params": {"rpm": 1}}), 200),
        ("olga", "PATCH", "/model/north-team/update", json!({"litellm_params": {"rpm": 2}}), 200),
        ("tess", "PATCH", "/model/north/update", json!({"litellm_params": {"rpm": 1}}), 404),
        ("ines", "PATCH", "/model/north-team/update", json!({"litellm_params": {"rpm": 1}}), 403),
        ("nobody", "POST", "/model/delete", json!({"id": "north-team"}), 403),
        ("peter", "POST", "/model/delete", json!({"id": "north-team"}), 403),
        ("peter", "GET", "/credentials/by_name/south", Value::Null, 200),
        ("tess", "GET", "/credentials/by_model/north-team", Value::Null, 200),
        ("tess", "PATCH", "/credentials/north-team", json!({"display_name": "x"}), 200),
        ("olga", "PATCH", "/credentials/north", json!({"display_name": "x"}), 200),
        ("ines", "GET", "/credentials", Value::Null, 403),
        ("ines", "GET", "/user/list", Value::Null, 403),
        ("tess", "GET", "/user/list", Value::Null, 403),
        ("paula", "PATCH", "/credentials/everybodys", json!({"display_name": "x"}), 200),
        ("tess", "DELETE", "/credentials/north-team", Value::Null, 200),
        ("olga", "POST", "/model/delete", json!({"id": "north"}), 200),
    ] {
        let (got, answer) = place.ask(&key_of(name), method, path, &body).await;
        assert_eq!(got.as_u16(), status, "{name} {method} {path}: {answer}");
        assert!(!answer.to_string().contains("south") || name == "peter", "{name} {path}: {answer}");
    }
    for (name, seen) in [("tess", vec![]), ("olga", vec!["north"]), ("otto", vec!["south", "south-team"])] {
        let (_, listed) = place.ask(&key_of(name), "GET", "/credentials", &Value::Null).await;
        let mut names: Vec<_> = listed["credentials"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["credential_name"].as_str().unwrap())
            .collect();
        names.sort_unstable();
        assert_eq!(names, seen, "{name}");
    }
}
