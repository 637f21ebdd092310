//! Secrets that stand in metadata: no answer shows them, and sending back what was shown keeps them.

use llm_store::{AuditQuery, Record};
use llm_tenancy::management::Scope;
use llm_tenancy::{EndUser, Organization, Project, Team, User, VirtualKey};
use serde_json::{Value, json};

use crate::office::Place;

const HIDDEN: &str = "hidden-0123456789";

/// What a record has written down, in the store.
async fn kept<R: Record>(place: &Place, id: R::Id) -> Value {
    let found = place.store.get::<R>(&id, &Scope::everything()).await.unwrap().value;
    serde_json::to_value(found).unwrap()["metadata"].clone()
}

#[tokio::test]
async fn secrets_in_metadata_are_kept_and_not_shown() {
    let place = Place::new().await;
    let metadata = json!({
        "logging": [{"callback_name": "langfuse", "callback_vars": {"langfuse_secret_key": HIDDEN, "host": "h"}}],
        "slack_token": HIDDEN,
        "floor": 3,
    });
    let new = |mut body: Value| {
        body["metadata"] = metadata.clone();
        body
    };
    let made = [
        ("/organization/new", new(json!({"organization_id": "o", "organization_alias": "O"}))),
        ("/team/new", new(json!({"team_id": "t", "organization_id": "o"}))),
        ("/project/new", new(json!({"project_id": "p", "team_id": "t"}))),
        ("/user/new", new(json!({"user_id": "u", "auto_create_key": false}))),
        ("/customer/new", new(json!({"user_id": "c"}))),
        ("/key/generate", new(json!({"key": "sk-0123456789abcdef", "team_id": "t"}))),
    ];
    let mut answers = Vec::new();
    for (path, body) in made {
        answers.push(place.master("POST", path, &body).await);
    }
    let shown = answers[1]["metadata"].clone();
    assert_eq!((&shown["slack_token"], &shown["floor"]), (&json!("***"), &json!(3)));
    assert_eq!(shown["logging"][0]["callback_vars"], json!({"langfuse_secret_key": "***", "host": "h"}));
    let mut changed = shown.clone();
    changed["floor"] = json!(4);
    let again = |mut body: Value| {
        body["metadata"] = changed.clone();
        body
    };
    for (method, path, body) in [
        ("PATCH", "/organization/update", again(json!({"organization_id": "o"}))),
        ("PATCH", "/v2/organization/o", again(json!({}))),
        ("POST", "/team/update", again(json!({"team_id": "t"}))),
        ("POST", "/project/update", again(json!({"project_id": "p"}))),
        ("POST", "/user/update", again(json!({"user_id": "u"}))),
        ("POST", "/customer/update", again(json!({"user_id": "c"}))),
        ("POST", "/key/update", again(json!({"key": "sk-0123456789abcdef"}))),
    ] {
        answers.push(place.master(method, path, &body).await);
    }
    for path in [
        "/team/info?team_id=t",
        "/team/list",
        "/organization/list",
        "/project/list",
        "/user/list",
        "/customer/list",
        "/key/list?return_full_object=true",
        "/user/info?user_id=u",
    ] {
        answers.push(place.master("GET", path, &Value::Null).await);
    }
    for answer in &answers {
        assert!(!answer.to_string().contains(HIDDEN), "{answer}");
    }
    let audit = place.store.list_audit(&AuditQuery::default()).await.unwrap();
    assert!(!format!("{audit:?}").contains(HIDDEN), "{audit:?}");
    let mut whole = metadata.clone();
    whole["floor"] = json!(4);
    let hash = llm_tenancy::KeyHash::of("sk-0123456789abcdef");
    for kept in [
        kept::<Organization>(&place, "o".into()).await,
        kept::<Team>(&place, "t".into()).await,
        kept::<Project>(&place, "p".into()).await,
        kept::<User>(&place, "u".into()).await,
        kept::<EndUser>(&place, "c".into()).await,
        kept::<VirtualKey>(&place, hash).await,
    ] {
        assert_eq!(kept, whole);
    }
}
