//! Who is in question: one filter and one file each.
//!
//! A filter takes candidates away and says why. Most take them away for good; the gentle ones (`Left::prefer`) do nothing
//! when that would leave nobody.

use llm_types::UnixMs;
use smallvec::SmallVec;

use crate::{Attempt, Candidate, Inquiry, Refusal, Selection, Snapshot, Verdict};

mod budget;
mod capabilities;
mod context_window;
mod health;
mod limits;
mod order;
mod parameters;
mod pins;
mod quota;
mod region;
mod rule;
mod tags;
mod tried;

#[cfg(test)]
mod tests;

pub(crate) use capabilities::capabilities;
pub(crate) use context_window::context_window;
pub(crate) use health::unwell;
pub(crate) use limits::limits;
pub(crate) use order::order;
pub(crate) use parameters::parameters;
pub(crate) use pins::{pinned, reference};
pub(crate) use quota::quota;
pub(crate) use region::region;
pub(crate) use rule::rule;
pub(crate) use tags::{TagPolicy, tags};
pub(crate) use tried::tried;

/// What a decision looks at.
#[derive(Clone, Copy)]
pub(crate) struct Field<'a> {
    pub(crate) view: &'a Snapshot<'a>,
    pub(crate) inquiry: &'a Inquiry<'a>,
    pub(crate) selection: &'a Selection,
    pub(crate) past: &'a [Attempt],
    pub(crate) now: UnixMs,
}

impl<'a> Field<'a> {
    pub(crate) fn candidate(&self, place: usize) -> &'a Candidate<'a> {
        &self.view.candidates[place]
    }
}

/// Places of candidates; inline for groups of the usual size.
pub(crate) type Places = SmallVec<[usize; 8]>;

/// Who is left, and why the others are not.
pub(crate) struct Left {
    places: Places,
    verdicts: SmallVec<[Verdict; 4]>,
}

impl Left {
    pub(crate) fn new(len: usize) -> Self {
        Self { places: (0..len).collect(), verdicts: SmallVec::from_elem(Verdict::Outranked(0.0), len) }
    }

    /// The places of those who are left, in the order of the snapshot.
    pub(crate) fn places(&self) -> &[usize] {
        &self.places
    }

    /// Takes away those for whom `why` has a reason.
    fn refuse<'a>(&mut self, field: &Field<'a>, mut why: impl FnMut(&Candidate<'a>) -> Option<Refusal>) {
        let verdicts = &mut self.verdicts;
        self.places.retain(|place| match why(field.candidate(*place)) {
            Some(refusal) => {
                verdicts[*place] = Verdict::Refused(refusal);
                false
            }
            None => true,
        });
    }

    /// The same, unless that would leave nobody. Tells whether it did.
    fn prefer<'a>(&mut self, field: &Field<'a>, why: impl Fn(&Candidate<'a>) -> Option<Refusal>) -> bool {
        let any = self.any(field, |candidate| why(candidate).is_none());
        if any {
            self.refuse(field, why);
        }
        any
    }

    fn any<'a>(&self, field: &Field<'a>, test: impl Fn(&Candidate<'a>) -> bool) -> bool {
        self.places.iter().any(|place| test(field.candidate(*place)))
    }

    /// The verdicts, with the strategy's numbers for those who are left.
    pub(crate) fn into_verdicts(mut self, numbers: &[f64]) -> SmallVec<[Verdict; 4]> {
        for (place, number) in self.places.iter().zip(numbers) {
            self.verdicts[*place] = Verdict::Outranked(*number);
        }
        self.verdicts
    }
}

/// What the first pass saw among those who are left, so that later ones need not look.
#[derive(Default)]
pub(crate) struct Seen {
    /// Somebody's background check failed.
    pub(crate) unwell: bool,
    /// The vendor said of somebody that nothing is left.
    pub(crate) spent: bool,
}

/// The first pass: who is cooling down or has spent its budget goes.
pub(crate) fn present(field: &Field<'_>, left: &mut Left) -> Seen {
    let mut seen = Seen::default();
    left.refuse(field, |candidate| {
        let refusal = health::cooling(candidate, field.now).or_else(|| budget::spent(candidate));
        if refusal.is_none() {
            seen.unwell |= health::is_unwell(candidate);
            seen.spent |= candidate.vitals.quota.until.is_some();
        }
        refusal
    });
    seen
}
