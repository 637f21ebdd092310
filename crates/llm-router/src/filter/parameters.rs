//! Whose vendor takes every member of the request.

use super::{Field, Left};
use crate::Refusal;

/// A vendor that refuses a member of the request is left out, unless that would leave nobody: what is lost there is told.
pub(crate) fn parameters(field: &Field<'_>, left: &mut Left) {
    let parameters = field.inquiry.parameters;
    if field.selection.checks_requests() && !parameters.is_empty() {
        left.prefer(field, |candidate| {
            let refused = |name: &&str| candidate.facts.refuses.iter().any(|refused| **refused == **name);
            parameters.iter().position(refused).map(Refusal::Parameter)
        });
    }
}
