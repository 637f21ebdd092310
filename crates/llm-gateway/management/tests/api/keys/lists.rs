//! Keys are listed.

use llm_tenancy::KeyHash;
use serde_json::{Value, json};

use super::tenants::{settle, text};
use super::{info, made};
use crate::office::{MASTER, Place};

/// The aliases of the keys that are listed, in their order, and how many there are in all.
async fn listed(place: &Place, key: &str, query: &str) -> (Vec<String>, u64) {
    let path = format!("/key/list?return_full_object=true&size=100&{query}");
    let (status, answer) = place.ask(key, "GET", &path, &Value::Null).await;
    assert_eq!(status, 200, "{query}: {answer}");
    let keys = answer["keys"].as_array().unwrap().iter();
    let aliases = keys.map(|key| key["key_alias"].as_str().unwrap().to_owned()).collect();
    (aliases, answer["total_count"].as_u64().unwrap())
}

#[tokio::test]
async fn lists_hold_what_is_within_reach() {
    let place = settle().await;
    for (who, query, expected) in [
        ("user", "", "user user-alone"),
        ("user", "include_team_keys=true", "user user-alone"),
        ("user", "team_id=t1", ""),
        ("user", "team_id=nowhere", ""),
        ("user", "user_id=member", ""),
        ("user", "key_alias=member-in-t1", ""),
        ("user", "search=USE", "user user-alone"),
        ("user", "organization_id=o1", ""),
        ("member", "", "member member-in-t1"),
        ("member", "team_id=t1", "member-in-t1"),
        ("team_admin", "", "team_admin"),
        ("team_admin", "include_team_keys=true", "bare member-in-t1 nobody-in-t1 permitted-in-t1 team_admin"),
        ("team_admin", "team_id=t1", "bare member-in-t1 nobody-in-t1 permitted-in-t1"),
        ("team_admin", "user_id=member", "member-in-t1"),
        (
            "org_admin",
            "organization_id=o1",
            "bare member-in-t1 nobody-in-o1 nobody-in-t1 permitted-in-t1 permitted-in-t3",
        ),
        ("org_admin", "organization_id=o2", ""),
        ("foreign_admin", "team_id=t2", "foreign-in-t2"),
        ("watcher", "", "watcher"),
        ("viewer", "team_id=t2", "foreign-in-t2"),
        (
            "admin",
            "user_id=team_admin&include_team_keys=true",
            "bare member-in-t1 nobody-in-t1 permitted-in-t1 team_admin",
        ),
        ("admin", "user_id=user&include_created_by_keys=true", "user user-alone"),
        ("admin", "search=IN-T1", "member-in-t1 nobody-in-t1 permitted-in-t1"),
        ("admin", "key_alias=in-o1&substring_matching=true", "nobody-in-o1"),
        ("admin", "key_alias=in-o1", ""),
        ("admin", "user_id=stran&substring_matching=true", "foreign-in-t2"),
        ("admin", "key_hash=sk-user-alone-0123456789", "user-alone"),
    ] {
        let (mut aliases, total) = listed(&place, &text(who), query).await;
        aliases.sort();
        assert_eq!((aliases.join(" ").as_str(), total), (expected, aliases.len() as u64), "{who} {query}");
    }
    assert_eq!(place.ask(&text("bare"), "GET", "/key/list", &Value::Null).await.0, 403);
    for (who, expected) in [
        ("user", "user user-alone"),
        ("member", "member member-in-t1"),
        ("watcher", "bare member-in-t1 nobody-in-t1 permitted-in-t1 watcher"),
    ] {
        let (_, answer) = place.ask(&text(who), "GET", "/key/aliases", &Value::Null).await;
        let aliases: Vec<_> =
            answer["aliases"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
        assert_eq!(
            (aliases.join(" ").as_str(), answer["total_count"].as_u64()),
            (expected, Some(aliases.len() as u64))
        );
    }
}

#[tokio::test]
async fn lists_have_pages_and_orders() {
    let place = Place::new().await;
    for (number, duration) in ["1d", "-1", "3d", "2d", "1h"].iter().enumerate() {
        let body = json!({"key_alias": format!("k{number}"), "duration": duration, "spend": 5 - number});
        made(&place, &body).await;
        place.pass(60_000);
    }
    let all = |query: &'static str| {
        let place = &place;
        async move { listed(place, MASTER, query).await.0.join(" ") }
    };
    assert_eq!(all("").await, "k4 k3 k2 k1 k0", "newest first");
    assert_eq!(all("sort_by=key_alias&sort_order=asc").await, "k0 k1 k2 k3 k4");
    assert_eq!(all("sort_by=spend&sort_order=desc").await, "k0 k1 k2 k3 k4");
    assert_eq!(all("sort_by=expires&sort_order=asc").await, "k4 k0 k3 k2 k1", "what never ends is last");
    let page = place.master("GET", "/key/list?page=2&size=2", &Value::Null).await;
    assert_eq!(
        (&page["total_count"], &page["total_pages"], &page["current_page"]),
        (&json!(5), &json!(3), &json!(2))
    );
    let keys = page["keys"].as_array().unwrap();
    assert!(keys.len() == 2 && keys.iter().all(|key| key.as_str().unwrap().len() == 64), "{keys:?}");
    let aliases = place.master("GET", "/key/aliases?page=1&size=2&search=K", &Value::Null).await;
    assert_eq!(
        aliases,
        json!({"aliases": ["k0", "k1"], "total_count": 5, "current_page": 1, "total_pages": 3, "size": 2})
    );

    place.master("POST", "/key/update", &json!({"key_alias": "k0", "blocked": true})).await;
    place.pass(3_600_000);
    assert_eq!(all("status=active&sort_by=key_alias&sort_order=asc").await, "k1 k2 k3");
    assert_eq!(all("status=expired").await, "k4");
    assert_eq!(all("status=revoked").await, "k0");
    assert_eq!(all("expires=expired").await, "k4");
    assert_eq!(all("expires=active&sort_by=key_alias").await, "k3 k2 k1 k0");
    place.master("POST", "/key/delete", &json!({"key_aliases": ["k1", "k2"]})).await;
    assert_eq!(all("status=deleted&sort_by=key_alias").await, "k2 k1");
    assert_eq!(all("status=deleted&key_alias=k1").await, "k1");
    for (query, param) in [
        ("page=0", "page"),
        ("size=0", "size"),
        ("size=1001", "size"),
        ("size=many", "size"),
        ("sort_by=max_budget", "sort_by"),
        ("sort_order=up", "sort_order"),
        ("status=sleepy", "status"),
        ("expires=soon", "expires"),
        ("expand=team", "expand"),
        ("return_full_object=perhaps", "return_full_object"),
        ("access_group_id=g", "access_group_id"),
        ("status=deleted&agent_id=a", "agent_id"),
        ("status=deleted&include_created_by_keys=true", "include_created_by_keys"),
        ("status=deleted&expires=active", "expires"),
    ] {
        let told = place.refusal(MASTER, "GET", &format!("/key/list?{query}"), &Value::Null).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{query}");
    }
    assert_eq!(
        place.ignored(MASTER, "GET", "/key/list?colour=blue", &Value::Null).await.as_deref(),
        Some("colour")
    );
}

#[tokio::test]
async fn owners_are_shown_to_those_who_see_them() {
    let place = settle().await;
    let path = "/key/list?expand=user&key_alias=member-in-t1";
    let (_, all) = place.ask(&text("admin"), "GET", path, &Value::Null).await;
    assert_eq!(all["keys"][0]["user"]["user_id"], "member");
    assert_eq!(all["keys"][0]["created_by_user"]["user_role"], "internal_user");
    let (_, some) = place.ask(&text("team_admin"), "GET", path, &Value::Null).await;
    assert_eq!(some["keys"][0]["key_alias"], "member-in-t1");
    assert_eq!(some["keys"][0].get("user"), None);
}

#[tokio::test]
async fn many_are_shown_at_once() {
    let place = settle().await;
    let hash = KeyHash::of(&text("user-alone"));
    let body = json!({"keys": [text("user-alone"), text("foreign-in-t2"), "sk-absent"], "key_aliases": ["user", "member"]});
    let (_, mine) = place.ask(&text("user"), "POST", "/v2/key/info", &body).await;
    let mut names: Vec<_> =
        mine["info"].as_array().unwrap().iter().map(|key| key["key_alias"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["user", "user-alone"], "what is foreign is not there");
    assert_eq!(mine["key"][0], json!(hash), "no text is sent back");
    assert_eq!(place.master("POST", "/v2/key/info", &json!({})).await, json!({"key": [], "info": []}));
    assert_eq!(info(&place, &text("member-in-t1")).await["organization_id"], "o1", "that of the team");
}
