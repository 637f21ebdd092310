//! One of those with the lowest number.

use crate::Entropy;
use crate::entropy::index;

/// Draws an index among those whose number is at most `bound`, all as likely.
pub(super) fn at_most(numbers: &[f64], bound: f64, rng: &mut dyn Entropy) -> Option<usize> {
    let within = || numbers.iter().enumerate().filter(|(_, number)| **number <= bound);
    let drawn = index(rng, within().count())?;
    within().nth(drawn).map(|(index, _)| index)
}

/// Draws an index among those with the lowest number, all as likely.
pub(super) fn lowest(numbers: &[f64], rng: &mut dyn Entropy) -> Option<usize> {
    at_most(numbers, numbers.iter().copied().fold(f64::INFINITY, f64::min), rng)
}
