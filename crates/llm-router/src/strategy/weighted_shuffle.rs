//! A weighted draw.

use llm_types::UnixMs;

use crate::entropy::{index, unit};
use crate::{Candidate, DeploymentSettings, Entropy, Snapshot};

/// Where weights come from: the first source with a positive value for any candidate wins.
const SOURCES: [fn(&DeploymentSettings) -> Option<f64>; 3] =
    [|s| s.weight, |s| s.rpm.map(|rpm| rpm as f64), |s| s.tpm.map(|tpm| tpm as f64)];

/// A draw by `weight`, else by `rpm`, else by `tpm`; uniform where no candidate has any of them.
///
/// A candidate without the value that decides counts as zero: once one deployment has a weight, a sibling
/// without one gets no traffic.
///
/// Source: LiteLLM, routing strategy `simple-shuffle`, read 2026-11.
pub fn weighted_shuffle(
    candidates: &[Candidate<'_>],
    _view: &Snapshot<'_>,
    _now: UnixMs,
    rng: &mut dyn Entropy,
) -> Option<usize> {
    for source in SOURCES {
        let weight =
            |c: &Candidate<'_>| source(c.settings).filter(|w| w.is_finite() && *w > 0.0).unwrap_or(0.0);
        let largest = candidates.iter().map(weight).fold(0.0, f64::max);
        if largest > 0.0 {
            // Divided by the largest, so that the sum of huge weights stays finite.
            return draw(candidates.iter().map(|c| weight(c) / largest), rng);
        }
    }
    index(rng, candidates.len())
}

fn draw(weights: impl Iterator<Item = f64> + Clone, rng: &mut dyn Entropy) -> Option<usize> {
    let mut point = unit(rng) * weights.clone().sum::<f64>();
    let mut last = None;
    for (place, weight) in weights.enumerate().filter(|(_, weight)| *weight > 0.0) {
        if point < weight {
            return Some(place);
        }
        point -= weight;
        last = Some(place);
    }
    // Rounding may leave a point just past the end.
    last
}
