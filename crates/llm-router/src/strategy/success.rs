//! `success-rate`: a draw in which failures lower the weight.

use super::draw::{draw, weigh};
use super::{Ballot, Numbers};
use crate::Entropy;

/// A share of requests that every deployment keeps, so that its recovery is seen.
const LEAST: f64 = 0.01;

/// A draw by weight times the square of the share of attempts that succeeded lately: a deployment that fails every other
/// time gets a quarter of its share. The number is that product.
pub(super) fn choose(ballot: Ballot<'_>, numbers: &mut Numbers, rng: &mut dyn Entropy) -> Option<usize> {
    weigh(ballot, numbers);
    for (number, candidate) in numbers.iter_mut().zip(ballot.candidates()) {
        let rate = candidate.vitals.health.success_rate.filter(|rate| rate.is_finite()).unwrap_or(1.0);
        *number *= rate.clamp(0.0, 1.0).powi(2).max(LEAST);
    }
    draw(numbers, rng)
}
