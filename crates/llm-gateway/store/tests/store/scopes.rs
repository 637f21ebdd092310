//! What is foreign is not there.

use llm_store::{Query, Reach, Record, Scope, Store, StoreError};
use llm_tenancy::{
    Budget, EndUser, Kind, Organization, OrganizationMember, Project, StoredCredential, StoredModel, Tag,
    Team, TeamMember, User, VirtualKey,
};
use serde_json::json;

use crate::bench::{Bench, by, key, record, team, user};

/// The same things for two organisations, each with a team and a user, and some that are everybody's.
async fn two_tenants(store: &Store) {
    let by = by("anna");
    for side in ["a", "b"] {
        let of = |word: &str| format!("{word}-{side}");
        store.create(&record::<Organization>(&json!({"organization_id": of("o")})), &by).await.unwrap();
        let mut its = team(&of("t"));
        its.organization_id = Some(of("o").into());
        store.create(&its, &by).await.unwrap();
        store.create(&user(&of("u")), &by).await.unwrap();
        let member = json!({"team_id": of("t"), "user_id": of("u")});
        store.create(&record::<TeamMember>(&member), &by).await.unwrap();
        let member = json!({"organization_id": of("o"), "user_id": of("u")});
        store.create(&record::<OrganizationMember>(&member), &by).await.unwrap();
        store
            .create(&record::<Project>(&json!({"project_id": of("p"), "team_id": of("t")})), &by)
            .await
            .unwrap();
        for owner in ["team", "user", "organization"] {
            let mut its = key(&of(&format!("sk-{owner}")));
            match owner {
                "team" => its.team_id = Some(of("t").into()),
                "user" => its.user_id = Some(of("u").into()),
                _ => its.organization_id = Some(of("o").into()),
            }
            store.create(&its, &by).await.unwrap();
        }
        let model = json!({"model_id": of("m"), "model_name": "m", "owner": {"team": of("t")}});
        store.create(&record::<StoredModel>(&model), &by).await.unwrap();
        let credential = json!({"credential_id": of("c"), "credential_name": "c",
            "owner": {"organization": of("o")}});
        store.create(&record::<StoredCredential>(&credential), &by).await.unwrap();
    }
    store.create(&key("sk-nobodys"), &by).await.unwrap();
    store.create(&record::<StoredModel>(&json!({"model_id": "m", "model_name": "m"})), &by).await.unwrap();
    store.create(&record::<Budget>(&json!({"budget_id": "b"})), &by).await.unwrap();
    store.create(&record::<Tag>(&json!({"name": "tag"})), &by).await.unwrap();
    store.create(&record::<EndUser>(&json!({"user_id": "c"})), &by).await.unwrap();
}

/// How many of each kind a scope reaches, by counting and by listing.
async fn reached(store: &Store, scope: &Scope) -> Vec<(Kind, u64)> {
    async fn one<R: Record>(store: &Store, scope: &Scope, all: &mut Vec<(Kind, u64)>) {
        let count = store.count::<R>(&[], scope).await.unwrap();
        let listed = store.list::<R>(&Query::default(), scope).await.unwrap().records.len();
        assert_eq!(listed as u64, count);
        if count > 0 {
            all.push((R::KIND, count));
        }
    }
    let mut all = Vec::new();
    one::<VirtualKey>(store, scope, &mut all).await;
    one::<Team>(store, scope, &mut all).await;
    one::<TeamMember>(store, scope, &mut all).await;
    one::<User>(store, scope, &mut all).await;
    one::<Organization>(store, scope, &mut all).await;
    one::<OrganizationMember>(store, scope, &mut all).await;
    one::<Project>(store, scope, &mut all).await;
    one::<EndUser>(store, scope, &mut all).await;
    one::<Budget>(store, scope, &mut all).await;
    one::<Tag>(store, scope, &mut all).await;
    one::<StoredModel>(store, scope, &mut all).await;
    one::<StoredCredential>(store, scope, &mut all).await;
    all
}

pub(crate) async fn an_organization_reaches_its_own(bench: &Bench) {
    let store = bench.open().await;
    two_tenants(&store).await;
    let organization = Reach { organizations: vec!["o-a".into()], ..Reach::default() };
    assert_eq!(
        reached(&store, &Scope::Of(organization)).await,
        [
            (Kind::Key, 2),
            (Kind::Team, 1),
            (Kind::TeamMember, 1),
            (Kind::User, 1),
            (Kind::Organization, 1),
            (Kind::OrganizationMember, 1),
            (Kind::Project, 1),
            (Kind::Model, 1),
            (Kind::Credential, 1),
        ]
    );
    let team = Reach { teams: vec!["t-a".into()], shared: true, ..Reach::default() };
    assert_eq!(
        reached(&store, &Scope::Of(team)).await,
        [(Kind::Key, 1), (Kind::Team, 1), (Kind::TeamMember, 1), (Kind::Project, 1), (Kind::Model, 2)]
    );
    let user = Reach { users: vec!["u-a".into()], ..Reach::default() };
    assert_eq!(
        reached(&store, &Scope::Of(user)).await,
        [(Kind::Key, 1), (Kind::TeamMember, 1), (Kind::User, 1), (Kind::OrganizationMember, 1)]
    );
    assert_eq!(reached(&store, &Scope::Of(Reach::default())).await, []);
    let all: u64 = reached(&store, &Scope::All).await.iter().map(|(_, count)| count).sum();
    assert_eq!(all, 27);
}

pub(crate) async fn nobody_finds_what_is_foreign(bench: &Bench) {
    let store = bench.open().await;
    two_tenants(&store).await;
    let scope = Scope::Of(Reach {
        organizations: vec!["o-a".into()],
        teams: vec!["t-a".into()],
        users: vec!["u-a".into()],
        shared: true,
    });
    assert!(store.find::<Team>(&"t-a".into(), &scope).await.unwrap().is_some());
    let foreign = store.get::<Team>(&"t-b".into(), &scope).await;
    let absent = store.get::<Team>(&"t-c".into(), &scope).await;
    assert_eq!(foreign, absent);
    assert_eq!(foreign.unwrap_err().to_string(), "there is no such team");
    let mixed = ["t-a", "t-b", "t-c"].map(Into::into);
    assert_eq!(store.find_all::<Team>(&mixed, &scope).await.unwrap().len(), 1);
    assert_eq!(store.find::<User>(&"u-b".into(), &scope).await.unwrap(), None);
    assert_eq!(store.find::<StoredModel>(&"m-b".into(), &scope).await.unwrap(), None);
    assert_eq!(store.find::<VirtualKey>(&key("sk-nobodys").hash, &scope).await.unwrap(), None);
}

pub(crate) async fn nobody_changes_what_is_foreign(bench: &Bench) {
    let store = bench.open().await;
    two_tenants(&store).await;
    let scope = Scope::Of(Reach { organizations: vec!["o-a".into()], ..Reach::default() });
    let none = Some(StoreError::NotFound(Kind::Team));
    for id in ["t-b", "t-c"] {
        let changed = store
            .change::<Team, StoreError>(&id.into(), &scope, &by("eve"), |_| panic!("shown to eve"))
            .await;
        assert_eq!(changed.err(), none, "{id}");
        assert_eq!(store.update(&team(id), 1, &scope, &by("eve")).await.err(), none, "{id}");
        assert_eq!(store.delete::<Team>(&[id.into()], &scope, &by("eve")).await.err(), none, "{id}");
        let mixed = ["t-a", id].map(Into::into);
        assert_eq!(store.delete::<Team>(&mixed, &scope, &by("eve")).await.err(), none, "{id}");
        let spend = store.set_spend::<Team>(&id.into(), llm_tenancy::Usd::ZERO, &scope, &by("eve")).await;
        assert_eq!(spend.err(), none, "{id}");
    }
    let shared = Scope::Of(Reach { shared: true, ..Reach::default() });
    assert!(store.find::<StoredModel>(&"m".into(), &shared).await.unwrap().is_some());
    let gone = store.delete::<StoredModel>(&["m".into()], &shared, &by("eve")).await;
    assert_eq!(gone.err(), Some(StoreError::NotFound(Kind::Model)), "seen, and not hers");
    let rotated = store.rotate_key(&key("sk-team-b").hash, None, &scope, &by("eve"), |_| {}).await;
    assert_eq!(rotated.err(), Some(StoreError::NotFound(Kind::Key)));
    assert_eq!(store.count::<Team>(&[], &Scope::All).await.unwrap(), 2);
}
