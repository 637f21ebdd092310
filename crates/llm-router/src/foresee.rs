//! What would become of a request: every choice, and in which order deployments would be asked. Nobody is asked.

use std::sync::Arc;

use llm_types::{ErrorKind, UnixMs};
use serde::Serialize;

use crate::{
    Decision, DeploymentId, Entropy, Event, Exhausted, Explained, Happening, Inquiry, Outcome, Reason,
    Session, Snapshot, Step, Wishes,
};

#[cfg(test)]
mod tests;

/// Steps of a journey that are looked at, at most.
const STEPS: usize = 256;

/// Shows groups as they are, without counting it as a decision.
pub trait Sight {
    /// Why a group cannot be seen.
    type Error;

    /// Shows a group as it is now; `None` stands for the group that is asked for.
    ///
    /// # Errors
    /// There is no such group.
    fn glance<T>(
        &self,
        group: Option<&Arc<str>>,
        now: UnixMs,
        see: impl FnOnce(&Snapshot<'_>) -> T,
    ) -> Result<T, Self::Error>;
}

/// The way that a request would go if every deployment that is asked failed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Foresight {
    /// Every choice, in order, with all candidates.
    pub decisions: Vec<Explained>,
    /// Who would be asked, in order. The first is the one that a request is sent to.
    pub order: Vec<Foreseen>,
    /// What would happen beside: waits, changes of the group.
    pub events: Vec<Event>,
    /// Why it would end.
    pub end: Option<ErrorKind>,
}

/// One deployment that would be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Foreseen {
    /// Who.
    pub deployment: DeploymentId,
    /// In which group.
    pub group: Arc<str>,
    /// Why.
    pub reason: Reason,
    /// The vendor.
    pub provider: Arc<str>,
    /// The model's name at the vendor.
    pub model: Arc<str>,
    /// Milliseconds from now, if those before it fail at once.
    pub after_ms: u64,
    /// Milliseconds that it has for its first token.
    pub first_token_ms: Option<u64>,
    /// Milliseconds without a first token after which another is asked as well.
    pub hedge_ms: Option<u64>,
}

/// Looks ahead: each deployment that is asked fails at once with [`ErrorKind::Internal`], and waits are skipped.
///
/// With the same groups, inquiry, time and chance a request goes the same way.
///
/// # Errors
/// The group that is asked for cannot be seen.
pub fn foresee<S: Sight>(
    sight: &S,
    wishes: Wishes,
    inquiry: &Inquiry<'_>,
    now: UnixMs,
    rng: &mut dyn Entropy,
) -> Result<Foresight, S::Error> {
    let start = now;
    let mut now = now;
    let mut session = Session::new(wishes);
    let mut group: Option<Arc<str>> = None;
    let mut seen = Foresight { decisions: Vec::new(), order: Vec::new(), events: Vec::new(), end: None };
    for _ in 0..STEPS {
        let (step, sent) = sight.glance(group.as_ref(), now, |view| {
            let before = (session.decisions().len(), session.events().len());
            let step = session.next(view, inquiry, now, rng);
            let unanswered = session.events()[before.1..].iter().filter_map(found_nobody);
            let made = session.decisions()[before.0..].iter().chain(unanswered);
            seen.decisions.extend(made.map(|decision| Explained::new(decision, view, inquiry)));
            let sent = sent(&step, view, &session, group.is_some(), start, now);
            (step, sent)
        })?;
        seen.order.extend(sent);
        match step {
            Step::Send { deployment, .. } => {
                let kind = ErrorKind::Internal;
                session.observe(&Outcome::Failed { deployment, kind, retry_after_ms: None }, now);
            }
            Step::Wait { until } => now = now.max(until),
            Step::Turn { group: next, .. } => match sight.glance(Some(&next), now, |_| ()) {
                Ok(()) => group = Some(next),
                Err(_) => session.pass_over(now),
            },
            Step::Hedge(_) => {}
            Step::GiveUp(exhausted) => {
                seen.end = Some(Exhausted::kind(&exhausted));
                break;
            }
        }
    }
    seen.events = session.events().to_vec();
    Ok(seen)
}

/// The decision that found nobody, if that is what happened.
fn found_nobody(event: &Event) -> Option<&Decision> {
    match &event.what {
        Happening::NobodyLeft { decision } => Some(decision),
        _ => None,
    }
}

/// The deployment that a step asks, as it is shown.
fn sent(
    step: &Step,
    view: &Snapshot<'_>,
    session: &Session,
    turned: bool,
    start: UnixMs,
    now: UnixMs,
) -> Option<Foreseen> {
    let Step::Send { deployment, first_token_by, hedge_at } = step else { return None };
    let candidate = view.candidates.iter().find(|candidate| candidate.id == deployment)?;
    let reason = match session.attempts().len() {
        _ if turned => Reason::Fallback,
        0 | 1 => Reason::First,
        _ => Reason::Retry,
    };
    Some(Foreseen {
        deployment: deployment.clone(),
        group: view.policy.group.clone(),
        reason,
        provider: candidate.facts.provider.clone(),
        model: candidate.facts.model.clone(),
        after_ms: now.since(start),
        first_token_ms: first_token_by.map(|at| at.since(now)),
        hedge_ms: hedge_at.map(|at| at.since(now)),
    })
}
