//! One choice among the deployments of the group, without those that are out of question for this journey.

use llm_types::{ErrorKind, UnixMs};
use smallvec::SmallVec;

use super::reasons::Reasons;
use super::{Event, Happening, Left, Session};
use crate::{Candidate, Decision, Entropy, Inquiry, Outcome, Refusal, Snapshot, Verdict, select};

pub(super) struct Choice<'a> {
    pub(super) decision: Decision,
    pub(super) candidate: Option<Candidate<'a>>,
}

/// Who may be chosen.
pub(super) struct Question<'q> {
    pub(super) allowed: &'q dyn Fn(&Candidate<'_>) -> bool,
    /// Whether those that have refused the request itself are asked again where nobody else is left.
    pub(super) ask_again: bool,
}

impl Question<'_> {
    pub(super) const fn anybody() -> Self {
        Self { allowed: &|_| true, ask_again: false }
    }
}

impl Session {
    /// Chooses one for which the question has room. What was unfit stays out.
    pub(super) fn choose<'a>(
        &self,
        view: &Snapshot<'a>,
        inquiry: &Inquiry<'_>,
        now: UnixMs,
        rng: &mut dyn Entropy,
        question: &Question<'_>,
    ) -> Choice<'a> {
        let past = &self.attempts[self.visit.since..];
        let seed = rng.next_u64();
        let fit =
            |c: &Candidate<'_>| (question.allowed)(c) && !self.was(c, |o| matches!(o, Outcome::Unfit { .. }));
        let suited = |c: &Candidate<'_>| fit(c) && !self.was(c, refused);
        if past.is_empty() && view.candidates.iter().all(fit) {
            let decision = select(view, inquiry, past, now, seed);
            let candidate = decision.chosen.and_then(|place| view.candidates.get(place)).copied();
            return Choice { decision, candidate };
        }
        let narrow = |keep: &dyn Fn(&Candidate<'_>) -> bool| {
            let places = (0..view.candidates.len()).filter(|place| keep(&view.candidates[*place]));
            let places: SmallVec<[usize; 8]> = places.collect();
            let candidates: SmallVec<[Candidate<'a>; 2]> =
                places.iter().map(|place| view.candidates[*place]).collect();
            let decision = select(&Snapshot { candidates: &candidates, ..*view }, inquiry, past, now, seed);
            let chosen = decision.chosen.map(|place| places[place]);
            (places, decision, chosen)
        };
        let (places, narrowed, chosen) = match narrow(&suited) {
            (_, _, None) if question.ask_again => narrow(&fit),
            found => found,
        };
        let verdict = |place: usize| {
            let at = places.iter().position(|kept| *kept == place);
            let verdict = at.and_then(|at| narrowed.verdicts.get(at)).copied();
            verdict.unwrap_or(Verdict::Refused(Refusal::Unsuited))
        };
        let verdicts = (0..view.candidates.len()).map(verdict).collect();
        let decision = Decision { verdicts, chosen, ..narrowed };
        Choice { decision, candidate: chosen.map(|place| view.candidates[place]) }
    }

    /// Whether an attempt at this candidate in this group came to such an end.
    fn was(&self, candidate: &Candidate<'_>, such: fn(&Outcome) -> bool) -> bool {
        let mut here = self.attempts[self.visit.since..].iter();
        here.any(|attempt| attempt.deployment == *candidate.id && attempt.outcome().is_some_and(such))
    }

    /// Nobody was left: why, and when somebody may be back.
    pub(super) fn nobody(&mut self, view: &Snapshot<'_>, decision: Decision, now: UnixMs) -> Left {
        let refusals = || decision.verdicts.iter().filter_map(Verdict::refusal);
        let back = |(refusal, candidate): (Refusal, &Candidate<'_>)| match refusal {
            Refusal::CoolingDown { until, .. } => Some(until),
            Refusal::Quota => candidate.vitals.quota.until,
            Refusal::Requests { .. } | Refusal::Tokens { .. } => {
                Some(UnixMs((now.0.div_euclid(60_000) + 1) * 60_000))
            }
            _ => None,
        };
        let all = decision.verdicts.iter().zip(view.candidates);
        let refused = all.filter_map(|(verdict, candidate)| Some((verdict.refusal()?, candidate)));
        let retry_at = refused.filter_map(back).filter(|at| *at > now).min();
        let unfit = self.attempts[self.visit.since..].iter().rev().filter_map(|a| a.outcome()?.failure());
        let refused = refusals().filter_map(kind_of).min_by_key(|kind| rank(*kind));
        let kind = unfit.clone().next().or(refused);
        let reasons = Reasons::of(refusals());
        self.events.push(Event { at: now, what: Happening::NobodyLeft { decision: Box::new(decision) } });
        Left { kind, late: false, retry_at, refused, reasons }
    }
}

/// Whether the deployment will not have this very request.
fn refused(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed { kind, .. } if !kind.retryable())
}

/// What a client hears when this is why nobody could be asked.
fn kind_of(refusal: Refusal) -> Option<ErrorKind> {
    Some(match refusal {
        Refusal::CoolingDown { .. }
        | Refusal::Probed
        | Refusal::Requests { .. }
        | Refusal::Tokens { .. }
        | Refusal::Quota => ErrorKind::RateLimit,
        Refusal::Budget => ErrorKind::QuotaExceeded,
        Refusal::ContextWindow { .. } => ErrorKind::ContextWindow,
        Refusal::Lacks(_) | Refusal::Parameter(_) => ErrorKind::Unsupported,
        Refusal::Region => ErrorKind::PermissionDenied,
        // LiteLLM tells a request whose labels fit nobody that it has no access.
        Refusal::Tags => ErrorKind::Authentication,
        Refusal::Unwell | Refusal::Bound(_) => ErrorKind::Unavailable,
        _ => return None,
    })
}

/// Whoever is only busy may serve later: that is told before what will not change.
fn rank(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::RateLimit => 0,
        ErrorKind::ContextWindow => 1,
        ErrorKind::Unsupported => 2,
        ErrorKind::QuotaExceeded => 3,
        ErrorKind::Unavailable => 4,
        _ => 5,
    }
}
