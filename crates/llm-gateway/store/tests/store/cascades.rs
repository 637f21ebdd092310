//! What goes with a record, and what does not.

use llm_store::{Record, Store, StoreError};
use llm_tenancy::{
    AccessGroup, Budget, Kind, Organization, OrganizationMember, Project, StoredCredential, StoredModel,
    Team, TeamMember, User, VirtualKey,
};
use serde_json::json;

use crate::bench::{ALL, Bench, by, key, record, team, user};

/// An organisation with two teams, a user, and what is theirs; another team beside it.
async fn household(store: &Store) {
    let by = by("anna");
    for id in ["o1", "o2"] {
        store.create(&record::<Organization>(&json!({"organization_id": id})), &by).await.unwrap();
    }
    for (id, organization) in [("t1", Some("o1")), ("t2", Some("o1")), ("t3", None)] {
        let mut team = team(id);
        team.organization_id = organization.map(Into::into);
        store.create(&team, &by).await.unwrap();
        let project = json!({"project_id": format!("p-{id}"), "team_id": id});
        store.create(&record::<Project>(&project), &by).await.unwrap();
        let member = json!({"team_id": id, "user_id": "u1"});
        store.create(&record::<TeamMember>(&member), &by).await.unwrap();
        let model = json!({"model_id": format!("m-{id}"), "model_name": "m", "owner": {"team": id}});
        store.create(&record::<StoredModel>(&model), &by).await.unwrap();
        let credential =
            json!({"credential_id": format!("c-{id}"), "credential_name": "c", "owner": {"team": id}});
        store.create(&record::<StoredCredential>(&credential), &by).await.unwrap();
        let mut key = key(&format!("sk-{id}"));
        key.team_id = Some(id.into());
        key.project_id = Some(format!("p-{id}").into());
        store.create(&key, &by).await.unwrap();
    }
    for id in ["u1", "u2"] {
        store.create(&user(id), &by).await.unwrap();
        let member = json!({"organization_id": "o1", "user_id": id});
        store.create(&record::<OrganizationMember>(&member), &by).await.unwrap();
        let mut key = key(&format!("sk-{id}"));
        key.user_id = Some(id.into());
        store.create(&key, &by).await.unwrap();
    }
    let mut key = key("sk-o1");
    key.organization_id = Some("o1".into());
    store.create(&key, &by).await.unwrap();
    let model = json!({"model_id": "m-o1", "model_name": "m", "owner": {"organization": "o1"}});
    store.create(&record::<StoredModel>(&model), &by).await.unwrap();
}

async fn count<R: Record>(store: &Store) -> u64 {
    store.count::<R>(&[], &ALL).await.unwrap()
}

async fn has_key(store: &Store, text: &str) -> bool {
    store.find::<VirtualKey>(&key(text).hash, &ALL).await.unwrap().is_some()
}

pub(crate) async fn a_team_takes_what_is_its_own(bench: &Bench) {
    let store = bench.open().await;
    household(&store).await;
    let gone = store.delete::<Team>(&["t1".into()], &ALL, &by("anna")).await.unwrap();
    assert_eq!(gone[0].value.team_id.as_str(), "t1");
    assert_eq!(count::<Team>(&store).await, 2);
    assert_eq!(count::<TeamMember>(&store).await, 2);
    assert_eq!(count::<Project>(&store).await, 2);
    assert_eq!(count::<StoredModel>(&store).await, 3);
    assert_eq!(count::<StoredCredential>(&store).await, 2);
    assert_eq!(count::<VirtualKey>(&store).await, 5);
    assert!(!has_key(&store, "sk-t1").await && has_key(&store, "sk-t2").await);
    let kept = store.find_deleted::<VirtualKey>(&key("sk-t1").hash).await.unwrap().unwrap();
    assert_eq!(kept.deleted.unwrap().by.as_deref(), Some("anna"));
}

pub(crate) async fn an_organization_takes_its_teams(bench: &Bench) {
    let store = bench.open().await;
    household(&store).await;
    store.delete::<Organization>(&["o1".into()], &ALL, &by("anna")).await.unwrap();
    assert_eq!((count::<Organization>(&store).await, count::<OrganizationMember>(&store).await), (1, 0));
    assert_eq!((count::<Team>(&store).await, count::<TeamMember>(&store).await), (1, 1));
    assert_eq!((count::<StoredModel>(&store).await, count::<StoredCredential>(&store).await), (1, 1));
    assert_eq!(count::<User>(&store).await, 2, "users may belong elsewhere");
    for (text, there) in
        [("sk-t1", false), ("sk-t2", false), ("sk-o1", false), ("sk-t3", true), ("sk-u1", true)]
    {
        assert_eq!(has_key(&store, text).await, there, "{text}");
    }
}

pub(crate) async fn a_user_takes_keys_and_memberships(bench: &Bench) {
    let store = bench.open().await;
    household(&store).await;
    store.delete::<User>(&["u1".into()], &ALL, &by("anna")).await.unwrap();
    assert_eq!(count::<TeamMember>(&store).await, 0);
    assert_eq!(count::<OrganizationMember>(&store).await, 1);
    assert!(
        !has_key(&store, "sk-u1").await && has_key(&store, "sk-u2").await && has_key(&store, "sk-t1").await
    );
}

pub(crate) async fn what_bounds_others_stays(bench: &Bench) {
    let store = bench.open().await;
    store.create(&record::<Budget>(&json!({"budget_id": "b1"})), &by("anna")).await.unwrap();
    for text in ["sk-1", "sk-2"] {
        let mut key = key(text);
        key.budget_id = Some("b1".into());
        store.create(&key, &by("anna")).await.unwrap();
    }
    let kept = store.delete::<Budget>(&["b1".into()], &ALL, &by("anna")).await;
    assert_eq!(kept.err(), Some(StoreError::InUse { kind: Kind::Budget, count: 2, by: Kind::Key }));
    let hashes = [key("sk-1").hash, key("sk-2").hash];
    store.delete::<VirtualKey>(&hashes, &ALL, &by("anna")).await.unwrap();
    store.delete::<Budget>(&["b1".into()], &ALL, &by("anna")).await.unwrap();

    household(&store).await;
    let kept = store.delete::<Project>(&["p-t1".into()], &ALL, &by("anna")).await;
    assert_eq!(kept.err(), Some(StoreError::InUse { kind: Kind::Project, count: 1, by: Kind::Key }));
}

pub(crate) async fn what_is_referred_to_must_be_there(bench: &Bench) {
    let store = bench.open().await;
    let mut made = key("sk-1");
    made.team_id = Some("t1".into());
    let refused = store.create(&made, &by("anna")).await;
    assert_eq!(refused.err(), Some(StoreError::Missing(Kind::Team)));
    store.create(&team("t1"), &by("anna")).await.unwrap();
    store.create(&made, &by("anna")).await.unwrap();
    let moved = store
        .change::<VirtualKey, StoreError>(&made.hash, &ALL, &by("anna"), |key| {
            key.organization_id = Some("o1".into());
            Ok(())
        })
        .await;
    assert_eq!(moved.err(), Some(StoreError::Missing(Kind::Organization)));
}

pub(crate) async fn groups_forget_who_goes(bench: &Bench) {
    let store = bench.open().await;
    household(&store).await;
    let (one, other) = (key("sk-t1").hash, key("sk-t3").hash);
    let group = json!({"access_group_id": "g1", "access_group_name": "beta",
        "assigned_team_ids": ["t1", "t3"], "assigned_keys": [one, other]});
    store.create(&record::<AccessGroup>(&group), &by("anna")).await.unwrap();
    store.delete::<Team>(&["t1".into()], &ALL, &by("anna")).await.unwrap();
    let group = store.get::<AccessGroup>(&"g1".into(), &ALL).await.unwrap().value;
    assert_eq!((group.assigned_team_ids, group.assigned_keys), (vec!["t3".into()], vec![other]));
}
