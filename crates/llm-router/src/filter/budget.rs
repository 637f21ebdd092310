//! Who may still spend.

use crate::{Candidate, Refusal};

/// A budget that is used up: the deployment's own, its vendor's, or that of one of its labels.
pub(super) fn spent(candidate: &Candidate<'_>) -> Option<Refusal> {
    candidate.vitals.budget_used.is_some_and(|used| used >= 1.0).then_some(Refusal::Budget)
}
