//! What replicas hold together never exceeds a limit.

use futures_util::future::join_all;
use llm_ledger::{Charge, LegId, Status, Tokens, Usd};
use llm_store::{ShareAsk, Store, StoreError, Taken};
use llm_types::UnixMs;

use crate::bench::{Bench, NOW};
use crate::ledger::entry;

const LEASE: u64 = 10_000;

fn ask(account: &str, limit: i64, need: i64, wish: i64) -> ShareAsk {
    let (account, shelf) = (account.to_owned(), account.to_owned());
    ShareAsk {
        account,
        shelf,
        window: NOW.0,
        until: UnixMs(NOW.0 + 3_600_000),
        limit,
        need,
        wish,
        is_booked: true,
    }
}

async fn take(store: &Store, replica: &str, asks: &[ShareAsk], now: UnixMs) -> Vec<(i64, i64)> {
    match retried(|| store.take_shares(replica, asks, now)).await {
        Taken::Granted(grants) => grants.iter().map(|grant| (grant.granted, grant.left)).collect(),
        other => panic!("{other:?}"),
    }
}

/// Others may get in the way again and again.
async fn retried<T, F: Future<Output = Result<T, StoreError>>>(call: impl Fn() -> F) -> T {
    loop {
        match call().await {
            Err(StoreError::Busy(_)) => {}
            done => return done.unwrap(),
        }
    }
}

pub(crate) async fn shares_never_exceed_the_limit(bench: &Bench) {
    const LIMIT: i64 = 10_000;
    let store = bench.open().await;
    let names = ["one", "two", "three", "four"];
    for name in names {
        assert!(!store.renew_replica(name, NOW, LEASE).await.unwrap(), "it held nothing before");
        assert!(store.renew_replica(name, NOW, LEASE).await.unwrap());
    }
    // Each takes of two accounts in another order, and gives a part back, until nothing is left.
    let mut tasks = Vec::new();
    for (number, name) in (0_i64..).zip(names) {
        let store = bench.another(&store).await;
        tasks.push(async move {
            let mut held = [0_i64; 2];
            for round in 0..40 {
                let mut asks = [ask("a", LIMIT, 7, 900), ask("b", LIMIT * 2, 3, 5_000)];
                asks[usize::try_from((number + round) % 2).unwrap()].need = 11;
                let order = if number % 2 == 0 { [0, 1] } else { [1, 0] };
                let asks = order.map(|at| asks[at].clone());
                let grants = take(&store, name, &asks, NOW).await;
                for (at, (granted, left)) in order.into_iter().zip(&grants) {
                    assert!(*granted >= 0 && *left >= 0, "{grants:?}");
                    held[at] += granted;
                }
                if round % 5 == 0 && held[0] >= 100 {
                    retried(|| store.return_shares(name, &[("a", NOW.0, 100)], NOW)).await;
                    held[0] -= 100;
                }
            }
            held
        });
    }
    let held = join_all(tasks).await;
    let together = |at: usize| held.iter().map(|held| held[at]).sum::<i64>();
    assert!(together(0) <= LIMIT && together(1) <= LIMIT * 2, "{held:?}");
    assert!(together(0) > LIMIT * 9 / 10 && together(1) > LIMIT * 19 / 10, "nearly all is used: {held:?}");
    let rest = [ask("a", LIMIT, LIMIT - together(0), 0), ask("b", LIMIT * 2, LIMIT * 2 - together(1) + 1, 0)];
    let last = take(&store, "one", &rest, NOW).await;
    assert_eq!(last[0], (LIMIT - together(0), 0), "to the last");
    assert_eq!(last[1], (0, LIMIT * 2 - together(1)), "and not beyond");
    // More than is held is what is held.
    retried(|| store.return_shares("two", &[("a", NOW.0, i64::MAX)], NOW)).await;
    let again = take(&store, "one", &[ask("a", LIMIT, held[1][0], 0)], NOW).await;
    assert_eq!(again, [(held[1][0], 0)]);
}

pub(crate) async fn a_silent_replica_loses_its_shares(bench: &Bench) {
    let store = bench.open().await;
    let at = |ms: i64| UnixMs(NOW.0 + ms);
    let asks = [ask("a", 100, 100, 100)];
    assert_eq!(
        store.take_shares("one", &asks, NOW).await.unwrap(),
        Taken::Lapsed,
        "it has never said a word"
    );
    store.renew_replica("one", NOW, LEASE).await.unwrap();
    store.renew_replica("two", at(5_000), LEASE).await.unwrap();
    assert_eq!(take(&store, "one", &asks, NOW).await, [(100, 0)]);
    assert_eq!(take(&store, "two", &asks, at(9_999)).await, [(0, 0)], "as long as the lease runs");
    assert_eq!(take(&store, "two", &asks, at(10_000)).await, [(100, 0)], "and not longer");
    assert_eq!(
        store.take_shares("one", &asks, at(9_000)).await.unwrap(),
        Taken::Lapsed,
        "others count without it"
    );
    assert!(!store.renew_replica("one", at(10_001), LEASE).await.unwrap(), "what it held is another's");
    assert_eq!(take(&store, "one", &asks, at(10_001)).await, [(0, 0)]);
    store.return_shares("one", &[("a", NOW.0, 100)], at(10_001)).await.unwrap();
    assert_eq!(
        take(&store, "one", &asks, at(10_001)).await,
        [(0, 0)],
        "what it has lost it cannot give back"
    );
    assert!(store.renew_replica("two", at(14_000), LEASE).await.unwrap());
    // Of what the ledger does not book, only what is held counts.
    let calls = ask("calls", 5, 5, 5);
    let mut booked = entry(1);
    (booked.cost, booked.charges) =
        (Usd::from_nanos(1), vec![Charge { account: "calls".into(), window: NOW.0 }]);
    store.book(&[booked], None, NOW).await.unwrap();
    assert_eq!(take(&store, "one", std::slice::from_ref(&calls), at(10_001)).await, [(0, 4)]);
    let calls = ShareAsk { is_booked: false, ..calls };
    assert_eq!(take(&store, "one", &[calls], at(10_001)).await, [(5, 0)]);
    // Another period is another account.
    let later = ShareAsk { window: NOW.0 + 1, ..asks[0].clone() };
    assert_eq!(take(&store, "one", &[later], at(10_001)).await, [(100, 0)]);
    for name in ["", "\0", &"x".repeat(65)] {
        assert!(matches!(store.take_shares(name, &asks, NOW).await, Err(StoreError::Invalid(_))));
    }
}

pub(crate) async fn booking_settles_shares(bench: &Bench) {
    let store = bench.open().await;
    for name in ["one", "two"] {
        store.renew_replica(name, NOW, LEASE).await.unwrap();
    }
    assert_eq!(take(&store, "one", &[ask("a", 1_000, 300, 300)], NOW).await, [(300, 700)]);
    let mut booked = [entry(1), entry(2)];
    for (entry, nanos) in booked.iter_mut().zip([120, 80]) {
        entry.cost = Usd::from_nanos(nanos);
        entry.charges = vec![Charge { account: "a".into(), window: NOW.0 }];
    }
    store.book(&booked, Some("one"), NOW).await.unwrap();
    store.book(&booked, Some("one"), NOW).await.unwrap();
    // 200 booked, 100 held.
    assert_eq!(take(&store, "two", &[ask("a", 1_000, 701, 701)], NOW).await, [(0, 700)]);
    assert_eq!(take(&store, "two", &[ask("a", 1_000, 600, 600)], NOW).await, [(600, 100)]);
    // It cost more than was held: all that was held is gone, and no more than that.
    let mut dear = entry(3);
    (dear.cost, dear.charges) = (Usd::from_nanos(150), booked[0].charges.clone());
    store.book(&[dear], Some("one"), NOW).await.unwrap();
    assert_eq!(take(&store, "two", &[ask("a", 1_000, 51, 51)], NOW).await, [(0, 50)]);
    // An adjustment gives back what was booked, and no share.
    let mut less = entry(4);
    (less.cost, less.charges) = (Usd::from_nanos(-50), booked[0].charges.clone());
    store.book(&[less], Some("two"), NOW).await.unwrap();
    assert_eq!(take(&store, "one", &[ask("a", 1_000, 101, 101)], NOW).await, [(0, 100)]);
    assert_eq!(store.check_ledger(None).await.unwrap(), []);
}

pub(crate) async fn what_nobody_holds_is_forgotten(bench: &Bench) {
    let store = bench.open().await;
    store.renew_replica("one", NOW, LEASE).await.unwrap();
    let mut short = ask("short", 100, 10, 10);
    short.until = UnixMs(NOW.0 + 1_000);
    take(&store, "one", &[ask("long", 100, 10, 10), short.clone()], NOW).await;
    store.book(&[entry(1)], None, NOW).await.unwrap();
    assert_eq!(store.prune_shares(NOW).await.unwrap(), 0);
    assert_eq!(store.prune_shares(short.until).await.unwrap(), 1, "its period is over");
    assert_eq!(take(&store, "one", &[short], NOW).await, [(10, 90)]);
    assert_eq!(take(&store, "one", &[ask("long", 100, 91, 91)], NOW).await, [(0, 90)], "still held");
    store.renew_replica("two", UnixMs(NOW.0 + 20_000), LEASE).await.unwrap();
    assert_eq!(store.prune_shares(UnixMs(NOW.0 + 20_000)).await.unwrap(), 3, "a replica and its two shares");
    let later = UnixMs(NOW.0 + 86_400_000);
    store.prune_shares(later).await.unwrap();
    let charged = entry(1).charges;
    let accounts: Vec<_> = charged.iter().map(|charge| (charge.account.clone(), charge.window)).collect();
    let cost = entry(1).cost.nanos();
    assert_eq!(store.booked(&accounts).await.unwrap(), [cost, cost], "what was booked stays");
    assert_eq!(store.prune_counters(UnixMs(NOW.0 + 1)).await.unwrap(), 1, "one of them has a period");
    assert_eq!(store.booked(&accounts).await.unwrap(), [0, cost]);
}

pub(crate) async fn requests_and_tokens_are_booked_to_rates(bench: &Bench) {
    let store = bench.open().await;
    let rate = |account: &str| Charge { account: account.into(), window: NOW.0 };
    let charges = || vec![rate("usd:1d:key/k"), rate("req:1d:key/k"), rate("tok:1d:key/k")];
    let mut booked = [entry(1), entry(1), entry(2)];
    // A request of two legs, and another of one.
    for (leg, (entry, (prompt, completion))) in
        [0, 1, 0].into_iter().zip(booked.iter_mut().zip([(10, 0), (10, 5), (7, 8)]))
    {
        (entry.id.leg, entry.charges) = (leg, charges());
        (entry.cost, entry.tokens) =
            (Usd::from_nanos(100), Tokens { prompt, completion, ..Tokens::default() });
    }
    let told = store.book(&booked, None, NOW).await.unwrap();
    let account = |name: &str, amount| (name.to_owned(), NOW.0, amount);
    assert_eq!(
        told.charges,
        [account("req:1d:key/k", 2), account("tok:1d:key/k", 40), account("usd:1d:key/k", 300)]
    );
    store.book(&booked, None, NOW).await.unwrap();
    // An adjustment is no request, and has no tokens.
    let mut adjustment = booked[2].clone();
    (adjustment.id.leg, adjustment.status) = (LegId::ADJUSTMENTS, Status::Adjustment);
    (adjustment.cost, adjustment.tokens) = (Usd::from_nanos(-50), Tokens::default());
    store.book(&[adjustment], None, NOW).await.unwrap();
    let names = ["req:1d:key/k", "tok:1d:key/k", "usd:1d:key/k"].map(|name| (name, NOW.0));
    assert_eq!(store.booked(&names).await.unwrap(), [2, 40, 250]);
    assert_eq!(store.check_ledger(None).await.unwrap(), []);
    // Whoever takes of them is told what is left.
    store.renew_replica("one", NOW, LEASE).await.unwrap();
    assert_eq!(take(&store, "one", &[ask("req:1d:key/k", 5, 3, 3)], NOW).await, [(3, 0)]);
}

pub(crate) async fn who_may_hold_shares_is_on_the_roll(bench: &Bench) {
    let store = bench.open().await;
    let at = |ms: i64| UnixMs(NOW.0 + ms);
    let roll = async |now| {
        let mut names = store.replicas(now).await.unwrap();
        names.sort();
        names
    };
    assert!(roll(NOW).await.is_empty());
    assert!(!store.renew_replica("one", NOW, LEASE).await.unwrap(), "it is new");
    store.renew_replica("two", at(4_000), LEASE).await.unwrap();
    assert_eq!(roll(at(9_999)).await, ["one", "two"]);
    assert_eq!(roll(at(10_000)).await, ["two"], "the lease of the other is over");
    assert!(store.renew_replica("two", at(10_000), LEASE).await.unwrap());
    // Who ends holds nothing any more, and comes anew if it comes again.
    let asks = [ask("a", 100, 100, 100)];
    assert_eq!(take(&store, "two", &asks, at(10_000)).await, [(100, 0)]);
    store.forget_replica("two", at(10_001)).await.unwrap();
    assert!(roll(at(10_001)).await.is_empty());
    assert_eq!(store.take_shares("two", &asks, at(10_001)).await.unwrap(), Taken::Lapsed);
    store.renew_replica("one", at(10_001), LEASE).await.unwrap();
    assert_eq!(take(&store, "one", &asks, at(10_001)).await, [(100, 0)]);
    store.forget_replica("nobody", at(10_001)).await.unwrap();
    assert_eq!(roll(at(10_001)).await, ["one"]);
    for name in ["", "\0", &"x".repeat(65)] {
        assert!(matches!(store.forget_replica(name, NOW).await, Err(StoreError::Invalid(_))));
    }
}
