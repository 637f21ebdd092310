//! `least-busy`: the fewest requests under way.

use super::lowest::lowest;
use super::{Ballot, Numbers};
use crate::Entropy;

/// The one with the fewest requests sent or waiting; a draw among equals.
///
/// Source: LiteLLM, routing strategy `least-busy`, read 2026-11. Equals are drawn from there too, by the order of a map.
pub(super) fn choose(ballot: Ballot<'_>, numbers: &mut Numbers, rng: &mut dyn Entropy) -> Option<usize> {
    let busy =
        ballot.candidates().map(|c| f64::from(c.vitals.load.in_flight) + f64::from(c.vitals.load.queued));
    numbers.extend(busy);
    lowest(numbers, rng)
}
