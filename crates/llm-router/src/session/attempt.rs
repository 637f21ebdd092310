//! Attempts: the first, those after it, and a second one beside it where it is slow.

use llm_types::UnixMs;
use smallvec::SmallVec;

use super::choice::Question;
use super::{Event, Happening, Session, Step};
use crate::{Attempt, Candidate, Decision, DeploymentId, Entropy, Inquiry, Seconds, Snapshot};

/// What an attempt is to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The first in its group.
    First,
    /// One after another in the same group.
    Retry,
    /// One beside another that is slow.
    Hedge,
}

/// What an attempt is in the eyes of the policy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leg {
    pub(super) role: Role,
    pub(super) order: (i64, i64),
    pub(super) credential: u64,
    pub(super) retries: Option<u32>,
    pub(super) stream: bool,
    pub(super) first_token_by: Option<UnixMs>,
}

impl Session {
    pub(super) fn send(
        &mut self,
        view: &Snapshot<'_>,
        inquiry: &Inquiry<'_>,
        decision: Decision,
        chosen: &Candidate<'_>,
        now: UnixMs,
    ) -> Step {
        let resilience = &view.policy.resilience;
        self.visit.waited = false;
        self.visit.resume_at = None;
        let hedging = resilience.hedging.filter(|_| !self.visit.hedged && view.candidates.len() > 1);
        self.visit.hedge_at =
            hedging.and_then(|hedging| hedging.after_ms(&view.pace, inquiry.stream)).map(|ms| now.plus(ms));
        let role = if self.sent() == 0 { Role::First } else { Role::Retry };
        let first_token_by = self.note(view, inquiry, decision, chosen, now, role);
        Step::Send { deployment: chosen.id.clone(), first_token_by, hedge_at: self.visit.hedge_at }
    }

    /// Takes note of an attempt that begins; gives the instant by which its first token must have come.
    fn note(
        &mut self,
        view: &Snapshot<'_>,
        inquiry: &Inquiry<'_>,
        decision: Decision,
        chosen: &Candidate<'_>,
        now: UnixMs,
        role: Role,
    ) -> Option<UnixMs> {
        // Only a stream shows its first token.
        let first_token_ms = inquiry.stream.then(|| {
            let own = chosen.settings.ttft_timeout.map(Seconds::as_ms);
            self.wishes.first_token_ms.or(own).or_else(|| view.policy.resilience.first_token_ms(&view.pace))
        });
        let first_token_by = first_token_ms.flatten().map(|ms| now.plus(ms));
        self.decisions.push(decision);
        self.attempts.push(Attempt { deployment: chosen.id.clone(), started: now, ended: None });
        self.legs.push(Leg {
            role,
            order: view.policy.selection.order(chosen),
            credential: chosen.facts.credential,
            retries: chosen.settings.num_retries,
            stream: inquiry.stream,
            first_token_by,
        });
        first_token_by
    }

    /// While something is under way: a second request if one is due, else patience.
    pub(super) fn meanwhile(
        &mut self,
        view: &Snapshot<'_>,
        inquiry: &Inquiry<'_>,
        now: UnixMs,
        rng: &mut dyn Entropy,
    ) -> Step {
        if self.visit.hedge_at.is_some_and(|at| at <= now) {
            self.visit.hedge_at = None;
            if let Some(step) = self.hedge(view, inquiry, now, rng) {
                return step;
            }
        }
        let open = self.attempts.iter().zip(&self.legs).filter(|(attempt, _)| attempt.ended.is_none());
        let until = open.filter_map(|(_, leg)| leg.first_token_by).chain(self.visit.hedge_at).min();
        Step::Wait { until: until.unwrap_or(UnixMs(i64::MAX)) }
    }

    fn hedge(
        &mut self,
        view: &Snapshot<'_>,
        inquiry: &Inquiry<'_>,
        now: UnixMs,
        rng: &mut dyn Entropy,
    ) -> Option<Step> {
        let most = view.policy.resilience.hedging?.max_extra * view.hedging.requests as f64;
        if (view.hedging.hedges + 1) as f64 > most {
            self.events.push(Event { at: now, what: Happening::HedgeBudgetSpent });
            return None;
        }
        let since = self.visit.since;
        let tried: SmallVec<[DeploymentId; 2]> =
            self.attempts[since..].iter().map(|attempt| attempt.deployment.clone()).collect();
        let untried = |candidate: &Candidate<'_>| !tried.contains(candidate.id);
        let question = Question { allowed: &untried, ask_again: false };
        let choice = self.choose(view, inquiry, now, rng, &question);
        let chosen = choice.candidate?;
        self.visit.hedged = true;
        self.hedges += 1;
        self.events.push(Event { at: now, what: Happening::Hedged { deployment: chosen.id.clone() } });
        self.note(view, inquiry, choice.decision, &chosen, now, Role::Hedge);
        Some(Step::Hedge(chosen.id.clone()))
    }
}
