//! What of a model's rates is reserved for whom.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::task::Poll;

use llm_limits::{
    Asked, Bounds, Demand, Level, Limiter, Measure, Priorities, Refusal, RefusalKind, Reserve, Reserved,
    Settings, Source,
};
use llm_types::UnixMs;

use crate::shared::Later;
use crate::support::{Bank, LEASE_MS, NOW, asked, at, block_on, inline, poll_once};

const SHARES: [(&str, Reserve); 2] = [("prod", Reserve::Share(0.9)), ("dev", Reserve::Share(0.1))];

fn reserved<'a>(levels: &'a [(&'a str, Reserve)]) -> Reserved<'a> {
    Reserved { levels, others: 0.2, saturation: 0.5 }
}

fn limiter() -> Limiter {
    Limiter::new(Settings::default(), Source::Nobody)
}

/// Makes a request that took so many tokens of those it reserved.
fn ask(limiter: &Limiter, bounds: &Bounds, tokens: (i64, i64), now: UnixMs) -> Result<(), Refusal> {
    let taken = limiter.try_reserve(&[bounds], &asked(tokens.0, 0), now)?.unwrap();
    taken.settle(0, tokens.1);
    Ok(())
}

/// The bounds of a priority: whose, what is bounded, how much.
fn limits(bounds: &Bounds) -> Vec<(Level, Measure, Option<i64>)> {
    bounds.iter().map(|bound| (bound.level, bound.measure, bound.limit)).collect()
}

#[test]
fn each_has_its_share_once_the_model_is_saturated() {
    let of = Priorities::new("gpt-4o", Some(10), None, &reserved(&SHARES)).unwrap();
    let (limiter, prod, dev, none) = (limiter(), of.of(Some("prod")), of.of(Some("dev")), of.of(None));
    for _ in 0..5 {
        ask(&limiter, dev, (1, 1), NOW).expect("half of it is there for everybody");
    }
    let refusal = ask(&limiter, dev, (1, 1), NOW).unwrap_err();
    assert_eq!(
        (refusal.kind, refusal.level, refusal.subject.as_str()),
        (RefusalKind::Rate, Level::Priority, "dev")
    );
    assert_eq!((refusal.limit, refusal.current, refusal.part.as_deref()), (1, 5, Some("gpt-4o")));
    assert_eq!(
        refusal.to_string(),
        "the priority of this key is limited to 1 requests in 1m for gpt-4o: 5 were made; it begins anew at \
         2026-11-18T09:07:00Z"
    );
    for _ in 0..9 {
        ask(&limiter, prod, (1, 1), NOW).expect("this is reserved for it");
    }
    assert_eq!(ask(&limiter, prod, (1, 1), NOW).unwrap_err().limit, 9);
    for _ in 0..2 {
        ask(&limiter, none, (1, 1), NOW).expect("who has no priority has a share as well");
    }
    let refusal = ask(&limiter, of.of(Some("unheard-of")), (1, 1), NOW).unwrap_err();
    assert_eq!(
        (refusal.limit, refusal.current, refusal.subject.as_str()),
        (2, 2, ""),
        "one share for all of them"
    );
    // The next minute begins with nothing used.
    ask(&limiter, dev, (1, 1), refusal.resets_at.unwrap()).unwrap();
}

#[test]
fn what_is_not_saturated_is_neither_refused_nor_told() {
    let of = Priorities::new("gpt-4o", Some(1_000), Some(1_000), &reserved(&SHARES)).unwrap();
    let (limiter, dev) = (limiter(), of.of(Some("dev")));
    let request = asked(10_000, 0);
    let told = limiter.remaining(&[dev], &request, NOW);
    assert_eq!((told.requests, told.tokens), (None, None));
    let room = block_on(limiter.room(&[dev], &request, NOW));
    assert_eq!(room.tokens, None, "the answer may be as long as it likes");
    assert!(block_on(limiter.outlook(&[dev], &request, NOW)).iter().all(|it| !it.refuses));
    // What is reserved and not used saturates nothing.
    let under_way = limiter.try_reserve(&[dev], &request, NOW).unwrap().unwrap();
    ask(&limiter, dev, (10_000, 400), NOW).unwrap();
    under_way.settle(0, 100);
    let refusal = ask(&limiter, dev, (10, 10), NOW).unwrap_err();
    assert_eq!((refusal.kind, refusal.limit, refusal.current), (RefusalKind::Tokens, 100, 500));
    let told = limiter.remaining(&[dev], &request, NOW);
    assert_eq!(told.tokens.map(|it| (it.limit, it.remaining())), Some((100, 0)));
    assert_eq!(told.requests.map(|it| (it.limit, it.remaining())), Some((100, 98)));
    assert_eq!(block_on(limiter.room(&[dev], &request, NOW)).tokens, Some(0));
}

#[test]
fn shares_are_of_what_the_model_takes() {
    use Level::{Model, Priority};
    use Measure::{Requests, Tokens};
    let levels = [
        ("many", Reserve::Requests(900.0)),
        ("few", Reserve::Tokens(5_000.0)),
        ("half", Reserve::Share(0.05)),
    ];
    let of = Priorities::new("m", Some(1_000), Some(100_000), &reserved(&levels)).unwrap();
    let expected = |requests, tokens| {
        let all = |measure| (Model, measure, None);
        [all(Requests), (Priority, Requests, Some(requests)), all(Tokens), (Priority, Tokens, Some(tokens))]
    };
    assert_eq!(limits(of.of(Some("many"))), expected(900, 90_000));
    assert_eq!(limits(of.of(Some("few"))), expected(50, 5_000));
    assert_eq!(limits(of.of(Some("half"))), expected(50, 5_000));
    assert_eq!(limits(of.of(None)), expected(200, 20_000));

    // More than there is: in proportion.
    let levels = [("a", Reserve::Share(0.9)), ("b", Reserve::Share(0.6))];
    let of = Priorities::new("m", Some(100), None, &reserved(&levels)).unwrap();
    assert_eq!(limits(of.of(Some("a")))[1], (Priority, Requests, Some(60)));
    assert_eq!(limits(of.of(Some("b")))[1], (Priority, Requests, Some(40)));
    assert_eq!(limits(of.of(None))[1], (Priority, Requests, Some(20)), "a share beside theirs");

    // What a model does not bound has no shares.
    let levels = [("t", Reserve::Tokens(10.0)), ("r", Reserve::Requests(7.0))];
    let of = Priorities::new("m", Some(10), None, &reserved(&levels)).unwrap();
    assert_eq!(limits(of.of(Some("t"))), [(Model, Requests, None)], "it is counted");
    assert_eq!(limits(of.of(Some("r")))[1], (Priority, Requests, Some(7)));
    assert!(Priorities::new("m", None, Some(0), &reserved(&levels)).is_none());
}

#[test]
fn accounts_have_names_of_their_own() {
    let levels = [("model", Reserve::Share(0.5)), ("a/b", Reserve::Share(0.5))];
    let of = Priorities::new("gpt/4", Some(10), None, &reserved(&levels)).unwrap();
    let names = |priority| of.of(priority).iter().map(|it| it.account.name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(Some("model")), ["req:1m:model/gpt%2F4", "req:1m:priority/model/model/gpt%2F4"]);
    assert_eq!(names(Some("a/b"))[1], "req:1m:priority/a%2Fb/model/gpt%2F4");
    assert_eq!(names(None)[1], "req:1m:priority/model/gpt%2F4");
}

#[test]
fn a_threshold_of_nothing_holds_at_once_and_one_of_all_at_last() {
    let request = Asked { models: &["m"], demand: Demand::request(0, 0), ..Asked::default() };
    for (saturation, dev) in [(0.0, 1), (0.25, 3), (1.0, 10)] {
        let reserved = Reserved { saturation, ..reserved(&SHARES) };
        let of = Priorities::new("m", Some(10), None, &reserved).unwrap();
        let limiter = limiter();
        let passed = (0..20).filter(|_| {
            limiter.try_reserve(&[of.of(Some("dev"))], &request, at(0)).is_ok_and(|it| it.is_some())
        });
        assert_eq!(passed.count(), dev, "{saturation}");
    }
}

#[test]
fn several_gateways_know_of_each_other() {
    let bank = Bank::new();
    let gateway = |number| {
        let settings = Settings { lease_ms: LEASE_MS.unsigned_abs(), ..Settings::default() };
        // Each has bounds of its own, as it has its own configuration.
        let of = Priorities::new("m", Some(10), None, &reserved(&SHARES)).unwrap();
        (Limiter::new(settings, Source::Shared(bank.replica(number), inline())), of)
    };
    let request = Asked { models: &["m"], demand: Demand::request(0, 0), ..Asked::default() };
    let ask_at = |(limiter, of): &(Limiter, Priorities), priority, now| {
        block_on(limiter.reserve(&[of.of(Some(priority))], &request, now)).map(drop)
    };
    let ask = |gateway: &_, priority| ask_at(gateway, priority, NOW);
    let (one, two) = (gateway(1), gateway(2));
    for _ in 0..5 {
        ask(&one, "dev").expect("half of it is there for everybody");
    }
    ask(&two, "dev").expect("the last share of its own");
    for gateway in [&one, &two] {
        assert_eq!(ask(gateway, "dev").unwrap_err().limit, 1, "what the other has used saturates as well");
    }
    let of_both = (0..12).filter(|turn| ask(if turn % 2 == 0 { &one } else { &two }, "prod").is_ok());
    assert_eq!(of_both.count(), 9, "to the last one");
    // What only counts refuses nothing, whether nobody can be asked or nothing is handed out.
    for (number, switch) in [(3, &bank.is_holding_back), (4, &bank.is_away)] {
        switch.store(true, SeqCst);
        let idle = gateway(number);
        for _ in 0..4 {
            ask_at(&idle, "dev", at(60_000)).expect("as far as this one knows little of it is used");
        }
        switch.store(false, SeqCst);
    }
}

#[test]
fn what_a_priority_had_before_counts_at_all_gateways() {
    let bank = Bank::new();
    let gateway = |number| {
        let settings = Settings { lease_ms: LEASE_MS.unsigned_abs(), ..Settings::default() };
        let shares = [("prod", Reserve::Share(0.7)), ("dev", Reserve::Share(0.3))];
        let of = Priorities::new("m", Some(20), None, &reserved(&shares)).unwrap();
        (Limiter::new(settings, Source::Shared(bank.replica(number), inline())), of)
    };
    let request = Asked { models: &["m"], demand: Demand::request(0, 0), ..Asked::default() };
    let ask = |(limiter, of): &(Limiter, Priorities), priority| {
        block_on(limiter.reserve(&[of.of(Some(priority))], &request, NOW)).map(drop)
    };
    let gateways = [gateway(1), gateway(2), gateway(3)];
    // Before the model is saturated each gateway lets some through: all that the priority has, and more.
    for gateway in &gateways {
        for _ in 0..3 {
            ask(gateway, "dev").expect("nothing is saturated");
        }
    }
    ask(&gateways[0], "prod").expect("the half of it is used now");
    for gateway in &gateways {
        block_on(gateway.0.tend(NOW));
        block_on(gateway.0.tend(NOW));
    }
    let minute = NOW.0 / 60_000 * 60_000;
    let account = |name: &str| bank.share(&format!("req:1m:{name}"), minute).total();
    assert_eq!(account("priority/dev/model/m"), 9, "told once");
    for gateway in &gateways {
        let refusal = ask(gateway, "dev").unwrap_err();
        assert_eq!((refusal.limit, refusal.kind), (6, RefusalKind::Rate), "it has had its share");
    }
    // A gateway that knows nothing yet finds it spent, too.
    let late = gateway(4);
    ask(&late, "prod").unwrap();
    assert_eq!(ask(&late, "dev").unwrap_err().limit, 6);
    let of_all = (0..20).filter(|turn| ask(&gateways[turn % 3], "prod").is_ok());
    assert_eq!(of_all.count(), 12, "with the two before, all that is reserved for it");
    for gateway in gateways.iter().chain([&late]) {
        block_on(gateway.0.tend(NOW));
    }
    let held = account("model/m");
    assert!((22..=25).contains(&held), "what is held ahead is little: {held}");
}

/// Shares that are taken ahead are not used: near the end each gateway may hold some, and take the model for saturated since
/// the others do.
#[test]
fn what_others_hold_and_do_not_use_saturates_for_a_moment_alone() {
    const HALF: usize = 150;
    for clients in 1..8 {
        let bank = Bank::new();
        let gateway = |number| {
            let settings = Settings { lease_ms: LEASE_MS.unsigned_abs(), ..Settings::default() };
            let of = Priorities::new("m", Some(300), None, &reserved(&SHARES)).unwrap();
            let later = Arc::new(Later::default());
            let limiter = Limiter::new(settings, Source::Shared(bank.replica(number), later.spawn()));
            (limiter, of, later)
        };
        let gateways = [gateway(1), gateway(2), gateway(3)];
        let request = Asked { models: &["m"], demand: Demand::request(0, 0), ..Asked::default() };
        // So many clients of each gateway ask at the same time, until nobody is answered.
        let ask_all = |now| {
            let mut answered = 0;
            loop {
                let before = answered;
                let bounds = gateways.each_ref().map(|(_, of, _)| [&**of.of(Some("dev"))]);
                let mut asking: Vec<_> = (0..clients)
                    .flat_map(|_| gateways.iter().zip(&bounds))
                    .map(|((limiter, ..), bounds)| Box::pin(limiter.reserve(bounds, &request, now)))
                    .collect();
                while !asking.is_empty() {
                    asking.retain_mut(|one| match poll_once(one) {
                        Poll::Pending => true,
                        Poll::Ready(came) => {
                            answered += usize::from(came.map(drop).is_ok());
                            false
                        }
                    });
                    for (_, _, later) in &gateways {
                        later.run();
                    }
                }
                if answered == before {
                    return answered;
                }
            }
        };
        let mut answered = 0;
        for half_seconds in 0..5 {
            let now = at(half_seconds * 500);
            for (limiter, ..) in &gateways {
                block_on(limiter.tend(now));
            }
            answered += ask_all(now);
        }
        assert!(answered >= HALF, "{answered} of {HALF} for {clients} clients of each gateway");
        let used = bank.share("req:1m:model/m", NOW.0 / 60_000 * 60_000).total();
        assert!(used <= i64::try_from(answered).unwrap() + 1, "{used} are held, {answered} are used");
    }
}
