//! Updates and changes of one record.

use llm_store::{Batch, Store, StoreError};
use llm_tenancy::{Kind, Team, TeamMember, Usd};
use llm_types::UnixMs;
use serde_json::json;

use crate::bench::{ALL, Bench, NOW, by, by_at, record, team};

async fn get(store: &Store, id: &str) -> llm_store::Stored<Team> {
    store.get::<Team>(&id.into(), &ALL).await.unwrap()
}

pub(crate) async fn an_update_wants_the_version_that_was_read(bench: &Bench) {
    let store = bench.open().await;
    store.create(&team("t1"), &by("anna")).await.unwrap();
    let (mut hers, mut his) = (get(&store, "t1").await, get(&store, "t1").await);
    hers.value.team_alias = Some("hers".to_owned());
    his.value.blocked = true;
    let later = by_at("hers", UnixMs(NOW.0 + 5));
    let updated = store.update(&hers.value, hers.version, &ALL, &later).await.unwrap();
    assert_eq!(updated.version, 2);
    let stamp = &updated.value.stamp;
    assert_eq!((stamp.created_at, stamp.updated_at), (NOW, UnixMs(NOW.0 + 5)));
    assert_eq!((stamp.created_by.as_deref(), stamp.updated_by.as_deref()), (Some("anna"), Some("hers")));
    assert_eq!(get(&store, "t1").await, updated);
    let lost = store.update(&his.value, his.version, &ALL, &by("his")).await;
    assert_eq!(lost.err(), Some(StoreError::Changed(Kind::Team)));
    assert_eq!(get(&store, "t1").await, updated, "nothing of hers is lost");
}

pub(crate) async fn what_comes_out_as_it_was_is_left_alone(bench: &Bench) {
    let store = bench.open().await;
    store.create(&team("t1"), &by("anna")).await.unwrap();
    let before = get(&store, "t1").await;
    let same = store
        .change::<Team, StoreError>(&"t1".into(), &ALL, &by_at("ben", UnixMs(NOW.0 + 9)), |_| Ok(()))
        .await;
    assert_eq!(same.unwrap(), before);
    assert_eq!(get(&store, "t1").await, before);
    assert_eq!(
        store.list_audit(&llm_store::AuditQuery::default()).await.unwrap().1,
        1,
        "made, and not changed"
    );
}

pub(crate) async fn a_batch_is_one_change(bench: &Bench) {
    let store = bench.open().await;
    let member =
        |user: &str| TeamMember { user_id: user.into(), ..record(&json!({"team_id": "t1", "user_id": "u"})) };
    let mut batch = Batch::default();
    batch.create(&team("t1")).unwrap().create(&member("u1")).unwrap().create(&member("u2")).unwrap();
    store.apply(&batch, &by("anna")).await.unwrap();
    assert_eq!(store.count::<TeamMember>(&[], &ALL).await.unwrap(), 2);

    // The last write fails, and takes the others with it.
    let mut blocked = get(&store, "t1").await;
    blocked.value.blocked = true;
    let mut failing = Batch::default();
    failing.update(&blocked.value, blocked.version, &ALL);
    failing.delete::<TeamMember>(&("t1".into(), "u1".into()), &ALL);
    failing.create(&team("t2")).unwrap().update(&team("t3"), 1, &ALL);
    let failed = store.apply(&failing, &by("anna")).await;
    assert_eq!(failed.err(), Some(StoreError::NotFound(Kind::Team)));
    assert!(!get(&store, "t1").await.value.blocked);
    assert_eq!(store.count::<TeamMember>(&[], &ALL).await.unwrap(), 2);
    assert_eq!(store.find::<Team>(&"t2".into(), &ALL).await.unwrap(), None);

    let mut batch = Batch::default();
    batch.update(&blocked.value, blocked.version, &ALL);
    batch.delete::<TeamMember>(&("t1".into(), "u1".into()), &ALL);
    store.apply(&batch, &by("ben")).await.unwrap();
    let now = get(&store, "t1").await;
    assert!(now.value.blocked && now.version == 2 && now.value.stamp.updated_by.as_deref() == Some("ben"));
    assert_eq!(store.count::<TeamMember>(&[], &ALL).await.unwrap(), 1);
    let stale = store.apply(&batch, &by("ben")).await;
    assert_eq!(stale.err(), Some(StoreError::Changed(Kind::Team)));
}

#[derive(Debug, PartialEq)]
enum Refusal {
    Mine(&'static str),
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

pub(crate) async fn a_refused_change_leaves_all_as_it_was(bench: &Bench) {
    let store = bench.open().await;
    let teams = [team("t1"), team("t2"), team("t3")];
    store.create_all(&teams, &by("anna")).await.unwrap();
    let ids = ["t1", "t2", "t3"].map(Into::into);
    let refused = store
        .change_all::<Team, Refusal>(&ids, &ALL, &by("anna"), |team| {
            team.blocked = true;
            if team.team_id.as_str() == "t3" { Err(Refusal::Mine("not this one")) } else { Ok(()) }
        })
        .await;
    assert_eq!(refused.unwrap_err(), Refusal::Mine("not this one"));
    let absent = ["t1", "absent"].map(Into::into);
    let refused = store
        .change_all::<Team, Refusal>(&absent, &ALL, &by("anna"), |team| {
            team.blocked = true;
            Ok(())
        })
        .await;
    assert_eq!(refused.unwrap_err(), Refusal::Store(StoreError::NotFound(Kind::Team)));
    for id in ["t1", "t2", "t3"] {
        let team = get(&store, id).await;
        assert!(!team.value.blocked && team.version == 1, "{id}");
    }
    let taken = store.create_all(&[team("t4"), team("t1")], &by("anna")).await;
    assert_eq!(taken.err(), Some(StoreError::Taken { kind: Kind::Team, what: "id" }));
    assert_eq!(store.find::<Team>(&"t4".into(), &ALL).await.unwrap(), None);
}

pub(crate) async fn spend_is_set_and_kept(bench: &Bench) {
    let store = bench.open().await;
    let mut made = team("t1");
    made.spending.spend = Usd::from_nanos(5);
    store.create(&made, &by("anna")).await.unwrap();
    let stale = get(&store, "t1").await;
    let spend = Usd::from_nanos(7);
    store.set_spend::<Team>(&"t1".into(), spend, &ALL, &by("anna")).await.unwrap();
    let changed = store
        .change::<Team, StoreError>(&"t1".into(), &ALL, &by("anna"), |team| {
            assert_eq!(team.spending.spend, spend);
            *team = stale.value.clone();
            team.blocked = true;
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(changed.value.spending.spend, spend, "who changes a record does not change what it spent");
    assert_eq!(get(&store, "t1").await, changed);
    // Only at nothing do budgets begin anew.
    assert_eq!(changed.value.spending.resets, 0);
    for resets in 1..3 {
        let anew = store.set_spend::<Team>(&"t1".into(), Usd::ZERO, &ALL, &by("anna")).await.unwrap();
        assert_eq!((anew.value.spending.spend, anew.value.spending.resets), (Usd::ZERO, resets));
        assert_eq!(get(&store, "t1").await, anew);
    }
    let changed = store
        .change::<Team, StoreError>(&"t1".into(), &ALL, &by("anna"), |team| {
            *team = stale.value.clone();
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(changed.value.spending.resets, 2, "nor how often it began anew");
}
