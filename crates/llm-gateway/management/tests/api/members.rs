//! Members of teams.

mod joining;

use serde_json::{Value, json};

use crate::office::{MASTER, Place};
use crate::teams::tenants::{ABSENT, FOREIGN, OWN, give_key, settled};

fn emails(team: &Value) -> Vec<&str> {
    team["members_with_roles"].as_array().unwrap().iter().filter_map(|it| it["user_email"].as_str()).collect()
}

#[tokio::test]
async fn members_come_and_go() {
    let place = settled().await;
    let body = json!({
        "team_id": OWN.team,
        "member": [{"user_email": "New@example.org", "role": "admin"}, {"user_id": OWN.user}],
        "max_budget_in_team": 12.5,
        "allowed_models": ["gpt-4o"],
    });
    let (status, added) = place.ask("sk-lead", "POST", "/team/member_add", &body).await;
    assert_eq!(status, 200, "{added}");
    assert_eq!(added["updated_users"].as_array().unwrap().len(), 1, "the other one was there");
    let id = added["updated_users"][0]["user_id"].as_str().unwrap();
    let place_of = &added["updated_team_memberships"][0];
    assert_eq!((&place_of["user_id"], &place_of["role"]), (&json!(id), &json!("admin")));
    assert_eq!(place_of["litellm_budget_table"]["max_budget"], json!(12.5));
    assert!(emails(&added).contains(&"New@example.org"));
    let again = json!({"team_id": OWN.team, "member": {"user_email": "new@EXAMPLE.org"}});
    let told = place.refusal("sk-lead", "POST", "/team/member_add", &again).await;
    assert_eq!((told.0, told.1.as_deref()), (400, Some("team_member_already_in_team")));
    // Whoever a tenant invites is the tenant's.
    let found = place
        .ask(
            "sk-org",
            "GET",
            &format!("/organization/info?organization_id={}", OWN.organization),
            &Value::Null,
        )
        .await;
    assert!(found.1["members"].to_string().contains(id), "{}", found.1);

    give_key(&place, id, |key| key.team_id = Some(OWN.team.into())).await;
    let gone = json!({"team_id": OWN.team, "user_email": "new@example.org"});
    let (status, left) = place.ask("sk-lead", "POST", "/team/member_delete", &gone).await;
    assert_eq!(status, 200, "{left}");
    assert!(!emails(&left).contains(&"New@example.org"));
    let key = format!("sk-{id}");
    assert_eq!(
        place.ask(&key, "GET", "/team/list", &Value::Null).await.0,
        401,
        "the key went with the member"
    );
    assert_eq!(place.refusal("sk-lead", "POST", "/team/member_delete", &gone).await.0, 404);
}

#[tokio::test]
async fn strangers_are_invited_by_address_alone() {
    let place = settled().await;
    let body = |user: &str| json!({"team_id": OWN.team, "member": {"user_id": user, "role": "user"}});
    for key in ["sk-lead", "sk-org"] {
        let foreign = place.ask(key, "POST", "/team/member_add", &body(FOREIGN.user)).await;
        let absent = place.ask(key, "POST", "/team/member_add", &body(ABSENT.user)).await;
        assert_eq!((foreign.0.as_u16(), &foreign), (403, &absent), "{key}");
        let body = |user: &str| json!({"organization_id": OWN.organization, "member": {"user_id": user}});
        let foreign = place.ask(key, "POST", "/organization/member_add", &body(FOREIGN.user)).await;
        let absent = place.ask(key, "POST", "/organization/member_add", &body(ABSENT.user)).await;
        assert_eq!((foreign.0.as_u16(), &foreign), (403, &absent), "{key}");
    }
    // Nor does the address tell more of a stranger.
    let body = json!({"team_id": OWN.team, "member": {"user_email": "outsider@example.org"}});
    let (status, added) = place.ask("sk-lead", "POST", "/team/member_add", &body).await;
    let known = json!([{"user_id": "outsider", "user_email": "outsider@example.org"}]);
    assert_eq!((status.as_u16(), &added["updated_users"]), (200, &known));
    // A colleague of the organisation is no stranger.
    let body = json!({"team_id": OWN.team, "member": {"user_id": "org", "role": "user"}});
    assert_eq!(place.ask("sk-lead", "POST", "/team/member_add", &body).await.0, 200);
    // A proxy admin makes whom he names.
    let body =
        json!({"team_id": OWN.team, "member": {"user_id": ABSENT.user, "user_email": "a@example.org"}});
    let made = place.master("POST", "/team/member_add", &body).await;
    assert_eq!(made["updated_users"][0]["user_id"], ABSENT.user);
    let body = json!({"team_id": OWN.team, "member": {"user_id": "x", "user_email": "a@example.org"}});
    let told = place.refusal(MASTER, "POST", "/team/member_add", &body).await;
    assert_eq!((told.0, told.2.as_deref()), (400, Some("user_email")));
}

#[tokio::test]
async fn bounds_are_the_members_own_or_the_teams() {
    let place = settled().await;
    let budget_of = |user: &'static str| {
        let place = &place;
        async move {
            let info = place.master("GET", &format!("/team/info?team_id={}", OWN.team), &Value::Null).await;
            let list = info["team_memberships"].as_array().unwrap().clone();
            let found = list.into_iter().find(|it| it["user_id"] == user).unwrap();
            (
                found["budget_source"].as_str().unwrap().to_owned(),
                found["litellm_budget_table"]["max_budget"].clone(),
            )
        }
    };
    let team = |budget: Value| json!({"team_id": OWN.team, "team_member_budget": budget, "team_member_rpm_limit": 9});
    assert_eq!(budget_of("member").await, ("none".to_owned(), Value::Null));
    place.master("POST", "/team/update", &team(json!(5))).await;
    assert_eq!(budget_of("member").await, ("team_default".to_owned(), json!(5)));
    let body = json!({"team_id": OWN.team, "user_id": "member", "max_budget_in_team": 7, "role": "admin"});
    let (status, own) = place.ask("sk-lead", "POST", "/team/member_update", &body).await;
    assert_eq!((status.as_u16(), &own["max_budget_in_team"], &own["rpm_limit"]), (200, &json!(7), &json!(9)));
    assert_eq!((&own["role"], &own["user_email"]), (&json!("admin"), &json!("member@example.org")));
    place.master("POST", "/team/update", &team(json!(6))).await;
    assert_eq!(budget_of("member").await, ("custom".to_owned(), json!(7)));
    assert_eq!(
        budget_of("lead").await,
        ("team_default".to_owned(), json!(6)),
        "whoever has none of his own follows"
    );
    let path = format!("/team/{}/member/member/reset_budget", OWN.team);
    let reset = place.master("POST", &path, &Value::Null).await;
    assert_eq!((&reset["budget_source"], &reset["budget_id"]), (&json!("team_default"), &Value::Null));
    assert_eq!(budget_of("member").await, ("team_default".to_owned(), json!(6)));
    let more = json!({"team_id": OWN.team, "user_id": "member", "temp_budget_increase": 1, "temp_budget_expiry": "2027-01-01T00:00:00Z"});
    let more = place.master("POST", "/team/member_update", &more).await;
    assert_eq!(more["temp_budget_increase"], json!(1));
    for (body, param) in [
        (json!({"max_budget_in_team": -1}), "max_budget_in_team"),
        (json!({"temp_budget_increase": 1}), "temp_budget_increase"),
        (json!({"tpm_limit": "many"}), "tpm_limit"),
        (json!({"role": "king"}), "role"),
    ] {
        let mut body = body;
        body["team_id"] = OWN.team.into();
        body["user_id"] = "member".into();
        let told = place.refusal(MASTER, "POST", "/team/member_update", &body).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{body}");
    }
}

#[tokio::test]
async fn what_is_spent_is_set_back_by_others() {
    let place = settled().await;
    let path = |user: &str| format!("/team/{}/member/{user}/reset_spend", OWN.team);
    let (status, reset) = place.ask("sk-lead", "POST", &path("member"), &json!({"reset_to": 0.5})).await;
    assert_eq!((status.as_u16(), &reset["spend"], &reset["previous_spend"]), (200, &json!(0.5), &json!(2.5)));
    assert_eq!(place.refusal("sk-lead", "POST", &path("lead"), &json!({"reset_to": 0})).await.0, 403);
    for reset_to in [json!(3), json!(-1), json!("x"), Value::Null] {
        let told = place.refusal(MASTER, "POST", &path("lead"), &json!({"reset_to": reset_to})).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some("reset_to")), "{reset_to}");
    }
}

#[tokio::test]
async fn many_at_once() {
    let place = settled().await;
    let body = json!({"team_id": OWN.team, "members": [
        {"user_email": "b1@example.org", "role": "user"},
        {"user_id": "member", "role": "user"},
        {"user_email": "B1@example.org", "role": "user"},
    ]});
    let added = place.master("POST", "/team/bulk_member_add", &body).await;
    assert_eq!(
        (&added["total_requested"], &added["successful_additions"], &added["failed_additions"]),
        (&json!(3), &json!(1), &json!(2))
    );
    let done: Vec<_> =
        added["results"].as_array().unwrap().iter().map(|it| it["success"].as_bool().unwrap()).collect();
    assert_eq!(done, [true, false, false]);
    let path = format!("/management/v1/teams/{}/members/bulk_update", OWN.team);
    let body = json!({"members": [
        {"user_email": "b1@example.org", "max_budget_in_team": 4},
        {"user_id": FOREIGN.user, "tpm_limit": 1},
        {"user_id": ABSENT.user, "tpm_limit": 1},
        {"user_id": "member", "rpm_limit": 2, "allowed_models": ["o3"]},
        {"user_id": "member", "rpm_limit": 3},
    ]});
    let (status, changed) = place.ask("sk-lead", "POST", &path, &body).await;
    assert_eq!(status, 200, "{changed}");
    let rows = changed["data"].as_array().unwrap();
    assert_eq!((&rows[0]["max_budget"], &rows[0]["max_budget_source"]), (&json!(4), &json!("member")));
    assert_eq!(
        (&rows[1]["error"], &rows[2]["error"]),
        (&json!("is not in the team"), &json!("is not in the team"))
    );
    assert_eq!((&rows[3]["rpm_limit"], &rows[3]["allowed_models"]), (&json!(2), &json!(["o3"])));
    assert_eq!(rows[4]["error"], "is named twice");
    let path = format!("/management/v1/teams/{}/members/bulk_delete", OWN.team);
    let body = json!({"members": [{"user_email": "b1@example.org"}, {"user_id": FOREIGN.user}]});
    let (status, gone) = place.ask("sk-lead", "POST", &path, &body).await;
    assert_eq!(status, 200, "{gone}");
    assert_eq!((&gone["data"][0]["success"], &gone["data"][1]["success"]), (&json!(true), &json!(false)));
    assert_eq!(
        place
            .refusal(
                "sk-lead",
                "POST",
                "/team/bulk_member_add",
                &json!({"team_id": OWN.team, "all_users": true})
            )
            .await
            .0,
        403
    );
    let all = place
        .master("POST", "/team/bulk_member_add", &json!({"team_id": FOREIGN.team, "all_users": true}))
        .await;
    assert_eq!(all["total_requested"], json!(12), "{all}");
    assert_eq!(all["failed_additions"], json!(2));
}

#[tokio::test]
async fn everybody_sees_the_own_place() {
    let place = settled().await;
    let path = format!("/team/{}/members/me", OWN.team);
    let (status, me) = place.ask("sk-member", "GET", &path, &Value::Null).await;
    assert_eq!((status.as_u16(), &me["role"], &me["spend"]), (200, &json!("user"), &json!(2.5)));
    assert_eq!((&me["user_email"], &me["team_alias"]), (&json!("member@example.org"), &json!(OWN.team)));
    assert_eq!(place.refusal("sk-admin", "GET", &path, &Value::Null).await.0, 404);
    let told = place.refusal(MASTER, "GET", &path, &Value::Null).await;
    assert_eq!((told.0, told.2.as_deref()), (400, Some("user_id")));
    let (_, info) =
        place.ask("sk-member", "GET", &format!("/team/info?team_id={}", OWN.team), &Value::Null).await;
    assert_eq!(
        emails(&info["team_info"]),
        ["member@example.org"],
        "of the others, members are shown nothing"
    );
}

#[tokio::test]
async fn what_nothing_is_made_of_is_told() {
    let place = settled().await;
    let body =
        json!({"team_id": OWN.team, "member": [{"user_email": "n@example.org", "shoes": 43}], "hat": 1});
    let ignored = place.ignored(MASTER, "POST", "/team/member_add", &body).await;
    assert_eq!(ignored.as_deref(), Some("member[0].shoes, hat"));
    let table = json!({"rpm_limit": 1, "budget_reset_at": null});
    let body = json!({"organization_id": OWN.organization, "litellm_budget_table": table});
    let ignored = place.ignored(MASTER, "PATCH", "/organization/update", &body).await;
    assert_eq!(ignored.as_deref(), Some("litellm_budget_table.budget_reset_at"));
}

#[tokio::test]
async fn a_member_that_nobody_named_is_refused() {
    let place = Place::new().await;
    place.master("POST", "/team/new", &json!({"team_id": "t"})).await;
    for (body, param) in [
        (json!({"member": {"role": "user"}}), "member[0].user_id"),
        (json!({"member": "anna"}), "member"),
        (json!({}), "member"),
        (json!({"member": {"user_id": "anna", "role": 5}}), "member[0].role"),
    ] {
        let mut body = body;
        body["team_id"] = "t".into();
        let told = place.refusal(MASTER, "POST", "/team/member_add", &body).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{body}");
    }
}
