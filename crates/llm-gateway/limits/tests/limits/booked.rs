//! Rates that the ledger books.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use llm_limits::{Limiter, RefusalKind, Settings, Source};
use serde_json::json;

use crate::support::{Bank, LEASE_MS, Ledger, NOW, Tenant, asked, at, block_on, inline};

#[test]
fn rates_of_more_than_a_minute_are_booked() {
    let ledger = Arc::new(Ledger::default());
    let limiter = Limiter::new(Settings::default(), Source::Alone(ledger.clone(), inline()));
    let windows = json!([{"window": "1h", "requests": 5, "tokens": 1_000}, {"window": "1m", "requests": 9}]);
    let key = json!({"rate_limits": windows, "rpm_limit": 7, "tpd_limit": 2_000, "max_parallel_requests": 8});
    let tenant = Tenant::of(key, json!({}));
    let bounds = tenant.bounds();
    let hour = NOW.0 / 3_600_000 * 3_600_000;
    let name = |measure: &str| format!("{measure}/{}", tenant.key.hash);
    ledger.book(&name("req:1h:key"), hour, 3);
    ledger.book(&name("tok:1h:key"), hour, 600);
    ledger.book(&name("tok:1d:key"), NOW.0 / 86_400_000 * 86_400_000, 700);
    assert!(limiter.try_reserve(&[&bounds], &asked(100, 1), NOW).unwrap().is_none(), "the books are asked");
    let one = block_on(limiter.reserve(&[&bounds], &asked(100, 1), NOW)).unwrap();
    let mut booked: Vec<_> = one.rates().map(|it| (it.account.name.to_string(), it.window)).collect();
    booked.sort();
    let day = NOW.0 / 86_400_000 * 86_400_000;
    assert_eq!(booked, [(name("req:1h:key"), hour), (name("tok:1d:key"), day), (name("tok:1h:key"), hour)]);
    assert_eq!(one.charges().count(), 0);
    one.settle(0, 50);
    let refusal = block_on(limiter.reserve(&[&bounds], &asked(351, 1), NOW)).unwrap_err();
    assert_eq!((refusal.kind, refusal.current, refusal.limit), (RefusalKind::Tokens, 650, 1_000));
    // What this process has booked itself is not counted again.
    limiter.booked(&name("tok:1h:key"), hour, 50);
    limiter.booked(&name("req:1h:key"), hour, 1);
    drop(block_on(limiter.reserve(&[&bounds], &asked(350, 1), NOW)).unwrap());
    let refusal = block_on(limiter.reserve(&[&bounds], &asked(1, 1), NOW)).unwrap_err();
    assert_eq!((refusal.kind, refusal.current, refusal.limit), (RefusalKind::Rate, 5, 5));
    assert_eq!(ledger.reads.load(SeqCst), 1);
}

#[test]
fn what_a_killed_replica_has_booked_does_not_come_back() {
    let bank = Bank::new();
    let settings = Settings { lease_ms: LEASE_MS.unsigned_abs(), ..Settings::default() };
    let replica = |number| Limiter::new(settings.clone(), Source::Shared(bank.replica(number), inline()));
    let bounds = || {
        let windows = json!([{"window": "1d", "requests": 10}, {"window": "1m", "requests": 10}]);
        Tenant::of(json!({}), json!({"rate_limits": windows})).bounds()
    };
    let (day, minute) = ("req:1d:team/search", "req:1m:team/search");
    let [in_day, in_minute] = [86_400_000, 60_000].map(|length| NOW.0 / length * length);
    let (one, of_one) = (replica(1), bounds());
    block_on(one.tend(NOW));
    for _ in 0..4 {
        block_on(one.reserve(&[&of_one], &asked(1, 0), NOW)).unwrap().settle(0, 1);
    }
    // Three of them had an entry in the ledger when it was killed; the fourth nobody knows of.
    bank.book(1, day, in_day, 3);
    one.booked(day, in_day, 3);
    assert_eq!(bank.share(day, in_day).booked, 3);
    bank.now.store(at(LEASE_MS).0, SeqCst);
    bank.bury();
    assert_eq!((bank.share(day, in_day).total(), bank.share(minute, in_minute).total()), (3, 0));
    let (two, of_two) = (replica(2), bounds());
    let now = at(LEASE_MS);
    block_on(two.tend(now));
    for _ in 0..7 {
        block_on(two.reserve(&[&of_two], &asked(1, 0), now)).unwrap().settle(0, 1);
    }
    let refusal = block_on(two.reserve(&[&of_two], &asked(1, 0), now)).unwrap_err();
    assert_eq!((refusal.kind, refusal.current), (RefusalKind::Rate, 10));
}
