//! Money: it begins with what is booked, and what is booked stays.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use llm_gateway_shared::{Address, RedisAuthority, Seed};
use llm_limits::{AccountId, Authority as _, AuthorityError, Grant, Taking};
use tokio::sync::Mutex;

use super::{Books, LONG, account, at, authority, begin, money, refund, take};
use crate::server::Server;

fn seeded(server: &Server, name: &str, booked: i64) -> (RedisAuthority, Arc<Books>) {
    let books = Arc::new(Books::default());
    books.booked.store(booked, Ordering::Relaxed);
    (authority(Address::single(server.url()), name, LONG, books.clone()), books)
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn sums_that_no_float_holds_are_exact() {
    let server = Server::start();
    begin(&server);
    let edges = [
        9_007_199_254_740_992,
        9_999_999_999_999_999,
        999_999_999_999_999_999,
        1_000_000_000_000_000_000,
        9_223_372_036_854_775_800,
        i64::MAX,
    ];
    for edge in edges {
        let name = format!("usd:30d:team/{edge}");
        let (replica, _) = seeded(&server, &name, edge - 5);
        for taken in 1..=5 {
            let grant = take(&replica, money(&name, edge, 1, 1)).await;
            assert_eq!(grant, Grant { granted: 1, left: 5 - taken }, "{edge}");
        }
        assert_eq!(take(&replica, money(&name, edge, 1, 1)).await, Grant::default(), "{edge}");
        replica.give_back(&[refund(&name, 2)]).await.unwrap();
        assert_eq!(take(&replica, money(&name, edge, 3, 3)).await, Grant { granted: 0, left: 2 }, "{edge}");
        assert_eq!(take(&replica, money(&name, edge, 2, 3)).await, Grant { granted: 2, left: 0 }, "{edge}");
    }
    // And far apart: a share of nearly everything, and back.
    let (replica, _) = seeded(&server, "far", 0);
    let most = i64::MAX - 1;
    assert_eq!(take(&replica, money("far", i64::MAX, most, most)).await, Grant { granted: most, left: 1 });
    assert_eq!(take(&replica, money("far", i64::MAX, 2, i64::MAX)).await, Grant { granted: 0, left: 1 });
    replica.give_back(&[refund("far", most)]).await.unwrap();
    assert_eq!(take(&replica, money("far", 3, 3, 3)).await, Grant { granted: 3, left: 0 });
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_limit_below_what_is_booked_gives_nothing_and_says_so() {
    let server = Server::start();
    begin(&server);
    let (replica, _) = seeded(&server, "a", 500);
    assert_eq!(take(&replica, money("b", 400, 1, 10)).await, Grant::default());
    assert_eq!(take(&replica, money("b", 0, 0, 0)).await, Grant::default());
    assert_eq!(take(&replica, money("b", -7, 1, 1)).await, Grant::default());
    assert_eq!(take(&replica, money("b", 503, 1, 3)).await, Grant { granted: 3, left: 0 });
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn what_is_booked_stays_and_what_the_dead_did_not_book_comes_back() {
    const LEASE: Duration = Duration::from_millis(1_000);
    let server = Server::start();
    begin(&server);
    let books = Arc::new(Books::default());
    let dead = authority(Address::single(server.url()), "dead", LEASE, books.clone());
    let heir = authority(Address::single(server.url()), "heir", LEASE, books.clone());
    assert_eq!(take(&dead, money("usd", 100, 60, 60)).await.granted, 60);
    dead.settled(&[(account("usd"), 60_000, 25)]).await;
    assert_eq!(take(&heir, money("usd", 100, 1, 1)).await, Grant { granted: 1, left: 39 });
    // More is booked than it holds: an answer was dearer than thought.
    dead.settled(&[(account("usd"), 60_000, 40)]).await;
    assert_eq!(take(&heir, money("usd", 100, 1, 1)).await, Grant { granted: 1, left: 33 }, "65 and 2");
    assert_eq!(take(&dead, money("usd", 100, 20, 20)).await, Grant { granted: 20, left: 13 });
    tokio::time::sleep(LEASE * 3 / 2).await;
    // Both were silent: only what is booked counts now.
    assert_eq!(heir.renew().await, Ok(false));
    assert_eq!(take(&heir, money("usd", 100, 1, 1)).await, Grant { granted: 1, left: 34 });
    assert_eq!(books.asked.load(Ordering::Relaxed), 1, "the database was asked once");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn one_asks_the_database_for_all_who_wait() {
    let server = Server::start();
    begin(&server);
    let (replica, books) = seeded(&server, "a", 90);
    let asks: Vec<_> = (0..40).map(|_| [money("usd", 100, 1, 1)]).collect();
    let grants = futures_util::future::join_all(asks.iter().map(|asks| replica.take(asks))).await;
    let granted: i64 = grants.into_iter().map(|grants| grants.unwrap()[0].granted).sum();
    assert_eq!((granted, books.asked.load(Ordering::Relaxed)), (10, 1));
}

/// A database in which another replica books while it is asked for the first time.
struct Busy {
    other: RedisAuthority,
    booked: Mutex<i64>,
    asked: std::sync::atomic::AtomicUsize,
}

impl Seed for Busy {
    fn booked<'a>(&'a self, accounts: &'a [(AccountId, i64)]) -> Taking<'a, Vec<i64>> {
        Box::pin(async move {
            let mut booked = self.booked.lock().await;
            let read = *booked;
            if self.asked.fetch_add(1, Ordering::Relaxed) == 0 {
                *booked += 30;
                self.other.settled(&[(account("usd"), 60_000, 30)]).await;
            }
            Ok(vec![read; accounts.len()])
        })
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn what_is_booked_while_it_is_looked_up_is_not_forgotten() {
    let server = Server::start();
    begin(&server);
    let busy = Arc::new(Busy {
        other: at(&server, "other"),
        booked: Mutex::new(10),
        asked: std::sync::atomic::AtomicUsize::new(0),
    });
    let replica = authority(Address::single(server.url()), "a", LONG, busy.clone());
    let grant = take(&replica, money("usd", 100, 1, 1)).await;
    assert_eq!(grant, Grant { granted: 1, left: 59 });
    assert_eq!(busy.asked.load(Ordering::Relaxed), 2, "it was asked again");
}

/// A database that is gone.
struct Gone;

impl Seed for Gone {
    fn booked<'a>(&'a self, _: &'a [(AccountId, i64)]) -> Taking<'a, Vec<i64>> {
        Box::pin(async { Err(AuthorityError("the database is gone".to_owned())) })
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn without_a_database_money_that_is_not_known_is_not_given() {
    let server = Server::start();
    begin(&server);
    let replica = authority(Address::single(server.url()), "a", LONG, Arc::new(Gone));
    let error = replica.take(&[money("usd", 100, 1, 1)]).await.unwrap_err();
    assert_eq!(error.to_string(), "limits cannot be looked up: the database is gone");
    assert_eq!(take(&replica, super::ask("req", 100, 1, 1)).await.granted, 1, "requests are");
}
