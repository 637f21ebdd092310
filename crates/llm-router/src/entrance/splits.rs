//! `splits`: experiments.

use crate::settings::{SplitBy, SplitSettings, Variant};
use crate::{Affinity, PlanFault, RouterSettings, affinity};

/// An experiment, made ready.
#[derive(Debug)]
pub(super) struct Split {
    pub(super) name: String,
    pub(super) model: String,
    sticky_by: SplitBy,
    variants: Vec<Variant>,
}

impl Split {
    /// The variant of whoever sent the request; `None` if nobody is known to have sent it.
    pub(super) fn variant(&self, affinity: &Affinity<'_>) -> Option<&Variant> {
        let owner = match self.sticky_by {
            SplitBy::Key => affinity.key,
            SplitBy::User => affinity.user,
            SplitBy::Session => affinity.session,
        }?;
        let all: f64 = self.variants.iter().map(|variant| variant.weight).sum();
        // The top 53 bits: as many as a fraction has.
        let hash = affinity::owner_hash(&[&self.name, owner]);
        let mut point = (hash >> 11) as f64 / (1_u64 << 53) as f64 * all;
        let takes = |variant: &&Variant| {
            let taken = point < variant.weight;
            point -= variant.weight;
            taken
        };
        self.variants
            .iter()
            .find(takes)
            .or_else(|| self.variants.iter().rfind(|variant| variant.weight > 0.0))
    }
}

pub(super) fn compile(
    settings: &RouterSettings,
    known: &dyn Fn(&str) -> bool,
    faults: &mut Vec<PlanFault>,
) -> Vec<Split> {
    for (place, split) in settings.splits.iter().enumerate() {
        check(&settings.splits[..place], split, &format!("router_settings.splits[{place}]"), known, faults);
    }
    let ready = |split: &SplitSettings| Split {
        name: split.name.clone(),
        model: split.model.clone(),
        sticky_by: split.sticky_by,
        variants: split.variants.clone(),
    };
    settings.splits.iter().map(ready).collect()
}

fn check(
    before: &[SplitSettings],
    split: &SplitSettings,
    path: &str,
    known: &dyn Fn(&str) -> bool,
    faults: &mut Vec<PlanFault>,
) {
    let mut fault = |member: &str, what: &str| faults.push(PlanFault::error(format!("{path}{member}"), what));
    if before.iter().any(|other| other.name == split.name) {
        fault(".name", &format!("`{}` names another split too", split.name));
    }
    if before.iter().any(|other| other.model == split.model) {
        fault(".model", &format!("requests for `{}` take part in another split", split.model));
    }
    if split.variants.len() < 2 {
        fault(".variants", "expected two at least");
    }
    for (place, variant) in split.variants.iter().enumerate() {
        if !(variant.weight.is_finite() && variant.weight >= 0.0) {
            fault(&format!(".variants[{place}].weight"), "expected a share of zero or more");
        }
        if split.variants[..place].iter().any(|other| other.name == variant.name) {
            fault(
                &format!(".variants[{place}].name"),
                &format!("`{}` names another variant too", variant.name),
            );
        }
    }
    let sum: f64 = split.variants.iter().map(|variant| variant.weight).sum();
    if !(sum.is_finite() && sum > 0.0) {
        fault(".variants", "expected shares whose sum is above zero");
    }
    let models = split
        .variants
        .iter()
        .enumerate()
        .map(|(place, variant)| (format!(".variants[{place}].model"), &variant.model));
    for (member, model) in
        models.chain([(".model".to_owned(), &split.model)]).filter(|(_, model)| !known(model))
    {
        faults.push(PlanFault::unknown(format!("{path}{member}"), model));
    }
}
