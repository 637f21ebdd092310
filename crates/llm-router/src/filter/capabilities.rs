//! Whose model can do it.

use super::{Field, Left};
use crate::Refusal;

/// A deployment that is known to lack what the request needs is left out; one of which nothing is known is asked.
pub(crate) fn capabilities(field: &Field<'_>, left: &mut Left) {
    let needs = field.inquiry.needs;
    if field.selection.checks_requests() && !needs.is_empty() {
        left.refuse(field, |candidate| {
            let lacks = candidate.facts.lacks.both(needs);
            (!lacks.is_empty()).then_some(Refusal::Lacks(lacks))
        });
    }
}
