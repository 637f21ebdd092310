//! One deployment, made ready.

use std::sync::Arc;

use llm_providers::Client;
use llm_providers::core::Prefill;
use llm_types::{ApiError, ErrorKind, Layer, UnixMs};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    Answered, BudgetLive, Candidate, DeploymentId, DeploymentSettings, Facts, Gate, InFlight, KeyLive, Live,
    Pass, Session,
};

/// One deployment, made ready.
pub(super) struct Deployment {
    pub(super) id: DeploymentId,
    pub(super) settings: DeploymentSettings,
    pub(super) facts: Facts,
    pub(super) live: Arc<Live>,
    /// How its key is doing, which others may use as well.
    pub(super) key: Arc<KeyLive>,
    pub(super) gate: Option<Arc<Gate>>,
    pub(super) budgets: Vec<Arc<BudgetLive>>,
    /// `account/model`: what the client asks for.
    pub(super) address: String,
    /// With the time limits of whole answers.
    pub(super) whole: Client,
    /// With those of streams.
    pub(super) streamed: Client,
    /// How its vendor takes the beginning of an answer.
    pub(super) prefill: Option<Prefill>,
    /// Members of requests that do not set them.
    pub(super) defaults: Map<String, Value>,
}

/// Room at a deployment for one request, until it is dropped.
pub(super) struct Place {
    _in_flight: InFlight,
    _pass: Option<Pass>,
}

impl Deployment {
    /// What the router sees.
    pub(super) fn candidate(&self, now: UnixMs) -> Candidate<'_> {
        let budgets = self.budgets.iter().map(|budget| &**budget);
        let vitals = self.live.vitals(now).with_key(&self.key.health(now)).with_budgets(budgets, now);
        Candidate { id: &self.id, settings: &self.settings, facts: &self.facts, vitals }
    }

    /// Room for one request; waits for it where the deployment has a bound on requests at a time.
    pub(super) async fn place(&self, priority: u8, now: UnixMs) -> Result<Place, ApiError> {
        let limited = |message: String| ApiError::new(ErrorKind::RateLimit, Layer::Router, message);
        let pass = match &self.gate {
            None => None,
            Some(gate) => {
                let _queued = self.live.queue();
                let entered = gate.enter(priority, now).await;
                Some(entered.map_err(|crowded| limited(format!("{} has no room: {crowded}", self.id)))?)
            }
        };
        let in_flight = self.live.begin(now);
        if in_flight.is_second_probe() {
            return Err(limited(format!("{} is asked by one request at a time for now", self.id)));
        }
        Ok(Place { _in_flight: in_flight, _pass: pass })
    }

    /// The request as this deployment gets it: its own model, its defaults, and what a fallback replaces.
    pub(super) fn fitted<T>(&self, request: &T, changes: Option<&Map<String, Value>>) -> Result<T, ApiError>
    where
        T: Serialize + serde::de::DeserializeOwned,
    {
        let wrong = |error: &dyn std::fmt::Display| {
            ApiError::new(ErrorKind::InvalidRequest, Layer::Router, format!("{}: {error}", self.id))
        };
        let mut body = serde_json::to_value(request).map_err(|error| wrong(&error))?;
        if let Value::Object(members) = &mut body {
            for (name, value) in &self.defaults {
                members.entry(name).or_insert_with(|| value.clone());
            }
            for (name, value) in changes.into_iter().flatten().filter(|(name, _)| *name != "model") {
                members.insert(name.clone(), value.clone());
            }
            members.insert("model".to_owned(), Value::String(self.address.clone()));
        }
        T::deserialize(body).map_err(|error| wrong(&error))
    }

    /// Learns from a whole answer: its usage in tokens, and what that cost.
    pub(super) fn learn(&self, answered: &Answered) {
        self.live.answered(answered);
        if let Some(price) = self.facts.price {
            let input = answered.total_tokens.saturating_sub(answered.output_tokens);
            let femtos =
                price.input as f64 * input as f64 + price.output as f64 * answered.output_tokens as f64;
            for budget in &self.budgets {
                budget.spent(femtos / FEMTOS, answered.at);
            }
        }
    }
}

/// Of these is a dollar made.
pub(super) const FEMTOS: f64 = 1e15;

/// When the attempt under way at this deployment began.
pub(super) fn began(session: &Session, deployment: &DeploymentId) -> Option<UnixMs> {
    let mut attempts = session.attempts().iter().rev();
    attempts.find(|attempt| attempt.deployment == *deployment).map(|attempt| attempt.started)
}
