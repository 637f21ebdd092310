//! `power-of-two`: the better of two drawn at random.

use super::{Ballot, Numbers};
use crate::Entropy;
use crate::entropy::index;

/// Draws two and takes the one with the lower number: an average of latency that jumps up at once and comes down slowly,
/// times the requests under way and this one. A deployment without a sample counts as immediate.
///
/// Source: Mitzenmacher, "The power of two choices in randomized load balancing", IEEE TPDS 2001; the number is
/// Finagle's peak EWMA, Finagle documentation, Clients, Load balancing, read 2026-11.
pub(super) fn choose(ballot: Ballot<'_>, numbers: &mut Numbers, rng: &mut dyn Entropy) -> Option<usize> {
    numbers.extend(ballot.candidates().map(|candidate| {
        let load = f64::from(candidate.vitals.load.in_flight) + f64::from(candidate.vitals.load.queued) + 1.0;
        candidate.vitals.pace.peak_ms.unwrap_or(0.0) * load
    }));
    let first = index(rng, ballot.len())?;
    let Some(step) = index(rng, ballot.len() - 1) else { return Some(first) };
    let second = (first + 1 + step) % ballot.len();
    Some(if numbers[second] < numbers[first] { second } else { first })
}
