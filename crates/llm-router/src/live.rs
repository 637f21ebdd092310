//! What changes about deployments, keys and groups from request to request: kept in memory, shared by threads.
//!
//! A decision reads atomics and takes no lock. What became of a request is folded in under a short one.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use llm_types::{ErrorKind, UnixMs};
use serde::Serialize;

use crate::{Allowance, Breaker, HealthEvent, Load, Minute, Scope, Vitals};

mod budget;
mod cell;
mod counter;
mod group;
mod key;
mod pins;
mod pulse;
mod purse;
mod quota;
mod share;
mod shared;
mod timing;
mod tracker;

#[cfg(test)]
mod tests;

pub use budget::BudgetLive;
use cell::InstantCell;
use counter::Counter;
pub use group::GroupLive;
pub use key::KeyLive;
pub use pins::{Pinned, Pins};
pub use pulse::CoolDown;
use pulse::Pulse;
use quota::QuotaCell;
use share::Shares;
pub use share::{Admission, Denied, Limits, Rate, Share};
pub use shared::{SharedState, Sum};
use timing::Timing;
pub use tracker::Company;

/// One deployment's running state.
#[derive(Debug, Default)]
pub struct Live {
    pulse: Pulse,
    timing: Timing,
    in_flight: AtomicU32,
    queued: AtomicU32,
    requests: Counter,
    tokens: Counter,
    elsewhere: Elsewhere,
    shares: Shares,
    quota: QuotaCell,
    checked: AtomicU8,
    /// Until when `checked` counts.
    checked_until: InstantCell,
    check: Mutex<Option<Check>>,
}

/// What other processes have told of the same deployment.
#[derive(Debug, Default)]
struct Elsewhere {
    requests: Counter,
    tokens: Counter,
    in_flight: AtomicU32,
    /// What of this process' own they know already.
    told: Mutex<shared::Told>,
}

/// One whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Answered {
    /// Whether it was streamed.
    pub stream: bool,
    /// Milliseconds until the first token of a stream.
    pub first_token_ms: Option<u64>,
    /// Milliseconds until its end.
    pub answer_ms: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
    /// Tokens of prompt and answer.
    pub total_tokens: u64,
    /// When it ended.
    pub at: UnixMs,
}

/// What a background check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Check {
    /// When.
    pub at: UnixMs,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
    /// What was wrong; `None` if it is well.
    pub failure: Option<ErrorKind>,
}

/// The last failure that was news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LastFailure {
    /// When.
    pub at: UnixMs,
    /// Why.
    pub kind: ErrorKind,
}

/// How a deployment is doing, for people.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Report {
    /// What a decision sees.
    pub vitals: Vitals,
    /// The last failure that was news.
    pub last_failure: Option<LastFailure>,
    /// The last background check.
    pub last_check: Option<Check>,
}

const NOT_CHECKED: u8 = 0;
const WELL: u8 = 1;
const UNWELL: u8 = 2;

impl Live {
    /// A deployment of which nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a decision at `now` sees. Takes no lock.
    ///
    /// What is the key's or a budget's is not in it: see [`Vitals::with_key`] and [`Vitals::with_budgets`].
    pub fn vitals(&self, now: UnixMs) -> Vitals {
        let mut health = self.pulse.health(now);
        health.checked_well = match self.checked.load(Relaxed) {
            NOT_CHECKED => None,
            checked => Some(checked == WELL).filter(|_| self.checked_until.get() > Some(now)),
        };
        let elsewhere = &self.elsewhere;
        Vitals {
            health,
            load: Load {
                in_flight: self.in_flight.load(Relaxed).saturating_add(elsewhere.in_flight.load(Relaxed)),
                queued: self.queued.load(Relaxed),
            },
            pace: self.timing.pace(now),
            minute: Minute {
                requests: self.requests.get(now) + elsewhere.requests.get(now),
                tokens: self.tokens.get(now) + elsewhere.tokens.get(now),
            },
            quota: self.quota.get(now),
            room: self.shares.room(now),
            budget_used: None,
        }
    }

    /// One more request is in flight until the guard is dropped. It counts for this minute, and finds out whether
    /// the deployment is well again if that is the question.
    pub fn begin(self: &Arc<Self>, now: UnixMs) -> InFlight {
        self.in_flight.fetch_add(1, Relaxed);
        self.requests.add(1, now);
        InFlight { probe: self.pulse.probe(), live: self.clone() }
    }

    /// One more request waits for a place until the guard is dropped.
    pub fn queue(self: &Arc<Self>) -> Queued {
        self.queued.fetch_add(1, Relaxed);
        Queued { live: self.clone() }
    }

    /// Folds news about the deployment in; those about its key belong to [`KeyLive::fold`].
    ///
    /// `breaker` is the one [at](Breaker::at) this deployment's settings. Gives the cool-down that begins with it.
    pub fn fold(&self, event: &HealthEvent, breaker: &Breaker, company: Company) -> Option<CoolDown> {
        self.timing.fold(event);
        if event.scope == Scope::Deployment { self.pulse.fold(event, breaker, company) } else { None }
    }

    /// Learns from a whole answer.
    pub fn answered(&self, answered: &Answered) {
        self.tokens.add(answered.total_tokens, answered.at);
        self.timing.answered(answered);
    }

    /// Takes what the vendor said at `now` is left of its limits. A limit that it does not mention stays as it was,
    /// as long as that holds. What is used of a limit comes back bit by bit until all of it is there.
    pub fn quota(&self, requests: Option<Allowance>, tokens: Option<Allowance>, now: UnixMs) {
        self.quota.set(requests, tokens, now);
    }

    /// Takes what a background check found. Decisions go by it before `until`; with `None` it is there to be shown only.
    pub fn checked(&self, check: Check, until: Option<UnixMs>) {
        let found = if check.failure.is_none() { WELL } else { UNWELL };
        self.checked_until.set(until);
        self.checked.store(if until.is_some() { found } else { NOT_CHECKED }, Relaxed);
        *self.check.lock().unwrap_or_else(PoisonError::into_inner) = Some(check);
    }

    /// Forgets what background checks have found, as when there are none any more.
    pub fn unchecked(&self) {
        self.checked.store(NOT_CHECKED, Relaxed);
        *self.check.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// How it is doing, for people.
    pub fn report(&self, now: UnixMs) -> Report {
        Report {
            vitals: self.vitals(now),
            last_failure: self.pulse.last_failure(),
            last_check: *self.check.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }
}

/// A request in flight at a deployment.
#[derive(Debug)]
#[must_use = "dropped, it is no longer in flight"]
pub struct InFlight {
    live: Arc<Live>,
    /// How many found out before it whether the deployment is well again, if it does.
    probe: Option<u32>,
}

impl InFlight {
    /// Whether another request finds out already whether the deployment is well again: both were chosen at the same
    /// instant, and this one should go elsewhere.
    pub fn is_second_probe(&self) -> bool {
        self.probe.is_some_and(|others| others > 0)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.live.in_flight.fetch_sub(1, Relaxed);
        if self.probe.is_some() {
            self.live.pulse.probed();
        }
    }
}

/// A request that waits for a place at a deployment.
#[derive(Debug)]
#[must_use = "dropped, it no longer waits"]
pub struct Queued {
    live: Arc<Live>,
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.live.queued.fetch_sub(1, Relaxed);
    }
}
