//! Every kind of record, with all that it may hold.

use std::fmt::Debug;

use llm_store::{Query, Record, Store, StoreError};
use llm_tenancy::{
    AccessGroup, Budget, EndUser, Kind, Organization, OrganizationMember, Project, StoredCredential,
    StoredModel, Tag, Team, TeamMember, Usd, User, VirtualKey,
};
use serde_json::{Value, json};

use crate::bench::{ALL, Bench, by, key, record, team};

fn limits() -> Value {
    json!({"max_budget": "12.500000001", "budget_duration": "30d", "rpm_limit": 5, "tpm_limit": u64::MAX,
        "temp_budget": {"increase": "1", "expires_at": 1}, "model_max_budget": {"gpt-4o": {"budget_limit": "0.1"}}})
}

fn grants() -> Value {
    json!({"models": ["openai/*"], "aliases": {"fast": "gpt-4o-mini"}, "allowed_ips": ["10.0.0.0/8"],
        "object_permission": {"mcp_servers": [], "unheard_of": {"b": 1, "a": 2}}})
}

fn spending() -> Value {
    json!({"spend": "0.000000001", "model_spend": {"gpt-4o": "0.5"}, "budget_reset_at": 5})
}

pub(crate) async fn every_kind_comes_back_as_it_was(bench: &Bench) {
    let store = bench.open().await;
    let (limits, grants, spending) = (limits(), grants(), spending());
    let stamp = json!({"created_at": 7, "created_by": "anna", "updated_at": 8, "updated_by": "ben"});
    let all =
        json!({"limits": limits, "grants": grants, "spending": spending, "stamp": stamp, "budget_id": "b1"});
    let with = |more: Value| {
        let mut document = all.clone();
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        document
    };
    let free = json!({"z": null, "a": [1, 2.5, u64::MAX, -1, "\u{1}\n\"'\\é🔑"], "m": {"b": {}, "a": []}});

    kept(
        &store,
        &record::<Budget>(&json!({"budget_id": "b1", "limits": limits, "stamp": stamp})),
        &"b1".into(),
    )
    .await;
    let organization = with(json!({"organization_id": "o1", "organization_alias": "Acme", "metadata": free}));
    kept(&store, &record::<Organization>(&organization), &"o1".into()).await;
    let team = with(json!({"team_id": "t1", "team_alias": "Team", "organization_id": "o1", "metadata": free,
        "member_permissions": ["/key/generate"], "tags": ["x"]}));
    kept(&store, &record::<Team>(&team), &"t1".into()).await;
    let user =
        with(json!({"user_id": "u1", "user_email": "Anna@Example.org", "sso_user_id": "s", "metadata": free,
        "user_role": "proxy_admin_viewer"}));
    kept(&store, &record::<User>(&user), &"u1".into()).await;
    let member = with(json!({"team_id": "t1", "user_id": "u1", "role": "admin", "models": ["gpt-4o"]}));
    kept(&store, &record::<TeamMember>(&member), &("t1".into(), "u1".into())).await;
    let member = with(json!({"organization_id": "o1", "user_id": "u1", "user_role": "org_admin"}));
    kept(&store, &record::<OrganizationMember>(&member), &("o1".into(), "u1".into())).await;
    let project = with(json!({"project_id": "p1", "project_alias": "P", "team_id": "t1", "blocked": true}));
    kept(&store, &record::<Project>(&project), &"p1".into()).await;
    let mut plain =
        record::<VirtualKey>(&with(json!({"hash": key("sk-1").hash, "key_name": "sk-...", "team_id": "t1",
        "key_alias": "ci", "user_id": "u1", "organization_id": "o1", "project_id": "p1", "agent_id": "a1",
        "end_user_budget_id": "b1", "expires_at": 9, "tags": ["y"], "metadata": free, "key_type": "llm_api",
        "rotation": {"auto_rotate": true, "rotation_interval": "30d", "count": 3}})));
    plain.spending.spend = Usd::MAX;
    kept(&store, &plain, &key("sk-1").hash).await;
    let end_user = with(json!({"user_id": "c1", "alias": "Customer", "allowed_model_region": "eu"}));
    kept(&store, &record::<EndUser>(&end_user), &"c1".into()).await;
    kept(&store, &record::<Tag>(&with(json!({"name": "tag 1", "models": ["m1"]}))), &"tag 1".into()).await;
    let mut group = with(json!({"access_group_id": "g1", "access_group_name": "beta", "models": ["gpt-*"]}));
    group.as_object_mut().unwrap().remove("budget_id");
    kept(&store, &record::<AccessGroup>(&group), &"g1".into()).await;
    let model = json!({"model_id": "m1", "model_name": "t1/gpt-4o", "owner": {"team": "t1"}, "params": free,
        "secrets": {"api_key": {"key_id": "k", "text": "c2VhbGVk"}}, "model_info": {"mode": "chat"}, "stamp": stamp});
    kept(&store, &record::<StoredModel>(&model), &"m1".into()).await;
    let credential = json!({"credential_id": "c1", "credential_name": "azure", "owner": {"organization": "o1"},
        "values": {"api_key": {"key_id": "k", "text": "c2VhbGVk"}}, "info": free, "stamp": stamp});
    kept(&store, &record::<StoredCredential>(&credential), &"c1".into()).await;
    assert_eq!(Kind::ALL.len(), 13, "a new kind wants a case above");
}

/// Makes it, reads it in every way, deletes and makes it again.
async fn kept<R: Record + PartialEq + Debug>(store: &Store, value: &R, id: &R::Id) {
    assert_eq!(store.find::<R>(id, &ALL).await.unwrap(), None);
    store.create(value, &by("anna")).await.unwrap();
    let found = store.get::<R>(id, &ALL).await.unwrap();
    assert_eq!((&found.value, found.version), (value, 1));
    let again = store.create(value, &by("anna")).await;
    assert!(matches!(&again, Err(StoreError::Taken { kind, .. }) if *kind == R::KIND), "{again:?}");
    assert_eq!(store.find_all::<R>(&[], &ALL).await.unwrap(), []);
    let listed = store.list::<R>(&Query { count: true, ..Query::default() }, &ALL).await.unwrap();
    assert_eq!((listed.records, listed.total, listed.next), (vec![found], Some(1), None));
    if R::KIND == Kind::Budget {
        return;
    }
    let gone = store.delete::<R>(std::slice::from_ref(id), &ALL, &by("anna")).await.unwrap();
    assert_eq!(gone[0].value, *value);
    assert_eq!(store.find::<R>(id, &ALL).await.unwrap(), None);
    assert!(store.find_deleted::<R>(id).await.unwrap().is_some());
    assert_eq!(store.list_deleted::<R>(0, 10).await.unwrap().1, 1);
    let absent = store.delete::<R>(std::slice::from_ref(id), &ALL, &by("anna")).await;
    assert_eq!(absent.err(), Some(StoreError::NotFound(R::KIND)));
    store.create(value, &by("anna")).await.unwrap();
}

pub(crate) async fn money_is_exact(bench: &Bench) {
    let store = bench.open().await;
    // The first number that a double does not hold, and the last ones of all.
    for (at, nanos) in [(1 << 53) + 1, -((1 << 53) + 1), i64::MAX, i64::MIN + 1, 0, 1].into_iter().enumerate()
    {
        let mut team = team(&format!("team {at}"));
        team.spending.spend = Usd::from_nanos(nanos);
        team.limits.max_budget = Some(Usd::from_nanos(nanos));
        store.create(&team, &by("anna")).await.unwrap();
        let found = store.get::<Team>(&team.team_id, &ALL).await.unwrap().value;
        assert_eq!(found, team);
        let spend = Usd::from_nanos(nanos.saturating_add(1));
        let reset = store.set_spend::<Team>(&team.team_id, spend, &ALL, &by("anna")).await.unwrap();
        assert_eq!(reset.value.spending.spend, spend);
        assert_eq!(store.get::<Team>(&team.team_id, &ALL).await.unwrap(), reset);
    }
    let none = store.set_spend::<Budget>(&"b".into(), Usd::ZERO, &ALL, &by("anna")).await;
    assert!(matches!(none, Err(StoreError::Invalid(_))), "{none:?}");
}

pub(crate) async fn what_has_no_place_is_refused(bench: &Bench) {
    let store = bench.open().await;
    let nameless = store.create(&team(""), &by("anna")).await;
    assert!(matches!(nameless, Err(StoreError::Invalid(_))), "{nameless:?}");
    let absent = store.update(&team("t1"), 1, &ALL, &by("anna")).await;
    assert_eq!(absent.err(), Some(StoreError::NotFound(Kind::Team)));
    store.create(&team("t1"), &by("anna")).await.unwrap();
    let moved = store
        .change::<Team, StoreError>(&"t1".into(), &ALL, &by("anna"), |team| {
            team.team_id = "t2".into();
            Ok(())
        })
        .await;
    assert!(matches!(moved, Err(StoreError::Invalid(_))), "{moved:?}");
}
