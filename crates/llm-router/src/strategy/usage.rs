//! `usage-based-routing`: the fewest tokens in this minute.

use super::lowest::lowest;
use super::{Ballot, Numbers};
use crate::Entropy;

/// The one with the fewest tokens in this minute; a draw among equals. Who is near its limits is filtered out before.
///
/// Source: LiteLLM, routing strategies `usage-based-routing` and `usage-based-routing-v2`, read 2026-11.
pub(super) fn choose(ballot: Ballot<'_>, numbers: &mut Numbers, rng: &mut dyn Entropy) -> Option<usize> {
    numbers.extend(ballot.candidates().map(|candidate| candidate.vitals.minute.tokens as f64));
    lowest(numbers, rng)
}
