//! Who may do what with whose keys.

use std::fmt::Write as _;

use llm_tenancy::{KeyHash, Period, Team};
use serde_json::{Value, json};

use super::stored;
use super::tenants::{EVERYBODY, KEYS, put, settle, text};
use crate::office::{MASTER, Place};

/// A request that names one key.
fn request(route: &str, key: &str) -> (&'static str, String, Value) {
    let one = json!({"key": key});
    match route {
        "info" => ("GET", format!("/key/info?key={key}"), Value::Null),
        "update" => ("POST", "/key/update".to_owned(), json!({"key": key, "tags": ["x"]})),
        "regenerate" => ("POST", format!("/key/{key}/regenerate"), json!({"key_type": "llm_api"})),
        "regenerate by body" => ("POST", "/key/regenerate".to_owned(), one),
        "reset_spend" => ("POST", format!("/key/{key}/reset_spend"), json!({"reset_to": 0})),
        "delete" => ("POST", "/key/delete".to_owned(), json!({"keys": [key]})),
        "delete by alias" => (
            "POST",
            "/key/delete".to_owned(),
            json!({"key_aliases": [key.replace("sk-", "").replace("-0123456789", "")]}),
        ),
        "block" => ("POST", "/key/block".to_owned(), one),
        _ => ("POST", "/key/unblock".to_owned(), one),
    }
}

const ROUTES: [&str; 9] = [
    "info",
    "update",
    "block",
    "unblock",
    "reset_spend",
    "regenerate by body",
    "regenerate",
    "delete by alias",
    "delete",
];

/// Who gets which keys, by every route that names one; and what is foreign is answered as what is absent, to the byte.
#[tokio::test]
async fn keys_are_reached_by_those_whose_they_are() {
    let mut reached = String::new();
    for who in EVERYBODY {
        let mut place = settle().await;
        let key = text(who);
        for route in ROUTES {
            let (method, path, body) = request(route, &text("absent"));
            let absent = place.ask(&key, method, &path, &body).await;
            assert!(absent.0 == 404 || absent.0 == 403, "{who} {route}: {absent:?}");
            let mut found = Vec::new();
            for (name, ..) in KEYS {
                let named = if route == "delete by alias" {
                    text(name)
                } else {
                    KeyHash::of(&text(name)).to_string()
                };
                let (method, path, body) = request(route, &named);
                let answer = place.ask(&key, method, &path, &body).await;
                if answer.0 == 200 {
                    found.push(name);
                } else if answer != absent {
                    // What is within reach and not to be done so: told to whoever sees the key.
                    assert_eq!(answer.0, 403, "{who} {route} {name}: {answer:?}");
                    let (method, path, body) = request("info", &named);
                    assert_eq!(place.ask(&key, method, &path, &body).await.0, 200, "{who} {route} {name}");
                    found.push("(403)");
                }
            }
            writeln!(reached, "{who}, {route}: {}", found.join(" ")).unwrap();
            if ["regenerate by body", "regenerate", "delete by alias"].contains(&route) {
                place = settle().await;
            }
        }
    }
    insta::assert_snapshot!(reached);
}

async fn generate(place: &Place, who: &str, body: &Value) -> (u16, Value) {
    let (status, answer) = place.ask(&text(who), "POST", "/key/generate", body).await;
    (status.as_u16(), answer)
}

#[tokio::test]
async fn keys_are_made_by_those_who_may() {
    let place = settle().await;
    for (who, body, status, param) in [
        ("user", json!({}), 200, None),
        ("user", json!({"models": ["anything"], "max_budget": 5, "metadata": {"a": 1}}), 200, None),
        ("user", json!({"max_budget": 5, "budget_duration": "monthly"}), 200, None),
        ("user", json!({"user_id": "user"}), 200, None),
        ("user", json!({"user_id": "member"}), 403, None),
        ("user", json!({"user_id": "nobody"}), 403, None),
        ("user", json!({"team_id": "t1"}), 403, None),
        ("user", json!({"team_id": "nowhere"}), 403, None),
        ("user", json!({"organization_id": "o1"}), 403, None),
        ("user", json!({"spend": 0}), 200, None),
        ("user", json!({"spend": 1}), 403, Some("spend")),
        ("user", json!({"budget_id": "b"}), 403, Some("budget_id")),
        ("user", json!({"permissions": {"pii": false}}), 403, Some("permissions")),
        ("user", json!({"metadata": {"logging": []}}), 403, Some("metadata.logging")),
        (
            "user",
            json!({"metadata": {"throttle_on_budget_exceeded": true}}),
            403,
            Some("throttle_on_budget_exceeded"),
        ),
        ("user", json!({"metadata": {"x": "os.environ/HOME"}}), 403, Some("metadata")),
        ("member", json!({"team_id": "t1"}), 403, None),
        ("permitted", json!({"team_id": "t3"}), 200, None),
        ("permitted", json!({"team_id": "t3", "user_id": "member"}), 403, None),
        ("team_admin", json!({"team_id": "t1"}), 200, None),
        ("team_admin", json!({"team_id": "t3"}), 403, None),
        ("team_admin", json!({"team_id": "t1", "user_id": "member"}), 403, Some("allowed_routes")),
        ("team_admin", json!({"team_id": "t1", "user_id": "member", "key_type": "llm_api"}), 200, None),
        ("team_admin", json!({"team_id": "t1", "user_id": "admin"}), 403, Some("allowed_routes")),
        (
            "team_admin",
            json!({"team_id": "t1", "user_id": "user", "key_type": "llm_api"}),
            403,
            Some("user_id"),
        ),
        (
            "team_admin",
            json!({"team_id": "t1", "user_id": "nobody", "key_type": "llm_api"}),
            403,
            Some("user_id"),
        ),
        ("team_admin", json!({"team_id": "t1", "models": ["claude"]}), 403, Some("models")),
        ("team_admin", json!({"team_id": "t1", "models": ["gpt-4o"]}), 200, None),
        ("team_admin", json!({"team_id": "t1", "project_id": "p1"}), 200, None),
        ("team_admin", json!({"team_id": "t1", "project_id": "p2"}), 400, None),
        ("team_admin", json!({"team_id": "t1", "project_id": "nowhere"}), 400, None),
        ("team_admin", json!({"team_id": "t1", "organization_id": "o1"}), 200, None),
        ("team_admin", json!({"team_id": "t1", "organization_id": "o2"}), 400, Some("organization_id")),
        ("team_admin", json!({"team_id": "t1", "end_user_budget_id": "b"}), 403, Some("end_user_budget_id")),
        ("org_admin", json!({"team_id": "t3", "metadata": {"priority": "high"}}), 200, None),
        ("org_admin", json!({"organization_id": "o1"}), 200, None),
        ("org_admin", json!({"team_id": "t2"}), 403, None),
        ("org_admin", json!({"team_id": "t2", "organization_id": "o1"}), 403, None),
        ("org_admin", json!({"team_id": "nowhere", "organization_id": "o1"}), 403, None),
        ("admin", json!({"team_id": "t2", "user_id": "user", "project_id": "p2"}), 200, None),
        ("admin", json!({"team_id": "t2", "project_id": "p1"}), 400, Some("project_id")),
        ("viewer", json!({}), 403, None),
        ("watcher", json!({}), 403, None),
        ("watcher", json!({"team_id": "t1"}), 403, None),
        ("bare", json!({}), 403, None),
        ("bare", json!({"team_id": "t1"}), 403, None),
    ] {
        let (given, answer) = generate(&place, who, &body).await;
        let named = answer["error"]["param"].as_str();
        assert_eq!((given, named), (status, param), "{who} {body}: {answer}");
        if given == 200 && who != "admin" {
            let own = body.get("user_id").cloned().unwrap_or_else(|| json!(who));
            assert_eq!((&answer["user_id"], &answer["created_by"]), (&own, &json!(who)), "{body}");
        }
    }
    for (who, foreign, absent) in [
        ("user", json!({"team_id": "t1"}), json!({"team_id": "nowhere"})),
        ("org_admin", json!({"team_id": "t2"}), json!({"team_id": "nowhere"})),
        ("org_admin", json!({"organization_id": "o2"}), json!({"organization_id": "nowhere"})),
        ("user", json!({"user_id": "member"}), json!({"user_id": "nobody"})),
        (
            "team_admin",
            json!({"team_id": "t1", "project_id": "p2"}),
            json!({"team_id": "t1", "project_id": "nowhere"}),
        ),
    ] {
        assert_eq!(
            generate(&place, who, &foreign).await,
            generate(&place, who, &absent).await,
            "{who} {foreign}"
        );
    }
}

#[tokio::test]
async fn a_team_guarantees_no_more_than_it_has() {
    let place = settle().await;
    let limits = json!({"tpm_limit": 100, "model_rpm_limit": {"gpt-4o": 10}});
    put::<Team>(&place, &json!({"team_id": "t4", "limits": limits})).await;
    let first = json!({"team_id": "t4", "tpm_limit": 60, "tpm_limit_type": "guaranteed_throughput"});
    let first = place.master("POST", "/key/generate", &first).await;
    place.master("POST", "/key/generate", &json!({"team_id": "t4", "tpm_limit": 10})).await;
    for (body, param) in [
        (json!({"tpm_limit": 30, "tpm_limit_type": "guaranteed_throughput"}), None),
        (json!({"tpm_limit": 31, "tpm_limit_type": "best_effort_throughput"}), None),
        (json!({"tpm_limit": 1, "tpm_limit_type": "guaranteed_throughput"}), Some("tpm_limit")),
        (json!({"model_rpm_limit": {"gpt-4o": 9}, "rpm_limit_type": "guaranteed_throughput"}), None),
        (
            json!({"model_rpm_limit": {"gpt-4o": 2}, "rpm_limit_type": "guaranteed_throughput"}),
            Some("model_rpm_limit"),
        ),
        (json!({"model_rpm_limit": {"gpt-5": 20}, "rpm_limit_type": "guaranteed_throughput"}), None),
    ] {
        let mut body = body.clone();
        body["team_id"] = json!("t4");
        let (status, answer) = place.ask(MASTER, "POST", "/key/generate", &body).await;
        assert_eq!(
            (status == 200, answer["error"]["param"].as_str()),
            (param.is_none(), param),
            "{body}: {answer}"
        );
    }
    // A key does not count against itself, and what does not change is not counted again.
    let body = json!({"key": first["token"], "tpm_limit": 40, "tags": ["a"]});
    assert_eq!(place.refusal(MASTER, "POST", "/key/update", &body).await.2.as_deref(), Some("tpm_limit"));
    place.master("POST", "/key/update", &json!({"key": first["token"], "tags": ["a"]})).await;
    place.master("POST", "/key/update", &json!({"key": first["token"], "tpm_limit": 0})).await;
}

#[tokio::test]
async fn a_members_key_ends_as_the_team_says() {
    let place = settle().await;
    let week = "7d".parse::<Period>().unwrap().after(place.now()).rfc3339();
    let (_, key) = generate(&place, "permitted", &json!({"team_id": "t3"})).await;
    assert_eq!(key["expires"], json!(week));
    let (_, key) = generate(&place, "permitted", &json!({"team_id": "t3", "duration": "1d"})).await;
    assert_ne!(key["expires"], json!(week));
    let (_, key) = generate(&place, "team_admin", &json!({"team_id": "t1"})).await;
    assert_eq!(key["expires"], Value::Null, "admins' own do not");
    let (_, key) = generate(&place, "permitted", &json!({})).await;
    assert_eq!(key["expires"], Value::Null, "nor those of no team");
}

#[tokio::test]
async fn a_machines_key_is_of_a_team_and_of_no_user() {
    let place = settle().await;
    let path = "/key/service-account/generate";
    let body = json!({"team_id": "t1", "key_alias": "ci", "user_id": "admin"});
    let (status, key) = place.ask(&text("team_admin"), "POST", path, &body).await;
    assert_eq!(status, 200, "{key}");
    assert_eq!(
        (&key["user_id"], &key["metadata"], &key["organization_id"]),
        (&Value::Null, &json!({"service_account_id": "ci"}), &json!("o1"))
    );
    assert_eq!(
        place
            .ignored(&text("team_admin"), "POST", path, &json!({"team_id": "t1", "user_id": "x"}))
            .await
            .as_deref(),
        Some("user_id")
    );
    assert_eq!(place.ask(&text("member"), "POST", path, &json!({"team_id": "t1"})).await.0, 403);
    let hash = &key["token"];
    let body = json!({"key": hash, "metadata": {"a": 1}});
    let (_, changed) = place.ask(&text("team_admin"), "POST", "/key/update", &body).await;
    assert_eq!(changed["metadata"], json!({"a": 1, "service_account_id": "ci"}), "its name stays");
    let body = json!({"key": hash, "metadata": {"service_account_id": "cd"}});
    assert_eq!(place.ask(MASTER, "POST", "/key/update", &body).await.0, 400);
    let body = json!({"key": hash, "team_id": null});
    assert_eq!(place.ask(MASTER, "POST", "/key/update", &body).await.0, 400);
}

#[tokio::test]
async fn owners_only_narrow() {
    let place = settle().await;
    let body = json!({
        "user_id": "user", "models": ["gpt-4o", "gpt-5"], "max_budget": 10, "duration": "10d", "rpm_limit": 5,
        "guardrails": ["pii"], "metadata": {"priority": "low", "mine": 1},
    });
    let made = place.master("POST", "/key/generate", &body).await;
    let key = made["token"].as_str().unwrap();
    for (body, status) in [
        (json!({"models": ["gpt-4o"]}), 200),
        (json!({"models": []}), 403),
        (json!({"models": ["claude"]}), 403),
        (json!({"max_budget": 5}), 200),
        (json!({"max_budget": 6}), 403),
        (json!({"max_budget": null}), 403),
        (json!({"duration": "5d"}), 200),
        (json!({"duration": "20d"}), 403),
        (json!({"duration": "-1"}), 403),
        (json!({"guardrails": []}), 403),
        (json!({"spend": 0}), 200),
        (json!({"spend": 1}), 403),
        (json!({"temp_budget_increase": 1, "temp_budget_expiry": "2027-01-01"}), 403),
        (json!({"metadata": {"temp_budget_increase": 1, "temp_budget_expiry": "2027-01-01"}}), 403),
        (json!({"metadata": {"priority": "high"}}), 403),
        (json!({"metadata": {"priority": "low", "mine": 2}}), 200),
        (json!({"metadata": {"mine": 3}}), 200),
        (json!({"team_id": "t1"}), 403),
        (json!({"user_id": "admin"}), 403),
        (json!({"user_id": null}), 403),
        (json!({"blocked": true}), 200),
        (json!({"blocked": false}), 403),
    ] {
        let mut asked = body.clone();
        asked["key"] = json!(key);
        let (given, answer) = place.ask(&text("user"), "POST", "/key/update", &asked).await;
        assert_eq!(given.as_u16(), status, "{body}: {answer}");
    }
    let key = stored(&place.store, key).await;
    assert_eq!(json!(key.metadata), json!({"priority": "low", "mine": 3}), "what is not the owner's stays");
    assert_eq!(key.user_id.unwrap().as_str(), "user");
}

#[tokio::test]
async fn nobody_becomes_another() {
    let place = settle().await;
    let admin = text("team_admin");
    // A key of the proxy admin's, in a team that somebody else manages.
    let body = json!({"user_id": "admin", "team_id": "t1"});
    let made = place.master("POST", "/key/generate", &body).await;
    let key = made["token"].as_str().unwrap();
    let path = format!("/key/{key}/regenerate");
    let told = place.refusal(&admin, "POST", &path, &Value::Null).await;
    assert_eq!((told.0, told.2.as_deref()), (403, Some("allowed_routes")));
    let (status, new) = place.ask(&admin, "POST", &path, &json!({"key_type": "llm_api"})).await;
    assert_eq!(status, 200);
    let token = &new["token"];
    let told =
        place.refusal(&admin, "POST", "/key/update", &json!({"key": token, "allowed_routes": []})).await;
    assert_eq!((told.0, told.2.as_deref()), (403, Some("allowed_routes")));
    let body = json!({"key": token, "key_type": "management"});
    assert_eq!(place.refusal(&admin, "POST", "/key/update", &body).await.0, 403);
    assert_eq!(place.ask(&admin, "POST", "/key/update", &json!({"key": token, "rpm_limit": 1})).await.0, 200);
    let text = new["key"].as_str().unwrap();
    assert_eq!(place.ask(text, "GET", "/key/list", &Value::Null).await.0, 403, "it manages nothing");
    // Nor does one's own key become somebody else's.
    let (_, own) = generate(&place, "team_admin", &json!({"team_id": "t1"})).await;
    let body = json!({"key": own["token"], "user_id": "admin"});
    assert_eq!(place.refusal(&admin, "POST", "/key/update", &body).await.0, 403);
}

#[tokio::test]
async fn deleted_keys_are_shown_to_those_who_had_them() {
    let place = settle().await;
    for (name, ..) in KEYS {
        place.master("POST", "/key/delete", &json!({"key_aliases": [name]})).await;
    }
    for (who, seen) in [
        ("admin", &KEYS.map(|(name, ..)| name)[..]),
        (
            "org_admin",
            &["member-in-t1", "permitted-in-t1", "permitted-in-t3", "nobody-in-t1", "nobody-in-o1"],
        ),
        ("permitted", &["permitted-in-t1", "permitted-in-t3"]),
        ("team_admin", &["member-in-t1", "permitted-in-t1", "nobody-in-t1"]),
        ("member", &["member-in-t1"]),
        ("user", &["user-alone"]),
        ("foreign_admin", &["foreign-in-t2"]),
    ] {
        let absent = place.ask(&text(who), "GET", "/key/info?key=sk-absent", &Value::Null).await;
        for (name, ..) in KEYS {
            let path = format!("/key/info?key={}", KeyHash::of(&text(name)));
            let answer = place.ask(&text(who), "GET", &path, &Value::Null).await;
            if seen.contains(&name) {
                assert_eq!(answer.1["info"]["status"], "deleted", "{who} {name}");
            } else {
                assert_eq!(answer, absent, "{who} {name}");
            }
        }
        let path = "/key/list?status=deleted&include_team_keys=true&return_full_object=true&size=100&team_id=&key_alias=";
        let (_, mine) = place.ask(&text(who), "GET", path, &Value::Null).await;
        let listed: Vec<_> =
            mine["keys"].as_array().unwrap().iter().map(|key| key["key_alias"].as_str().unwrap()).collect();
        assert!(listed.iter().all(|name| seen.contains(name)), "{who}: {listed:?}");
        assert_eq!(listed.len() as u64, mine["total_count"].as_u64().unwrap());
        assert!(!listed.is_empty(), "{who}");
    }
}
