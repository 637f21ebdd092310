//! A question that is not answered in time, while others are.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock};

use std::task::Poll;

use llm_limits::{
    Ask, Authority, AuthorityError, Bounds, Grant, Limiter, Refund, RefusalKind, Reservation, Settings,
    Source, Taking, WhenAway,
};
use serde_json::json;

use crate::shared::Later;
use crate::support::{Bank, LEASE_MS, NOW, Replica, Tenant, asked, at, block_on, inline, poll_once};

/// Has nothing to say of teams; what others ask is answered before that is known.
struct Uneven {
    all: Arc<Replica>,
    limiter: OnceLock<Limiter>,
    other: Bounds,
    held: Mutex<Vec<Reservation>>,
    late: AtomicUsize,
    /// Whether anything is answered meanwhile.
    is_there: bool,
}

impl Authority for Uneven {
    fn take<'a>(&'a self, asks: &'a [Ask]) -> Taking<'a, Vec<Grant>> {
        if !asks.iter().any(|ask| ask.account.name.contains("team")) {
            return self.all.take(asks);
        }
        self.late.fetch_add(1, SeqCst);
        Box::pin(async move {
            let limiter = self.limiter.get().unwrap();
            if self.is_there {
                let other = limiter.reserve(&[&self.other], &asked(1, 20), NOW).await;
                self.held.lock().unwrap().push(other.unwrap());
            }
            Err(AuthorityError("no answer".to_owned()))
        })
    }

    fn give_back<'a>(&'a self, refunds: &'a [Refund]) -> Taking<'a, ()> {
        self.all.give_back(refunds)
    }

    fn renew<'a>(&'a self) -> Taking<'a, bool> {
        self.all.renew()
    }

    fn pause<'a>(&'a self) -> std::pin::Pin<Box<dyn Future<Output = u64> + Send + 'a>> {
        self.all.pause()
    }
}

#[test]
fn what_nobody_can_tell_of_one_account_does_not_stop_the_others() {
    for is_there in [true, false] {
        let other = Tenant::of(json!({"max_budget": "0.0000001"}), json!({})).bounds();
        let authority = Arc::new(Uneven {
            all: Bank::new().replica(1),
            limiter: OnceLock::new(),
            other: other.clone(),
            held: Mutex::default(),
            late: AtomicUsize::new(0),
            is_there,
        });
        let settings = Settings { lease_ms: LEASE_MS.unsigned_abs(), ..Settings::default() };
        let limiter = Limiter::new(settings, Source::Shared(authority.clone(), inline()));
        authority.limiter.set(limiter.clone()).unwrap();
        block_on(limiter.tend(NOW));
        let team = Tenant::of(json!({}), json!({"max_budget": "0.0000001"})).bounds();
        let refusal = block_on(limiter.reserve(&[&team], &asked(1, 10), NOW)).unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::Unavailable);
        assert_eq!(limiter.is_away(at(1)), !is_there, "{is_there}");
        let said = block_on(limiter.reserve(&[&other], &asked(1, 50), at(1)));
        assert_eq!(said.is_ok(), is_there);
        // It waited no longer than a request does, and asked again meanwhile.
        assert_eq!(authority.late.load(SeqCst), if is_there { 2 } else { 1 });
    }
}

/// Answers no question for shares, and renews the lease while one is under way.
struct Silent {
    limiter: OnceLock<Limiter>,
    questions: AtomicUsize,
}

impl Authority for Silent {
    fn take<'a>(&'a self, _: &'a [Ask]) -> Taking<'a, Vec<Grant>> {
        self.questions.fetch_add(1, SeqCst);
        Box::pin(async {
            self.limiter.get().unwrap().tend(at(LEASE_MS / 2)).await;
            Err(AuthorityError("no answer".to_owned()))
        })
    }

    fn give_back<'a>(&'a self, _: &'a [Refund]) -> Taking<'a, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn renew<'a>(&'a self) -> Taking<'a, bool> {
        Box::pin(std::future::ready(Ok(true)))
    }

    fn pause<'a>(&'a self) -> std::pin::Pin<Box<dyn Future<Output = u64> + Send + 'a>> {
        Box::pin(std::future::ready(20))
    }
}

#[test]
fn whoever_waited_for_what_was_asked_after_it_came_asks_no_more() {
    let later = Arc::new(Later::default());
    let authority = Arc::new(Silent { limiter: OnceLock::new(), questions: AtomicUsize::new(0) });
    let settings =
        Settings { when_away: WhenAway::Allow, lease_ms: LEASE_MS.unsigned_abs(), ..Settings::default() };
    let limiter = Limiter::new(settings, Source::Shared(authority.clone(), later.spawn()));
    authority.limiter.set(limiter.clone()).unwrap();
    block_on(limiter.tend(NOW));
    let bounds = Tenant::of(json!({}), json!({"max_budget": 1})).bounds();
    let (all, request) = ([&bounds], asked(1, 10));
    let mut waiting = [at(20), NOW].map(|now| Box::pin(limiter.reserve(&all, &request, now)));
    assert!(waiting.iter_mut().all(|one| poll_once(one).is_pending()));
    assert_eq!(later.run(), 1);
    assert!(!limiter.is_away(at(20)), "the lease was renewed meanwhile: it is this account alone");
    assert!(waiting.iter_mut().all(|one| matches!(poll_once(one), Poll::Ready(Ok(_)))));
    assert_eq!((later.run(), authority.questions.load(SeqCst)), (0, 1));
}
