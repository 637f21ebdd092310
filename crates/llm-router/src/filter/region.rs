//! Who is where the request may be served.

use super::{Field, Left};
use crate::region::is_within;
use crate::{Candidate, Refusal};

/// A request that may be served in some places only is served there or not at all. A deployment whose place is unknown is
/// nowhere.
pub(crate) fn region(field: &Field<'_>, left: &mut Left) {
    let regions = field.inquiry.regions;
    if !regions.is_empty() {
        left.refuse(field, |candidate| {
            (!serves(candidate, regions.iter().copied())).then_some(Refusal::Region)
        });
    }
}

/// Whether the candidate is in one of these.
pub(super) fn serves<'r>(candidate: &Candidate<'_>, mut regions: impl Iterator<Item = &'r str>) -> bool {
    candidate.region().is_some_and(|place| regions.any(|region| is_within(place, region)))
}
