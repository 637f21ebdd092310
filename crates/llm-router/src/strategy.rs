//! How one of those is chosen whom the filters have left: one function and one file each.

use smallvec::SmallVec;

use crate::filter::Field;
use crate::{Candidate, RoutingStrategy, SeededEntropy};

mod cost;
mod draw;
mod expression;
mod latency;
mod least_busy;
mod lowest;
mod power_of_two;
mod round_robin;
mod shuffle;
mod success;
mod usage;

#[cfg(test)]
mod tests;

pub(crate) use expression::VARIABLES;
#[cfg(feature = "cel")]
pub(crate) use expression::rehearse as rehearse_expression;

/// Each candidate's number in a strategy's eyes, in the order of the places. For the record.
pub(crate) type Numbers = SmallVec<[f64; 8]>;

/// Chooses one of the candidates at `places`, by its index there; `None` if there are none.
pub(crate) fn choose(
    field: &Field<'_>,
    places: &[usize],
    numbers: &mut Numbers,
    rng: &mut SeededEntropy,
) -> Option<usize> {
    let ballot = Ballot { field, places };
    match field.selection.strategy {
        RoutingStrategy::SimpleShuffle => shuffle::choose(ballot, numbers, rng),
        RoutingStrategy::RoundRobin => round_robin::choose(ballot, numbers),
        RoutingStrategy::LeastBusy => least_busy::choose(ballot, numbers, rng),
        RoutingStrategy::UsageBasedRouting | RoutingStrategy::UsageBasedRoutingV2 => {
            usage::choose(ballot, numbers, rng)
        }
        RoutingStrategy::LatencyBasedRouting => latency::choose(ballot, numbers, rng),
        RoutingStrategy::PowerOfTwo => power_of_two::choose(ballot, numbers, rng),
        RoutingStrategy::CostBasedRouting => cost::choose(ballot, numbers),
        RoutingStrategy::SuccessRate => success::choose(ballot, numbers, rng),
        // Whom the filter by order has left is of the same priority.
        RoutingStrategy::Priority => shuffle::choose(ballot, numbers, rng),
        RoutingStrategy::Expression => expression::choose(ballot, numbers, rng),
    }
}

/// Whom a strategy chooses from.
#[derive(Clone, Copy)]
struct Ballot<'a> {
    field: &'a Field<'a>,
    places: &'a [usize],
}

impl<'a> Ballot<'a> {
    fn len(self) -> usize {
        self.places.len()
    }

    fn candidates(self) -> impl ExactSizeIterator<Item = &'a Candidate<'a>> {
        self.places.iter().map(move |place| self.field.candidate(*place))
    }
}
