//! Whom a rule leaves in question.

use super::region::serves;
use super::{Field, Left};
use crate::{Candidate, Narrowed, Refusal};

/// A rule's deployments and labels hold in the group that it led to; its regions hold wherever the request goes on.
pub(crate) fn rule(field: &Field<'_>, left: &mut Left) {
    if let Some(narrowed) = field.inquiry.narrowed {
        left.refuse(field, |candidate| (!allows(field, narrowed, candidate)).then_some(Refusal::Rule));
    }
}

fn allows(field: &Field<'_>, narrowed: Narrowed<'_>, candidate: &Candidate<'_>) -> bool {
    let to = narrowed.to;
    if !to.regions.is_empty() && !serves(candidate, to.regions.iter().map(String::as_str)) {
        return false;
    }
    if *narrowed.group != *field.view.group {
        return true;
    }
    let named = to.deployments.is_empty() || to.deployments.iter().any(|id| id == candidate.id.as_str());
    let labelled = to.tags.is_empty() || to.tags.iter().any(|tag| candidate.settings.tags.contains(tag));
    named && labelled
}
