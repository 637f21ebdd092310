//! Who is well.

use llm_types::UnixMs;

use super::{Field, Left};
use crate::{Candidate, Refusal};

/// A deployment that cools down is never asked, and one that comes back is asked by one request at a time.
pub(super) fn cooling(candidate: &Candidate<'_>, now: UnixMs) -> Option<Refusal> {
    let health = &candidate.vitals.health;
    match health.cooling_until.filter(|until| *until > now) {
        Some(until) => Some(Refusal::CoolingDown { until, cause: health.cause }),
        None => (!health.is_well(now)).then_some(Refusal::Probed),
    }
}

pub(super) fn is_unwell(candidate: &Candidate<'_>) -> bool {
    candidate.vitals.health.checked_well == Some(false)
}

/// Background checks choose among deployments; when all of them fail, the checks are more likely to be wrong.
pub(crate) fn unwell(field: &Field<'_>, left: &mut Left) {
    left.prefer(field, |candidate| is_unwell(candidate).then_some(Refusal::Unwell));
}
