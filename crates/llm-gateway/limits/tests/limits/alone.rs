//! One process that nobody else counts with.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use llm_limits::{
    Asked, Bounds, Demand, Level, Limiter, Measure, ProxyLimits, RefusalKind, Room, Settings, Source,
    WhenAway,
};
use llm_types::UnixMs;
use proptest::prelude::*;
use serde_json::json;

use crate::support::{Ledger, NOW, Tenant, asked, at, block_on, inline};

fn limiter() -> Limiter {
    Limiter::new(Settings::default(), Source::Nobody)
}

fn with_books(when_away: WhenAway) -> (Limiter, Arc<Ledger>) {
    let ledger = Arc::new(Ledger::default());
    let settings = Settings { when_away, ..Settings::default() };
    (Limiter::new(settings, Source::Alone(ledger.clone(), inline())), ledger)
}

/// What is used of the tightest limits: requests, tokens, money.
fn used(limiter: &Limiter, bounds: &[&Bounds], now: UnixMs) -> (i64, i64, i64) {
    let remaining = limiter.remaining(bounds, &asked(1, 1), now);
    let used = |standing: Option<llm_limits::Standing>| standing.map_or(0, |it| it.used);
    (used(remaining.requests), used(remaining.tokens), used(remaining.budget))
}

#[test]
fn all_levels_or_none() {
    let tenant = Tenant::of(
        json!({"max_budget": "0.0000001", "rpm_limit": 10}),
        json!({"max_budget": "0.00000003", "tpm_limit": 1000}),
    );
    let (bounds, limiter) = (tenant.bounds(), limiter());
    let first = limiter.try_reserve(&[&bounds], &asked(100, 20), NOW).unwrap().unwrap();
    let refusal = limiter.try_reserve(&[&bounds], &asked(100, 20), NOW).unwrap_err();
    assert_eq!((refusal.kind, refusal.level), (RefusalKind::Budget, Level::Team));
    assert_eq!((refusal.limit, refusal.current, refusal.wanted, refusal.left()), (30, 20, 20, 10));
    assert_eq!(
        refusal.to_string(),
        "the team of this key has a budget of 0.00000003 USD: 0.00000002 USD are spent or reserved, and this request may \
         cost 0.00000002 USD"
    );
    assert!(!refusal.is_too_large());
    assert_eq!(used(&limiter, &[&bounds], NOW), (1, 100, 20), "what was refused took nothing on any level");
    first.settle(5, 10);
    assert_eq!(used(&limiter, &[&bounds], NOW), (1, 10, 5));
    let too_large = limiter.try_reserve(&[&bounds], &asked(1, 31), NOW).unwrap_err();
    assert!(too_large.is_too_large());
}

#[test]
fn what_is_dropped_comes_back_but_for_the_request() {
    let tenant = Tenant::of(
        json!({"max_budget": "1", "rpm_limit": 3, "tpm_limit": 1000, "max_parallel_requests": 1}),
        json!({}),
    );
    let (bounds, limiter) = (tenant.bounds(), limiter());
    let reserve = || limiter.try_reserve(&[&bounds], &asked(10, 10), NOW).map(Option::unwrap);
    let first = reserve().unwrap();
    assert_eq!(reserve().unwrap_err().kind, RefusalKind::Parallel);
    drop(first);
    assert_eq!(used(&limiter, &[&bounds], NOW), (1, 0, 0));
    reserve().unwrap().withdraw();
    assert_eq!(used(&limiter, &[&bounds], NOW), (1, 0, 0), "as if it had never been");
    drop(reserve().unwrap());
    drop(reserve().unwrap());
    let refusal = reserve().unwrap_err();
    assert_eq!((refusal.kind, refusal.resets_at), (RefusalKind::Rate, Some(UnixMs(1_794_992_820_000))));
    assert!(
        refusal.to_string().contains("3 requests in 1m: 3 were made; it begins anew at 2026-11-"),
        "{refusal}"
    );
    assert!(limiter.try_reserve(&[&bounds], &asked(10, 10), refusal.resets_at.unwrap()).is_ok());
}

#[test]
fn a_reservation_is_of_the_window_that_it_was_made_in() {
    let tenant = Tenant::of(json!({"max_budget": "0.0000001", "budget_duration": "1m"}), json!({}));
    let (bounds, limiter) = (tenant.bounds(), limiter());
    let old = limiter.try_reserve(&[&bounds], &asked(1, 100), NOW).unwrap().unwrap();
    let next = at(60_000);
    let new = limiter.try_reserve(&[&bounds], &asked(1, 90), next).unwrap().unwrap();
    let windows: Vec<i64> = [&old, &new].map(|it| it.charges().next().unwrap().window).into();
    assert_eq!(windows, [1_794_992_760_000, 1_794_992_820_000]);
    assert!(old.charges().next().unwrap().account.name.starts_with("usd:1m:key/"));
    old.settle(100, 1);
    assert_eq!(used(&limiter, &[&bounds], next).2, 90, "the last minute's are not this minute's");
    // A clock that goes back opens no old window again.
    assert!(limiter.try_reserve(&[&bounds], &asked(1, 11), NOW).is_err());
    drop(new);
}

#[test]
fn a_clock_that_goes_back_far_leaves_nobody_waiting() {
    const HOUR: i64 = 3_600_000;
    let tenant = Tenant::of(
        json!({"rpm_limit": 2, "max_budget": "0.000001", "budget_duration": "1d", "max_parallel_requests": 5}),
        json!({"max_budget": "0.000001"}),
    );
    let (limiter, ledger) = with_books(WhenAway::Refuse);
    let bounds = tenant.bounds();
    let reserve = |now: UnixMs| block_on(limiter.reserve(&[&bounds], &asked(1, 100), now));
    let first = reserve(NOW).unwrap();
    drop(reserve(NOW).unwrap());
    assert_eq!(reserve(NOW).unwrap_err().kind, RefusalKind::Rate);
    // A few seconds, and a minute: it counts on.
    for back in [-5_000, -59_000] {
        assert_eq!(reserve(at(back)).unwrap_err().kind, RefusalKind::Rate, "{back}");
    }
    // An hour: whoever has used up his minute does not wait until the clock is there again.
    let back = reserve(at(-HOUR)).unwrap();
    drop(reserve(at(-HOUR + 1)).unwrap());
    assert_eq!(
        reserve(at(-HOUR + 2)).unwrap_err().kind,
        RefusalKind::Rate,
        "that minute counts as any other"
    );
    // What is reserved of a day, and for ever, is so still, and once.
    assert_eq!(used(&limiter, &[&bounds], at(-HOUR)).2, 200);
    for reservation in [first, back] {
        for charge in reservation.charges() {
            ledger.book(&charge.account.name, charge.window, 90);
        }
        reservation.settle(90, 1);
    }
    assert_eq!(used(&limiter, &[&bounds], at(-HOUR)).2, 180);
    // The clock is put right: the minute that it was is over, and begins anew once.
    drop(reserve(at(1)).unwrap());
    drop(reserve(at(2)).unwrap());
    assert_eq!(reserve(at(3)).unwrap_err().kind, RefusalKind::Rate);
    assert_eq!(used(&limiter, &[&bounds], at(3)).2, 180);
}

#[test]
fn more_than_reserved_is_seen_and_counted() {
    let tenant = Tenant::of(json!({"max_budget": "0.0000001", "soft_budget": "0.00000005"}), json!({}));
    let (bounds, limiter) = (tenant.bounds(), limiter());
    let mut one = limiter.try_reserve(&[&bounds], &asked(1, 20), NOW).unwrap().unwrap();
    assert_eq!((one.nanos(), one.has_charges()), (20, true));
    let leg = one.spend(15, 1);
    assert!(!leg.is_exceeded && leg.alerts.is_empty());
    assert_eq!((one.nanos(), used(&limiter, &[&bounds], NOW).2), (5, 20));
    block_on(one.extend(0, 30, NOW)).unwrap();
    assert_eq!(used(&limiter, &[&bounds], NOW).2, 50);
    let refusal = block_on(one.extend(0, 51, NOW)).unwrap_err();
    assert_eq!((refusal.kind, one.nanos()), (RefusalKind::Budget, 35), "what it has it keeps");
    let settled = one.settle(45, 1);
    assert!(settled.is_exceeded);
    assert_eq!(used(&limiter, &[&bounds], NOW).2, 60);
    let [alert] = &settled.alerts[..] else { panic!("{settled:?}") };
    assert_eq!((alert.level, alert.soft, alert.spent), (Level::Key, 50, 60));
    let again = limiter.try_reserve(&[&bounds], &asked(1, 10), NOW).unwrap().unwrap().settle(-10, -10);
    assert_eq!(again, llm_limits::Settled::default(), "told once; and nothing raises a budget");
    assert_eq!(used(&limiter, &[&bounds], NOW).2, 60);
}

#[test]
fn a_soft_budget_refuses_nothing() {
    let tenant = Tenant::of(json!({"soft_budget": "0.00000001"}), json!({}));
    let (bounds, limiter) = (tenant.bounds(), limiter());
    assert!(!bounds.bounds_spend());
    let one = limiter.try_reserve(&[&bounds], &asked(1, 1_000), NOW).unwrap().unwrap();
    assert_eq!(one.charges().count(), 1, "it is charged all the same");
    assert_eq!(one.settle(1_000, 1).alerts.len(), 1);
    assert_eq!(limiter.remaining(&[&bounds], &asked(1, 1), NOW).budget, None);
}

#[test]
fn a_spent_budget_throttles_where_that_is_wanted() {
    let limits = json!({"max_budget": "0.0000001", "throttle_on_budget_exceeded": true, "rpm_limit": 20});
    let (bounds, limiter) = (Tenant::of(limits, json!({})).bounds(), limiter());
    let request = || limiter.try_reserve(&[&bounds], &asked(1, 60), NOW).map(|it| it.unwrap().settle(60, 1));
    request().unwrap();
    request().unwrap();
    let refusal = request().unwrap_err();
    assert_eq!((refusal.kind, refusal.limit, refusal.current), (RefusalKind::Rate, 2, 2), "a tenth of 20");
    let next = at(60_000);
    let mut throttled = 0;
    while limiter.try_reserve(&[&bounds], &asked(1, 60), next).is_ok() {
        throttled += 1;
    }
    assert_eq!(throttled, 2);
    // Who has no rates cannot be throttled.
    let limits = json!({"max_budget": "0.0000001", "throttle_on_budget_exceeded": true});
    let bounds = Tenant::of(limits, json!({})).bounds();
    assert!(limiter.try_reserve(&[&bounds], &asked(1, 101), NOW).is_err());
}

#[test]
fn dynamic_limits_hold_while_the_model_fails() {
    let limits = json!({"rpm_limit": 1, "rpm_limit_type": "dynamic"});
    let (bounds, limiter) = (Tenant::of(limits, json!({})).bounds(), limiter());
    for _ in 0..3 {
        assert!(limiter.try_reserve(&[&bounds], &asked(1, 1), NOW).is_ok());
    }
    let failing = Asked { is_failing: true, ..asked(1, 1) };
    let refusal = limiter.try_reserve(&[&bounds], &failing, NOW).unwrap_err();
    assert_eq!(refusal.current, 3, "they were counted");
}

#[test]
fn what_costs_nothing_is_let_through_a_spent_budget() {
    let tenant = Tenant::of(json!({"max_budget": "0"}), json!({}));
    let (bounds, limiter) = (tenant.bounds(), limiter());
    assert!(limiter.try_reserve(&[&bounds], &asked(1, 1), NOW).is_err());
    let free = limiter.try_reserve(&[&bounds], &asked(1, 0), NOW).unwrap().unwrap();
    assert_eq!(free.charges().count(), 1);
    assert!(free.settle(3, 1).is_exceeded, "it was not free after all");
}

#[test]
fn an_increase_ends() {
    let limits = json!({"max_budget": "0.00000001", "temp_budget": {"increase": "0.00000001", "expires_at": at(100).0}});
    let (bounds, limiter) = (Tenant::of(limits, json!({})).bounds(), limiter());
    assert!(limiter.try_reserve(&[&bounds], &asked(1, 20), NOW).is_ok());
    assert!(limiter.try_reserve(&[&bounds], &asked(1, 20), at(100)).is_err());
    assert!(limiter.try_reserve(&[&bounds], &asked(1, 10), at(100)).is_ok());
}

#[test]
fn the_gateway_itself_is_bounded() {
    let limits = ProxyLimits {
        max_budget: Some("1".parse().unwrap()),
        budget_duration: Some("1d".parse().unwrap()),
        max_parallel_requests: Some(2),
    };
    let (proxy, limiter) = (Bounds::of_proxy(&limits), limiter());
    let tenant = Tenant::of(json!({"max_parallel_requests": 5}), json!({})).bounds();
    let held: Vec<_> = (0..2)
        .map(|_| limiter.try_reserve(&[&tenant, &proxy], &asked(1, 1), NOW).unwrap().unwrap())
        .collect();
    let refusal = limiter.try_reserve(&[&tenant, &proxy], &asked(1, 1), NOW).unwrap_err();
    assert_eq!((refusal.level, refusal.measure, refusal.limit), (Level::Proxy, Measure::Parallel, 2));
    drop(held);
    assert!(limiter.try_reserve(&[&tenant, &proxy], &asked(1, 1), NOW).is_ok());
}

#[test]
fn what_was_booked_before_is_looked_up_once() {
    let (limiter, ledger) = with_books(WhenAway::Refuse);
    let tenant =
        Tenant::of(json!({"max_budget": "0.0000001"}), json!({"max_budget": "0.0000002", "rpm_limit": 9}));
    let bounds = tenant.bounds();
    ledger.book("usd::team/search", 0, 150);
    assert!(
        limiter.try_reserve(&[&bounds], &asked(1, 10), NOW).unwrap().is_none(),
        "somebody has to be asked"
    );
    assert_eq!(block_on(limiter.room(&[&bounds], &asked(1, 1), NOW)), Room { nanos: Some(50), tokens: None });
    let one = block_on(limiter.reserve(&[&bounds], &asked(1, 50), NOW)).unwrap();
    let refusal = block_on(limiter.reserve(&[&bounds], &asked(1, 1), NOW)).unwrap_err();
    assert_eq!((refusal.level, refusal.current), (Level::Team, 200));
    assert_eq!(ledger.reads.load(SeqCst), 1);
    one.settle(20, 1);
    // Somebody set the team's spending back.
    limiter.correct("usd::team/search", 0, 0);
    assert_eq!(block_on(limiter.room(&[&bounds], &asked(1, 1), NOW)).nanos, Some(80), "the key's");
    let big = block_on(limiter.reserve(&[&bounds], &asked(1, 80), NOW)).unwrap();
    assert_eq!(big.settle(80, 1).alerts, []);
}

#[test]
fn without_the_database_it_is_as_was_decided() {
    for (when_away, is_let) in [(WhenAway::Refuse, false), (WhenAway::Allow, true)] {
        let (limiter, ledger) = with_books(when_away);
        ledger.is_away.store(true, SeqCst);
        let bounds = Tenant::of(json!({"max_budget": "0.0000001"}), json!({})).bounds();
        let said = block_on(limiter.reserve(&[&bounds], &asked(1, 60), NOW));
        assert_eq!(said.is_ok(), is_let);
        assert!(limiter.is_away(NOW));
        let reads = ledger.reads.load(SeqCst);
        let other = block_on(limiter.reserve(&[&bounds], &asked(1, 1), at(499)));
        assert_eq!(ledger.reads.load(SeqCst), reads, "nobody is asked again at once");
        if let Err(refusal) = &other {
            assert_eq!(refusal.kind, RefusalKind::Unavailable);
            assert_eq!(refusal.to_string(), "the limits of this key cannot be looked up now");
        }
        drop(other);
        // When it is back, what was let through meanwhile counts beside what it has booked.
        ledger.is_away.store(false, SeqCst);
        let account = bounds.iter().next().unwrap().account.name.clone();
        ledger.book(&account, 0, 30);
        let later = block_on(limiter.reserve(&[&bounds], &asked(1, 1), at(600))).unwrap();
        let expected = if is_let { 91 } else { 31 };
        assert_eq!(later.remaining(at(600)).budget.unwrap().used, expected);
        drop(said);
    }
}

#[test]
fn accounts_that_nobody_uses_are_forgotten_and_nothing_with_them() {
    let (limiter, ledger) = with_books(WhenAway::Refuse);
    let tenant = Tenant::of(json!({"max_budget": "0.0000001", "tpd_limit": 50}), json!({}));
    let bounds = tenant.bounds();
    let account = bounds.iter().next().unwrap().account.name.clone();
    block_on(limiter.reserve(&[&bounds], &asked(1, 60), NOW)).unwrap().settle(60, 1);
    drop(bounds);
    let later = at(10_000);
    assert_eq!(block_on(limiter.tend(later)).forgotten, 0, "60 are in no book yet, and 1 token is today's");
    ledger.book(&account, 0, 60);
    limiter.booked(&account, 0, 60);
    assert_eq!(block_on(limiter.tend(later)).forgotten, 1);
    assert_eq!(block_on(limiter.tend(at(86_400_000))).forgotten, 1);
    assert!(limiter.is_empty());
    let again = tenant.bounds();
    assert_eq!(block_on(limiter.room(&[&again], &asked(1, 1), later)).nanos, Some(40), "the books know");
    assert_eq!(block_on(limiter.tend(at(200_000_000))).forgotten, 0, "somebody refers to them");
}

#[derive(Debug, Clone)]
enum Step {
    Reserve { tokens: i64, nanos: i64 },
    Settle { place: usize, nanos: i64, tokens: i64 },
    Extend { place: usize, nanos: i64 },
    Drop { place: usize },
    Withdraw { place: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_i64..60, 1_i64..60).prop_map(|(tokens, nanos)| Step::Reserve { tokens, nanos }),
        2 => (0_usize..8, 0_i64..60, 0_i64..60)
            .prop_map(|(place, nanos, tokens)| Step::Settle { place, nanos, tokens }),
        1 => (0_usize..8, 1_i64..30).prop_map(|(place, nanos)| Step::Extend { place, nanos }),
        1 => (0_usize..8).prop_map(|place| Step::Drop { place }),
        1 => (0_usize..8).prop_map(|place| Step::Withdraw { place }),
    ]
}

#[test]
fn more_is_reserved_beside_what_is_in_use() {
    let tenant =
        Tenant::of(json!({"max_budget": "0.0000001", "tpm_limit": 100}), json!({"max_parallel_requests": 1}));
    let (bounds, limiter) = (tenant.bounds(), limiter());
    let mut held = limiter.try_reserve(&[&bounds], &asked(60, 60), NOW).unwrap().unwrap();
    let extension = held.extension();
    let refusal = block_on(extension.take(41, 0, NOW)).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Tokens);
    let refusal = block_on(extension.take(10, 41, NOW)).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Budget);
    assert_eq!(used(&limiter, &[&bounds], NOW), (0, 60, 60), "all or nothing");
    let more = block_on(extension.take(40, 40, NOW)).unwrap();
    assert_eq!(used(&limiter, &[&bounds], NOW), (0, 100, 100));
    drop(more);
    assert_eq!(used(&limiter, &[&bounds], NOW), (0, 60, 60), "nobody took it in");
    held.join(block_on(extension.take(30, 30, NOW)).unwrap());
    assert_eq!((held.tokens(), held.nanos()), (90, 90));
    // The minute is over, the budget is not.
    let later = at(60_000);
    let refusal = block_on(extension.take(1_000, 11, later)).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Budget);
    held.join(block_on(extension.take(1_000, 10, later)).unwrap());
    assert_eq!((held.tokens(), held.nanos()), (90, 100));
    assert!(!held.settle(100, 90).is_exceeded);
    assert_eq!(used(&limiter, &[&bounds], NOW).2, 100);
}

proptest! {
    #[test]
    fn limits_are_never_passed_and_nothing_is_lost(steps in proptest::collection::vec(step(), 1..80)) {
        let tenant = Tenant::of(
            json!({"max_budget": "0.0000002", "tpm_limit": 150, "rpm_limit": 30}),
            json!({"max_budget": "0.00000015", "tpm_limit": 200, "max_parallel_requests": 4}),
        );
        let (bounds, limiter) = (tenant.bounds(), limiter());
        let (mut held, mut spent, mut made) = (Vec::new(), (0, 0), 0);
        for step in steps {
            match step {
                Step::Reserve { tokens, nanos } => {
                    let reserved: (i64, i64) = held.iter().fold(
                        spent, |sum, it: &llm_limits::Reservation| (sum.0 + it.nanos(), sum.1 + it.tokens()));
                    let fits = reserved.0 + nanos <= 150 && reserved.1 + tokens <= 150 && made < 30 && held.len() < 4;
                    let said = limiter.try_reserve(&[&bounds], &asked(tokens, nanos), NOW);
                    prop_assert_eq!(said.is_ok(), fits, "{:?}", said);
                    if let Ok(Some(reservation)) = said {
                        made += 1;
                        held.push(reservation);
                    }
                }
                Step::Settle { place, nanos, tokens } if place < held.len() => {
                    let it = held.remove(place);
                    let (nanos, tokens) = (nanos.min(it.nanos()), tokens.min(it.tokens()));
                    spent = (spent.0 + nanos, spent.1 + tokens);
                    prop_assert!(!it.settle(nanos, tokens).is_exceeded);
                }
                Step::Extend { place, nanos } if place < held.len() => {
                    let reserved: i64 = spent.0 + held.iter().map(llm_limits::Reservation::nanos).sum::<i64>();
                    let said = block_on(held[place].extend(0, nanos, NOW));
                    prop_assert_eq!(said.is_ok(), reserved + nanos <= 150);
                }
                Step::Drop { place } if place < held.len() => drop(held.remove(place)),
                Step::Withdraw { place } if place < held.len() => {
                    made -= 1;
                    held.remove(place).withdraw();
                }
                _ => {}
            }
        }
        drop(held);
        prop_assert_eq!(used(&limiter, &[&bounds], NOW), (made, spent.1, spent.0));
        let rest = limiter.try_reserve(&[&bounds], &Asked {
            demand: Demand::more(0, 150 - spent.0), models: &["gpt-4o"], ..Asked::default() }, NOW);
        prop_assert!(rest.is_ok(), "what came back may be used to the last");
    }
}

#[test]
fn rates_over_any_time_hold_at_once() {
    let windows = json!([{"window": "1h", "requests": 3, "tokens": 100}, {"window": "10s", "requests": 1}]);
    let tenant = Tenant::of(json!({"rpm_limit": 2, "rate_limits": windows}), json!({}));
    let (bounds, limiter) = (tenant.bounds(), limiter());
    let ask = |tokens, ms| limiter.try_reserve(&[&bounds], &asked(tokens, 0), at(ms)).map(drop);
    let refusal = |tokens, ms| {
        let Err(it) = ask(tokens, ms) else { panic!("{tokens} tokens after {ms} ms were let through") };
        (it.kind, it.limit, it.cycle.to_string(), it.resets_at.unwrap().0 - NOW.0)
    };
    ask(1, 0).unwrap();
    assert_eq!(refusal(1, 9_999), (RefusalKind::Rate, 1, "10s".to_owned(), 10_000));
    ask(1, 10_000).unwrap();
    ask(1, 20_000).unwrap();
    const HOUR: i64 = 3_200_000;
    assert_eq!(refusal(1, 30_000), (RefusalKind::Rate, 3, "1h".to_owned(), HOUR));
    assert_eq!(refusal(101, HOUR), (RefusalKind::Tokens, 100, "1h".to_owned(), HOUR + 3_600_000));
    ask(100, HOUR).unwrap();
}
