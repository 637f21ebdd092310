//! One request's journey.

use llm_types::UnixMs;
use serde::Serialize;

use crate::{
    Attempt, Decision, DeploymentId, Entropy, Exhausted, HealthEvent, HealthNews, Inquiry, Outcome, Snapshot,
    select,
};

#[cfg(test)]
mod tests;

/// What to do now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Step {
    /// Send the request there, and tell the session the [`Outcome`].
    Send {
        /// Whom to ask.
        deployment: DeploymentId,
        /// If no token has come by then, give this attempt up and observe [`Outcome::FirstTokenLate`].
        first_token_by: Option<UnixMs>,
        /// If no token has come by then, ask [`Session::next`] again while this attempt goes on.
        hedge_at: Option<UnixMs>,
    },
    /// Send the request there as well; the first answer wins.
    Hedge(DeploymentId),
    /// Nothing to do before `until`, or before an outcome is known.
    Wait {
        /// When to ask again.
        until: UnixMs,
    },
    /// Nobody is left to ask.
    GiveUp(Exhausted),
}

/// One request's journey through the deployments of a group: no IO, and the same answers to the same
/// arguments.
#[derive(Debug, Clone, Default)]
pub struct Session {
    attempts: Vec<Attempt>,
    first_token_by: Option<UnixMs>,
    over: bool,
    decisions: Vec<Decision>,
}

impl Session {
    /// A journey that has not begun.
    pub fn new() -> Self {
        Self::default()
    }

    /// How deployments were chosen so far, in order.
    pub fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    /// What was tried so far, in order.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// What to do at `now`, given what is known of the group.
    ///
    /// While an attempt is under way the answer is [`Step::Wait`].
    pub fn next(
        &mut self,
        view: &Snapshot<'_>,
        inquiry: &Inquiry<'_>,
        now: UnixMs,
        rng: &mut dyn Entropy,
    ) -> Step {
        if self.attempts.last().is_some_and(|attempt| attempt.ended.is_none()) {
            return Step::Wait { until: self.first_token_by.unwrap_or(UnixMs(i64::MAX)) };
        }
        let resilience = &view.policy.resilience;
        if self.over || self.attempts.len() >= resilience.max_attempts as usize {
            return self.give_up(None);
        }
        let decision = select(view, inquiry, &self.attempts, now, rng.next_u64());
        let chosen = decision.chosen.and_then(|place| view.candidates.get(place));
        self.decisions.push(decision);
        let Some(chosen) = chosen else {
            let retry_at =
                view.candidates.iter().filter_map(|c| c.vitals.health.cooling_until).filter(|at| *at > now);
            return self.give_up(retry_at.min());
        };
        let deployment = chosen.id.clone();
        self.first_token_by = resilience.first_token_ms.map(|ms| now.plus(ms));
        self.attempts.push(Attempt { deployment: deployment.clone(), started: now, ended: None });
        Step::Send { deployment, first_token_by: self.first_token_by, hedge_at: None }
    }

    /// Takes what became of a step, and says what it means for the health of deployments.
    ///
    /// An outcome that belongs to no attempt under way is ignored.
    pub fn observe(&mut self, outcome: &Outcome, now: UnixMs) -> Vec<HealthEvent> {
        let deployment = outcome.deployment();
        let under_way = |a: &&mut Attempt| a.ended.is_none() && a.deployment == *deployment;
        let Some(attempt) = self.attempts.iter_mut().find(under_way) else {
            return Vec::new();
        };
        attempt.ended = Some((now, outcome.clone()));
        self.over = !outcome.failure().is_some_and(llm_types::ErrorKind::retryable);

        let news = match outcome {
            Outcome::Succeeded { .. } => HealthNews::Succeeded,
            Outcome::Failed { kind, retry_after_ms, .. } => {
                HealthNews::Failed { kind: *kind, retry_after_ms: *retry_after_ms }
            }
            Outcome::FirstTokenLate { .. } => HealthNews::FirstTokenLate,
            Outcome::Cancelled { .. } => return Vec::new(),
        };
        vec![HealthEvent { deployment: deployment.clone(), at: now, news }]
    }

    fn give_up(&self, retry_at: Option<UnixMs>) -> Step {
        Step::GiveUp(Exhausted { attempts: self.attempts.clone(), retry_at })
    }
}
