//! Whose vendor takes every member of the request.

use super::{Field, Left};
use crate::Refusal;

/// A vendor that refuses a member of the request is left out.
pub(crate) fn parameters(field: &Field<'_>, left: &mut Left) {
    let parameters = field.inquiry.parameters;
    if field.selection.checks_requests() && !parameters.is_empty() {
        left.refuse(field, |candidate| {
            let refused = |name: &&str| candidate.facts.refuses.iter().any(|refused| **refused == **name);
            parameters.iter().position(refused).map(Refusal::Parameter)
        });
    }
}
