//! Projects.

use serde_json::{Value, json};

use crate::office::MASTER;
use crate::teams::tenants::{FOREIGN, OWN, give_key, settled};

#[tokio::test]
async fn a_projects_life() {
    let place = settled().await;
    let body = json!({"project_id": "p", "team_id": OWN.team, "project_alias": "Flights", "models": ["gpt-4o"], "max_budget": 10, "tags": ["x"]});
    let (status, made) = place.ask("sk-lead", "POST", "/project/new", &body).await;
    assert_eq!(status, 200, "{made}");
    assert_eq!(
        (&made["metadata"]["tags"], &made["litellm_budget_table"]["max_budget"]),
        (&json!(["x"]), &json!(10))
    );
    let body = json!({"project_id": "p", "description": "to fly", "max_budget": null});
    let (_, changed) = place.ask("sk-lead", "POST", "/project/update", &body).await;
    assert_eq!(
        (&changed["description"], &changed["max_budget"], &changed["metadata"]["tags"]),
        (&json!("to fly"), &Value::Null, &json!(["x"]))
    );
    let (_, shown) = place.ask("sk-member", "GET", "/project/info?project_id=p", &Value::Null).await;
    assert_eq!(shown, changed);
    for (query, count) in
        [("", 3), ("?team_id=own-t", 2), ("?project_alias=fligh", 1), ("?page=2&page_size=2", 1)]
    {
        let list = place.master("GET", &format!("/project/list{query}"), &Value::Null).await;
        assert_eq!(list.as_array().unwrap().len(), count, "{query}");
    }
    give_key(&place, "of-p", |key| key.project_id = Some("p".into())).await;
    let gone = json!({"project_ids": ["p"]});
    let told = place.refusal("sk-lead", "DELETE", "/project/delete", &gone).await;
    assert_eq!((told.0, told.1.as_deref()), (409, Some("in_use")));
    let gone = json!({"project_ids": [OWN.project]});
    let (status, gone) = place.ask("sk-lead", "DELETE", "/project/delete", &gone).await;
    assert_eq!((status.as_u16(), &gone[0]["project_id"]), (200, &json!(OWN.project)));
}

#[tokio::test]
async fn a_project_has_no_more_than_its_team() {
    let place = settled().await;
    place
        .master("POST", "/team/update", &json!({"team_id": OWN.team, "models": ["gpt-*"], "max_budget": 10}))
        .await;
    let new = |mut body: Value| {
        body["team_id"] = OWN.team.into();
        let place = &place;
        async move { place.ask("sk-lead", "POST", "/project/new", &body).await }
    };
    assert_eq!(new(json!({"models": ["gpt-4o"], "max_budget": 10})).await.0, 200);
    let (status, told) = new(json!({"models": ["o3"]})).await;
    assert_eq!((status.as_u16(), &told["error"]["param"]), (403, &json!("models")));
    let (status, told) = new(json!({"max_budget": 11})).await;
    assert_eq!((status.as_u16(), &told["error"]["param"]), (400, &json!("max_budget")));
    assert_eq!(new(json!({"metadata": {"x": "file:/etc/passwd"}})).await.0, 403);
    assert_eq!(new(json!({"budget_id": "b"})).await.0, 403, "budgets are not a tenant's to name");
    let body = json!({"project_id": OWN.project, "team_id": FOREIGN.team});
    assert_eq!(place.refusal("sk-lead", "POST", "/project/update", &body).await.0, 404);
    let moved = place.master("POST", "/project/update", &body).await;
    assert_eq!(moved["team_id"], FOREIGN.team);
    let told = place.refusal(MASTER, "POST", "/project/new", &json!({"project_alias": "x"})).await;
    assert_eq!((told.0, told.2.as_deref()), (400, Some("team_id")));
}
