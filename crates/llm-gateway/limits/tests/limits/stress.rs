//! Many threads at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::SeqCst};

use llm_limits::{Limiter, Settings, Source, Spawn};
use serde_json::json;

use crate::support::{Bank, NOW, Tenant, asked, at, block_on, inline};

const THREADS: i64 = 8;
const REQUESTS: i64 = 4_000;

/// Amounts that look like chance.
fn amount(thread: i64, step: i64) -> i64 {
    (thread * 7_919 + step * 104_729) % 97 + 1
}

#[test]
fn threads_together_spend_a_budget_and_not_more() {
    let tenant = Tenant::of(
        json!({"max_budget": "0.0003"}),
        json!({"max_budget": "0.0002", "max_parallel_requests": 5}),
    );
    let (bounds, limiter) = (tenant.bounds(), Limiter::new(Settings::default(), Source::Nobody));
    let (spent, under_way, most) = (AtomicI64::new(0), AtomicI64::new(0), AtomicI64::new(0));
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (bounds, limiter, spent, under_way, most) = (&bounds, &limiter, &spent, &under_way, &most);
            scope.spawn(move || {
                for step in 0..REQUESTS {
                    let reserved = amount(thread, step);
                    let Ok(Some(one)) = limiter.try_reserve(&[bounds], &asked(1, reserved), NOW) else {
                        continue;
                    };
                    most.fetch_max(under_way.fetch_add(1, SeqCst) + 1, SeqCst);
                    let used = reserved * (step % 5) / 4;
                    spent.fetch_add(used, SeqCst);
                    under_way.fetch_sub(1, SeqCst);
                    one.settle(used, 1);
                }
            });
        }
    });
    let spent = spent.into_inner();
    assert!(spent <= 200_000, "{spent}");
    assert!(most.into_inner() <= 5);
    let rest = limiter.remaining(&[&bounds], &asked(1, 1), NOW).budget.unwrap();
    assert_eq!((rest.used, rest.spent), (spent, spent), "all that was reserved has come back");
    if spent < 200_000 {
        assert!(limiter.try_reserve(&[&bounds], &asked(1, 200_000 - spent), NOW).is_ok(), "to the last");
    }
}

#[test]
fn gateways_of_many_threads_share_one_budget() {
    const LIMIT: i64 = 2_000_000;
    let bank = Bank::new();
    let later: Spawn = Arc::new(|future| drop(std::thread::spawn(move || block_on(future))));
    let (spent, refused) = (AtomicI64::new(0), AtomicUsize::new(0));
    let gateways: Vec<_> = (0..3)
        .map(|number| {
            // One of them answers at once, the others a little later.
            let spawn = if number == 0 { inline() } else { later.clone() };
            let tenant = Tenant::of(json!({}), json!({"max_budget": "0.002"}));
            (Limiter::new(Settings::default(), Source::Shared(bank.replica(number), spawn)), tenant.bounds())
        })
        .collect();
    std::thread::scope(|scope| {
        for (place, (limiter, bounds)) in gateways.iter().enumerate() {
            for thread in 0..3 {
                let (spent, refused) = (&spent, &refused);
                scope.spawn(move || {
                    for step in 0..REQUESTS {
                        let reserved = amount(thread + place as i64 * 3, step) * 10;
                        match block_on(limiter.reserve(&[bounds], &asked(1, reserved), at(step))) {
                            Ok(one) => {
                                let used = reserved * (step % 4 + 1) / 4;
                                spent.fetch_add(used, SeqCst);
                                one.settle(used, 1);
                            }
                            Err(_) => drop(refused.fetch_add(1, SeqCst)),
                        }
                        if thread == 0 && step % 50 == 0 {
                            block_on(limiter.tend(at(step)));
                        }
                    }
                });
            }
        }
    });
    let spent = spent.into_inner();
    assert!(refused.into_inner() > 0, "there was more to spend than the budget");
    assert!(spent <= LIMIT, "{spent}");
    assert!(spent >= LIMIT * 98 / 100, "{spent} of {LIMIT} could be used");
    for (limiter, _) in &gateways {
        block_on(limiter.release());
    }
    assert_eq!(bank.share("usd::team/search", 0).total(), spent, "nothing else is held");
}

#[test]
fn who_is_too_late_for_one_account_gives_back_the_others() {
    let tenant = Tenant::of(json!({"max_budget": "1"}), json!({"max_parallel_requests": 1}));
    let (bounds, limiter) = (tenant.bounds(), Limiter::new(Settings::default(), Source::Nobody));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..100_000 {
                    drop(limiter.try_reserve(&[&bounds], &asked(1, 1), NOW));
                }
            });
        }
    });
    let key = limiter.remaining(&[&bounds], &asked(1, 1), NOW).key_budget.unwrap();
    assert_eq!((key.used, key.spent), (0, 0));
}
