//! Who has requests and tokens left in this minute.

use super::{Field, Left};
use crate::{Candidate, Refusal, RoutingStrategy};

/// `rpm` and `tpm` as limits, where the strategy or the configuration makes them such.
///
/// With the usage-based strategies one request is kept free: LiteLLM refuses when `rpm + 1 >= limit`. Everywhere else a
/// limit of 10 lets 10 requests through.
///
/// Source: LiteLLM, strategies `usage-based-routing`, `usage-based-routing-v2`, `latency-based-routing` and
/// `cost-based-routing`, read 2026-11.
pub(crate) fn limits(field: &Field<'_>, left: &mut Left) {
    let strategy = field.selection.strategy;
    let usage = matches!(strategy, RoutingStrategy::UsageBasedRouting | RoutingStrategy::UsageBasedRoutingV2);
    if field.selection.heeds_limits() {
        left.refuse(field, |candidate| over(candidate, field.inquiry.input_tokens, usage));
    }
}

fn over(candidate: &Candidate<'_>, input_tokens: u64, keep_one_free: bool) -> Option<Refusal> {
    let (settings, minute, room) = (candidate.settings, candidate.vitals.minute, candidate.vitals.room);
    if let Some(limit) = settings.tpm
        && (minute.tokens.saturating_add(input_tokens) > limit
            || room.tokens.is_some_and(|left| left < input_tokens.min(limit)))
    {
        return Some(Refusal::Tokens { limit });
    }
    let limit = settings.rpm?;
    let next = minute.requests.saturating_add(1);
    let full = if keep_one_free { next >= limit } else { next > limit } || room.requests == Some(0);
    full.then_some(Refusal::Requests { limit })
}
