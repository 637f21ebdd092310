//! `latency-based-routing`: the fastest.

use super::lowest::at_most;
use super::{Ballot, Numbers};
use crate::{Candidate, Entropy};

/// A draw among those whose time is within `lowest_latency_buffer` of the best. The number is the time in milliseconds:
/// until the first token for streams, else for each token of the answer, else until the whole answer.
///
/// A deployment without a sample counts as immediate, so that each is tried. With `ttft_percentile` streams go by the
/// slow end of the times until the first token instead of their average.
///
/// Source: LiteLLM, routing strategy `latency-based-routing`, read 2026-11.
pub(super) fn choose(ballot: Ballot<'_>, numbers: &mut Numbers, rng: &mut dyn Entropy) -> Option<usize> {
    let args = &ballot.field.selection.args;
    let stream = ballot.field.inquiry.stream;
    numbers.extend(
        ballot.candidates().map(|c| time_ms(c, stream, args.ttft_percentile.is_some()).unwrap_or(0.0)),
    );
    let best = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    at_most(numbers, best * (1.0 + args.lowest_latency_buffer.unwrap_or(0.0)), rng)
}

/// How long the candidate takes; `None` before the first sample.
pub(super) fn time_ms(candidate: &Candidate<'_>, stream: bool, slow_end: bool) -> Option<f64> {
    let pace = &candidate.vitals.pace;
    let time = if stream {
        let first = pace.first_token_p95_ms.filter(|_| slow_end).or(pace.first_token_ms);
        first.or(pace.per_token_ms).or(pace.answer_ms)
    } else {
        pace.per_token_ms.or(pace.answer_ms)
    };
    time.filter(|time| time.is_finite() && *time >= 0.0)
}
