//! Redis is slow or gone: a round fails in time, and later ones work again.

use std::time::{Duration, Instant};

use llm_gateway_shared::{Address, Asks, Store, StoreError};

use crate::server::{Server, free_port};
use crate::{lease, options, replica};

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_round_fails_in_time_and_works_again_later() {
    let mut server = Server::start();
    let address = Address::single(server.url());
    let mut store = replica(address.clone(), "a").await;
    store.round(&lease(0, 0, 0)).await.unwrap();

    server.signal("STOP");
    let began = Instant::now();
    let error = store.round(&lease(0, 0, 0)).await.unwrap_err();
    let took = began.elapsed();
    assert!(took < Duration::from_millis(900), "{took:?}: {error}");
    assert!(!store.is_connected() && store.round(&Asks::default()).await.is_err());
    server.signal("CONT");
    store.connect().await.unwrap();
    assert!(!store.round(&lease(0, 0, 0)).await.unwrap().lost, "it still has everything");

    server.stop();
    assert!(store.round(&lease(0, 0, 0)).await.is_err() && store.connect().await.is_err());
    server.restart();
    store.connect().await.unwrap();
    store.round(&lease(0, 0, 0)).await.unwrap();
    assert!(store.round(&Asks::default()).await.unwrap().lost || server.ask("GET {test}:since") != "$-1");
}

#[tokio::test]
async fn nobody_there_is_told_in_time() {
    let mut store =
        Store::new(options(Address::single(format!("redis://127.0.0.1:{}", free_port())), "a")).unwrap();
    let began = Instant::now();
    assert!(matches!(store.connect().await, Err(StoreError::Failed(_) | StoreError::TimedOut(_))));
    assert!(began.elapsed() < Duration::from_millis(2_500));
    assert!(store.round(&Asks::default()).await.is_err());
}
