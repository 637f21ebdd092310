//! Who has had a turn in this request.

use super::{Field, Left};
use crate::{Attempt, Candidate, Refusal};

/// First those go that refused this very request, for a reason that will not pass; then those that have been asked at
/// all; where everybody was, the one that was asked last. None of it leaves nobody.
pub(crate) fn tried(field: &Field<'_>, left: &mut Left) {
    if field.past.is_empty() {
        return;
    }
    left.prefer(field, |candidate| attempts(field, candidate).any(refused_it).then_some(Refusal::Unsuited));
    left.prefer(field, |candidate| attempts(field, candidate).next().map(|_| Refusal::Tried));
    let last = field.past.last().map(|attempt| &attempt.deployment);
    left.prefer(field, |candidate| (last == Some(candidate.id)).then_some(Refusal::Tried));
}

fn attempts<'a>(field: &Field<'a>, candidate: &Candidate<'a>) -> impl Iterator<Item = &'a Attempt> {
    field.past.iter().filter(|attempt| attempt.deployment == *candidate.id)
}

fn refused_it(attempt: &Attempt) -> bool {
    let failure = attempt.ended.as_ref().and_then(|(_, outcome)| outcome.failure());
    failure.is_some_and(|kind| !kind.retryable())
}
