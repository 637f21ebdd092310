//! Organisations and their members.

use serde_json::{Value, json};

use crate::office::{MASTER, Place};
use crate::teams::tenants::{ABSENT, FOREIGN, OWN, settled};

#[tokio::test]
async fn an_organizations_life() {
    let place = Place::new().await;
    let body = json!({"organization_id": "acme", "organization_alias": "Acme", "max_budget": 99.99, "metadata": {"a": 1}});
    let made = place.master("POST", "/organization/new", &body).await;
    assert_eq!(
        (&made["max_budget"], &made["litellm_budget_table"]["max_budget"]),
        (&json!(99.99), &json!(99.99))
    );
    let body = json!({"organization_id": "acme", "metadata": {"b": 2}, "litellm_budget_table": {"max_budget": 5, "rpm_limit": 4}});
    let changed = place.master("PATCH", "/organization/update", &body).await;
    assert_eq!((&changed["metadata"], &changed["max_budget"]), (&json!({"a": 1, "b": 2}), &json!(5)));
    let changed = place
        .master("PATCH", "/v2/organization/acme", &json!({"metadata": {"c": 3}, "max_budget": null}))
        .await;
    assert_eq!(
        (&changed["metadata"], &changed["max_budget"], &changed["rpm_limit"]),
        (&json!({"c": 3}), &Value::Null, &json!(4))
    );
    place.master("POST", "/team/new", &json!({"team_id": "t", "organization_id": "acme"})).await;
    let shown = place.master("GET", "/organization/info?organization_id=acme", &Value::Null).await;
    assert_eq!((&shown["teams"][0]["team_id"], &shown["members"]), (&json!("t"), &json!([])));
    let both = place.master("POST", "/organization/info", &json!({"organizations": ["acme", "none"]})).await;
    assert_eq!(both, json!([shown]));
    for (query, count) in
        [("", 1), ("?org_id=acme", 1), ("?org_alias=CM", 1), ("?org_alias=x", 0), ("?page=2", 0)]
    {
        let list = place.master("GET", &format!("/organization/list{query}"), &Value::Null).await;
        assert_eq!(list.as_array().unwrap().len(), count, "{query}");
    }
    let gone = place.master("DELETE", "/organization/delete", &json!({"organization_ids": ["acme"]})).await;
    assert_eq!((&gone[0]["organization_id"], &gone[0]["teams"][0]["team_id"]), (&json!("acme"), &json!("t")));
    assert_eq!(place.refusal(MASTER, "GET", "/team/info?team_id=t", &Value::Null).await.0, 404);
    let again = json!({"organization_ids": ["acme"]});
    assert_eq!(place.refusal(MASTER, "DELETE", "/organization/delete", &again).await.0, 404);
}

#[tokio::test]
async fn members_come_and_go() {
    let place = settled().await;
    let body = json!({
        "organization_id": OWN.organization,
        "member": [{"user_email": "new@example.org", "role": "internal_user"}, {"user_email": "outsider@example.org", "role": "org_admin"}],
        "max_budget_in_organization": 3,
    });
    let (status, added) = place.ask("sk-org", "POST", "/organization/member_add", &body).await;
    assert_eq!(status, 200, "{added}");
    let members = added["updated_organization_memberships"].as_array().unwrap();
    assert_eq!((&members[1]["user_id"], &members[1]["user_role"]), (&json!("outsider"), &json!("org_admin")));
    assert_eq!(members[0]["litellm_budget_table"]["max_budget"], json!(3));
    assert_eq!(place.refusal("sk-org", "POST", "/organization/member_add", &body).await.0, 409);
    let body = json!({"organization_id": OWN.organization, "user_email": "new@example.org", "role": "internal_user_viewer", "max_budget_in_organization": null});
    let (status, changed) = place.ask("sk-org", "PATCH", "/organization/member_update", &body).await;
    assert_eq!(
        (status.as_u16(), &changed["user_role"], &changed["litellm_budget_table"]),
        (200, &json!("internal_user_viewer"), &Value::Null)
    );
    let body = json!({"organization_id": OWN.organization, "user_id": "outsider"});
    let (status, gone) = place.ask("sk-org", "DELETE", "/organization/member_delete", &body).await;
    assert_eq!((status.as_u16(), &gone["user_id"]), (200, &json!("outsider")));
    assert_eq!(place.refusal("sk-org", "DELETE", "/organization/member_delete", &body).await.0, 404);
    let body = json!({"organization_id": OWN.organization, "member": {"user_email": "admin@example.org", "role": "internal_user"}});
    assert_eq!(
        place.refusal("sk-org", "POST", "/organization/member_add", &body).await.0,
        403,
        "who is above all"
    );
}

#[tokio::test]
async fn what_makes_no_sense_is_named() {
    let place = settled().await;
    let own = OWN.organization;
    for (method, path, body, param) in [
        ("POST", "/organization/new", json!({}), "organization_alias"),
        ("POST", "/organization/new", json!({"organization_alias": 5}), "organization_alias"),
        ("POST", "/organization/new", json!({"organization_alias": "x", "max_budget": -1}), "max_budget"),
        ("PATCH", "/organization/update", json!({"organization_alias": "x"}), "organization_id"),
        ("PATCH", "/v2/organization/own-o", json!({"organization_alias": null}), "organization_alias"),
        ("DELETE", "/organization/delete", json!({}), "organization_ids"),
        ("GET", "/organization/info", Value::Null, "organization_id"),
        ("POST", "/organization/info", json!({"organizations": "own-o"}), "organizations"),
        (
            "POST",
            "/organization/member_add",
            json!({"organization_id": own, "member": {"user_id": "x", "role": "proxy_admin"}}),
            "member[0].role",
        ),
        (
            "PATCH",
            "/organization/member_update",
            json!({"organization_id": own, "user_id": OWN.user, "role": "team"}),
            "role",
        ),
        ("PATCH", "/organization/member_update", json!({"organization_id": own}), "user_id"),
    ] {
        let told = place.refusal(MASTER, method, path, &body).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{method} {path} {body}");
    }
}

#[tokio::test]
async fn admins_change_what_is_theirs_alone() {
    let place = settled().await;
    let ask = |body: Value| {
        let place = &place;
        async move { place.ask("sk-org", "PATCH", "/organization/update", &body).await }
    };
    let body = json!({"organization_id": OWN.organization, "organization_alias": "Ours"});
    assert_eq!(ask(body).await.0, 200);
    let (status, told) = ask(json!({"organization_id": OWN.organization, "max_budget": 1_000_000})).await;
    assert_eq!((status.as_u16(), &told["error"]["param"]), (403, &json!("max_budget")));
    let table =
        json!({"organization_id": OWN.organization, "litellm_budget_table": {"max_budget": 1_000_000}});
    assert_eq!(ask(table).await.0, 403, "nor by another way");
    let reference = json!({"organization_id": OWN.organization, "metadata": {"x": "os.environ/HOME"}});
    assert_eq!(ask(reference).await.0, 403);
    let foreign = ask(json!({"organization_id": FOREIGN.organization, "max_budget": 1})).await;
    let absent = ask(json!({"organization_id": ABSENT.organization, "max_budget": 1})).await;
    assert_eq!((foreign.0.as_u16(), &foreign), (404, &absent));
}
