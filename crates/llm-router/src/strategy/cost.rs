//! `cost-based-routing`: the cheapest for this request.

use super::{Ballot, Numbers};
use crate::{Candidate, Inquiry, Price};

/// Tokens of an answer to a request that sets no limit.
const USUAL_ANSWER: u64 = 500;

/// The one that costs least for the request's own tokens; among equals, the one that comes first. Those whose price is not
/// known come last. The number is the estimate in USD, `-1` without a price.
///
/// Source: LiteLLM, routing strategy `cost-based-routing`, read 2026-11; it adds the prices of one token each.
pub(super) fn choose(ballot: Ballot<'_>, numbers: &mut Numbers) -> Option<usize> {
    let costs =
        || ballot.candidates().map(|c| c.facts.price.map(|price| femto_usd(price, ballot.field.inquiry)));
    numbers.extend(costs().map(|cost| cost.map_or(-1.0, |cost| cost as f64 * 1e-15)));
    let ranked = costs().enumerate().min_by_key(|(index, cost)| (cost.is_none(), cost.unwrap_or(0), *index));
    ranked.map(|(index, _)| index)
}

/// What the request would cost there, in USD.
#[cfg_attr(not(feature = "cel"), expect(dead_code, reason = "only expressions speak of it"))]
pub(super) fn usd(candidate: &Candidate<'_>, inquiry: &Inquiry<'_>) -> Option<f64> {
    candidate.facts.price.map(|price| femto_usd(price, inquiry) as f64 * 1e-15)
}

/// What the request would cost, in 10⁻¹⁵ USD.
fn femto_usd(price: Price, inquiry: &Inquiry<'_>) -> i128 {
    let tokens = inquiry.input_tokens.max(1);
    let cached = inquiry.cached_tokens.min(tokens);
    let parts = [
        (price.input, tokens - cached),
        (price.cached, cached),
        (price.output, inquiry.output_tokens.unwrap_or(USUAL_ANSWER)),
    ];
    // A product always fits; a sum of three may not.
    parts.into_iter().fold(i128::from(price.request), |sum: i128, (price, tokens)| {
        sum.saturating_add(i128::from(price) * i128::from(tokens))
    })
}
