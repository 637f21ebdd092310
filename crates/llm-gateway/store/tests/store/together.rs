//! Many at once.

use std::time::Duration;

use futures_util::future::join_all;
use llm_ledger::Entry;
use llm_store::{AuditQuery, Field, Filter, News, StoreError};
use llm_tenancy::{Kind, Team, TeamId, VirtualKey};

use crate::bench::{ALL, Bench, NOW, by, key, team};

pub(crate) async fn fifty_changes_at_once_are_all_kept(bench: &Bench) {
    let store = bench.open().await;
    store.create(&team("t1"), &by("anna")).await.unwrap();
    let changes = (0..50).map(|number: u32| {
        let store = store.clone();
        async move {
            store
                .change::<Team, StoreError>(&"t1".into(), &ALL, &by("anna"), |team| {
                    team.tags.push(number.to_string());
                    Ok(())
                })
                .await
        }
    });
    for changed in join_all(changes).await {
        changed.unwrap();
    }
    let team = store.get::<Team>(&"t1".into(), &ALL).await.unwrap();
    let mut numbers: Vec<u32> = team.value.tags.iter().map(|tag| tag.parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..50).collect::<Vec<_>>());
    assert_eq!(team.version, 51);
    let told = store.list_audit(&AuditQuery::default()).await.unwrap().1;
    assert_eq!(told, 51, "each is in the audit");
}

pub(crate) async fn fifty_updates_of_one_version_have_one_winner(bench: &Bench) {
    let store = bench.open().await;
    store.create(&team("t1"), &by("anna")).await.unwrap();
    let read = store.get::<Team>(&"t1".into(), &ALL).await.unwrap();
    let updates = (0..50).map(|number: u32| {
        let (store, mut team) = (store.clone(), read.value.clone());
        team.team_alias = Some(number.to_string());
        async move { store.update(&team, read.version, &ALL, &by("anna")).await }
    });
    let (won, lost): (Vec<_>, Vec<_>) = join_all(updates).await.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    assert!(
        lost.iter().all(|lost| lost.as_ref().err() == Some(&StoreError::Changed(Kind::Team))),
        "{lost:?}"
    );
    assert_eq!(&store.get::<Team>(&"t1".into(), &ALL).await.unwrap(), won[0].as_ref().unwrap());
}

pub(crate) async fn names_are_taken_once(bench: &Bench) {
    let store = bench.open().await;
    let made = (0..20).map(|number: u32| {
        let store = store.clone();
        let mut key = key(&format!("sk-{number}"));
        key.key_alias = Some("ci".to_owned());
        async move { store.create(&key, &by("anna")).await }
    });
    let (made, refused): (Vec<_>, Vec<_>) = join_all(made).await.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 1);
    let taken = StoreError::Taken { kind: Kind::Key, what: "alias" };
    assert!(refused.iter().all(|refused| refused.as_ref().err() == Some(&taken)), "{refused:?}");
}

/// Whoever changes several does so in one order, whatever order they are named in.
pub(crate) async fn those_who_change_the_same_get_through(bench: &Bench) {
    let store = bench.open().await;
    let teams: Vec<_> = (0..8).map(|number| team(&format!("t{number}"))).collect();
    store.create_all(&teams, &by("anna")).await.unwrap();
    let rounds = (0..12).map(|round| {
        let store = store.clone();
        let mut ids: Vec<_> = teams.iter().map(|team| team.team_id.clone()).collect();
        if round % 2 == 0 {
            ids.reverse();
        }
        async move { store.change_all(&ids, &ALL, &by("anna"), tagged(round)).await }
    });
    for done in join_all(rounds).await {
        done.unwrap();
    }
    for team in &teams {
        let team = store.get::<Team>(&team.team_id, &ALL).await.unwrap().value;
        assert_eq!(team.tags.len(), 12);
    }
}

fn tagged(tag: u32) -> impl FnMut(&mut Team) -> Result<(), StoreError> {
    move |team| {
        team.tags.push(tag.to_string());
        Ok(())
    }
}

/// Somebody else waits for what the store has, and has what it waits for. The database ends one of them; if that is
/// the store, it begins again by itself.
pub(crate) async fn a_deadlock_is_begun_again(bench: &Bench) {
    use sea_orm::{Database, DbErr, TransactionTrait as _};
    let store = bench.open().await;
    store.create_all(&[team("t1"), team("t2")], &by("anna")).await.unwrap();
    let stranger = Database::connect(bench.settings.url.as_deref().unwrap()).await.unwrap();
    let (ids, anna) = (["t1", "t2"].map(Into::into), by("anna"));
    for round in 0..3 {
        let held = stranger.begin().await.unwrap();
        lock(&held, "t2").await.unwrap();
        let strangers = async {
            // By then the store has the first and waits for the second. If not, nobody waits for anybody.
            tokio::time::sleep(Duration::from_millis(300)).await;
            let _either_may_be_ended: Result<(), DbErr> = lock(&held, "t1").await;
            held.rollback().await
        };
        let (done, _) = tokio::join!(store.change_all(&ids, &ALL, &anna, tagged(round)), strangers);
        assert_eq!(done.unwrap().len(), 2);
    }
    let team = store.get::<Team>(&"t2".into(), &ALL).await.unwrap().value;
    assert_eq!(team.tags, ["0", "1", "2"]);
}

async fn lock(db: &sea_orm::DatabaseTransaction, id: &str) -> Result<(), sea_orm::DbErr> {
    use sea_orm::ConnectionTrait as _;
    use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, LockType, Query};
    let mut select = Query::select();
    select.column(Alias::new("id")).from(Alias::new("teams")).and_where(Expr::col(Alias::new("id")).eq(id));
    db.query_all(select.lock(LockType::Update)).await.map(|_| ())
}

/// A key that is made while its team goes is refused, or goes with it.
pub(crate) async fn no_key_outlives_its_team(bench: &Bench) {
    let store = bench.open().await;
    for round in 0..5 {
        let id: TeamId = format!("t{round}").into();
        store.create(&team(id.as_str()), &by("anna")).await.unwrap();
        let made = (0..20).map(|number| {
            let (store, mut key) = (store.clone(), key(&format!("sk-{round}-{number}")));
            key.team_id = Some(id.clone());
            async move { store.create(&key, &by("anna")).await.map(|_| ()) }
        });
        let gone = async { store.delete::<Team>(std::slice::from_ref(&id), &ALL, &by("anna")).await };
        let (made, gone) = tokio::join!(join_all(made), gone);
        gone.unwrap();
        for refused in made.into_iter().filter_map(Result::err) {
            assert_eq!(refused, StoreError::Missing(Kind::Team));
        }
        let left = [Filter::Is(Field::Team, id.to_string())];
        assert_eq!(store.count::<VirtualKey>(&left, &ALL).await.unwrap(), 0);
    }
}

/// A future that is dropped is a process that is killed: all is there, or nothing.
pub(crate) async fn what_is_dropped_half_way_leaves_nothing(bench: &Bench) {
    let store = bench.open().await;
    let mut watch = store.watch(NOW).await.unwrap();
    let (mut whole, mut dropped) = (0_u64, 0_u64);
    for round in 0..12_u64 {
        let keys: Vec<_> = (0..400).map(|number| key(&format!("sk-{round}-{number}"))).collect();
        let patience = Duration::from_millis(1 << round.min(8));
        match tokio::time::timeout(patience, store.create_all(&keys, &by("anna"))).await {
            Ok(done) => {
                done.unwrap();
                whole += 1;
            }
            Err(_) => dropped += 1,
        }
    }
    // What was dropped may have been committed in its last moment.
    let made = store.count::<VirtualKey>(&[], &ALL).await.unwrap();
    assert_eq!(made % 400, 0);
    assert!((whole..=whole + dropped).contains(&(made / 400)), "{made} of {whole} and {dropped}");
    assert_eq!(store.list_audit(&AuditQuery::default()).await.unwrap().1, made);
    let News::Of(changes) = watch.poll(NOW).await.unwrap() else { panic!("everything") };
    assert_eq!(changes.len() as u64, made);
    assert!(dropped > 0, "none was dropped");
}

/// Handlers run on any thread.
#[test]
fn calls_can_be_sent() {
    fn sendable(_: impl Send) {}
    #[expect(dead_code, reason = "compiled, not run")]
    fn all(store: &llm_store::Store) {
        let (id, by): (TeamId, _) = ("t1".into(), by("anna"));
        let team = team("t1");
        sendable(store.create(&team, &by));
        sendable(store.update(&team, 1, &ALL, &by));
        sendable(store.change::<Team, StoreError>(&id, &ALL, &by, |_| Ok(())));
        sendable(store.apply(&llm_store::Batch::default(), &by));
        sendable(store.find::<Team>(&id, &ALL));
        sendable(store.list::<Team>(&llm_store::Query::default(), &ALL));
        sendable(store.delete::<Team>(std::slice::from_ref(&id), &ALL, &by));
        sendable(store.rotate_key(&key("sk-1").hash, None, &ALL, &by, |_| {}));
        sendable(store.reseal(&by));
        sendable(store.sweep(&llm_store::Keep::default(), NOW));
        sendable(store.watch(NOW));
        sendable(store.book::<Entry>(&[], Some("one"), NOW));
        sendable(store.booked(&[("account", 0)]));
        sendable(store.take_shares("one", &[], NOW));
        sendable(store.return_shares("one", &[("account", 0, 1)], NOW));
        sendable(store.renew_replica("one", NOW, 1));
        sendable(store.prune_shares(NOW));
        sendable(store.list_entries(&llm_store::EntryQuery::default(), &ALL));
        sendable(store.sum_days(&llm_store::SumQuery::new(llm_store::Dimension::Global), &ALL));
        sendable(store.entries_between(NOW, NOW, None, 1));
        sendable(store.prune_entries(NOW, 1));
        sendable(store.begin_windows(NOW));
        sendable(store.check_ledger(None));
        let settings = llm_store::StoreSettings::new(".");
        sendable(llm_store::Store::open(&settings, llm_store::Cipher::default(), NOW));
    }
}
