//! When a deployment is left alone: what has happened, folded into a state. Pure.

use llm_types::{ErrorKind, UnixMs};

use super::LastFailure;
use crate::{Breaker, BreakerRule};

/// Who else is there, when a deployment has failed.
///
/// Leaving a deployment alone helps if somebody else serves meanwhile. Where nobody does, it only turns failures of a
/// few requests into failures of all: then it takes much more; and it is never done to one that has no company at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Company {
    /// Another deployment of the group is well, or the group has fallbacks.
    Others,
    /// The group has others, and none of them is well now.
    Last,
    /// The group has no other, and no fallbacks.
    Alone,
}

/// What has happened, as far as the breaker cares.
#[derive(Debug, Clone, Default)]
pub(super) struct Tracker {
    pub(super) cooling_until: Option<UnixMs>,
    pub(super) cause: Option<ErrorKind>,
    pub(super) half_open: bool,
    pub(super) failures_in_a_row: u32,
    pub(super) success_rate: Option<f64>,
    pub(super) last_failure: Option<LastFailure>,
    /// Failures in a row that were no refusals for want of room.
    faults_in_a_row: u32,
    window: Window,
    forgiven: [Forgiven; 7],
    outcomes: u32,
}

/// Failures that LiteLLM's rule has forgiven so far.
#[derive(Debug, Clone, Copy, Default)]
struct Forgiven {
    since: UnixMs,
    count: u32,
}

impl Tracker {
    pub(super) fn succeeded(&mut self, at: UnixMs, breaker: &Breaker) {
        self.failures_in_a_row = 0;
        self.faults_in_a_row = 0;
        self.outcome(true, at, breaker);
        // An answer to what was asked before the cool-down does not end it.
        if !self.is_cooling(at) {
            self.half_open = false;
            self.cooling_until = None;
        }
    }

    pub(super) fn failed(
        &mut self,
        kind: ErrorKind,
        retry_after_ms: Option<u64>,
        at: UnixMs,
        breaker: &Breaker,
        company: Company,
    ) {
        if !counts(kind, breaker) {
            return;
        }
        self.last_failure = Some(LastFailure { at, kind });
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        if kind != ErrorKind::RateLimit {
            self.faults_in_a_row = self.faults_in_a_row.saturating_add(1);
        }
        self.outcome(false, at, breaker);
        if self.is_cooling(at) {
            // Requests from before come back now; only what the vendor asks for adds to it.
            if let (ErrorKind::RateLimit, Some(_)) = (kind, retry_after_ms) {
                let until = at.plus(breaker.length_ms(kind, retry_after_ms));
                self.cooling_until = self.cooling_until.max(Some(until));
            }
            return;
        }
        match breaker.rule {
            None => {}
            Some(BreakerRule::Allowed { any, by_kind }) => {
                let named = by_kind.allowed(kind);
                let exempt = company == Company::Alone && named.is_none();
                let length_ms = breaker.length_ms(kind, retry_after_ms);
                let Some(allowed) = named.or(any).filter(|_| !exempt) else { return };
                let class = if named.is_some() { class(kind) } else { 0 };
                if self.exceeds(class, allowed, length_ms, at) {
                    self.open(kind, length_ms, true, at);
                }
            }
            Some(BreakerRule::Counted { in_a_row, rate, min_requests, .. }) => {
                let limited = kind == ErrorKind::RateLimit;
                if company == Company::Alone {
                    // It would only turn the failures of some requests into failures of all.
                    self.half_open = false;
                } else if company == Company::Last && !limited {
                    // Whoever asks finds out: with nobody else there, one probe at a time would keep all others out.
                    self.half_open = false;
                    if self.failures_in_a_row >= in_a_row.max(min_requests) {
                        self.open(kind, breaker.last_length_ms(kind, retry_after_ms), false, at);
                    }
                } else if limited {
                    self.open(kind, breaker.length_ms(kind, retry_after_ms), false, at);
                } else if self.half_open
                    || holds_for_all(kind)
                    || self.faults_in_a_row >= in_a_row
                    || self.window.exceeds(rate, min_requests)
                {
                    self.open(kind, breaker.length_ms(kind, retry_after_ms), true, at);
                }
            }
        }
    }

    /// Takes over a cool-down that another process has begun.
    pub(super) fn cool(&mut self, until: UnixMs, cause: Option<ErrorKind>, half_open: bool, now: UnixMs) {
        if until > now && self.cooling_until.is_none_or(|own| own < until) {
            self.cooling_until = Some(until);
            self.cause = cause.or(self.cause);
            self.half_open = half_open;
        }
    }

    fn is_cooling(&self, now: UnixMs) -> bool {
        self.cooling_until.is_some_and(|until| until > now)
    }

    fn open(&mut self, kind: ErrorKind, length_ms: u64, half_open: bool, at: UnixMs) {
        if length_ms > 0 {
            self.cooling_until = Some(at.plus(length_ms));
            self.cause = Some(kind);
            self.half_open = half_open;
        }
    }

    fn outcome(&mut self, success: bool, at: UnixMs, breaker: &Breaker) {
        let window_ms = match breaker.rule {
            Some(BreakerRule::Counted { window_ms, .. }) => window_ms,
            _ => 60_000,
        };
        self.window.add(success, at, window_ms);
        self.outcomes = self.outcomes.saturating_add(1);
        let weight = (1.0 / f64::from(self.outcomes)).max(0.05);
        let value = if success { 1.0 } else { 0.0 };
        let before = self.success_rate.unwrap_or(value);
        self.success_rate = Some(before + (value - before) * weight);
    }

    fn exceeds(&mut self, class: usize, allowed: u32, ttl_ms: u64, at: UnixMs) -> bool {
        let forgiven = &mut self.forgiven[class];
        if forgiven.count == 0 || at.since(forgiven.since) >= ttl_ms {
            *forgiven = Forgiven { since: at, count: 0 };
        }
        forgiven.count += 1;
        let exceeds = forgiven.count > allowed;
        if exceeds {
            forgiven.count = 0;
        }
        exceeds
    }
}

/// Whether a failure says something about the deployment, and not only about the request: 401, 402, 403, 404, 408, 429
/// and from 500 on, and what a policy names.
fn counts(kind: ErrorKind, breaker: &Breaker) -> bool {
    let named = match breaker.rule {
        Some(BreakerRule::Allowed { by_kind, .. }) => by_kind.allowed(kind).is_some(),
        _ => false,
    };
    named || matches!(kind.status(), 401..=404 | 408 | 429 | 500..)
}

/// What one failure proves for every further request: the key is refused, or there is no money left.
const fn holds_for_all(kind: ErrorKind) -> bool {
    use ErrorKind::{Authentication, PaymentRequired, QuotaExceeded};
    matches!(kind, Authentication | PaymentRequired | QuotaExceeded)
}

/// The place of a kind's own count among those of LiteLLM's policy; the first is for all that it does not name.
const fn class(kind: ErrorKind) -> usize {
    match kind {
        ErrorKind::ContentPolicy => 1,
        ErrorKind::Authentication => 2,
        ErrorKind::Timeout | ErrorKind::GatewayTimeout => 3,
        ErrorKind::RateLimit | ErrorKind::QuotaExceeded => 4,
        ErrorKind::Internal | ErrorKind::BadGateway | ErrorKind::Unavailable => 5,
        _ => 6,
    }
}

const SLICES: usize = 6;

/// Outcomes of the last while, in slices that pass one by one.
#[derive(Debug, Clone, Default)]
struct Window {
    /// The number of the running slice.
    slice: i64,
    counts: [(u32, u32); SLICES],
}

impl Window {
    fn add(&mut self, success: bool, at: UnixMs, window_ms: u64) {
        let slice_ms = (window_ms / SLICES as u64).max(1).cast_signed();
        let slice = at.0.div_euclid(slice_ms);
        let passed = slice.saturating_sub(self.slice).clamp(0, SLICES as i64);
        for step in 0..passed {
            self.counts[(slice - step).rem_euclid(SLICES as i64) as usize] = (0, 0);
        }
        self.slice = self.slice.max(slice);
        let (all, failed) = &mut self.counts[self.slice.rem_euclid(SLICES as i64) as usize];
        *all = all.saturating_add(1);
        *failed = failed.saturating_add(u32::from(!success));
    }

    fn exceeds(&self, rate: f64, min_requests: u32) -> bool {
        let (all, failed) = self
            .counts
            .iter()
            .fold((0_u64, 0_u64), |(all, failed), (a, f)| (all + u64::from(*a), failed + u64::from(*f)));
        all >= u64::from(min_requests) && failed as f64 > rate * all as f64
    }
}
