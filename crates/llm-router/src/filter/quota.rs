//! Who has something left in the vendor's own eyes.

use super::{Field, Left};
use crate::{Candidate, Refusal};

/// Deployments whose vendor said that nothing is left are passed over for as long as that holds. When it holds for all,
/// it is the vendor's to say no: what it told may be out of date.
pub(crate) fn quota(field: &Field<'_>, left: &mut Left) {
    left.prefer(field, |candidate| is_spent(field, candidate).then_some(Refusal::Quota));
}

fn is_spent(field: &Field<'_>, candidate: &Candidate<'_>) -> bool {
    let quota = candidate.vitals.quota;
    quota.until.is_some_and(|until| until > field.now)
        && (quota.requests == Some(0)
            || quota.tokens.is_some_and(|tokens| tokens < field.inquiry.input_tokens.max(1)))
}
