//! Users.

use http::StatusCode;
use llm_management::UserDefaults;
use llm_tenancy::{Role, Usd};
use serde_json::{Value, json};

use crate::office::{MASTER, Place};
use crate::people::{key_of, populated};

#[tokio::test]
async fn a_users_life() {
    let place = populated().await;
    let body = json!({
        "user_id": "u1", "user_email": "U1@example.com", "user_role": "internal_user", "max_budget": 5.5,
        "budget_duration": "30d", "models": ["gpt-*"], "spend": 1.25, "duration": "1d", "key_alias": "first",
        "teams": ["north-team", {"team_id": "south-team", "user_role": "admin", "max_budget_in_team": 2}],
        "organizations": ["north"], "tpm_limit": null,
    });
    let made = place.master("POST", "/user/new", &body).await;
    assert_eq!(made["teams"], json!(["north-team", "south-team"]));
    assert_eq!((&made["max_budget"], &made["spend"]), (&json!(5.5), &json!(1.25)));
    assert!(made["budget_reset_at"].is_string() && made["expires"].is_string());
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with("sk-") && key.len() == 46, "{key}");

    // The key is the user's.
    let (status, me) = place.ask(key, "GET", "/management/v1/users/me", &Value::Null).await;
    assert_eq!(
        (status, &me["user_id"], &me["user_email"]),
        (StatusCode::OK, &json!("u1"), &json!("U1@example.com"))
    );
    let (_, info) = place.ask(key, "GET", "/user/info", &Value::Null).await;
    assert_eq!(info["user_info"]["models"], json!(["gpt-*"]));
    assert_eq!(info["keys"][0]["key_alias"], "first");
    assert_eq!(info["teams"].as_array().unwrap().len(), 2);
    assert!(!info.to_string().contains(key), "the key is shown once");

    let body = json!({"user_email": "u1@EXAMPLE.com", "max_budget": null, "user_role": "internal_user_viewer", "spend": 0});
    let changed = place.master("POST", "/user/update", &body).await;
    let data = &changed["data"];
    assert_eq!(
        (&changed["user_id"], &data["max_budget"], &data["spend"]),
        (&json!("u1"), &Value::Null, &json!(0))
    );
    assert_eq!(
        (&data["user_role"], &data["budget_duration"]),
        (&json!("internal_user_viewer"), &json!("30d"))
    );
    let body = json!({"user_id": "u1", "metadata": {"slack_token": "xoxb-1", "note": "n"}});
    let veiled = json!({"slack_token": "***", "note": "n"});
    assert_eq!(place.master("POST", "/user/update", &body).await["data"]["metadata"], veiled);
    let body = json!({"user_id": "u1", "metadata": veiled});
    assert_eq!(place.master("POST", "/user/update", &body).await["data"]["metadata"], veiled);
    let shown = place.master("GET", "/v2/user/info?user_id=u1", &Value::Null).await;
    assert_eq!((&shown["rpm_limit"], &shown["teams"]), (&Value::Null, &json!(["north-team", "south-team"])));

    assert_eq!(place.master("POST", "/user/delete", &json!({"user_ids": ["u1"]})).await, json!(1));
    assert_eq!(place.refusal(MASTER, "GET", "/user/info?user_id=u1", &Value::Null).await.0, 404);
    assert_eq!(place.refusal(key, "GET", "/user/info", &Value::Null).await.0, 401, "the key went too");
}

#[tokio::test]
async fn what_is_made_is_made_whole_or_not_at_all() {
    let place = populated().await;
    let absent =
        place.refusal(MASTER, "POST", "/user/new", &json!({"user_id": "u1", "teams": ["gone"]})).await;
    assert_eq!(absent.0, 404);
    place.master("POST", "/user/new", &json!({"user_id": "u0", "key_alias": "taken"})).await;
    let taken =
        place.refusal(MASTER, "POST", "/user/new", &json!({"user_id": "u1", "key_alias": "taken"})).await;
    assert_eq!((taken.0, taken.1.as_deref()), (409, Some("already_exists")));
    assert_eq!(place.refusal(MASTER, "GET", "/v2/user/info?user_id=u1", &Value::Null).await.0, 404);
    let body =
        json!({"user_id": "u1", "auto_create_key": false, "send_invite_email": true, "key_alias": "unused"});
    let ignored = place.ignored(MASTER, "POST", "/user/new", &body).await;
    assert_eq!(ignored.as_deref(), Some("send_invite_email, key_alias"));
    let body = json!({"user_id": "u2", "teams": ["south-team", {"team_id": "north-team", "max_budget": 5}]});
    let ignored = place.ignored(MASTER, "POST", "/user/new", &body).await;
    assert_eq!(ignored.as_deref(), Some("teams[1].max_budget"));
    let info = place.master("GET", "/user/info?user_id=u1", &Value::Null).await;
    assert_eq!(info["keys"], json!([]));
    let made = place.master("POST", "/user/new", &json!({"team_id": "north-team"})).await;
    let info = place
        .master("GET", &format!("/user/info?user_id={}", made["user_id"].as_str().unwrap()), &Value::Null)
        .await;
    assert_eq!((&info["keys"][0]["team_id"], &made["teams"]), (&json!("north-team"), &json!(["north-team"])));
}

#[tokio::test]
async fn users_begin_with_what_the_configuration_says() {
    let place = populated().await;
    place.begin_users(UserDefaults {
        role: Some(Role::InternalUserViewer),
        max_budget: Some(Usd::from_nanos(2_500_000_000)),
        budget_duration: "7d".parse().ok(),
        models: vec!["gpt-4o".to_owned()],
    });
    let shown = async |id: &str| {
        let shown = place.master("GET", &format!("/v2/user/info?user_id={id}"), &Value::Null).await;
        assert_eq!(shown["budget_reset_at"].is_string(), shown["budget_duration"].is_string(), "{shown}");
        ["user_role", "max_budget", "budget_duration", "models"].map(|name| shown[name].clone())
    };
    let begun = [json!("internal_user_viewer"), json!(2.5), json!("7d"), json!(["gpt-4o"])];
    let empty = json!({"user_id": "u1", "max_budget": null, "budget_duration": null, "models": []});
    place.master("POST", "/user/new", &empty).await;
    assert_eq!(shown("u1").await, begun);
    let said = json!({"user_id": "u2", "user_role": "internal_user", "max_budget": 1, "models": ["m"]});
    place.master("POST", "/user/new", &said).await;
    assert_eq!(shown("u2").await, [json!("internal_user"), json!(1), json!("7d"), json!(["m"])]);
    // Whoever manages everything is not bounded.
    place.master("POST", "/user/new", &json!({"user_id": "u3", "user_role": "proxy_admin"})).await;
    assert_eq!(shown("u3").await, [json!("proxy_admin"), Value::Null, Value::Null, json!([])]);
    // Who is made by joining a team begins alike.
    let body = json!({"team_id": "north-team", "member": {"user_id": "u4", "role": "user"}});
    place.master("POST", "/team/member_add", &body).await;
    assert_eq!(shown("u4").await, begun);

    // A role that is not the caller's to give is not given because nothing was said.
    place.begin_users(UserDefaults { role: Some(Role::ProxyAdmin), ..UserDefaults::default() });
    let body = json!({"user_id": "u5", "organizations": ["north"]});
    let (status, made) = place.ask(&key_of("olga"), "POST", "/user/new", &body).await;
    assert_eq!((status, &made["user_role"]), (StatusCode::OK, &json!("internal_user")), "{made}");
    let body = json!({"team_id": "north-team", "member": {"user_email": "u6@example.com", "role": "user"}});
    let (status, added) = place.ask(&key_of("tess"), "POST", "/team/member_add", &body).await;
    assert_eq!(status, StatusCode::OK, "{added}");
    let id = added["updated_users"][0]["user_id"].as_str().unwrap();
    assert_eq!(shown(id).await[0], "internal_user");
}

#[tokio::test]
async fn what_makes_no_sense_is_named() {
    let place = Place::new().await;
    for (path, body, param) in [
        ("/user/new", json!({"max_budget": "lots"}), "max_budget"),
        ("/user/new", json!({"user_role": "king"}), "user_role"),
        ("/user/new", json!({"teams": [{"user_role": "admin"}]}), "teams[0]"),
        ("/user/new", json!({"teams": [{"team_id": "t", "user_role": "king"}]}), "teams[0].user_role"),
        ("/user/new", json!({"teams": ["a", "a"]}), "teams"),
        ("/user/new", json!({"duration": "soon"}), "duration"),
        ("/user/new", json!({"max_budget": -0.5}), "max_budget"),
        ("/user/new", json!({"password": "x"}), "password"),
        ("/user/update", json!({"user_alias": "x"}), "user_id"),
        ("/user/delete", json!({}), "user_ids"),
        ("/user/delete", json!({"user_ids": []}), "user_ids"),
        ("/user/bulk_update", json!({}), "users"),
        ("/user/bulk_update", json!({"all_users": true}), "user_updates"),
        (
            "/user/bulk_update",
            json!({"all_users": true, "user_updates": {"user_email": "a"}}),
            "user_updates.user_email",
        ),
    ] {
        let told = place.refusal(MASTER, "POST", path, &body).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{path} {body}");
    }
    for (query, param) in [
        ("page=0", "page"),
        ("page_size=1001", "page_size"),
        ("page_size=x", "page_size"),
        ("page=18446744073709551615&page_size=1000", "page"),
        ("role=king", "role"),
        ("sort_by=password", "sort_by"),
        ("sort_order=up", "sort_order"),
    ] {
        let told = place.refusal(MASTER, "GET", &format!("/user/list?{query}"), &Value::Null).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{query}");
    }
    assert_eq!(place.refusal(MASTER, "GET", "/user/info", &Value::Null).await.2.as_deref(), Some("user_id"));
    assert_eq!(place.refusal(MASTER, "GET", "/management/v1/users/me", &Value::Null).await.0, 404);
}

#[tokio::test]
async fn lists_have_pages_and_filters() {
    let place = populated().await;
    let ids = async |key: &str, query: &str| {
        let (status, page) = place.ask(key, "GET", &format!("/user/list?{query}"), &Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{query} {page}");
        let ids =
            page["users"].as_array().unwrap().iter().map(|user| user["user_id"].as_str().unwrap().to_owned());
        (ids.collect::<Vec<_>>().join(" "), page)
    };
    let (first, page) = ids(MASTER, "sort_by=user_id&page_size=4").await;
    assert_eq!(first, "igor ines olga otto");
    assert_eq!((&page["total"], &page["total_pages"], &page["page"]), (&json!(10), &json!(3), &json!(1)));
    assert_eq!(
        (&page["users"][0]["key_count"], &page["users"][0]["teams"]),
        (&json!(1), &json!(["south-team"]))
    );
    for (query, found) in [
        ("sort_by=user_id&page_size=4&page=3", "viktor vera".split(' ').rev().collect::<Vec<_>>().join(" ")),
        ("role=proxy_admin", "paula".to_owned()),
        ("role=proxy_admin_view_only", "peter".to_owned()),
        ("user_ids=ig", "igor".to_owned()),
        ("user_ids=igor,ines&sort_by=user_email&sort_order=desc", "ines igor".to_owned()),
        ("user_email=OLGA@", "olga".to_owned()),
        ("search=otto", "otto".to_owned()),
        ("team=north-team&sort_by=user_id", "ines tess vera".to_owned()),
        ("team=gone", String::new()),
        ("organization_ids=south&sort_by=user_id", "igor otto theo viktor".to_owned()),
    ] {
        assert_eq!(ids(MASTER, query).await.0, found, "{query}");
    }
    // An admin of an organisation sees its users, and asks in vain for what is beyond it.
    for (query, found) in [
        ("sort_by=user_id", "ines olga tess vera"),
        ("team=south-team", ""),
        ("organization_ids=south", ""),
        ("search=igor", ""),
    ] {
        let (seen, page) = ids(&key_of("olga"), query).await;
        assert_eq!(seen, found, "{query}");
        assert!(!page.to_string().contains("south"), "{page}");
    }
    let found = place.master("GET", "/user/filter/ui?user_id=OLG", &Value::Null).await;
    assert_eq!(found, json!([{"user_id": "olga", "user_email": "olga@example.com", "user_alias": null}]));
    let roles = place.master("GET", "/user/available_roles", &Value::Null).await;
    assert!(roles["proxy_admin"]["ui_label"].is_string() && roles["customer"].is_null());
}

#[tokio::test]
async fn bulk_forms_say_what_became_of_each() {
    let place = populated().await;
    let body = json!({"users": [
        {"user_id": "b1", "user_email": "b1@example.com", "teams": ["north-team"], "auto_create_key": true},
        {"user_id": "olga"},
        {"user_id": "b2", "teams": ["gone"]},
    ]});
    let made = place.master("POST", "/management/v1/users/bulk", &body).await;
    assert_eq!(made["meta"], json!({"total_requested": 3, "created": 1, "failed": 2}));
    assert_eq!(
        (&made["data"][0]["success"], &made["data"][0]["teams"]),
        (&json!(true), &json!(["north-team"]))
    );
    assert!(made["data"][0]["key"].is_string());
    assert_eq!((&made["data"][1]["user_id"], &made["data"][1]["success"]), (&json!("olga"), &json!(false)));

    let body = json!({"users": [{"user_id": "b1", "max_budget": 3}, {"user_id": "gone", "max_budget": 3}]});
    let changed = place.master("POST", "/user/bulk_update", &body).await;
    assert_eq!((&changed["successful_updates"], &changed["failed_updates"]), (&json!(1), &json!(1)));
    assert_eq!(changed["results"][0]["updated_user"]["max_budget"], 3);
    assert_eq!(changed["results"][1]["error"], "there is no such user");
    let body = json!({"all_users": true, "user_updates": {"rpm_limit": 7}});
    let changed = place.master("POST", "/user/bulk_update", &body).await;
    assert_eq!(changed["successful_updates"], 11);

    let body = json!({"user_ids": ["b1", "gone", "b1"]});
    let gone = place.master("POST", "/management/v1/users/bulk_delete", &body).await;
    let success: Vec<_> = gone["data"].as_array().unwrap().iter().map(|row| row["success"].clone()).collect();
    assert_eq!(success, [json!(true), json!(false), json!(false)]);
    assert_eq!(gone["data"][0]["teams_removed"], json!(["north-team"]));
}

#[tokio::test]
async fn admins_of_organisations_make_users_of_their_own() {
    let place = populated().await;
    let olga = key_of("olga");
    let body =
        json!({"user_id": "new", "organizations": ["north"], "teams": ["north-team"], "max_budget": 1});
    let (status, made) = place.ask(&olga, "POST", "/user/new", &body).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    let info = place.master("GET", "/user/info?user_id=new", &Value::Null).await;
    assert_eq!(info["keys"][0]["organization_id"], "north");
    for (body, status) in [
        (json!({"user_id": "x"}), 403),
        (json!({"user_id": "x", "organizations": ["south"]}), 403),
        (json!({"user_id": "x", "organizations": ["gone"]}), 403),
        (json!({"user_id": "x", "organizations": ["north", "south"]}), 403),
        (json!({"user_id": "x", "organizations": ["north"], "teams": ["south-team"]}), 404),
        (json!({"user_id": "x", "organizations": ["north"], "teams": ["gone"]}), 404),
        (json!({"user_id": "x", "organizations": ["north"], "user_role": "proxy_admin"}), 403),
        (json!({"user_id": "x", "organizations": ["north"], "spend": 5}), 403),
    ] {
        assert_eq!(place.refusal(&olga, "POST", "/user/new", &body).await.0, status, "{body}");
    }
    assert_eq!(place.refusal(MASTER, "GET", "/v2/user/info?user_id=x", &Value::Null).await.0, 404);
}

#[tokio::test]
async fn users_change_nothing_but_their_name() {
    let place = populated().await;
    let ines = key_of("ines");
    let (status, changed) =
        place.ask(&ines, "POST", "/user/update", &json!({"user_id": "ines", "user_alias": "Ines"})).await;
    assert_eq!((status, &changed["data"]["user_alias"]), (StatusCode::OK, &json!("Ines")));
    for body in [
        json!({"max_budget": 9}),
        json!({"user_role": "proxy_admin"}),
        json!({"models": []}),
        json!({"spend": 0}),
    ] {
        let mut body = body;
        body["user_id"] = json!("ines");
        assert_eq!(place.refusal(&ines, "POST", "/user/update", &body).await.0, 403, "{body}");
    }
}
