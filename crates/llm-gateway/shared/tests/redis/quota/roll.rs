//! A Redis that has just begun: once all who may hold something have told it, everything that is left is handed out.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use llm_gateway_shared::{Address, RedisAuthority, Seed};
use llm_limits::{AccountId, Authority as _, AuthorityError, Grant, Taking};

use super::{LONG, ask, authority, money, refund, take};
use crate::server::Server;

/// A database that has booked nothing, and keeps the roll.
#[derive(Default)]
struct Roll {
    names: Mutex<BTreeSet<String>>,
    is_away: AtomicBool,
}

impl Seed for Roll {
    fn booked<'a>(&'a self, accounts: &'a [(AccountId, i64)]) -> Taking<'a, Vec<i64>> {
        Box::pin(std::future::ready(Ok(vec![0; accounts.len()])))
    }

    fn enlist<'a>(&'a self, replica: &'a str, _kept: Duration) -> Taking<'a, ()> {
        Box::pin(async move {
            if self.is_away.load(Ordering::Relaxed) {
                return Err(AuthorityError("away".to_owned()));
            }
            self.names.lock().unwrap().insert(replica.to_owned());
            Ok(())
        })
    }

    fn enlisted(&self) -> Taking<'_, Option<Vec<String>>> {
        let names = self.names.lock().unwrap().iter().cloned().collect();
        Box::pin(std::future::ready(Ok(Some(names))))
    }
}

fn at(server: &Server, name: &str, roll: &Arc<Roll>) -> RedisAuthority {
    authority(Address::single(server.url()), name, LONG, roll.clone())
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_new_redis_hands_out_everything_at_once() {
    let (server, roll) = (Server::start(), Arc::new(Roll::default()));
    let (one, two) = (at(&server, "one", &roll), at(&server, "two", &roll));
    assert!(one.renew().await.unwrap() && two.renew().await.unwrap() && one.renew().await.unwrap());
    for what in [ask("req", 100, 90, 90), money("usd", 100, 90, 90)] {
        assert_eq!(take(&one, what).await, Grant { granted: 90, left: 10 }, "far more than an even part");
    }
    assert_eq!(take(&two, ask("req", 100, 11, 11)).await, Grant { granted: 0, left: 10 });
    assert_eq!(take(&two, money("usd", 100, 10, 10)).await, Grant { granted: 10, left: 0 });
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn after_a_loss_all_who_may_hold_something_are_waited_for() {
    let (server, roll) = (Server::start(), Arc::new(Roll::default()));
    let (holder, other) = (at(&server, "holder", &roll), at(&server, "other", &roll));
    assert!(holder.renew().await.unwrap() && other.renew().await.unwrap() && holder.renew().await.unwrap());
    // More than one call can tell.
    for number in 0..250 {
        assert_eq!(take(&holder, ask(&format!("req {number}"), 100, 45, 45)).await.granted, 45);
    }
    assert_eq!(server.ask("FLUSHALL"), "+OK");
    assert!(other.renew().await.unwrap());
    let all = |number: usize| ask(&format!("req {number}"), 100, 55, 55);
    assert_eq!(take(&other, all(0)).await, Grant { granted: 0, left: 100 }, "no more than an even part");
    // It asks for one, which tells nothing of what else it holds.
    assert_eq!(take(&holder, ask("req 0", 100, 1, 1)).await.granted, 1);
    assert_eq!(take(&other, all(1)).await, Grant { granted: 0, left: 100 }, "one of many was told");
    assert!(holder.renew().await.unwrap() && other.renew().await.unwrap());
    assert_eq!(take(&other, ask("req 0", 100, 54, 54)).await, Grant { granted: 54, left: 0 });
    for number in 1..250 {
        assert_eq!(take(&other, ask(&format!("req {number}"), 100, 56, 56)).await.granted, 0, "{number}");
        assert_eq!(take(&other, all(number)).await, Grant { granted: 55, left: 0 }, "{number}");
    }
    holder.give_back(&[refund("req 1", 45)]).await.unwrap();
    assert_eq!(take(&other, ask("req 1", 100, 45, 45)).await.granted, 45);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn one_that_says_nothing_is_waited_for() {
    let (server, roll) = (Server::start(), Arc::new(Roll::default()));
    roll.names.lock().unwrap().insert("silent".to_owned());
    let (one, two) = (at(&server, "one", &roll), at(&server, "two", &roll));
    assert!(one.renew().await.unwrap() && two.renew().await.unwrap() && one.renew().await.unwrap());
    assert_eq!(take(&one, ask("req", 100, 51, 51)).await, Grant { granted: 0, left: 100 });
    assert_eq!(take(&one, ask("req", 100, 50, 50)).await.granted, 50, "its even part");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn who_is_not_on_the_roll_takes_nothing() {
    let (server, roll) = (Server::start(), Arc::new(Roll::default()));
    let replica = at(&server, "a", &roll);
    roll.is_away.store(true, Ordering::Relaxed);
    assert!(replica.renew().await.is_err());
    assert!(replica.take(&[ask("req", 100, 1, 1)]).await.is_err(), "nobody would wait for it after a loss");
    roll.is_away.store(false, Ordering::Relaxed);
    assert_eq!(take(&replica, ask("req", 100, 1, 1)).await.granted, 1);
    roll.is_away.store(true, Ordering::Relaxed);
    assert_eq!(take(&replica, ask("req", 100, 1, 1)).await.granted, 1, "it stays there for its time");
}
