//! Who served this before.

use super::{Field, Left};
use crate::{Bond, Candidate, Pin, Refusal};

/// Nobody else can serve a request that refers to what one deployment has, not even where that deployment is not in
/// question.
pub(crate) fn reference(field: &Field<'_>, left: &mut Left) {
    let pins = field.inquiry.affinity.pins;
    if pins.iter().any(|pin| pin.bond == Bond::Reference) {
        let holds = |candidate: &Candidate<'_>| {
            pins.iter().any(|pin| pin.bond == Bond::Reference && is_at(pin, candidate))
        };
        left.refuse(field, |candidate| (!holds(candidate)).then_some(Refusal::Bound(Bond::Reference)));
    }
}

/// The other bonds choose among those who are left, the strongest first. Gives the one that did.
pub(crate) fn pinned(field: &Field<'_>, left: &mut Left) -> Option<Bond> {
    let bound = |pin: &&Pin<'_>| left.any(field, |candidate| is_at(pin, candidate));
    let pin = field.inquiry.affinity.pins.iter().find(bound)?;
    if pin.bond != Bond::Reference {
        left.refuse(field, |candidate| (!is_at(pin, candidate)).then_some(Refusal::Bound(pin.bond)));
    }
    Some(pin.bond)
}

fn is_at(pin: &Pin<'_>, candidate: &Candidate<'_>) -> bool {
    pin.deployment == candidate.id.as_str()
}
