//! `simple-shuffle`: a weighted draw.

use super::draw::{draw, weigh};
use super::{Ballot, Numbers};
use crate::Entropy;

/// A draw by `weight`, else by `rpm`, else by `tpm`; uniform where no candidate has any of them. The number is the weight,
/// the largest being 1.
///
/// Source: LiteLLM, routing strategy `simple-shuffle`, read 2026-11.
pub(super) fn choose(ballot: Ballot<'_>, numbers: &mut Numbers, rng: &mut dyn Entropy) -> Option<usize> {
    weigh(ballot, numbers);
    draw(numbers, rng)
}
