//! Who goes first.

use super::{Field, Left};
use crate::{Candidate, Refusal};

/// Only those of the lowest order that is left are asked. Those without an order stand behind all that have one.
pub(crate) fn order(field: &Field<'_>, left: &mut Left) {
    let order = |candidate: &Candidate<'_>| field.selection.order(candidate);
    let Some(lowest) = left.places.iter().map(|place| order(field.candidate(*place))).min() else { return };
    left.refuse(field, |candidate| (order(candidate) != lowest).then_some(Refusal::Order));
}
