//! Redis is slow, gone, empty, or answers nobody: nothing is held twice, nothing is lost for good, nobody waits for long.

use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use llm_gateway_shared::Address;
use llm_limits::{AccountId, Ask, Authority as _, Grant};

use super::{Books, LONG, account, ask, at, authority, begin, money, refund, take};
use crate::server::{Server, free_port};

#[tokio::test]
#[ignore = "needs redis-server"]
async fn after_a_flush_nothing_is_given_away_that_somebody_holds() {
    const LEASE: Duration = Duration::from_millis(2_000);
    let server = Server::start();
    begin(&server);
    let new = |name| authority(Address::single(server.url()), name, LEASE, Arc::new(Books::default()));
    let (holder, other) = (new("holder"), new("other"));
    assert!(other.renew().await.unwrap() && holder.renew().await.unwrap());
    assert_eq!(take(&other, ask("req", 100, 0, 0)).await.left, 100);
    assert_eq!(take(&holder, ask("req", 100, 45, 45)).await.granted, 45);
    assert_eq!(take(&holder, money("usd", 100, 45, 45)).await.granted, 45);
    assert!(other.renew().await.unwrap(), "it hears that there are two");
    assert_eq!(server.ask("FLUSHALL"), "+OK");
    // The other one is there first, and wants everything.
    for what in [ask("req", 100, 51, 51), money("usd", 100, 51, 51)] {
        assert_eq!(take(&other, what).await, Grant { granted: 0, left: 100 }, "no more than an even part");
    }
    assert_eq!(take(&other, ask("req", 100, 50, 50)).await.granted, 50);
    assert!(holder.renew().await.unwrap(), "what was lost is not its lease");
    assert_eq!(take(&holder, ask("req", 100, 6, 6)).await, Grant { granted: 0, left: 5 });
    assert_eq!(take(&other, money("usd", 100, 0, 0)).await.left, 55, "it was told again");
    tokio::time::sleep(LEASE / 2).await;
    assert!(holder.renew().await.unwrap() && other.renew().await.unwrap());
    tokio::time::sleep(LEASE / 2).await;
    assert_eq!(take(&other, money("usd", 100, 55, 55)).await, Grant { granted: 55, left: 0 }, "as before");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_restart_loses_nothing_that_replicas_know() {
    let mut server = Server::start();
    let replica = at(&server, "a");
    assert_eq!(take(&replica, ask("req", 100, 70, 70)).await.granted, 70, "alone, an even part is all of it");
    server.stop();
    let began = Instant::now();
    assert!(replica.take(&[ask("req", 100, 1, 1)]).await.is_err() && replica.renew().await.is_err());
    replica.give_back(&[refund("req", 20)]).await.unwrap();
    replica.settled(&[(account("usd"), 60_000, 5)]).await;
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    server.restart();
    assert!(replica.renew().await.unwrap());
    assert_eq!(take(&replica, ask("req", 100, 51, 51)).await, Grant { granted: 0, left: 50 });
    assert_eq!(take(&replica, ask("req", 100, 50, 50)).await, Grant { granted: 50, left: 0 });
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_halted_redis_is_waited_for_no_longer_than_configured() {
    let server = Server::start();
    begin(&server);
    let replica = at(&server, "a");
    assert_eq!(take(&replica, money("usd", 100, 10, 10)).await.granted, 10);
    server.signal("STOP");
    let began = Instant::now();
    let asks: Vec<_> = (0..50).map(|_| [money("usd", 100, 1, 1)]).collect();
    let all = futures_util::future::join_all(asks.iter().map(|asks| replica.take(asks))).await;
    assert!(all.iter().all(Result::is_err));
    assert!(began.elapsed() < Duration::from_millis(900), "{:?}", began.elapsed());
    // Nobody knows whether these were heard.
    replica.settled(&[(account("usd"), 60_000, 4)]).await;
    replica.give_back(&[refund("usd", 1)]).await.unwrap();
    server.signal("CONT");
    assert!(replica.renew().await.unwrap());
    assert_eq!(take(&replica, money("usd", 100, 0, 0)).await.left, 91, "4 are booked, 5 are held");
    assert!(replica.renew().await.unwrap());
    assert_eq!(take(&replica, money("usd", 100, 0, 0)).await.left, 91, "once");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn what_was_granted_to_nobody_goes_back() {
    let server = Server::start();
    begin(&server);
    let replica = at(&server, "a");
    assert!(replica.renew().await.unwrap());
    let own_shelf = AccountId { name: "x".into(), shelf: "x".into() };
    let asks = [ask("req", 1_000, 5, 5), Ask { account: own_shelf.clone(), ..ask("", 1_000, 3, 3) }];
    let mut heard = 0;
    for turns in 0..40 {
        // Whoever asks hangs up at some point on the way: after a poll, some turns of the others, and another one.
        let mut taking = replica.take(&asks);
        assert!(futures_util::poll!(&mut taking).is_pending());
        for _ in 0..turns * 4 {
            tokio::task::yield_now().await;
        }
        if let Poll::Ready(grants) = futures_util::poll!(&mut taking) {
            let grants = grants.unwrap();
            assert_eq!((grants[0].granted, grants[1].granted), (5, 3));
            heard += 1;
        }
    }
    assert!(heard < 40, "nobody hung up");
    assert!(replica.renew().await.unwrap());
    assert_eq!(take(&replica, ask("req", 1_000, 0, 0)).await.left, 1_000 - heard * 5);
    let other = Ask { account: own_shelf, ..ask("", 1_000, 0, 0) };
    assert_eq!(take(&replica, other).await.left, 1_000 - heard * 3);
}

#[tokio::test]
async fn nobody_there_is_told_in_time() {
    let address = Address::single(format!("redis://127.0.0.1:{}", free_port()));
    let replica = authority(address, "a", LONG, Arc::new(Books::default()));
    let began = Instant::now();
    assert!(replica.take(&[ask("req", 100, 1, 1)]).await.is_err());
    assert!(began.elapsed() < Duration::from_millis(900) && !replica.is_connected());
}
