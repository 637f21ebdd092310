//! Teams that anybody may join.

use serde_json::{Value, json};

use crate::office::Place;
use crate::teams::tenants::{ABSENT, FOREIGN, OWN, give_key, settled};

const ADD: &str = "/team/member_add";

async fn available(place: &Place, key: &str) -> Vec<String> {
    let (status, teams) = place.ask(key, "GET", "/team/available", &Value::Null).await;
    assert_eq!(status, 200, "{teams}");
    teams.as_array().unwrap().iter().map(|team| team["team_id"].as_str().unwrap().to_owned()).collect()
}

/// A place with a team `open` that belongs to no organisation, and one of each tenant's that is open too.
async fn opened() -> Place {
    let place = settled().await;
    for team in ["open", "shut"] {
        place.master("POST", "/team/new", &json!({"team_id": team})).await;
    }
    place.open_teams(&["open", OWN.team, FOREIGN.team, ABSENT.team]);
    place
}

#[tokio::test]
async fn whoever_may_join_sees_which_teams() {
    let place = opened().await;
    assert_eq!(available(&place, "sk-outsider").await, ["open"], "none of an organisation of others");
    assert_eq!(available(&place, "sk-member").await, ["open"], "and none that one is in");
    let (_, shown) = place.ask("sk-outsider", "GET", "/team/available", &Value::Null).await;
    let names: Vec<&String> = shown[0].as_object().unwrap().keys().collect();
    assert_eq!(names, ["team_id", "team_alias", "organization_id", "models"], "who is in it is not told");
    let all = available(&place, crate::office::MASTER).await;
    assert_eq!(all.len(), 3, "{all:?}");
    assert_eq!(available(&place, "sk-watcher").await, [""; 0], "who only looks joins nothing");
}

#[tokio::test]
async fn one_joins_oneself_and_as_a_user() {
    let place = opened().await;
    let oneself = |team: &str| json!({"team_id": team, "member": {"user_id": "outsider", "role": "user"}});
    for (body, status) in [
        (oneself("shut"), 404),
        (oneself(FOREIGN.team), 404),
        (oneself(ABSENT.team), 404),
        (json!({"team_id": "open", "member": {"user_id": "member", "role": "user"}}), 403),
        (json!({"team_id": "open", "member": [{"user_id": "outsider"}, {"user_id": "member"}]}), 403),
        (json!({"team_id": "open", "member": {"user_email": "new@example.org"}}), 403),
        (json!({"team_id": "open", "member": {"user_id": "outsider", "role": "admin"}}), 403),
        (json!({"team_id": "open", "member": {"user_id": "outsider"}, "max_budget_in_team": 100}), 403),
    ] {
        assert_eq!(place.refusal("sk-outsider", "POST", ADD, &body).await.0, status, "{body}");
    }
    let (status, joined) = place.ask("sk-outsider", "POST", ADD, &oneself("open")).await;
    assert_eq!(status, 200, "{joined}");
    assert_eq!(joined["updated_team_memberships"][0]["role"], "user");
    assert_eq!(available(&place, "sk-outsider").await, [""; 0]);
    assert_eq!(place.refusal("sk-outsider", "POST", ADD, &oneself("open")).await.0, 400, "once");
    // One who has joined manages nobody.
    let other = json!({"team_id": "open", "member": {"user_id": "member"}});
    assert_eq!(place.refusal("sk-outsider", "POST", ADD, &other).await.0, 403);
    let out = json!({"team_id": "open", "user_id": "outsider"});
    assert_eq!(place.refusal("sk-outsider", "POST", "/team/member_delete", &out).await.0, 403);
}

#[tokio::test]
async fn nobody_joins_without_being_somebody() {
    let place = opened().await;
    let body = |user: &str| json!({"team_id": "open", "member": {"user_id": user}});
    for name in ["watcher", "viewer", "bare"] {
        let told = place.refusal(&format!("sk-{name}"), "POST", ADD, &body(name)).await;
        assert_eq!(told.0, 403, "{name}");
    }
    give_key(&place, "ghost", |_| {}).await;
    assert_eq!(place.refusal("sk-ghost", "POST", ADD, &body("ghost")).await.0, 403, "who is no user");
    place.open_teams(&[]);
    assert_eq!(place.refusal("sk-outsider", "POST", ADD, &body("outsider")).await.0, 403, "none is open");
}
