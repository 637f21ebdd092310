//! What is foreign is not there.

use llm_store::{Query, Record, Store, StoreError};
use llm_tenancy::management::{Place, Scope};
use llm_tenancy::{
    Budget, EndUser, Kind, Organization, OrganizationMember, Project, StoredCredential, StoredModel, Tag,
    Team, TeamId, TeamMember, User, VirtualKey,
};
use serde_json::json;

use crate::bench::{ALL, Bench, by, key, record, team, user};

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
    let organization = Scope { organizations: vec!["o-a".into()], ..Scope::default() };
    assert_eq!(
        reached(&store, &organization).await,
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
    let team = Scope { teams: vec!["t-a".into()], shared: true, ..Scope::default() };
    assert_eq!(
        reached(&store, &team).await,
        [(Kind::Key, 1), (Kind::Team, 1), (Kind::TeamMember, 1), (Kind::Project, 1), (Kind::Model, 2)]
    );
    let user = Scope {
        user: Some("u-a".into()),
        user_in_teams: vec!["t-a".into()],
        user_in_organizations: vec!["o-a".into()],
        ..Scope::default()
    };
    assert_eq!(
        reached(&store, &user).await,
        [(Kind::Key, 1), (Kind::TeamMember, 1), (Kind::User, 1), (Kind::OrganizationMember, 1)]
    );
    assert_eq!(reached(&store, &Scope::default()).await, []);
    let all: u64 = reached(&store, &ALL).await.iter().map(|(_, count)| count).sum();
    assert_eq!(all, 27);
}

pub(crate) async fn nobody_finds_what_is_foreign(bench: &Bench) {
    let store = bench.open().await;
    two_tenants(&store).await;
    let scope = Scope {
        organizations: vec!["o-a".into()],
        teams: vec!["t-a".into()],
        user: Some("u-a".into()),
        shared: true,
        ..Scope::default()
    };
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
    let scope = Scope { organizations: vec!["o-a".into()], ..Scope::default() };
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
    let shared = Scope { shared: true, ..Scope::default() };
    assert!(store.find::<StoredModel>(&"m".into(), &shared).await.unwrap().is_some());
    let gone = store.delete::<StoredModel>(&["m".into()], &shared, &by("eve")).await;
    assert_eq!(gone.err(), Some(StoreError::NotFound(Kind::Model)), "seen, and not hers");
    let rotated = store.rotate_key(&key("sk-team-b").hash, None, &scope, &by("eve"), |_| {}).await;
    assert_eq!(rotated.err(), Some(StoreError::NotFound(Kind::Key)));
    assert_eq!(store.count::<Team>(&[], &ALL).await.unwrap(), 2);
}

/// What the store finds is what the domain says is within reach, for keys of every owner and scopes of every shape.
pub(crate) async fn scopes_mean_what_they_say(bench: &Bench) {
    let store = bench.open().await;
    let by = by("anna");
    for id in ["o1", "o2"] {
        store.create(&record::<Organization>(&json!({"organization_id": id})), &by).await.unwrap();
    }
    let teams = [("t1", Some("o1")), ("t2", None)];
    for (id, organization) in teams {
        let mut team = team(id);
        team.organization_id = organization.map(Into::into);
        store.create(&team, &by).await.unwrap();
    }
    let mut keys = Vec::new();
    for team in [None, Some("t1"), Some("t2")] {
        for organization in [None, Some("o1"), Some("o2")] {
            for user in [None, Some("u1"), Some("u2")] {
                let mut key = key(&format!("{team:?} {organization:?} {user:?}"));
                key.team_id = team.map(Into::into);
                key.organization_id = organization.map(Into::into);
                key.user_id = user.map(Into::into);
                keys.push(key);
            }
        }
    }
    store.create_all(&keys, &by).await.unwrap();
    let of_team = |team: &TeamId| {
        teams
            .iter()
            .find(|(id, _)| *id == team.as_str())
            .and_then(|(_, organization)| *organization)
            .map(Into::into)
    };
    for bits in 0..1_u32 << 7 {
        let on = |bit: u32| bits & 1 << bit != 0;
        let scope = Scope {
            all: false,
            organizations: on(0).then(|| "o1".into()).into_iter().collect(),
            teams: [(1, "t1"), (2, "t2")]
                .iter()
                .filter(|(bit, _)| on(*bit))
                .map(|(_, id)| (*id).into())
                .collect(),
            user: on(3).then(|| "u1".into()),
            user_in_teams: on(4).then(|| "t1".into()).into_iter().collect(),
            user_in_organizations: on(5).then(|| "o2".into()).into_iter().collect(),
            key: on(6).then_some(keys[4].hash),
            // Keys of nobody are not everybody's.
            shared: false,
        };
        let query = Query { size: 100, ..Query::default() };
        let listed = store.list::<VirtualKey>(&query, &scope).await.unwrap().records;
        let mut found: Vec<_> = listed.into_iter().map(|found| found.value.hash).collect();
        found.sort_unstable();
        let held = keys.iter().filter(|key| {
            let organization = match &key.team_id {
                Some(team) => of_team(team),
                None => key.organization_id.clone(),
            };
            scope.holds(&Place {
                organization: organization.as_ref(),
                team: key.team_id.as_ref(),
                user: key.user_id.as_ref(),
                key: Some(&key.hash),
            })
        });
        let mut held: Vec<_> = held.map(|key| key.hash).collect();
        held.sort_unstable();
        assert_eq!(found, held, "{scope:?}");
    }
}
