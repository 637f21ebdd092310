//! News of changes.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use llm_store::{Change, Cipher, Keep, News, Store, StoreError, Watch};
use llm_tenancy::{Kind, Team, TeamMember, VirtualKey};
use llm_types::UnixMs;
use serde_json::json;

use crate::bench::{ALL, Bench, NOW, by, by_at, key, record, rotate, team};

async fn news(watch: &mut Watch) -> Vec<Change> {
    match watch.poll(NOW).await.unwrap() {
        News::Of(changes) => changes,
        News::Everything => panic!("everything"),
    }
}

fn change(kind: Kind, id: &str) -> Change {
    Change { kind, id: Some(id.to_owned()) }
}

pub(crate) async fn changes_reach_others(bench: &Bench) {
    let store = bench.open().await;
    store.create(&team("before"), &by("anna")).await.unwrap();
    let other = bench.another(&store).await;
    let mut watch = other.watch(NOW).await.unwrap();
    assert_eq!(news(&mut watch).await, []);
    store.create(&team("t1"), &by("anna")).await.unwrap();
    store
        .create(&record::<TeamMember>(&json!({"team_id": "t1", "user_id": "u1"})), &by("anna"))
        .await
        .unwrap();
    let told = news(&mut watch).await;
    assert_eq!(told[0], change(Kind::Team, "t1"));
    assert_eq!(told[1].team_member(), Some(("t1".into(), "u1".into())));
    assert_eq!(news(&mut watch).await, [], "once");
    store.delete::<Team>(&["t1".into()], &ALL, &by("anna")).await.unwrap();
    let told = news(&mut watch).await;
    assert_eq!(told.len(), 2);
    assert!(told.contains(&change(Kind::Team, "t1")), "{told:?}");
    store.create(&key("sk-1"), &by("anna")).await.unwrap();
    rotate(&store, "sk-1", "sk-2", None, &by("anna")).await.unwrap();
    let told = news(&mut watch).await;
    for text in ["sk-1", "sk-2"] {
        assert!(told.contains(&change(Kind::Key, &key(text).hash.to_string())), "{text}: {told:?}");
    }
}

/// Where the database tells, others hear at once; own changes are heard at once everywhere.
pub(crate) async fn own_changes_are_told_at_once(bench: &Bench) {
    const LONG: Duration = Duration::from_secs(60);
    let store = bench.open().await;
    let mut watch = store.watch(NOW).await.unwrap();
    assert_eq!(news(&mut watch).await, []);
    #[expect(clippy::disallowed_methods, reason = "how long it really takes is what is tested")]
    let began = Instant::now();
    let (made, ()) = tokio::join!(async { store.create(&team("t1"), &by("anna")).await }, watch.wait(LONG),);
    made.unwrap();
    assert!(began.elapsed() < LONG / 2);
    assert_eq!(news(&mut watch).await.len(), 1);
    let other = bench.another(&store).await;
    if store.backend() != "mysql" {
        let (made, ()) =
            tokio::join!(async { other.create(&team("t2"), &by("anna")).await }, watch.wait(LONG));
        made.unwrap();
        assert!(began.elapsed() < LONG / 2);
        assert_eq!(news(&mut watch).await.len(), 1);
    }
    // Nothing to hear: it does not wait longer than it is told.
    watch.wait(Duration::from_millis(1)).await;
}

/// Also while somebody watches, and a writer and a reader want it at once.
pub(crate) async fn one_connection_is_enough(bench: &Bench) {
    let url = format!("{}?connection_limit=1", bench.settings.url.as_deref().unwrap());
    let mut settings = bench.settings.clone().with_url(url);
    settings.connect_timeout_ms = 5_000;
    let store = Store::open(&settings, Cipher::default(), NOW).await.unwrap();
    let mut watch = store.watch(NOW).await.unwrap();
    news(&mut watch).await;
    let made = join_all((0..10).map(|number| {
        let store = store.clone();
        async move { store.create(&team(&format!("t{number}")), &by("anna")).await }
    }));
    let (made, found) = tokio::join!(made, store.count::<Team>(&[], &ALL));
    made.into_iter().for_each(|made| drop(made.unwrap()));
    found.unwrap();
    assert_eq!(news(&mut watch).await.len(), 10);
}

pub(crate) async fn what_is_rolled_back_is_not_told(bench: &Bench) {
    let store = bench.open().await;
    let mut watch = store.watch(NOW).await.unwrap();
    store.create(&team("t1"), &by("anna")).await.unwrap();
    for _ in 0..3 {
        let taken = store.create_all(&[team("t2"), team("t1")], &by("anna")).await;
        assert!(matches!(taken, Err(StoreError::Taken { .. })));
    }
    store.create(&team("t3"), &by("anna")).await.unwrap();
    let told = news(&mut watch).await;
    assert_eq!(told, [change(Kind::Team, "t1"), change(Kind::Team, "t3")]);
}

/// Transactions take their numbers in one order and end in another, while somebody reads.
pub(crate) async fn changes_that_overlap_are_told_once(bench: &Bench) {
    const COUNT: usize = 200;
    let store = bench.open().await;
    let other = bench.another(&store).await;
    let mut watch = other.watch(NOW).await.unwrap();
    let made = join_all((0..COUNT).map(|number| {
        let store = store.clone();
        async move { store.create(&team(&format!("t{number}")), &by("anna")).await.unwrap() }
    }));
    let mut told = Vec::new();
    tokio::pin!(made);
    loop {
        tokio::select! {
            _ = &mut made => break,
            changes = news(&mut watch) => told.extend(changes),
        }
    }
    told.extend(news(&mut watch).await);
    let all: HashSet<_> = told.iter().collect();
    assert_eq!((told.len(), all.len()), (COUNT, COUNT));
}

pub(crate) async fn many_changes_are_one(bench: &Bench) {
    let store = bench.open().await;
    let mut watch = store.watch(NOW).await.unwrap();
    let keys: Vec<_> = (0..1_200).map(|number| key(&format!("sk-{number}"))).collect();
    store.create_all(&keys, &by("anna")).await.unwrap();
    assert_eq!(news(&mut watch).await, [Change { kind: Kind::Key, id: None }]);
    let ids: Vec<_> = keys.iter().map(|key| key.hash).collect();
    assert_eq!(store.find_all::<VirtualKey>(&ids, &ALL).await.unwrap().len(), 1_200);
    assert_eq!(store.delete::<VirtualKey>(&ids, &ALL, &by("anna")).await.unwrap().len(), 1_200);
    assert_eq!(store.list_audit(&llm_store::AuditQuery::default()).await.unwrap().1, 2_400);
}

pub(crate) async fn what_is_old_is_swept(bench: &Bench) {
    let store = bench.open().await;
    let at = |ms: i64| by_at("anna", UnixMs(NOW.0 + ms));
    for (id, ms) in [("t1", 0), ("t2", 5)] {
        store.create(&team(id), &at(ms)).await.unwrap();
        store.delete::<Team>(&[id.into()], &ALL, &at(ms)).await.unwrap();
    }
    store.create(&key("sk-1"), &at(0)).await.unwrap();
    let until = Some(UnixMs(NOW.0 + 10));
    rotate(&store, "sk-1", "sk-2", until, &at(0)).await.unwrap();
    let nothing = store.sweep(&Keep::default(), NOW).await.unwrap();
    assert_eq!((nothing.changes, nothing.former_keys, nothing.audit, nothing.deleted), (0, 0, 0, 0));
    // An hour later, changes are known to all; the rest is kept as long as it is said.
    let later = UnixMs(NOW.0 + 3_600_003);
    let keep = Keep { audit_ms: Some(3_600_000), deleted_ms: Some(3_600_000) };
    let swept = store.sweep(&keep, later).await.unwrap();
    assert_eq!((swept.changes, swept.former_keys, swept.audit, swept.deleted), (5, 1, 4, 1));
    assert_eq!(store.list_deleted::<Team>(0, 10).await.unwrap().1, 1);
}
