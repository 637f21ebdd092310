//! A [`Tracker`] behind a lock, and what a decision reads of it beside.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use llm_types::{ErrorKind, UnixMs};

use super::LastFailure;
use super::cell::{FloatCell, InstantCell, KindCell};
use super::tracker::{Company, Tracker};
use crate::{Breaker, Health, HealthEvent, HealthNews};

/// Milliseconds that clocks may differ by, or be set back.
const CLOCKS_DIFFER_MS: u64 = 60_000;

/// A time for which a deployment or a key is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoolDown {
    /// Its end.
    pub until: UnixMs,
    /// What for.
    pub cause: Option<ErrorKind>,
}

/// A [`Tracker`] behind a lock, and what a decision reads of it beside.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    tracker: Mutex<Tracker>,
    cooling_until: InstantCell,
    /// When that was last set.
    cooled_at: InstantCell,
    cause: KindCell,
    half_open: AtomicBool,
    failures_in_a_row: AtomicU32,
    success_rate: FloatCell,
    probes: AtomicU32,
}

impl Pulse {
    pub(super) fn health(&self, now: UnixMs) -> Health {
        // Clocks of several processes differ a little; one that was set back further would keep a deployment away until it
        // is there again.
        let is_told = |cooled_at: UnixMs| cooled_at <= now.plus(CLOCKS_DIFFER_MS);
        Health {
            cooling_until: self.cooling_until.get().filter(|_| self.cooled_at.get().is_none_or(is_told)),
            cause: self.cause.get(),
            failures_in_a_row: self.failures_in_a_row.load(Relaxed),
            half_open: self.half_open.load(Relaxed),
            probes: self.probes.load(Relaxed),
            success_rate: self.success_rate.get(),
            checked_well: None,
        }
    }

    pub(super) fn fold(&self, event: &HealthEvent, breaker: &Breaker, company: Company) -> Option<CoolDown> {
        self.change(event.at, |tracker| match event.news {
            HealthNews::Succeeded => tracker.succeeded(event.at, breaker),
            HealthNews::Failed { kind, retry_after_ms } => {
                tracker.failed(kind, retry_after_ms, event.at, breaker, company);
            }
            HealthNews::FirstTokenLate => {
                tracker.failed(ErrorKind::GatewayTimeout, None, event.at, breaker, company);
            }
            HealthNews::Outrun => {}
        })
    }

    pub(super) fn cool(&self, until: UnixMs, cause: Option<ErrorKind>, half_open: bool, now: UnixMs) {
        let _its_beginning_was_told_elsewhere =
            self.change(now, |tracker| tracker.cool(until, cause, half_open, now));
    }

    /// How many others find out already, if a request that begins now does; it must say when it has
    /// [`probed`](Self::probed).
    pub(super) fn probe(&self) -> Option<u32> {
        self.half_open.load(Relaxed).then(|| self.probes.fetch_add(1, Relaxed))
    }

    pub(super) fn probed(&self) {
        self.probes.fetch_sub(1, Relaxed);
    }

    pub(super) fn last_failure(&self) -> Option<LastFailure> {
        self.tracker.lock().unwrap_or_else(PoisonError::into_inner).last_failure
    }

    /// Changes the state, and gives the cool-down that begins with it.
    fn change(&self, at: UnixMs, change: impl FnOnce(&mut Tracker)) -> Option<CoolDown> {
        let mut tracker = self.tracker.lock().unwrap_or_else(PoisonError::into_inner);
        if self.cooled_at.get().is_some_and(|cooled_at| cooled_at > at.plus(CLOCKS_DIFFER_MS)) {
            tracker.cooling_until = None;
        }
        let before = tracker.cooling_until;
        change(&mut tracker);
        if tracker.cooling_until != before {
            self.cooled_at.set(tracker.cooling_until.map(|_| at));
        }
        // Told while the lock is held, so that the last to change is the last to tell.
        self.half_open.store(tracker.half_open, Relaxed);
        self.cause.set(tracker.cause);
        self.cooling_until.set(tracker.cooling_until);
        self.failures_in_a_row.store(tracker.failures_in_a_row, Relaxed);
        self.success_rate.set(tracker.success_rate);
        let until = tracker.cooling_until.filter(|until| before.is_none_or(|before| before < *until))?;
        Some(CoolDown { until, cause: tracker.cause })
    }
}
