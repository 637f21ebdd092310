//! From a group's candidates to one of them: filters, then the strategy.

use llm_types::UnixMs;

use crate::strategy::weighted_shuffle;
use crate::{Attempt, Candidate, Decision, Inquiry, Refusal, SeededEntropy, Snapshot, Verdict};

/// Chooses one of the candidates for a request that has tried `past` already.
pub fn select(
    view: &Snapshot<'_>,
    _inquiry: &Inquiry<'_>,
    past: &[Attempt],
    now: UnixMs,
    seed: u64,
) -> Decision {
    let mut verdicts: smallvec::SmallVec<[_; 3]> =
        view.candidates.iter().map(|c| (c.id.clone(), Verdict::Outranked(0.0))).collect();
    let mut left: Vec<usize> = (0..view.candidates.len()).collect();
    let mut refuse = |left: &mut Vec<usize>, why: &dyn Fn(&Candidate<'_>) -> Option<Refusal>| {
        left.retain(|place| match why(&view.candidates[*place]) {
            Some(refusal) => {
                verdicts[*place].1 = Verdict::Refused(refusal);
                false
            }
            None => true,
        });
    };
    refuse(&mut left, &|c| {
        let until = c.vitals.health.cooling_until.filter(|_| !c.vitals.health.is_well(now))?;
        Some(Refusal::CoolingDown { until, cause: c.vitals.health.cause })
    });
    let tried = |c: &Candidate<'_>| past.iter().any(|a| a.deployment == *c.id);
    if left.iter().any(|place| !tried(&view.candidates[*place])) {
        refuse(&mut left, &|c| tried(c).then_some(Refusal::Tried));
    }
    // A deployment without an order stands behind all that have one.
    let order = |c: &Candidate<'_>| c.settings.order.unwrap_or(i64::MAX);
    if let Some(lowest) = left.iter().map(|place| order(&view.candidates[*place])).min() {
        refuse(&mut left, &|c| (order(c) != lowest).then_some(Refusal::Order));
    }
    let remaining: Vec<Candidate<'_>> = left.iter().map(|place| view.candidates[*place]).collect();
    let chosen =
        weighted_shuffle(&remaining, view, now, &mut SeededEntropy::new(seed)).map(|index| left[index]);
    if let Some(place) = chosen {
        verdicts[place].1 = Verdict::Chosen(0.0);
    }
    Decision {
        at: now,
        seed,
        group: view.policy.group.clone(),
        strategy: view.policy.selection.strategy,
        bond: None,
        verdicts,
        chosen,
    }
}
