//! A deterministic simulator: requests by the hundred thousand against deployments that follow a script, in virtual time.
//!
//! It drives the same [`Session`](crate::Session), [`Live`](crate::Live) and [`select`](crate::select) that serve real
//! requests. The same scenario and seed give the same [`Outcomes`].

use std::sync::Arc;

use crate::settings::RouterSettings;
use crate::{DeploymentSettings, Facts, PlanFault, Price};

mod outcomes;
mod run;
mod upstream;

#[cfg(test)]
mod tests;

pub use outcomes::{Outcomes, Tally};
pub use upstream::Latency;

/// What is played.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The configuration.
    pub settings: RouterSettings,
    /// The deployments of the one group there is.
    pub deployments: Vec<Scripted>,
    /// Milliseconds from one request to the next.
    pub every_ms: u64,
    /// Minutes of requests.
    pub minutes: u64,
    /// Tokens of a prompt: from, to.
    pub input_tokens: (u64, u64),
    /// Tokens of an answer: from, to.
    pub output_tokens: (u64, u64),
    /// What chance has to go by.
    pub seed: u64,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            settings: RouterSettings::default(),
            deployments: Vec::new(),
            every_ms: 50,
            minutes: 60,
            input_tokens: (200, 2_000),
            output_tokens: (50, 500),
            seed: 1,
        }
    }
}

/// A deployment that follows a script.
#[derive(Debug, Clone)]
pub struct Scripted {
    /// What the configuration says of it.
    pub settings: DeploymentSettings,
    /// Until the first token.
    pub first_token: Latency,
    /// Milliseconds for each token of the answer.
    pub per_token_ms: f64,
    /// Share of requests that fail, each for itself, `0.0..=1.0`.
    pub errors: f64,
    /// Minutes at which it begins to be away and is back.
    pub away: Vec<(u64, u64)>,
    /// Requests that the vendor takes in each minute; beyond, it asks to come back in the next.
    pub quota: Option<u64>,
    /// What it costs.
    pub price: Option<Price>,
}

impl Default for Scripted {
    fn default() -> Self {
        Self {
            settings: DeploymentSettings::default(),
            first_token: Latency::Between(200, 400),
            per_token_ms: 10.0,
            errors: 0.0,
            away: Vec::new(),
            quota: None,
            price: Some(Price {
                input: 1_000_000_000,
                cached: 1_000_000_000,
                output: 4_000_000_000,
                request: 0,
            }),
        }
    }
}

impl Scripted {
    fn facts(&self, place: usize) -> Facts {
        Facts {
            group: Arc::from("simulated"),
            credential: place as u64,
            price: self.price,
            ..Facts::default()
        }
    }
}

impl Scenario {
    /// Plays it to its end.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn play(&self) -> Result<Outcomes, Vec<PlanFault>> {
        run::play(self)
    }
}
