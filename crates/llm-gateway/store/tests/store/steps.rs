//! The schema's steps.

use futures_util::future::join_all;
use llm_store::{Cipher, Schema, Store, StoreError};
use llm_tenancy::Team;

use crate::bench::{ALL, Bench, NOW, by, team};

pub(crate) async fn steps_go_back_and_forth(bench: &Bench) {
    let made = Schema::up(&bench.settings, NOW).await.unwrap();
    let all = made.taken.len();
    assert!(all >= 2 && made.pending.is_empty(), "{made:?}");
    for taken in (0..all).rev() {
        let schema = Schema::down(&bench.settings, 1).await.unwrap();
        assert_eq!((schema.taken.len(), schema.pending.len()), (taken, all - taken));
    }
    assert_eq!(Schema::down(&bench.settings, 1).await.unwrap().taken.len(), 0, "there is no further back");
    assert_eq!(Schema::up(&bench.settings, NOW).await.unwrap(), made);
    let store = bench.open().await;
    store.create(&team("t1"), &by("anna")).await.unwrap();
    store.close().await;
    drop(store);
    let store = bench.open().await;
    assert!(store.find::<Team>(&"t1".into(), &ALL).await.unwrap().is_some(), "opening again takes nothing");
}

pub(crate) async fn a_newer_schema_is_refused(bench: &Bench) {
    let store = bench.open().await;
    store.close().await;
    drop(store);
    newer(bench).await;
    let refused = Store::open(&bench.settings, Cipher::default(), NOW).await.unwrap_err();
    assert_eq!(refused, StoreError::Newer { step: "m29990101_000001_future".to_owned() });
    assert!(Schema::down(&bench.settings, 1).await.is_err(), "nothing is taken back that is not known");
}

/// Writes down a step that this version does not know.
async fn newer(bench: &Bench) {
    use sea_orm::sea_query::{Alias, Query};
    use sea_orm::{ConnectionTrait as _, Database};
    let url = match &bench.settings.url {
        Some(url) => url.clone(),
        None => format!("sqlite:{}", bench.settings.data_dir.join("llm-gateway.db").display()),
    };
    let database = Database::connect(url).await.unwrap();
    let mut insert = Query::insert();
    insert
        .into_table(Alias::new("schema_steps"))
        .columns(["name", "taken_ms"].map(Alias::new))
        .values_panic(["m29990101_000001_future".into(), 1.into()]);
    database.execute(&insert).await.unwrap();
    database.close().await.unwrap();
}

pub(crate) async fn an_older_schema_is_refused_where_it_may_not_change(bench: &Bench) {
    let mut settings = bench.settings.clone();
    settings.migrate = false;
    let refused = Store::open(&settings, Cipher::default(), NOW).await.unwrap_err();
    let StoreError::Older { pending } = refused else { panic!("{refused}") };
    Schema::up(&bench.settings, NOW).await.unwrap();
    let store = Store::open(&settings, Cipher::default(), NOW).await.unwrap();
    store.close().await;
    drop(store);
    Schema::down(&bench.settings, 1).await.unwrap();
    let refused = Store::open(&settings, Cipher::default(), NOW).await.unwrap_err();
    assert_eq!((pending, refused), (4, StoreError::Older { pending: 1 }));
}

/// Replicas that start at once take each step once.
pub(crate) async fn eight_at_once_migrate_once(bench: &Bench) {
    let stores = join_all((0..8).map(|_| Store::open(&bench.settings, Cipher::default(), NOW))).await;
    for store in stores {
        store.unwrap().ping().await.unwrap();
    }
    assert_eq!(Schema::up(&bench.settings, NOW).await.unwrap().taken.len(), 4);
}

#[tokio::test]
#[cfg(unix)]
async fn the_file_is_its_owners() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::sqlite();
    let store = bench.open().await;
    store.create(&team("t1"), &by("anna")).await.unwrap();
    let files = std::fs::read_dir(&bench.settings.data_dir).unwrap().map(|entry| entry.unwrap().path());
    let databases: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end != "lock")).collect();
    assert!(!databases.is_empty());
    for path in databases {
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", path.display());
    }
}

#[tokio::test]
async fn a_second_process_is_refused() {
    let bench = Bench::sqlite();
    let first = bench.open().await;
    let lock = bench.settings.data_dir.join("llm-gateway.db.lock");
    let refused = Store::open(&bench.settings, Cipher::default(), NOW).await.unwrap_err();
    assert_eq!(refused, StoreError::Locked { path: lock.clone() });
    assert!(refused.to_string().contains(&lock.display().to_string()), "{refused}");
    first.ping().await.unwrap();
    drop(first);
    bench.open().await;
}
