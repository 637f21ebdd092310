//! Teams.

pub(crate) mod tenants;

use serde_json::{Value, json};

use crate::office::{MASTER, Place};
use tenants::{ABSENT, FOREIGN, OWN, give_key, settled};

#[tokio::test]
async fn a_teams_life() {
    let place = Place::new().await;
    let body = json!({
        "team_id": "search",
        "team_alias": "Search",
        "models": ["gpt-4o"],
        "max_budget": 100.5,
        "budget_duration": "30d",
        "team_member_budget": 5,
        "model_aliases": {"fast": "gpt-4o"},
        "metadata": {"floor": 3},
        "members_with_roles": [{"user_id": "anna", "role": "admin"}, {"user_email": "Ben@example.org"}],
        "members": ["carl"],
        "colour": "red",
    });
    let made = place.master("POST", "/team/new", &body).await;
    assert_eq!((&made["max_budget"], &made["team_member_budget"]), (&json!(100.5), &json!(5)));
    assert_eq!(made["litellm_model_table"]["model_aliases"]["fast"], "gpt-4o");
    assert!(made["budget_reset_at"].is_string());
    let members = made["members_with_roles"].as_array().unwrap();
    let roles: Vec<_> =
        members.iter().map(|it| (it["user_email"].as_str(), it["role"].as_str().unwrap())).collect();
    assert_eq!(members.len(), 3);
    assert!(roles.contains(&(Some("Ben@example.org"), "user")) && roles.contains(&(None, "admin")));

    let body = json!({"team_id": "search", "max_budget": null, "rpm_limit": 7, "team_alias": "Find"});
    let changed = place.master("POST", "/team/update", &body).await;
    assert_eq!(changed["team_id"], "search");
    let changed = &changed["data"];
    assert_eq!((&changed["max_budget"], &changed["rpm_limit"]), (&Value::Null, &json!(7)));
    assert_eq!((&changed["models"], &changed["metadata"]["floor"]), (&json!(["gpt-4o"]), &json!(3)));
    let patched = place.master("PATCH", "/team/search", &json!({"tags": ["a"]})).await;
    assert_eq!((&patched["tags"], &patched["team_alias"]), (&json!(["a"]), &json!("Find")));

    let blocked = place.master("POST", "/team/block", &json!({"team_id": "search"})).await;
    assert_eq!(blocked["blocked"], true);
    let open = place.master("POST", "/team/unblock", &json!({"team_id": "search"})).await;
    assert_eq!(open["blocked"], false);

    give_key(&place, "anna", |key| key.team_id = Some("search".into())).await;
    let info = place.master("GET", "/team/info?team_id=search", &Value::Null).await;
    assert_eq!((&info["team_id"], &info["keys_count"]), (&json!("search"), &json!(1)));
    assert_eq!(info["keys"][0]["user_id"], "anna");
    assert_eq!(info["team_info"]["team_member_budget_table"]["max_budget"], json!(5));
    let anna =
        info["team_memberships"].as_array().unwrap().iter().find(|it| it["user_id"] == "anna").unwrap();
    assert_eq!(
        (&anna["budget_source"], &anna["litellm_budget_table"]["max_budget"]),
        (&json!("team_default"), &json!(5))
    );

    let gone = place.master("POST", "/team/delete", &json!({"team_ids": ["search"]})).await;
    assert_eq!(gone, json!({"deleted_teams": ["search"]}));
    let told = place.refusal(MASTER, "GET", "/team/info?team_id=search", &Value::Null).await;
    assert_eq!((told.0, told.1.as_deref()), (404, Some("not_found")));
    let deleted = place.master("GET", "/v2/team/list?status=deleted", &Value::Null).await;
    assert_eq!((&deleted["total"], &deleted["teams"][0]["team_id"]), (&json!(1), &json!("search")));
}

#[tokio::test]
async fn rates_in_the_metadata_are_those_of_the_record() {
    let place = Place::new().await;
    let rates =
        |number: u64| json!({"floor": 3, "model_rpm_limit": {"m": number}, "model_tpm_limit": {"m": 9}});
    let alias =
        json!({"team_id": "t", "organization_alias": "O", "organization_id": "o", "metadata": rates(1)});
    let team = place.master("POST", "/team/new", &json!({"team_id": "t", "metadata": rates(1)})).await;
    let organization = place.master("POST", "/organization/new", &alias).await;
    let project = place.master("POST", "/project/new", &json!({"team_id": "t", "metadata": rates(1)})).await;
    for made in [&team, &organization, &project] {
        assert_eq!(made["model_rpm_limit"], json!({"m": 1}), "{made}");
        assert_eq!((&made["model_tpm_limit"], &made["metadata"]), (&json!({"m": 9}), &json!({"floor": 3})));
    }
    let changed = place.master("POST", "/team/update", &json!({"team_id": "t", "metadata": rates(2)})).await;
    assert_eq!(changed["data"]["model_rpm_limit"], json!({"m": 2}));
    // What is said outside counts more, and the rest is told to have come to nothing.
    let both = json!({"team_id": "t", "metadata": rates(3), "model_rpm_limit": {"m": 4}});
    let ignored = place.ignored(MASTER, "POST", "/team/update", &both).await;
    assert_eq!(ignored.as_deref(), Some("metadata.model_rpm_limit"));
    let info = place.master("GET", "/team/info?team_id=t", &Value::Null).await;
    assert_eq!(info["team_info"]["model_rpm_limit"], json!({"m": 4}));
}

#[tokio::test]
async fn who_bounds_a_team_bounds_its_models() {
    let place = settled().await;
    let body = json!({"team_id": OWN.team, "metadata": {"model_rpm_limit": {"gpt-4o": 1_000}}});
    let told = place.refusal("sk-lead", "POST", "/team/update", &body).await;
    assert_eq!((told.0, told.2.as_deref()), (403, Some("model_rpm_limit")));
}

#[tokio::test]
async fn a_team_is_made_with_its_members_or_not_at_all() {
    let place = Place::new().await;
    let body = json!({"team_id": "a", "members_with_roles": [{"user_id": "anna", "role": "user"}]});
    place.master("POST", "/team/new", &body).await;
    let again = json!({"team_id": "a", "members_with_roles": [{"user_email": "new@example.org"}]});
    let told = place.refusal(MASTER, "POST", "/team/new", &again).await;
    assert_eq!((told.0, told.1.as_deref()), (409, Some("already_exists")));
    let user =
        place.store.count::<llm_tenancy::User>(&[], &llm_tenancy::management::Scope::everything()).await;
    assert_eq!(user.unwrap(), 1, "who was not added was not made");
}

#[tokio::test]
async fn who_makes_a_team_manages_it() {
    let place = settled().await;
    let body = json!({"team_id": "new", "organization_id": OWN.organization});
    let (status, made) = place.ask("sk-org", "POST", "/team/new", &body).await;
    assert_eq!(status, 200, "{made}");
    let admin = json!([{"user_id": "org", "user_email": "org@example.org", "role": "admin"}]);
    assert_eq!(made["members_with_roles"], admin);
}

#[tokio::test]
async fn what_makes_no_sense_is_named() {
    let place = settled().await;
    let new = |body: Value| ("POST", "/team/new", body);
    let update = |mut body: Value| {
        body["team_id"] = OWN.team.into();
        ("POST", "/team/update", body)
    };
    for ((method, path, body), param) in [
        (new(json!({"max_budget": -1})), "max_budget"),
        (new(json!({"max_budget": 5, "soft_budget": 5})), "soft_budget"),
        (new(json!({"budget_duration": "soon"})), "budget_duration"),
        (new(json!({"members_with_roles": [{"role": "user"}]})), "members_with_roles[0].user_id"),
        (
            new(json!({"members_with_roles": [{"user_id": "x", "role": "king"}]})),
            "members_with_roles[0].role",
        ),
        (new(json!({"organization_id": ABSENT.organization})), "organization_id"),
        (new(json!({"team_member_permissions": ["/key/steal"]})), "team_member_permissions"),
        (new(json!({"metadata": {"api_key": "***"}})), "metadata.api_key"),
        (update(json!({"models": "gpt-4o"})), "models"),
        (update(json!({"organization_id": ABSENT.organization})), "organization_id"),
        (("POST", "/team/update", json!({"team_alias": "x"})), "team_id"),
        (("PATCH", "/team/own-t", json!({"team_id": "other"})), "team_id"),
        (
            (
                "POST",
                "/team/own-t/callback",
                json!({"callback_name": "otel", "callback_vars": {}, "callback_type": "x"}),
            ),
            "callback_type",
        ),
        (("GET", "/team/info", Value::Null), "team_id"),
        (("GET", "/team/info?team_id=own-t&key_limit=0", Value::Null), "key_limit"),
        (("GET", "/v2/team/list?page=0", Value::Null), "page"),
        (("GET", "/v2/team/list?page_size=101", Value::Null), "page_size"),
        (("GET", "/v2/team/list?sort_by=metadata", Value::Null), "sort_by"),
        (("GET", "/v2/team/list?sort_order=up", Value::Null), "sort_order"),
        (("GET", "/v2/team/list?status=open", Value::Null), "status"),
        (("POST", "/team/permissions_bulk_update", json!({"permissions": []})), "team_ids"),
        (
            (
                "POST",
                "/team/permissions_bulk_update",
                json!({"permissions": ["/x"], "apply_to_all_teams": true}),
            ),
            "permissions",
        ),
    ] {
        let told = place.refusal(MASTER, method, path, &body).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{method} {path} {body}");
    }
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_cut() {
    let place = settled().await;
    place.master("POST", "/team/new", &json!({"team_id": "lone", "team_alias": "Alone_1"})).await;
    let ids = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|team| team["team_id"].as_str().unwrap().to_owned()).collect()
    };
    for (query, found) in [
        ("", vec!["lone", "foreign-t", "own-t"]),
        ("?organization_id=own-o", vec!["own-t"]),
        ("?organization_id=default_organization", vec!["lone"]),
        ("?user_id=lead", vec!["own-t"]),
        ("?user_id=nobody", vec![]),
        ("?page=2&page_size=2", vec!["own-t"]),
    ] {
        let list = place.master("GET", &format!("/team/list{query}"), &Value::Null).await;
        assert_eq!(ids(&list), found, "{query}");
    }
    for (query, found, total) in [
        ("?sort_by=team_id", vec!["foreign-t", "lone", "own-t"], 3),
        ("?sort_by=team_id&sort_order=desc&page_size=1&page=2", vec!["lone"], 3),
        ("?team_alias=alone_", vec!["lone"], 1),
        ("?search=lone", vec!["lone"], 1),
        ("?search=OWN", vec!["own-t"], 1),
        ("?team_id=own-t", vec!["own-t"], 1),
    ] {
        let page = place.master("GET", &format!("/v2/team/list{query}"), &Value::Null).await;
        assert_eq!(
            (ids(&page["teams"]), &page["total"]),
            (found.iter().map(|id| (*id).to_owned()).collect(), &json!(total)),
            "{query}"
        );
    }
    let page = place.master("GET", "/v2/team/list?team_id=own-t&page_size=2", &Value::Null).await;
    assert_eq!((&page["teams"][0]["members_count"], &page["teams"][0]["keys_count"]), (&json!(4), &json!(1)));
    assert_eq!((&page["page"], &page["page_size"], &page["total_pages"]), (&json!(1), &json!(2), &json!(1)));
    let found = place.master("GET", "/team/filter/ui?team_alias=OWN", &Value::Null).await;
    assert_eq!(ids(&found), ["own-t"]);
    assert_eq!(place.master("GET", "/team/available", &Value::Null).await, json!([]));
}

#[tokio::test]
async fn models_are_added_and_taken() {
    let place = settled().await;
    let ask = |path: &'static str, models: Value| {
        let body = json!({"team_id": OWN.team, "models": models});
        let place = &place;
        async move { place.master("POST", path, &body).await["models"].clone() }
    };
    let all = "all-proxy-models";
    assert_eq!(ask("/team/model/add", json!(["a", "a"])).await, json!([all, "a"]), "nothing was everything");
    assert_eq!(ask("/team/model/delete", json!([all])).await, json!(["a"]));
    assert_eq!(
        ask("/team/model/delete", json!(["a"])).await,
        json!(["no-default-models"]),
        "and not everything again"
    );
    let body = json!({"team_id": OWN.team, "models": ["b"]});
    let told = place.refusal("sk-lead", "POST", "/team/model/add", &body).await;
    assert_eq!(told.0, 403, "what bounds a team is not its admins' to change");
}

#[tokio::test]
async fn permissions_are_what_members_may() {
    let place = settled().await;
    let path = format!("/team/permissions_list?team_id={}", OWN.team);
    let list = place.master("GET", &path, &Value::Null).await;
    assert_eq!(list["team_member_permissions"], json!(["/key/info", "/key/health"]));
    assert!(list["all_available_permissions"].as_array().unwrap().contains(&json!("/key/generate")));
    let body = json!({"team_id": OWN.team, "team_member_permissions": ["/key/generate"]});
    assert_eq!(place.ask("sk-lead", "POST", "/team/permissions_update", &body).await.0, 200);
    let body = json!({"permissions": ["/key/list", "/key/generate"], "apply_to_all_teams": true});
    let done = place.master("POST", "/team/permissions_bulk_update", &body).await;
    assert_eq!(done["teams_updated"], 2);
    let again = place.master("POST", "/team/permissions_bulk_update", &body).await;
    assert_eq!(again["teams_updated"], 0);
    let list = place.master("GET", &path, &Value::Null).await;
    assert_eq!(list["team_member_permissions"], json!(["/key/generate", "/key/list"]));
}

#[tokio::test]
async fn callbacks_show_no_secret() {
    let place = settled().await;
    let path = format!("/team/{}/callback", OWN.team);
    let body = json!({
        "callback_name": "langfuse",
        "callback_type": "success",
        "callback_vars": {"langfuse_secret_key": "sk-lf-hidden", "langfuse_host": "https://lf.example.org"},
    });
    let (status, added) = place.ask("sk-lead", "POST", &path, &body).await;
    assert_eq!((status.as_u16(), &added["status"]), (200, &json!("success")));
    let told = place.refusal("sk-lead", "POST", &path, &body).await;
    assert_eq!((told.0, told.2.as_deref()), (400, Some("callback_name")));
    let shown = place.master("GET", &path, &Value::Null).await;
    assert_eq!(shown["data"]["success_callbacks"], json!(["langfuse"]));
    assert_eq!(shown["data"]["failure_callbacks"], json!([]));
    assert_eq!(
        shown["data"]["callback_vars"],
        json!({"langfuse_secret_key": "***", "langfuse_host": "https://lf.example.org"})
    );
    // What was shown may be sent back.
    let info = place.master("GET", &format!("/team/info?team_id={}", OWN.team), &Value::Null).await;
    let mut metadata = info["team_info"]["metadata"].clone();
    metadata["floor"] = json!(4);
    let updated =
        place.master("POST", "/team/update", &json!({"team_id": OWN.team, "metadata": metadata})).await;
    let all = llm_tenancy::management::Scope::everything();
    let stored = place.store.get::<llm_tenancy::Team>(&OWN.team.into(), &all).await.unwrap().value.metadata;
    assert_eq!(stored["logging"][0]["callback_vars"]["langfuse_secret_key"], "sk-lf-hidden");
    assert_eq!(stored["floor"], 4);
    let audit = place.store.list_audit(&llm_store::AuditQuery::default()).await.unwrap();
    for text in [added.to_string(), info.to_string(), updated.to_string(), format!("{audit:?}")] {
        assert!(!text.contains("sk-lf-hidden"), "{text}");
    }
    assert_eq!(place.refusal("sk-member", "GET", &path, &Value::Null).await.0, 403);
    let reference = json!({"callback_name": "otel", "callback_vars": {"endpoint": "os.environ/HOME"}});
    assert_eq!(place.refusal("sk-lead", "POST", &path, &reference).await.0, 403);
    let gone = place.master("DELETE", &format!("{path}/langfuse"), &Value::Null).await;
    assert_eq!(gone["data"]["success_callbacks"], json!([]));
    assert_eq!(place.refusal(MASTER, "DELETE", &format!("{path}/langfuse"), &Value::Null).await.0, 404);
    place.master("POST", &path, &body).await;
    let path = format!("/team/{}/disable_logging", OWN.team);
    let cleared = place.master("POST", &path, &Value::Null).await;
    assert_eq!(
        cleared["data"],
        json!({"team_id": OWN.team, "success_callbacks": [], "failure_callbacks": []})
    );
}

#[tokio::test]
async fn teams_move_only_where_the_caller_manages() {
    let place = settled().await;
    let body = |organization: &str| json!({"team_id": OWN.team, "organization_id": organization});
    let foreign = place.ask("sk-org", "POST", "/team/update", &body(FOREIGN.organization)).await;
    let absent = place.ask("sk-org", "POST", "/team/update", &body(ABSENT.organization)).await;
    assert_eq!((foreign.0.as_u16(), &foreign), (400, &absent));
    let told = place
        .refusal("sk-org", "POST", "/team/update", &json!({"team_id": OWN.team, "organization_id": ""}))
        .await;
    assert_eq!(told.0, 403, "nor out of every organisation");
    let moved = place.master("POST", "/team/update", &body(FOREIGN.organization)).await;
    assert_eq!(moved["data"]["organization_id"], FOREIGN.organization);
    let bounds = json!({"organization_id": FOREIGN.organization, "max_budget": 10});
    place.master("PATCH", "/organization/update", &bounds).await;
    let body = json!({"team_id": OWN.team, "max_budget": 11});
    let told = place.refusal("sk-other-org", "POST", "/team/update", &body).await;
    assert_eq!((told.0, told.2.as_deref()), (400, Some("max_budget")), "no more than the organisation has");
}
