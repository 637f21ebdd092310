//! Servers that are not there, or do not answer.

use std::time::{Duration, Instant};

use llm_store::{Cipher, Store, StoreError, StoreSettings};
use llm_tenancy::Team;
use llm_test_servers::{Kind, Server};

use crate::bench::{ALL, NOW, by, team};

/// Longer than the bounds below, on a slow machine.
const SLOW: Duration = Duration::from_secs(8);

fn settings(url: &str) -> StoreSettings {
    let mut settings = StoreSettings::new(".").with_url(url);
    settings.connect_timeout_ms = 1_000;
    settings.query_timeout_ms = 1_500;
    settings.max_connections = 3;
    settings
}

fn clock() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "how long it really takes is what is tested")]
    Instant::now()
}

#[test]
#[ignore = "needs PostgreSQL"]
fn postgres_away() {
    on(Kind::Postgres);
}

#[test]
#[ignore = "needs MariaDB"]
fn mariadb_away() {
    on(Kind::MariaDb);
}

fn on(kind: Kind) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(run(kind));
}

async fn run(kind: Kind) {
    let mut server = Server::start(kind);
    let settings = settings(&server.database("gateway"));
    let store = Store::open(&settings, Cipher::default(), NOW).await.unwrap();
    let id = "t1".into();
    store.create(&team("t1"), &by("anna")).await.unwrap();

    // It holds every connection and says nothing.
    server.pause();
    for _ in 0..4 {
        let began = clock();
        let (read, made) =
            (store.find::<Team>(&id, &ALL).await, store.create(&team("t2"), &by("anna")).await);
        assert!(began.elapsed() < SLOW, "{:?}", began.elapsed());
        for error in [read.unwrap_err(), made.unwrap_err()] {
            assert!(
                matches!(error, StoreError::Away(_)) && !error.to_string().contains("a-password"),
                "{error}"
            );
        }
    }
    server.resume();
    comes_back(&store).await;

    // It is not there at all.
    server.stop();
    let began = clock();
    let away = store.find::<Team>(&id, &ALL).await.unwrap_err();
    assert!(matches!(away, StoreError::Away(_)), "{away}");
    let closed = Store::open(&settings, Cipher::default(), NOW).await.unwrap_err();
    assert!(matches!(closed, StoreError::Away(_)) && !closed.to_string().contains("a-password"), "{closed}");
    assert!(began.elapsed() < SLOW, "{:?}", began.elapsed());
    server.restart();
    comes_back(&store).await;
    assert!(store.find::<Team>(&id, &ALL).await.unwrap().is_some(), "what was committed is there");

    // A database that is not there is told by its name, without the password.
    let settings = self::settings(&server.url("absent"));
    let absent = Store::open(&settings, Cipher::default(), NOW).await.unwrap_err().to_string();
    assert!(absent.contains("absent") && !absent.contains("a-password"), "{absent}");
}

/// The first calls may still meet broken connections.
async fn comes_back(store: &Store) {
    let began = clock();
    while store.ping().await.is_err() {
        assert!(began.elapsed() < 4 * SLOW, "it does not come back");
    }
}
