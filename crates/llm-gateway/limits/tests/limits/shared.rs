//! Several gateways and one authority.

use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use llm_limits::{Bounds, Limiter, RefusalKind, Reservation, Settings, Source, Spawn, WhenAway};
use llm_types::UnixMs;
use serde_json::json;

use crate::support::{Bank, LEASE_MS, NOW, Tenant, asked, at, block_on, inline, poll_once};

pub(crate) const TEAM: &str = "usd::team/search";

pub(crate) fn settings() -> Settings {
    Settings { lease_ms: LEASE_MS.unsigned_abs(), ..Settings::default() }
}

pub(crate) fn replica(bank: &Arc<Bank>, number: u32, settings: Settings) -> Limiter {
    Limiter::new(settings, Source::Shared(bank.replica(number), inline()))
}

/// A key without bounds in a team with this budget.
fn team(budget: &str) -> Bounds {
    Tenant::of(json!({}), json!({"max_budget": budget})).bounds()
}

#[test]
fn shares_are_taken_in_bulk_and_shrink_near_the_end() {
    let bank = Bank::new();
    let limiter = replica(&bank, 1, settings());
    let bounds = team("0.001");
    let mut made = 0;
    // A thousand nano-dollars every five milliseconds.
    for step in 0.. {
        bank.now.store(at(step * 5).0, SeqCst);
        match block_on(limiter.reserve(&[&bounds], &asked(1, 1_000), at(step * 5))) {
            Ok(reservation) => drop(reservation.settle(1_000, 1)),
            Err(refusal) => {
                assert_eq!((refusal.kind, refusal.current), (RefusalKind::Budget, 1_000_000));
                break;
            }
        }
        made += 1;
    }
    assert_eq!(made, 1_000, "to the last nano-dollar");
    let takes = bank.takes.load(SeqCst);
    assert!((10..150).contains(&takes), "{takes} questions");
    assert_eq!(bank.share(TEAM, 0).total(), 1_000_000);
}

#[test]
fn what_is_refused_is_not_asked_again_at_once() {
    let bank = Bank::new();
    let limiter = replica(&bank, 1, settings());
    let bounds = team("0.00000001");
    let reserve = |nanos, now| block_on(limiter.reserve(&[&bounds], &asked(1, nanos), now));
    let one = reserve(8, NOW).unwrap();
    let other = replica(&bank, 2, settings());
    let others = team("0.00000001");
    for ms in 0..10 {
        let refusal = block_on(other.reserve(&[&others], &asked(1, 5), at(ms))).unwrap_err();
        assert_eq!((refusal.limit, refusal.current, refusal.left()), (10, 8, 2));
    }
    assert_eq!(bank.takes.load(SeqCst), 2);
    assert!(
        block_on(other.reserve(&[&others], &asked(1, 2), at(10))).is_ok(),
        "what is left may be asked for"
    );
    drop(one.settle(1, 1));
    block_on(limiter.tend(at(20)));
    assert!(block_on(other.reserve(&[&others], &asked(1, 5), at(100))).is_ok(), "what was scarce came back");
}

/// Keeps what is spawned until it is run.
#[derive(Default)]
pub(crate) struct Later(Mutex<Vec<std::pin::Pin<Box<dyn Future<Output = ()> + Send>>>>);

impl Later {
    pub(crate) fn spawn(self: &Arc<Self>) -> Spawn {
        let later = self.clone();
        Arc::new(move |future| later.0.lock().unwrap().push(future))
    }

    pub(crate) fn run(&self) -> usize {
        let waiting = std::mem::take(&mut *self.0.lock().unwrap());
        let count = waiting.len();
        waiting.into_iter().for_each(block_on);
        count
    }
}

#[test]
fn who_waits_for_the_same_waits_together() {
    let (bank, later) = (Bank::new(), Arc::new(Later::default()));
    let limiter = Limiter::new(settings(), Source::Shared(bank.replica(1), later.spawn()));
    let bounds = team("0.001");
    let request = asked(1, 10);
    let sets = [&bounds];
    let mut waiting: Vec<_> = (0..100).map(|_| Box::pin(limiter.reserve(&sets, &request, NOW))).collect();
    assert!(waiting.iter_mut().all(|one| poll_once(one).is_pending()));
    assert_eq!(later.run(), 1);
    let mut done = Vec::new();
    let mut rounds = 1;
    while !waiting.is_empty() {
        let mut still = Vec::new();
        for mut one in waiting {
            match poll_once(&mut one) {
                Poll::Ready(reservation) => done.push(reservation.unwrap()),
                Poll::Pending => still.push(one),
            }
        }
        waiting = still;
        rounds += later.run();
    }
    assert_eq!((done.len(), rounds), (100, 1), "one question for all who came before it was asked");
    assert_eq!(bank.share(TEAM, 0).total(), 1_000);
}

#[test]
fn a_client_that_hangs_up_loses_no_share() {
    let (bank, later) = (Bank::new(), Arc::new(Later::default()));
    let limiter = Limiter::new(settings(), Source::Shared(bank.replica(1), later.spawn()));
    let bounds = team("0.00000001");
    let (request, sets) = (asked(1, 10), [&bounds]);
    let mut gone = Box::pin(limiter.reserve(&sets, &request, NOW));
    assert!(poll_once(&mut gone).is_pending());
    let mut other = Box::pin(limiter.reserve(&sets, &request, NOW));
    assert!(poll_once(&mut other).is_pending());
    drop(gone);
    later.run();
    assert!(matches!(poll_once(&mut other), Poll::Ready(Ok(_))), "another has what it was given");
    // What was to ask is dropped: whoever waits is told.
    let more = [&team("0.000001")];
    let limiter = Limiter::new(settings(), Source::Shared(bank.replica(2), later.spawn()));
    let mut waits = Box::pin(limiter.reserve(&more, &request, NOW));
    for _ in 0..40 {
        if let Poll::Ready(said) = poll_once(&mut waits) {
            assert!(said.is_err());
            return;
        }
        later.0.lock().unwrap().clear();
    }
    panic!("it waits for ever");
}

#[test]
fn without_the_authority_held_shares_go_on() {
    for (when_away, beyond) in [(WhenAway::Refuse, false), (WhenAway::Allow, true)] {
        let bank = Bank::new();
        let limiter = replica(&bank, 1, Settings { when_away, ..settings() });
        let bounds = team("0.001");
        let reserve = |nanos, now| block_on(limiter.reserve(&[&bounds], &asked(1, nanos), now));
        block_on(limiter.tend(NOW));
        reserve(100, NOW).unwrap().settle(40, 1);
        bank.is_away.store(true, SeqCst);
        let held = reserve(60, at(1_000)).unwrap();
        let takes = bank.takes.load(SeqCst);
        let more = reserve(1_000, at(1_001));
        assert_eq!(more.is_ok(), beyond);
        if let Err(refusal) = &more {
            assert_eq!(refusal.kind, RefusalKind::Unavailable);
        }
        assert!(limiter.is_away(at(1_002)));
        drop(held);
        // When the lease is over, another may have been given what was held.
        let after = reserve(1, at(LEASE_MS));
        assert_eq!(after.is_ok(), beyond);
        drop((more, after));
        bank.is_away.store(false, SeqCst);
        bank.now.store(at(LEASE_MS + 600).0, SeqCst);
        let tended = block_on(limiter.tend(at(LEASE_MS + 600)));
        assert!(tended.was_lost);
        assert_eq!(bank.share(TEAM, 0).total(), 40, "claimed again: what is spent and in no book");
        let again = reserve(1_000, at(LEASE_MS + 700)).unwrap();
        assert_eq!(bank.share(TEAM, 0).total(), 1_040);
        drop(again);
        assert_eq!(bank.takes.load(SeqCst), takes + 2);
    }
}

#[test]
fn what_is_held_back_is_not_called_spent() {
    for (when_away, is_let_in) in [(WhenAway::Refuse, false), (WhenAway::Allow, true)] {
        let bank = Bank::new();
        let limiter = replica(&bank, 1, Settings { when_away, ..settings() });
        let tenant = Tenant::of(json!({"max_budget": "0.000001"}), json!({}));
        let bounds = tenant.bounds();
        let reserve = |now: UnixMs| block_on(limiter.reserve(&[&bounds], &asked(0, 900), now));
        bank.is_holding_back.store(true, SeqCst);
        match reserve(NOW) {
            Ok(reservation) => {
                assert!(is_let_in);
                drop(reservation);
            }
            Err(refusal) => {
                assert!(!is_let_in);
                assert_eq!(refusal.kind, RefusalKind::Unavailable, "{refusal}");
            }
        }
        let (takes, pauses) = (bank.takes.load(SeqCst), bank.pauses.load(SeqCst));
        let expected = if is_let_in { (1, 0) } else { (2, 5) };
        assert_eq!((takes, pauses), expected, "it waits as long as a request does, and asks a few times");
        if is_let_in {
            continue;
        }
        // It is asked again when there may be another answer, and what is spent is called so.
        bank.is_holding_back.store(false, SeqCst);
        let later = NOW.plus(1_000);
        let reservation = reserve(later).expect("all is left");
        let refusal = reserve(later).expect_err("next to nothing is left");
        assert_eq!(refusal.kind, RefusalKind::Budget, "{refusal}");
        drop(reservation);
    }
}

#[test]
fn what_is_held_back_is_waited_for() {
    let bank = Bank::new();
    let limiter = replica(&bank, 1, settings());
    let bounds = team("0.000001");
    bank.is_holding_back.store(true, SeqCst);
    bank.known_after.store(3, SeqCst);
    let reservation =
        block_on(limiter.reserve(&[&bounds], &asked(0, 900), NOW)).expect("it comes to be known");
    assert_eq!(bank.pauses.load(SeqCst), 3);
    // What is refused is refused without a wait.
    let refusal = block_on(limiter.reserve(&[&bounds], &asked(0, 900), at(200))).unwrap_err();
    assert_eq!((refusal.kind, bank.pauses.load(SeqCst)), (RefusalKind::Budget, 3));
    drop(reservation);
}

#[test]
fn what_comes_back_serves_who_is_held_back() {
    let bank = Bank::new();
    let limiter = replica(&bank, 1, settings());
    let bounds = team("0.000001");
    let first = block_on(limiter.reserve(&[&bounds], &asked(0, 400), NOW)).unwrap();
    bank.is_holding_back.store(true, SeqCst);
    let later = at(1_000);
    let refusal = block_on(limiter.reserve(&[&bounds], &asked(0, 400), later)).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Unavailable, "{refusal}");
    drop(first);
    let taken = block_on(limiter.reserve(&[&bounds], &asked(0, 400), later)).expect("it was given back here");
    drop(taken);
}

#[test]
fn a_large_one_that_is_held_back_is_not_in_the_way_of_small_ones() {
    let bank = Bank::new();
    let limiter = replica(&bank, 1, settings());
    let bounds = team("0.000001");
    bank.is_holding_back.store(true, SeqCst);
    let reserve = |nanos, now| block_on(limiter.reserve(&[&bounds], &asked(0, nanos), now));
    let refusal = reserve(900, NOW).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Unavailable, "{refusal}");
    bank.is_holding_back.store(false, SeqCst);
    let said = at(100);
    assert!(reserve(10, said).is_ok(), "less may be handed out");
}

#[test]
fn nobody_waits_for_an_authority_that_is_away() {
    let (bank, later) = (Bank::new(), Arc::new(Later::default()));
    let limiter = Limiter::new(settings(), Source::Shared(bank.replica(1), later.spawn()));
    let bounds = team("0.000001");
    let all = [&bounds];
    let away_ms = i64::try_from(settings().away_ms).unwrap();
    bank.is_away.store(true, SeqCst);
    // Whoever comes first finds out.
    let limited = asked(0, 10);
    let mut first = Box::pin(limiter.reserve(&all, &limited, NOW));
    assert!(poll_once(&mut first).is_pending());
    assert_eq!(later.run(), 1);
    let Poll::Ready(Err(refusal)) = poll_once(&mut first) else { panic!("it is over") };
    assert_eq!(refusal.kind, RefusalKind::Unavailable);
    for (ms, tries) in [(1, 0), (away_ms, 1), (away_ms + 1, 0), (away_ms * 2, 1)] {
        let refusal = limiter.try_reserve(&all, &limited, at(ms)).expect_err("it is away");
        assert_eq!(refusal.kind, RefusalKind::Unavailable, "after {ms} ms");
        assert_eq!(later.run(), tries, "after {ms} ms");
    }
    // It is back, which the next try finds out.
    bank.is_away.store(false, SeqCst);
    assert!(limiter.try_reserve(&all, &limited, at(away_ms * 3)).is_err());
    assert_eq!(later.run(), 1);
    let there = limiter.try_reserve(&all, &limited, at(away_ms * 3)).expect("nobody refuses");
    assert!(there.is_some(), "the try has brought what was missing");
    // Long after the last try nobody knows, and whoever comes asks.
    bank.is_away.store(true, SeqCst);
    let mut asking = Box::pin(limiter.reserve(&all, &limited, at(away_ms * 4)));
    assert!(poll_once(&mut asking).is_pending());
    later.run();
    assert!(matches!(poll_once(&mut asking), Poll::Ready(Err(_))));
    bank.is_away.store(false, SeqCst);
    let mut after = Box::pin(limiter.reserve(&all, &limited, at(away_ms * 40)));
    assert!(poll_once(&mut after).is_pending(), "it asks and waits");
    later.run();
    assert!(matches!(poll_once(&mut after), Poll::Ready(Ok(_))));
}

#[test]
fn shares_are_asked_for_before_they_run_out() {
    let (bank, later) = (Bank::new(), Arc::new(Later::default()));
    let limiter = Limiter::new(settings(), Source::Shared(bank.replica(1), later.spawn()));
    let bounds = team("1");
    let all = [&bounds];
    let (mut waited, mut aside) = (0, 0);
    // A request each ten milliseconds, for ten seconds.
    for ms in (0..10_000).step_by(10) {
        let now = at(ms);
        let reservation = match limiter.try_reserve(&[&bounds], &asked(0, 1_000), now).unwrap() {
            Some(reservation) => reservation,
            None => {
                waited += 1;
                let limited = asked(0, 1_000);
                let mut reserving = Box::pin(limiter.reserve(&all, &limited, now));
                assert!(poll_once(&mut reserving).is_pending());
                assert_eq!(later.run(), 1);
                let Poll::Ready(Ok(reservation)) = poll_once(&mut reserving) else { panic!("it is there") };
                reservation
            }
        };
        drop(reservation.settle(1_000, 0));
        aside += later.run();
    }
    assert!(waited <= 3, "{waited} have waited, before anything was known of the pace");
    assert!((2..=40).contains(&aside), "{aside} questions beside requests");
}

#[test]
fn what_is_booked_is_held_no_more() {
    let bank = Bank::new();
    let limiter = replica(&bank, 1, settings());
    let bounds = team("0.0000001");
    block_on(limiter.tend(NOW));
    let reserve = |nanos, now| block_on(limiter.reserve(&[&bounds], &asked(1, nanos), now));
    reserve(60, NOW).unwrap().settle(60, 1);
    bank.book(1, TEAM, 0, 60);
    limiter.booked(TEAM, 0, 60);
    assert_eq!(bank.share(TEAM, 0).held[&1], 0);
    let rest = reserve(40, at(1)).unwrap();
    assert!(reserve(1, at(2)).is_err());
    assert_eq!(bank.share(TEAM, 0).total(), 100);
    drop(rest);
    block_on(limiter.tend(at(6_000)));
    assert_eq!(bank.share(TEAM, 0).total(), 60, "nobody uses the rest");
}

#[test]
fn a_lease_is_renewed_by_a_clock_that_went_back() {
    const HOUR: i64 = 3_600_000;
    let bank = Bank::new();
    let limiter = replica(&bank, 0, settings());
    let bounds = team("0.000001");
    let asks = asked(1, 100);
    let held = block_on(limiter.reserve(&[&bounds], &asks, NOW)).unwrap();
    block_on(limiter.tend(NOW));
    // The clock of whoever hands out goes on.
    for seconds in 1..=100 {
        bank.now.store(at(seconds * 1_000).0, SeqCst);
        let tended = block_on(limiter.tend(at(seconds * 1_000 - HOUR)));
        assert!(!tended.was_lost, "after {seconds} s");
    }
    let charge = held.charges().next().unwrap();
    assert!(bank.share(&charge.account.name, charge.window).held[&0] >= 100);

    // Nobody was to be had when it went back: it is found out all the same when somebody is.
    let now = at(100_000 - HOUR);
    bank.is_away.store(true, SeqCst);
    let others = team("0.000002");
    assert!(block_on(limiter.reserve(&[&others], &asked(1, 1_500), now)).is_err());
    assert!(limiter.is_away(now));
    bank.is_away.store(false, SeqCst);
    assert!(!limiter.is_away(UnixMs(now.0 - HOUR)));
    assert!(block_on(limiter.reserve(&[&others], &asked(1, 1_500), UnixMs(now.0 - HOUR))).is_ok());
    drop(held);
}

#[test]
fn rates_are_shared_by_the_minute() {
    let bank = Bank::new();
    let (one, two) = (replica(&bank, 1, settings()), replica(&bank, 2, settings()));
    let of = || Tenant::of(json!({}), json!({"rpm_limit": 10, "max_parallel_requests": 6})).bounds();
    let (first, second) = (of(), of());
    let mut held: Vec<Reservation> = Vec::new();
    for place in 0..6 {
        let (limiter, bounds) = if place % 2 == 0 { (&one, &first) } else { (&two, &second) };
        held.push(block_on(limiter.reserve(&[bounds], &asked(1, 1), NOW)).unwrap());
    }
    assert_eq!(block_on(one.reserve(&[&first], &asked(1, 1), NOW)).unwrap_err().kind, RefusalKind::Parallel);
    held.clear();
    let mut made = 6;
    while block_on(two.reserve(&[&second], &asked(1, 1), at(100 * made))).is_ok() {
        made += 1;
    }
    assert_eq!(made, 10);
    bank.now.store(at(60_000).0, SeqCst);
    assert!(block_on(one.reserve(&[&first], &asked(1, 1), at(60_000))).is_ok(), "a new minute");
}

#[test]
fn what_nobody_uses_goes_back_when_the_process_ends() {
    let bank = Bank::new();
    let limiter = replica(&bank, 1, settings());
    let bounds = team("0.0000001");
    let held = block_on(limiter.reserve(&[&bounds], &asked(1, 50), NOW)).unwrap();
    held.settle(20, 1);
    block_on(limiter.release());
    assert_eq!(bank.share(TEAM, 0).total(), 20);
}

#[test]
fn what_was_given_and_never_arrived_goes_back() {
    let bank = Bank::new();
    let limiter = replica(&bank, 1, settings());
    let bounds = team("0.0000001");
    block_on(limiter.tend(NOW));
    let reserve = |nanos, now| block_on(limiter.reserve(&[&bounds], &asked(1, nanos), now));
    // The answers get lost after the bank has written them down.
    bank.is_mute.store(true, SeqCst);
    assert_eq!(reserve(60, NOW).unwrap_err().kind, RefusalKind::Unavailable);
    assert_eq!(bank.share(TEAM, 0).total(), 60);
    bank.is_mute.store(false, SeqCst);
    assert!(reserve(60, at(600)).is_err(), "the bank thinks that it is held");
    block_on(limiter.tend(at(1_200)));
    assert_eq!(bank.share(TEAM, 0).total(), 0);
    assert_eq!(reserve(100, at(1_300)).unwrap().nanos(), 100);
}

#[test]
fn what_was_let_through_and_is_booked_is_not_claimed() {
    let bank = Bank::new();
    let limiter = replica(&bank, 1, Settings { when_away: WhenAway::Allow, ..settings() });
    let bounds = team("0.0000001");
    block_on(limiter.tend(NOW));
    let reserve = |nanos, now| block_on(limiter.reserve(&[&bounds], &asked(1, nanos), now));
    bank.is_away.store(true, SeqCst);
    reserve(60, NOW).unwrap().settle(60, 1);
    bank.is_away.store(false, SeqCst);
    bank.book(1, TEAM, 0, 60);
    limiter.booked(TEAM, 0, 60);
    drop(reserve(10, at(600)).unwrap());
    block_on(limiter.release());
    assert_eq!(bank.share(TEAM, 0).total(), 60);
}

/// The first renewal of a gateway that has just begun is answered as that of one that was away for too long is.
#[test]
fn a_lease_that_there_never_was_has_not_run_out() {
    let bank = Bank::new();
    let limiter = replica(&bank, 0, settings());
    assert!(!block_on(limiter.tend(NOW)).was_lost);
    bank.now.store(at(LEASE_MS + 1_000).0, SeqCst);
    assert!(block_on(limiter.tend(at(LEASE_MS + 1_000))).was_lost, "but one that there was has");
}

/// Where nobody answers in time, whoever waits does so once, whenever it came.
#[test]
fn whoever_has_waited_in_vain_asks_no_more() {
    for (when_away, is_let_in) in [(WhenAway::Refuse, false), (WhenAway::Allow, true)] {
        let (bank, later) = (Bank::new(), Arc::new(Later::default()));
        let settings = Settings { when_away, away_ms: 100, ..settings() };
        let limiter = Limiter::new(settings, Source::Shared(bank.replica(1), later.spawn()));
        let bounds = team("0.000001");
        let (all, request) = ([&bounds], asked(1, 10));
        bank.is_away.store(true, SeqCst);
        // The one that asks is not the one that came first.
        let came = [at(40), NOW, at(20), at(120)];
        let mut waiting = came.map(|now| Box::pin(limiter.reserve(&all, &request, now)));
        assert!(waiting.iter_mut().all(|one| poll_once(one).is_pending()));
        assert_eq!(later.run(), 1);
        // Meanwhile another finds that it is time to try again, and is not answered either.
        assert_eq!(limiter.try_reserve(&all, &request, at(150)).is_ok(), is_let_in);
        for (one, came) in waiting.iter_mut().zip(came) {
            let Poll::Ready(said) = poll_once(one) else { panic!("it came at {came:?} and asks once more") };
            assert_eq!(said.is_ok(), is_let_in);
        }
        assert_eq!(later.run(), 1);
    }
}

#[test]
fn an_answer_that_stays_away_takes_no_shares_that_are_held() {
    let bank = Bank::new();
    let limiter = replica(&bank, 1, Settings { when_away: WhenAway::Allow, ..settings() });
    let bounds = Tenant::of(json!({}), json!({"rpm_limit": 100_000, "max_budget": 1})).bounds();
    let reserve = |now| block_on(limiter.reserve(&[&bounds], &asked(1, 1_000), now)).unwrap();
    block_on(limiter.tend(NOW));
    bank.is_mute.store(true, SeqCst);
    drop(reserve(NOW).settle(1_000, 1));
    bank.is_mute.store(false, SeqCst);
    block_on(limiter.tend(at(1_000)));
    for ms in (2_000..4_000).step_by(10) {
        drop(reserve(at(ms)).settle(1_000, 1));
    }
    // One that is under way: the accounts are not at rest.
    let _held = reserve(at(4_000));
    let takes = bank.takes.load(SeqCst);
    for ms in (4_100..=4_800).step_by(100) {
        block_on(limiter.tend(at(ms)));
        drop(reserve(at(ms + 1)).settle(1_000, 1));
    }
    let asked = bank.takes.load(SeqCst) - takes;
    assert!(asked <= 1, "what was held is there: {asked} questions for eight requests");
}

#[test]
fn what_runs_low_while_something_else_is_asked_for_is_asked_for_later() {
    let (bank, later) = (Bank::new(), Arc::new(Later::default()));
    let limiter = Limiter::new(settings(), Source::Shared(bank.replica(1), later.spawn()));
    let bounds = team("1");
    let all = [&bounds];
    let (small, large) = (asked(0, 1_000), asked(0, 1_000_000));
    let mut asks = Box::pin(limiter.reserve(&all, &small, NOW));
    assert!(poll_once(&mut asks).is_pending());
    later.run();
    let Poll::Ready(Ok(first)) = poll_once(&mut asks) else { panic!("it is there") };
    let mut asks = Box::pin(limiter.reserve(&all, &small, at(10)));
    assert!(poll_once(&mut asks).is_pending());
    later.run();
    let Poll::Ready(Ok(second)) = poll_once(&mut asks) else { panic!("it is there") };
    // Two seconds of that pace are there ahead. A large one asks while they are used up.
    let mut waits = Box::pin(limiter.reserve(&all, &large, at(20)));
    assert!(poll_once(&mut waits).is_pending());
    let mut held = vec![first, second];
    while let Some(more) = limiter.try_reserve(&all, &small, at(30)).unwrap() {
        held.push(more);
    }
    assert!(held.len() > 20, "{} at once", held.len());
    // Whoever asks hangs up, and nobody has asked ahead: the next one does.
    drop(waits);
    later.0.lock().unwrap().clear();
    held.pop();
    held.push(limiter.try_reserve(&all, &small, at(40)).unwrap().expect("one is there"));
    assert_eq!(later.run(), 1);
    assert!(limiter.try_reserve(&all, &small, at(50)).unwrap().is_some(), "it was asked for ahead");
}
