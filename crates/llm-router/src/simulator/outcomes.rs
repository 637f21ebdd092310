//! What came of a scenario.

use std::fmt;

use serde::Serialize;

/// What came of a scenario.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Outcomes {
    /// Requests.
    pub requests: u64,
    /// Requests that were answered.
    pub answered: u64,
    /// Attempts in all: the first ones, the further ones, and second requests.
    pub attempts: u64,
    /// Second requests because the first was slow.
    pub hedges: u64,
    /// Milliseconds until a client had its first token, in order.
    pub(super) first_tokens: Vec<u64>,
    /// Spent in all, in 10⁻¹⁵ USD.
    pub femto_usd: i128,
    /// Of that, on requests whose answer was not used.
    pub wasted_femto_usd: i128,
    /// Each deployment's part, in their order.
    pub deployments: Vec<Tally>,
}

/// One deployment's part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// Attempts there.
    pub attempts: u64,
    /// Requests that it answered.
    pub answered: u64,
}

impl Outcomes {
    /// Share of requests that were answered, `0.0..=1.0`.
    pub fn success(&self) -> f64 {
        self.answered as f64 / self.requests.max(1) as f64
    }

    /// The time until the first token that so many of a hundred stay under, in milliseconds. Zero without answers.
    pub fn first_token_ms(&self, percent: f64) -> u64 {
        let last = self.first_tokens.len().saturating_sub(1);
        let place = (self.first_tokens.len() as f64 * percent / 100.0).ceil() as usize;
        self.first_tokens.get(place.saturating_sub(1).min(last)).copied().unwrap_or_default()
    }

    /// Share of attempts that a deployment had, `0.0..=1.0`.
    pub fn share(&self, deployment: usize) -> f64 {
        let attempts = self.deployments.get(deployment).map_or(0, |tally| tally.attempts);
        attempts as f64 / self.attempts.max(1) as f64
    }

    /// Spent, in USD.
    pub fn usd(&self) -> f64 {
        self.femto_usd as f64 * 1e-15
    }

    /// What was wasted, as a share of what was of use.
    pub fn extra_cost(&self) -> f64 {
        self.wasted_femto_usd as f64 / (self.femto_usd - self.wasted_femto_usd).max(1) as f64
    }
}

/// One line of a table: success, times until the first token, cost, shares.
impl fmt::Display for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>9.4} %", self.success() * 100.0)?;
        for percent in [50.0, 95.0, 99.0] {
            write!(f, " {:>6}", self.first_token_ms(percent))?;
        }
        write!(f, " {:>9.2} {:>6.2} %  ", self.usd(), self.extra_cost() * 100.0)?;
        for deployment in 0..self.deployments.len() {
            write!(f, " {:>5.1}", self.share(deployment) * 100.0)?;
        }
        Ok(())
    }
}
