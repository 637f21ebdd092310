//! What processes tell each other about a deployment.

use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

use llm_types::{ErrorKind, UnixMs};
use serde::{Deserialize, Serialize};

use super::Live;

/// What one process adds to what all know of a deployment, or what all of them together have added.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SharedState {
    /// The minute that `requests` and `tokens` belong to: minutes since 1970.
    pub minute: i64,
    /// Requests in it.
    pub requests: u64,
    /// Tokens in it.
    pub tokens: u64,
    /// Requests under way.
    pub in_flight: u32,
    /// The end of a cool-down.
    pub cooling_until: Option<UnixMs>,
    /// What for.
    pub cause: Option<ErrorKind>,
    /// Whether one request at a time finds out afterwards.
    pub half_open: bool,
    /// Times until first tokens.
    pub first_token: Sum,
    /// Times until whole answers.
    pub answer: Sum,
}

/// Times that were added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Sum {
    /// How many.
    pub count: u64,
    /// Milliseconds.
    pub total_ms: u64,
}

impl Sum {
    pub(super) fn add(&mut self, ms: u64) {
        self.count += 1;
        self.total_ms = self.total_ms.saturating_add(ms);
    }

    /// Their average in milliseconds.
    pub fn average(self) -> Option<f64> {
        (self.count > 0).then(|| self.total_ms as f64 / self.count as f64)
    }
}

/// What of this process' own counts the others know.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Told {
    minute: i64,
    requests: u64,
    tokens: u64,
}

impl Told {
    fn of(self, minute: i64) -> Self {
        if self.minute == minute { self } else { Self { minute, ..Self::default() } }
    }
}

const fn minute(now: UnixMs) -> i64 {
    now.0.div_euclid(60_000)
}

impl Live {
    /// What this process has to add since the last [`exported`](Self::exported). Latencies are handed out once.
    pub fn export(&self, now: UnixMs) -> SharedState {
        let minute = minute(now);
        let told = self.elsewhere.told.lock().unwrap_or_else(PoisonError::into_inner).of(minute);
        let (first_token, answer) = self.timing.take_untold();
        let health = self.pulse.health(now);
        let cooling_until = health.cooling_until.filter(|until| *until > now);
        SharedState {
            minute,
            requests: self.requests.get(now).saturating_sub(told.requests),
            tokens: self.tokens.get(now).saturating_sub(told.tokens),
            in_flight: self.in_flight.load(Relaxed),
            cooling_until,
            cause: health.cause.filter(|_| cooling_until.is_some()),
            half_open: health.half_open && cooling_until.is_some(),
            first_token,
            answer,
        }
    }

    /// Says that what [`export`](Self::export) gave has reached the others.
    pub fn exported(&self, state: &SharedState) {
        let mut told = self.elsewhere.told.lock().unwrap_or_else(PoisonError::into_inner);
        *told = told.of(state.minute);
        told.requests += state.requests;
        told.tokens += state.tokens;
    }

    /// Takes what all processes together know; `in_flight` and the times are those of the others alone.
    pub fn import(&self, all: &SharedState, now: UnixMs) {
        let minute = minute(now);
        if all.minute == minute {
            let told = self.elsewhere.told.lock().unwrap_or_else(PoisonError::into_inner).of(minute);
            self.elsewhere.requests.set(all.requests.saturating_sub(told.requests), now);
            self.elsewhere.tokens.set(all.tokens.saturating_sub(told.tokens), now);
        }
        self.elsewhere.in_flight.store(all.in_flight, Relaxed);
        if let Some(until) = all.cooling_until {
            self.pulse.cool(until, all.cause, all.half_open, now);
        }
        self.timing.heard(all.first_token, all.answer, now);
    }
}
