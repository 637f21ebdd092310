//! From a group's candidates to one of them: filters, then the strategy.

use llm_types::UnixMs;

use crate::filter::{self, Field, Left};
use crate::strategy;
use crate::{Attempt, Decision, Inquiry, SeededEntropy, Snapshot, Verdict};

#[cfg(test)]
pub(crate) mod tests;

/// Chooses one of the candidates for a request that has tried `past` already.
///
/// The order of the filters is LiteLLM's, with two differences. What a request is bound to loosely (its conversation, its
/// owner, a warm cache) is looked at last but for `order`, so that it never leaves a request without a deployment. And a
/// deployment that failed in this request is passed over before `order` is looked at, so that the next level serves at
/// once.
///
/// Source: LiteLLM, router, selection of a deployment, read 2026-11.
pub fn select(
    view: &Snapshot<'_>,
    inquiry: &Inquiry<'_>,
    past: &[Attempt],
    now: UnixMs,
    seed: u64,
) -> Decision {
    let field = Field { view, inquiry, selection: &view.policy.selection, past, now };
    let mut left = Left::new(view.candidates.len());
    // One pass for what every candidate is asked, whatever the configuration; the rest only where there is something to
    // look at.
    let seen = filter::present(&field, &mut left);
    if seen.unwell {
        filter::unwell(&field, &mut left);
    }
    filter::reference(&field, &mut left);
    filter::rule(&field, &mut left);
    filter::region(&field, &mut left);
    filter::context_window(&field, &mut left);
    filter::capabilities(&field, &mut left);
    filter::parameters(&field, &mut left);
    filter::limits(&field, &mut left);
    filter::tags(&field, &mut left);
    if seen.spent {
        filter::quota(&field, &mut left);
    }
    filter::tried(&field, &mut left);
    let bond = filter::pinned(&field, &mut left);
    filter::order(&field, &mut left);

    let mut numbers = strategy::Numbers::new();
    let chosen = strategy::choose(&field, left.places(), &mut numbers, &mut SeededEntropy::new(seed));
    let chosen = chosen.map(|index| left.places()[index]);
    let mut verdicts = left.into_verdicts(&numbers);
    if let Some(Verdict::Outranked(number)) = chosen.and_then(|place| verdicts.get(place)).copied()
        && let Some(place) = chosen
    {
        verdicts[place] = Verdict::Chosen(number);
    }
    Decision {
        at: now,
        seed,
        group: view.policy.group.clone(),
        strategy: view.policy.selection.strategy,
        bond: chosen.and(bond),
        verdicts,
        chosen,
    }
}
