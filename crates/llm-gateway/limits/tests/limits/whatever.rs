//! Several gateways and one authority, whatever they do and in whatever order.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use llm_limits::{Bounds, Limiter, Reservation};
use llm_types::UnixMs;
use proptest::prelude::*;
use serde_json::json;

use crate::shared::{TEAM, replica, settings};
use crate::support::{Bank, LEASE_MS, NOW, Tenant, asked, block_on};

#[derive(Debug, Clone)]
enum Step {
    Reserve { who: usize, key: usize, nanos: i64 },
    Settle { who: usize, place: usize, part: i64 },
    Drop { who: usize, place: usize },
    Extend { who: usize, place: usize, nanos: i64 },
    Book { who: usize },
    Pass { ms: i64 },
    Crash { who: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0_usize..3;
    prop_oneof![
        8 => (who.clone(), 0_usize..2, 1_i64..40).prop_map(|(who, key, nanos)| Step::Reserve { who, key, nanos }),
        4 => (who.clone(), 0_usize..8, 0_i64..=100).prop_map(|(who, place, part)| Step::Settle { who, place, part }),
        2 => (who.clone(), 0_usize..8).prop_map(|(who, place)| Step::Drop { who, place }),
        1 => (who.clone(), 0_usize..8, 1_i64..20).prop_map(|(who, place, nanos)| Step::Extend { who, place, nanos }),
        3 => who.clone().prop_map(|who| Step::Book { who }),
        2 => (1_i64..8_000).prop_map(|ms| Step::Pass { ms }),
        1 => who.prop_map(|who| Step::Crash { who }),
    ]
}

/// One gateway: its limiter, what its requests hold, and what its journal has that no book has.
struct Gateway {
    number: u32,
    limiter: Limiter,
    bounds: [Bounds; 2],
    held: Vec<(usize, Reservation)>,
    journal: Vec<(String, i64, i64)>,
}

impl Gateway {
    fn new(bank: &Arc<Bank>, number: u32) -> Self {
        let of = |key: &str| {
            let mut tenant =
                Tenant::of(json!({"max_budget": "0.0000003"}), json!({"max_budget": "0.0000005"}));
            tenant.key.hash = llm_tenancy::KeyHash::of(key);
            tenant.bounds()
        };
        let limiter = replica(bank, number, settings());
        block_on(limiter.tend(bank.now()));
        Self { number, limiter, bounds: [of("sk-1"), of("sk-2")], held: Vec::new(), journal: Vec::new() }
    }

    fn settle(&mut self, place: usize, nanos: i64) -> bool {
        let (_, reservation) = self.held.remove(place);
        for charge in reservation.charges() {
            self.journal.push((charge.account.name.to_string(), charge.window, nanos));
        }
        !reservation.settle(nanos, 1).is_exceeded
    }

    fn book(&mut self, bank: &Bank) {
        for (account, window, nanos) in self.journal.drain(..) {
            bank.book(self.number, &account, window, nanos);
            self.limiter.booked(&account, window, nanos);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_limit_is_passed_whatever_happens(steps in proptest::collection::vec(step(), 1..120)) {
        let bank = Bank::new();
        let next = AtomicUsize::new(3);
        let mut gateways: Vec<Gateway> = (0..3).map(|number| Gateway::new(&bank, number)).collect();
        for step in steps {
            let now = bank.now();
            match step {
                Step::Reserve { who, key, nanos } => {
                    let gateway = &mut gateways[who];
                    let said = block_on(gateway.limiter.reserve(&[&gateway.bounds[key]], &asked(1, nanos), now));
                    if let Ok(reservation) = said {
                        prop_assert_eq!(reservation.charges().count(), 2);
                        gateway.held.push((key, reservation));
                    }
                }
                Step::Settle { who, place, part } if place < gateways[who].held.len() => {
                    let nanos = gateways[who].held[place].1.nanos() * part / 100;
                    prop_assert!(gateways[who].settle(place, nanos));
                }
                Step::Drop { who, place } if place < gateways[who].held.len() => {
                    drop(gateways[who].held.remove(place));
                }
                Step::Extend { who, place, nanos } if place < gateways[who].held.len() => {
                    let _fits = block_on(gateways[who].held[place].1.extend(0, nanos, now));
                }
                Step::Book { who } => gateways[who].book(&bank),
                Step::Pass { ms } => {
                    bank.now.fetch_add(ms, SeqCst);
                    for gateway in &gateways {
                        let tended = block_on(gateway.limiter.tend(bank.now()));
                        prop_assert!(!tended.was_lost);
                    }
                }
                Step::Crash { who } => {
                    // What was reserved is gone; the journal is found again at the start, within the lease.
                    gateways[who].held.clear();
                    gateways[who].book(&bank);
                    let number = u32::try_from(next.fetch_add(1, SeqCst)).unwrap();
                    gateways[who] = Gateway::new(&bank, number);
                }
                _ => {}
            }
            check(&bank, &gateways)?;
        }
        // All is settled and booked, the dead are buried: what is held by nobody's request comes back to the last.
        for gateway in &mut gateways {
            gateway.held.clear();
            gateway.book(&bank);
        }
        for _ in 0..5 {
            bank.now.fetch_add(LEASE_MS / 4, SeqCst);
            for gateway in &gateways {
                block_on(gateway.limiter.tend(bank.now()));
            }
        }
        bank.bury();
        for share in bank.shares.lock().unwrap().values() {
            prop_assert_eq!(share.total(), share.booked, "{:?}", share);
        }
    }

    #[test]
    fn a_silent_gateway_loses_its_shares_and_claims_what_it_used(
        before in 1_i64..200, others in 1_i64..500, silent in 1_i64..3, settles in any::<bool>(),
    ) {
        let bank = Bank::new();
        let (mut one, two) = (Gateway::new(&bank, 1), Gateway::new(&bank, 2));
        let now = bank.now();
        let reservation = block_on(one.limiter.reserve(&[&one.bounds[0]], &asked(1, before), now)).unwrap();
        one.held.push((0, reservation));
        // It is not heard of for longer than the lease; the other goes on.
        for step in 1..=4 * silent + 1 {
            bank.now.store(NOW.0 + step * LEASE_MS / 4, SeqCst);
            block_on(two.limiter.tend(bank.now()));
        }
        let late = bank.now();
        prop_assert!(block_on(one.limiter.reserve(&[&one.bounds[0]], &asked(1, 1), late)).is_err(), "it may not go on");
        if settles {
            one.settle(0, before);
        }
        let mut taken = Vec::new();
        for part in [others / 2, others - others / 2] {
            taken.extend(block_on(two.limiter.reserve(&[&two.bounds[0]], &asked(1, part), late)).ok());
        }
        let theirs: i64 = taken.iter().map(Reservation::nanos).sum();
        prop_assert!(block_on(one.limiter.tend(late)).was_lost);
        prop_assert_eq!(bank.share(TEAM, 0).held[&1], before, "what it used is known again");
        block_on(two.limiter.release());
        prop_assert_eq!(bank.share(TEAM, 0).total(), before + theirs);
        // From now on the two together pass no limit any more.
        let room = (300 - before - theirs).max(0);
        let said = block_on(one.limiter.reserve(&[&one.bounds[0]], &asked(1, room + 1), late));
        prop_assert!(said.is_err());
        if room > 0 {
            prop_assert!(block_on(one.limiter.reserve(&[&one.bounds[0]], &asked(1, room), UnixMs(late.0 + 100))).is_ok());
        }
    }
}

/// What is booked and held is within the limit, and what gateways use is held by them.
fn check(bank: &Bank, gateways: &[Gateway]) -> Result<(), TestCaseError> {
    bank.bury();
    for ((name, window), share) in &*bank.shares.lock().unwrap() {
        prop_assert!(share.total() <= share.limit, "{name} {share:?}");
        for gateway in gateways {
            let reserved =
                gateway.held.iter().flat_map(|(_, it)| it.charges().map(|charge| (charge, it.nanos())));
            let reserved: i64 =
                reserved.filter(|(charge, _)| *charge.account.name == **name).map(|it| it.1).sum();
            let journal = gateway.journal.iter().filter(|entry| entry.0 == *name && entry.1 == *window);
            let used = reserved + journal.map(|entry| entry.2).sum::<i64>();
            let held = share.held.get(&gateway.number).copied().unwrap_or(0);
            prop_assert!(used <= held, "{name}: {} uses {used} and holds {held}", gateway.number);
        }
    }
    Ok(())
}
