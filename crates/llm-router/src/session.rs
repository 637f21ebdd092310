//! One request's journey.

use std::sync::Arc;

use llm_types::{ErrorKind, UnixMs};
use serde::Serialize;
use serde_json::{Map, Value};
use smallvec::SmallVec;

use crate::{
    Attempt, Candidate, Decision, DeploymentId, Entropy, Exhausted, HealthEvent, HealthNews, Inquiry,
    Outcome, Scope, Snapshot,
};

mod attempt;
mod choice;
mod fallback;
mod reasons;
mod record;
mod wishes;

#[cfg(test)]
mod tests;

use attempt::{Leg, Role};
use choice::Question;
use fallback::Onward;
use reasons::Reasons;
pub use record::{Event, Happening, Record, WaitReason};
pub use wishes::Wishes;

/// What to do now.
#[derive(Debug, Clone, PartialEq, Serialize)]
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
    /// Send the request there as well; the first answer wins. Cancel the other then, and observe
    /// [`Outcome::Cancelled`] for it.
    Hedge(DeploymentId),
    /// Nothing to do before `until`, or before an outcome is known.
    Wait {
        /// When to ask again.
        until: UnixMs,
    },
    /// Go on in another model group: ask [`Session::next`] again with a snapshot of that, or tell
    /// [`Session::pass_over`].
    Turn {
        /// The group.
        group: Arc<str>,
        /// Members that replace the request's from here on.
        changes: Option<Arc<Map<String, Value>>>,
    },
    /// Nobody is left to ask.
    GiveUp(Exhausted),
}

/// One request's journey through the deployments of a group, and on to other groups: no IO, and the same answers to
/// the same arguments.
#[derive(Debug, Clone, Default)]
pub struct Session {
    wishes: Wishes,
    /// Where it stands; `None` before the first step.
    group: Option<Arc<str>>,
    attempts: SmallVec<[Attempt; 1]>,
    /// What goes with each of `attempts`.
    legs: SmallVec<[Leg; 1]>,
    decisions: SmallVec<[Decision; 1]>,
    events: Vec<Event>,
    visit: Visit,
    onward: Onward,
    hedges: u32,
    over: bool,
}

/// What holds as long as the request stays in one group.
#[derive(Debug, Clone, Default)]
struct Visit {
    /// Attempts made before it.
    since: usize,
    /// Not before this instant.
    resume_at: Option<UnixMs>,
    /// Whether it has waited since the last attempt.
    waited: bool,
    hedge_at: Option<UnixMs>,
    hedged: bool,
    /// Set when it is done with: nothing but other groups from here on.
    left: Option<Left>,
}

/// Why a group is done with.
#[derive(Debug, Clone, Copy, Default)]
struct Left {
    kind: Option<ErrorKind>,
    late: bool,
    retry_at: Option<UnixMs>,
    refused: Option<ErrorKind>,
    reasons: Reasons,
}

/// The failure that the next step has to deal with.
#[derive(Debug, Clone, Copy)]
struct Failure {
    leg: Leg,
    kind: ErrorKind,
    retry_after_ms: Option<u64>,
    late: bool,
    at: UnixMs,
}

impl Session {
    /// A journey that has not begun.
    pub fn new(wishes: Wishes) -> Self {
        Self { wishes, ..Self::default() }
    }

    /// How deployments were chosen so far, in order.
    pub fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    /// What was tried so far, in order; also what was [`Unfit`](Outcome::Unfit) and not sent.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// What happened beside attempts, in order: waits, changes of the group, second requests.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Everything that happened, for the record.
    pub fn record(&self) -> Record<'_> {
        Record { decisions: &self.decisions, attempts: &self.attempts, events: &self.events }
    }

    /// The group in which the request stands; `None` before the first step.
    pub fn group(&self) -> Option<&Arc<str>> {
        self.group.as_ref()
    }

    /// Attempts after another in the same group; second requests of hedging are none.
    pub fn retries(&self) -> u32 {
        let attempts = self.attempts.iter().zip(&self.legs);
        attempts.filter(|(attempt, leg)| attempt.was_sent() && leg.role == Role::Retry).count() as u32
    }

    /// Changes of the group.
    pub fn fallbacks(&self) -> u32 {
        self.onward.hops()
    }

    /// Second requests because the first was slow.
    pub fn hedges(&self) -> u32 {
        self.hedges
    }

    /// By when the attempt under way at this deployment must have its first token.
    pub fn first_token_by(&self, deployment: &DeploymentId) -> Option<UnixMs> {
        let legs = self.attempts.iter().zip(&self.legs).rev();
        legs.filter(|(a, _)| a.ended.is_none()).find(|(a, _)| a.deployment == *deployment)?.1.first_token_by
    }

    /// What to do at `now`, given what is known of the group.
    ///
    /// While an attempt is under way the answer is [`Step::Wait`], or [`Step::Hedge`] once that is due.
    pub fn next(
        &mut self,
        view: &Snapshot<'_>,
        inquiry: &Inquiry<'_>,
        now: UnixMs,
        rng: &mut dyn Entropy,
    ) -> Step {
        self.arrive(view);
        if self.is_under_way() {
            return self.meanwhile(view, inquiry, now, rng);
        }
        if self.over {
            return self.give_up(Left::default());
        }
        if let Some(left) = self.visit.left {
            return self.leave(view, left, now);
        }
        if let Some(until) = self.visit.resume_at.filter(|until| *until > now) {
            return Step::Wait { until };
        }
        match self.failure() {
            None => self.begin(view, inquiry, now, rng),
            Some(failure) => self.go_on(view, inquiry, failure, now, rng),
        }
    }

    /// Takes what became of a step, and says what it means for the health of the deployment.
    ///
    /// An outcome that belongs to no attempt under way is ignored.
    pub fn observe(&mut self, outcome: &Outcome, now: UnixMs) -> Option<HealthEvent> {
        let deployment = outcome.deployment();
        let under_way = |a: &Attempt| a.ended.is_none() && a.deployment == *deployment;
        let place = self.attempts.iter().rposition(under_way)?;
        let attempt = &mut self.attempts[place];
        attempt.ended = Some((now, outcome.clone()));
        let elapsed_ms = now.since(attempt.started);
        let stream = self.legs[place].stream;

        let (scope, news) = match outcome {
            Outcome::Succeeded { .. } => {
                self.over = true;
                (Scope::Deployment, HealthNews::Succeeded)
            }
            // Another has answered, or begun to.
            Outcome::Cancelled { .. } if self.over || self.is_under_way() => {
                (Scope::Deployment, HealthNews::Outrun)
            }
            Outcome::Failed { kind: ErrorKind::ClientClosed, .. } | Outcome::Cancelled { .. } => {
                self.over = true;
                return None;
            }
            Outcome::Failed { kind: ErrorKind::Timeout | ErrorKind::GatewayTimeout, .. }
                if self.wishes.own_timeout =>
            {
                return None;
            }
            Outcome::FirstTokenLate { .. } if self.wishes.first_token_ms.is_some() => return None,
            Outcome::Failed { kind, retry_after_ms, .. } => {
                (Scope::of(*kind), HealthNews::Failed { kind: *kind, retry_after_ms: *retry_after_ms })
            }
            Outcome::FirstTokenLate { .. } => (Scope::Deployment, HealthNews::FirstTokenLate),
            Outcome::Unfit { .. } => return None,
        };
        Some(HealthEvent { deployment: deployment.clone(), at: now, elapsed_ms, stream, scope, news })
    }

    /// Says that the group of the last [`Step::Turn`] cannot be had: nobody knows it, or the request may not go
    /// there. The next step goes on with what comes after it.
    pub fn pass_over(&mut self, now: UnixMs) {
        if let Some(group) = self.onward.pass_over() {
            self.events.push(Event { at: now, what: Happening::PassedOver { group } });
        }
    }

    /// Takes up the group of the snapshot, if the request has come there anew.
    fn arrive(&mut self, view: &Snapshot<'_>) {
        if self.group.is_some() && !self.onward.arrive() {
            return;
        }
        let named = &view.policy.group;
        let group = if **named == *view.group { named.clone() } else { view.group.into() };
        self.visit = Visit { since: self.attempts.len(), ..Visit::default() };
        self.group = Some(group);
    }

    fn is_under_way(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.ended.is_none())
    }

    /// Attempts in this group that were sent, without second requests.
    fn sent(&self) -> u32 {
        let attempts = self.attempts.iter().zip(&self.legs).skip(self.visit.since);
        attempts.filter(|(attempt, leg)| attempt.was_sent() && leg.role != Role::Hedge).count() as u32
    }

    /// The last failure in this group, of those that were sent.
    fn failure(&self) -> Option<Failure> {
        let here = self.attempts.iter().zip(&self.legs).skip(self.visit.since);
        here.filter_map(|(attempt, leg)| {
            let (at, outcome) = attempt.ended.as_ref()?;
            let (kind, retry_after_ms, late) = match outcome {
                Outcome::Failed { kind, retry_after_ms, .. } => (*kind, *retry_after_ms, false),
                Outcome::FirstTokenLate { .. } => (ErrorKind::GatewayTimeout, None, true),
                _ => return None,
            };
            Some(Failure { leg: *leg, kind, retry_after_ms, late, at: *at })
        })
        .max_by_key(|failure| failure.at)
    }

    /// The first attempt in a group.
    fn begin(
        &mut self,
        view: &Snapshot<'_>,
        inquiry: &Inquiry<'_>,
        now: UnixMs,
        rng: &mut dyn Entropy,
    ) -> Step {
        let choice = self.choose(view, inquiry, now, rng, &Question::anybody());
        match choice.candidate {
            Some(chosen) => self.send(view, inquiry, choice.decision, &chosen, now),
            None => {
                let left = self.nobody(view, choice.decision, now);
                self.leave(view, left, now)
            }
        }
    }

    /// After a failure: another deployment at once, the same after a while, the next order, another group, or no more.
    fn go_on(
        &mut self,
        view: &Snapshot<'_>,
        inquiry: &Inquiry<'_>,
        failure: Failure,
        now: UnixMs,
        rng: &mut dyn Entropy,
    ) -> Step {
        let resilience = &view.policy.resilience;
        let left = Left { kind: Some(failure.kind), late: failure.late, ..Left::default() };
        let allowance = resilience.retries.after(
            failure.kind,
            self.wishes.num_retries,
            self.wishes.retry_policy.as_ref(),
            failure.leg.retries,
        );
        let sent = self.sent();
        let elsewhere = needs_another_key(failure.kind);
        if sent <= allowance.retries && (failure.kind.retryable() || allowance.named || elsewhere) {
            let allowed = |candidate: &Candidate<'_>| {
                !(elsewhere && !allowance.named && candidate.facts.credential == failure.leg.credential)
            };
            let question = Question { allowed: &allowed, ask_again: allowance.named };
            let choice = self.choose(view, inquiry, now, rng, &question);
            let Some(chosen) = choice.candidate else {
                return self.nobody_well(view, inquiry, choice.decision, left, now, rng);
            };
            if self.visit.waited || !self.has_tried(chosen.id) || self.has_proved_itself(&chosen) {
                return self.send(view, inquiry, choice.decision, &chosen, now);
            }
            let limited = failure.kind == ErrorKind::RateLimit;
            if !(limited && self.has_onward(view, left)) {
                let wait = resilience.backoff.wait_ms(sent, failure.retry_after_ms, rng);
                if let Some(until) = wait.map(|ms| now.plus(ms)).filter(|until| self.in_time(*until)) {
                    let why = if failure.retry_after_ms.is_some_and(|ms| ms > 0) {
                        WaitReason::RetryAfter
                    } else {
                        WaitReason::Backoff
                    };
                    return self.wait(until, why, now);
                }
            }
            let retry_at = failure.retry_after_ms.map(|ms| failure.at.plus(ms)).filter(|at| *at > now);
            return self.next_order(view, inquiry, Left { retry_at, ..left }, now, rng);
        }
        self.next_order(view, inquiry, left, now, rng)
    }

    /// A retry is due and nobody is well: another group if there is one, else a while of patience.
    fn nobody_well(
        &mut self,
        view: &Snapshot<'_>,
        inquiry: &Inquiry<'_>,
        decision: Decision,
        left: Left,
        now: UnixMs,
        rng: &mut dyn Entropy,
    ) -> Step {
        let Left { retry_at, .. } = self.nobody(view, decision, now);
        let soon = retry_at.filter(|at| at.since(now) <= crate::Backoff::LONGEST_MS && self.in_time(*at));
        if let Some(until) = soon.filter(|_| !self.visit.waited && !self.has_onward(view, left)) {
            let wait = view.policy.resilience.backoff.wait_ms(1, Some(until.since(now)), rng);
            return self.wait(wait.map_or(until, |ms| now.plus(ms)), WaitReason::CoolingDown, now);
        }
        self.next_order(view, inquiry, Left { retry_at, ..left }, now, rng)
    }

    /// The deployments of the next `order`, if there are such; else the group is done with.
    fn next_order(
        &mut self,
        view: &Snapshot<'_>,
        inquiry: &Inquiry<'_>,
        left: Left,
        now: UnixMs,
        rng: &mut dyn Entropy,
    ) -> Step {
        let reached = self.legs.iter().skip(self.visit.since).map(|leg| leg.order).max();
        let selection = &view.policy.selection;
        let higher =
            |candidate: &Candidate<'_>| reached.is_none_or(|reached| selection.order(candidate) > reached);
        if view.candidates.iter().any(|candidate| higher(candidate) && !self.has_tried(candidate.id)) {
            let question = Question { allowed: &higher, ask_again: false };
            let choice = self.choose(view, inquiry, now, rng, &question);
            if let Some(chosen) = choice.candidate {
                return self.send(view, inquiry, choice.decision, &chosen, now);
            }
        }
        self.leave(view, left, now)
    }

    fn wait(&mut self, until: UnixMs, why: WaitReason, now: UnixMs) -> Step {
        self.visit.resume_at = Some(until);
        self.visit.waited = true;
        self.events.push(Event { at: now, what: Happening::Waiting { until, why } });
        Step::Wait { until }
    }

    /// Whether the request is still of use then.
    fn in_time(&self, then: UnixMs) -> bool {
        self.wishes.deadline.is_none_or(|deadline| then < deadline)
    }

    /// Whether this deployment was chosen in this group before.
    fn has_tried(&self, id: &DeploymentId) -> bool {
        self.attempts[self.visit.since..].iter().any(|attempt| attempt.deployment == *id)
    }

    /// Whether it is another than the last one asked, and mostly answers: to wait for it would help nobody.
    fn has_proved_itself(&self, candidate: &Candidate<'_>) -> bool {
        let last = self.attempts.last().map(|attempt| &attempt.deployment);
        last != Some(candidate.id) && candidate.vitals.health.success_rate.is_some_and(|rate| rate > 0.5)
    }

    fn give_up(&self, left: Left) -> Step {
        let Left { retry_at, refused, reasons, .. } = left;
        let attempts = self.attempts.to_vec();
        Step::GiveUp(Exhausted { attempts, retry_at, refused, reasons: reasons.words() })
    }
}

/// Failures that another key may not have.
const fn needs_another_key(kind: ErrorKind) -> bool {
    use ErrorKind::{Authentication, PaymentRequired, PermissionDenied, QuotaExceeded};
    matches!(kind, Authentication | PaymentRequired | PermissionDenied | QuotaExceeded)
}
