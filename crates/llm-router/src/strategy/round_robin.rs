//! `round-robin`: turns in proportion to the weights, evenly spread.

use smallvec::SmallVec;

use super::draw::weigh;
use super::{Ballot, Numbers};

/// The one whose turn it is. The number is the weight, the largest being 1.
///
/// With whole weights that add up to `w`, any `w` turns in a row from a multiple of `w` give each candidate as many turns
/// as its weight. The k-th turn of a candidate of weight `v` falls due at `(k + ½) / v` of the way through a cycle, and
/// turns are taken as they fall due, so that nobody has two turns in a row whom others could separate. A pure function of
/// the turn's number: nothing is kept between decisions.
pub(super) fn choose(ballot: Ballot<'_>, numbers: &mut Numbers) -> Option<usize> {
    weigh(ballot, numbers);
    let turn = ballot.field.view.turn;
    if numbers.windows(2).all(|pair| pair[0] == pair[1]) {
        return turn.checked_rem(ballot.len() as u64).map(|index| index as usize);
    }
    whose_turn(&whole(numbers), turn)
}

/// The weights as whole numbers without a common divisor. Weights of up to three decimals keep their exact proportions.
fn whole(weights: &[f64]) -> SmallVec<[u64; 8]> {
    // Weights come in with the largest as 1: the smallest factor that makes all of them whole gives the proportions back.
    let near_whole = |factor: u32| {
        weights.iter().all(|weight| {
            let scaled = weight * f64::from(factor);
            (scaled - scaled.round()).abs() < 1e-9 * f64::from(factor).max(1.0)
                && (*weight == 0.0 || scaled >= 0.5)
        })
    };
    let factor = (1..=1000).find(|factor| near_whole(*factor)).unwrap_or(1 << 20);
    let whole: SmallVec<[u64; 8]> = weights
        .iter()
        .map(|weight| ((weight * f64::from(factor)).round() as u64).max(u64::from(*weight > 0.0)))
        .collect();
    whole
}

/// A turn of a candidate: it falls due at `at / (2 * weight)` of the cycle.
#[derive(Clone, Copy)]
struct Due {
    at: u64,
    weight: u64,
    index: usize,
}

fn whose_turn(weights: &[u64], turn: u64) -> Option<usize> {
    let cycle: u64 = weights.iter().sum();
    let turn = turn.checked_rem(cycle)?;
    // Before the instant t of a cycle, v * t + ½ turns of a candidate have fallen due, rounded down: for n candidates
    // together at most n / 2 more or less than w * t. So the turn falls due between these two instants.
    let slack = weights.len() as u64 / 2 + 1;
    let (from, to) = (turn.saturating_sub(slack), (turn + slack).min(cycle));
    let due_before = |weight: u64, instant: u64| {
        ((2 * u128::from(weight) * u128::from(instant) + u128::from(cycle)) / (2 * u128::from(cycle))) as u64
    };
    let mut passed = 0;
    let mut due: SmallVec<[Due; 32]> = SmallVec::new();
    for (index, weight) in weights.iter().copied().enumerate() {
        let (first, last) = (due_before(weight, from), due_before(weight, to));
        passed += first;
        due.extend((first..last).map(|turn| Due { at: 2 * turn + 1, weight, index }));
    }
    let nth = usize::try_from(turn.checked_sub(passed)?).ok().filter(|nth| *nth < due.len())?;
    let (_, due, _) = due.select_nth_unstable_by(nth, |a, b| {
        let at = (u128::from(a.at) * u128::from(b.weight)).cmp(&(u128::from(b.at) * u128::from(a.weight)));
        at.then(a.index.cmp(&b.index))
    });
    Some(due.index)
}
