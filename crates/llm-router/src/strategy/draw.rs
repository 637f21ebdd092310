//! A draw in proportion to weights.

use super::Ballot;
use crate::entropy::{index, unit};
use crate::{DeploymentSettings, Entropy};

/// Where weights come from: the first source with a positive value for any candidate wins.
const SOURCES: [fn(&DeploymentSettings) -> Option<f64>; 3] =
    [|s| s.weight, |s| s.rpm.map(|rpm| rpm as f64), |s| s.tpm.map(|tpm| tpm as f64)];

/// The weights of those on the ballot, into `weights`: `weight`, else `rpm`, else `tpm`, else 1.
///
/// A candidate without the value that decides counts as zero: once one deployment has a weight, a sibling without one
/// gets no traffic. The largest is 1, so that sums of huge ones stay finite.
pub(super) fn weigh(ballot: Ballot<'_>, weights: &mut super::Numbers) {
    weights.clear();
    for source in SOURCES {
        let weight = |s: &DeploymentSettings| source(s).filter(|w| w.is_finite() && *w > 0.0).unwrap_or(0.0);
        weights.extend(ballot.candidates().map(|candidate| weight(candidate.settings)));
        let largest = weights.iter().copied().fold(0.0, f64::max);
        if largest > 0.0 {
            weights.iter_mut().for_each(|weight| *weight /= largest);
            return;
        }
        weights.clear();
    }
    weights.resize(ballot.len(), 1.0);
}

/// Draws an index, each as likely as its weight is large. Without a positive one, all are as likely.
pub(super) fn draw(weights: &[f64], rng: &mut dyn Entropy) -> Option<usize> {
    let sum: f64 = weights.iter().sum();
    if sum <= 0.0 {
        return index(rng, weights.len());
    }
    let mut point = unit(rng) * sum;
    let mut last = None;
    for (place, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
        if point < *weight {
            return Some(place);
        }
        point -= weight;
        last = Some(place);
    }
    // Rounding may leave a point just past the end.
    last
}
