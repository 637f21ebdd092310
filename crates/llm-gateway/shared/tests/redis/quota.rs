//! Shares of limits and budgets: what all replicas hold and what is booked never exceeds a limit, to the single unit.

mod losses;
mod money;
mod roll;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use llm_gateway_shared::{Address, QuotaOptions, RedisAuthority, Seed};
use llm_limits::{AccountId, Ask, Authority as _, Grant, Refund, Taking};
use llm_types::UnixMs;

use crate::options;
use crate::server::Server;

/// A database that has booked the same of every account.
#[derive(Default)]
struct Books {
    booked: AtomicI64,
    asked: AtomicUsize,
}

impl Seed for Books {
    fn booked<'a>(&'a self, accounts: &'a [(AccountId, i64)]) -> Taking<'a, Vec<i64>> {
        Box::pin(async move {
            self.asked.fetch_add(1, Ordering::Relaxed);
            Ok(vec![self.booked.load(Ordering::Relaxed); accounts.len()])
        })
    }
}

const LONG: Duration = Duration::from_secs(60);

fn authority(address: Address, name: &str, lease: Duration, seed: Arc<dyn Seed>) -> RedisAuthority {
    let options = QuotaOptions { redis: options(address, name), lease, seed_timeout: Duration::from_secs(5) };
    RedisAuthority::new(options, seed).unwrap()
}

fn at(server: &Server, name: &str) -> RedisAuthority {
    authority(Address::single(server.url()), name, LONG, Arc::new(Books::default()))
}

/// What was here is not lost, but has never been: nobody holds anything.
fn begin(server: &Server) {
    for bucket in 0..RedisAuthority::BUCKETS {
        assert_eq!(server.ask(&format!("SET {{test:{bucket}}}:since 1")), "+OK");
    }
}

fn account(name: &str) -> AccountId {
    AccountId { name: name.into(), shelf: "org/o".into() }
}

/// Far in the future, as Redis' own clock has it.
const UNTIL: UnixMs = UnixMs(4_000_000_000_000);

fn ask(name: &str, limit: i64, need: i64, wish: i64) -> Ask {
    Ask { account: account(name), window: 60_000, until: UNTIL, limit, need, wish, is_booked: false }
}

fn money(name: &str, limit: i64, need: i64, wish: i64) -> Ask {
    Ask { is_booked: true, ..ask(name, limit, need, wish) }
}

fn refund(name: &str, amount: i64) -> Refund {
    Refund { account: account(name), window: 60_000, amount }
}

async fn take(authority: &RedisAuthority, one: Ask) -> Grant {
    authority.take(&[one]).await.unwrap()[0]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn eight_replicas_use_up_a_limit_to_the_last_unit() {
    const LIMIT: i64 = 1_003;
    let server = Server::start();
    begin(&server);
    let replicas: Vec<_> = (0..8).map(|number| at(&server, &format!("replica {number}"))).collect();
    for replica in replicas.iter().chain(&replicas) {
        assert!(replica.renew().await.unwrap(), "each hears of all the others");
    }
    let using = replicas.iter().map(|replica| async {
        let mut held = Vec::new();
        loop {
            let share = take(replica, ask("req:1m:key/k", LIMIT, 1, 64)).await.granted;
            if share == 0 {
                return held;
            }
            held.push(share);
        }
    });
    let held = futures_util::future::join_all(using).await;
    assert_eq!(held.iter().flatten().sum::<i64>(), LIMIT);
    assert!(held.iter().all(|shares| !shares.is_empty()), "{held:?}");
    for shares in &held {
        assert_eq!(shares.last(), Some(&1), "shares get smaller towards the end: {shares:?}");
    }
    let kept = "return redis.call('PTTL', redis.call('KEYS', '*:total:*')[1])";
    let kept: i64 = server.ask(&format!("EVAL \"{kept}\" 0")).trim_start_matches(':').parse().unwrap();
    assert!(kept > 0, "a period that is over is forgotten: {kept}");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn many_at_once_in_one_replica_are_all_answered() {
    let server = Server::start();
    begin(&server);
    let replica = at(&server, "a");
    let asks: Vec<_> = (0..200).map(|_| [ask("par::key/k", 150, 1, 1)]).collect();
    let grants = futures_util::future::join_all(asks.iter().map(|asks| replica.take(asks))).await;
    let granted: i64 = grants.into_iter().map(|grants| grants.unwrap()[0].granted).sum();
    assert_eq!(granted, 150);
    replica.give_back(&[refund("par::key/k", 50)]).await.unwrap();
    let other = at(&server, "b");
    assert_eq!(take(&other, ask("par::key/k", 150, 1, 150)).await.granted, 37, "a quarter of what is wished");
    assert_eq!(
        take(&other, ask("par::key/k", 150, 1, 150)).await.granted,
        2,
        "it knows that there are two now"
    );
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn the_accounts_of_a_shelf_give_all_or_nothing() {
    let server = Server::start();
    begin(&server);
    let replica = at(&server, "a");
    let names = ["usd:30d:key/k", "usd:30d:user/u", "usd:30d:team/t", "usd:30d:org/o", "req:1m:team/t"];
    let all = |last: i64| -> Vec<Ask> {
        let one = |(place, name): (usize, &&str)| money(name, if place == 4 { last } else { 100 }, 10, 10);
        names.iter().enumerate().map(one).collect()
    };
    let own_shelf = Ask {
        account: AccountId { name: "usd:30d:tag/x".into(), shelf: "usd:30d:tag/x".into() },
        ..money("", 100, 10, 10)
    };
    let mut asks = all(9);
    asks.push(own_shelf.clone());
    let grants = replica.take(&asks).await.unwrap();
    let granted: Vec<_> = grants.iter().map(|grant| grant.granted).collect();
    assert_eq!(granted, [0, 0, 0, 0, 0, 10], "but other shelves give what they have");
    let lefts: Vec<_> = grants.iter().map(|grant| grant.left).collect();
    assert_eq!(lefts, [100, 100, 100, 100, 9, 90], "nothing stays held");
    let grants = replica.take(&all(10)).await.unwrap();
    assert!(grants.iter().all(|grant| grant.granted == 10), "{grants:?}");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn what_the_dead_held_comes_back_after_the_lease() {
    const LEASE: Duration = Duration::from_millis(1_500);
    let server = Server::start();
    begin(&server);
    let new = |name| authority(Address::single(server.url()), name, LEASE, Arc::new(Books::default()));
    let (dead, heir) = (new("dead"), new("heir"));
    assert_eq!(take(&dead, ask("req:1m:key/k", 100, 70, 70)).await.granted, 70);
    assert_eq!(take(&heir, ask("req:1m:key/k", 100, 31, 31)).await, Grant { granted: 0, left: 30 });
    tokio::time::sleep(LEASE / 2).await;
    assert!(dead.renew().await.unwrap() && heir.renew().await.unwrap());
    tokio::time::sleep(LEASE / 2).await;
    assert_eq!(take(&heir, ask("req:1m:key/k", 100, 31, 31)).await.granted, 0, "it was renewed");
    tokio::time::sleep(LEASE).await;
    assert_eq!(heir.renew().await, Ok(false), "it was silent as well");
    assert_eq!(take(&heir, ask("req:1m:key/k", 100, 100, 100)).await, Grant { granted: 100, left: 0 });
    assert!(dead.take(&[ask("req:1m:key/k", 100, 1, 1)]).await.is_err(), "it has to hear that all is lost");
    assert_eq!((dead.renew().await, dead.renew().await), (Ok(false), Ok(true)));
    assert_eq!(take(&dead, ask("req:1m:key/k", 100, 1, 1)).await.granted, 0);
    heir.give_back(&[refund("req:1m:key/k", 1)]).await.unwrap();
    assert_eq!(take(&dead, ask("req:1m:key/k", 100, 1, 1)).await.granted, 1);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_cluster_keeps_what_one_call_needs_together() {
    let server = Server::start_with(|_, _| vec!["--cluster-enabled".to_owned(), "yes".to_owned()]);
    crate::kinds::form(&server).await;
    let address = Address {
        kind: llm_gateway_shared::Kind::Cluster,
        ..Address::single(format!("redis://127.0.0.1:{}", server.port))
    };
    let replica = authority(address, "a", LONG, Arc::new(Books::default()));
    assert!(replica.renew().await.unwrap());
    let asks: Vec<_> = (0..20)
        .map(|number| Ask {
            account: AccountId { name: "usd::x{y}".into(), shelf: format!("org/{{{}}}", number / 2).into() },
            window: number,
            ..money("", 10, 4, 4)
        })
        .collect();
    let grants = replica.take(&asks).await.unwrap();
    assert!(grants.iter().all(|grant| *grant == Grant { granted: 4, left: 6 }), "{grants:?}");
}
