//! `virtual_models`: one name for several models.

use super::ClassBy;
use crate::settings::{MeaningSettings, VirtualModel};
use crate::{PlanFault, RouterSettings, Tier};

/// A virtual model that goes by the request's class. Those that choose among deployments need nothing here.
#[derive(Debug)]
pub(super) struct Virtual {
    pub(super) name: String,
    by: By,
    default: String,
}

#[derive(Debug)]
enum By {
    /// The model of each tier.
    Complexity([Option<String>; Tier::ALL.len()]),
    Meaning(MeaningSettings),
}

impl Virtual {
    /// The model for a class, and how to find the class out if it is not known.
    pub(super) fn resolve<'a>(&'a self, class: Option<&str>) -> (&'a str, Option<ClassBy<'a>>) {
        let found = class.and_then(|class| match &self.by {
            By::Complexity(models) => {
                let tier = Tier::ALL.into_iter().find(|tier| tier.as_str() == class)?;
                models[tier as usize].as_deref()
            }
            By::Meaning(meaning) => {
                meaning.routes.iter().map(|route| route.model.as_str()).find(|model| *model == class)
            }
        });
        let class_by = match &self.by {
            By::Complexity(_) => ClassBy::Complexity,
            By::Meaning(meaning) => ClassBy::Meaning(meaning),
        };
        (found.unwrap_or(&self.default), class.is_none().then_some(class_by))
    }
}

pub(super) fn compile(
    settings: &RouterSettings,
    is_group: &dyn Fn(&str) -> bool,
    faults: &mut Vec<PlanFault>,
) -> Vec<Virtual> {
    let mut ready = Vec::new();
    for (name, model) in &settings.virtual_models {
        let path = format!("router_settings.virtual_models.{name}");
        if is_group(name) {
            faults.push(PlanFault::error(&path, format!("`{name}` is the name of a model too")));
        }
        let ways = [
            !model.cheapest.is_empty(),
            !model.fastest.is_empty(),
            !model.first_of.is_empty(),
            !model.by_complexity.is_empty(),
            model.by_meaning.is_some(),
        ];
        if ways.into_iter().filter(|way| *way).count() != 1 {
            let what = "expected exactly one of cheapest, fastest, first_of, by_complexity and by_meaning";
            faults.push(PlanFault::error(&path, what));
            continue;
        }
        // A virtual model that goes by class may lead to one that chooses among deployments, which ends there.
        let chooses = |target: &str| settings.virtual_models.get(target).is_some_and(VirtualModel::chooses);
        for (member, target) in model.targets() {
            let by_class = !model.chooses();
            if !(is_group(target) || by_class && chooses(target)) {
                let path = format!("{path}.{member}");
                faults.push(if settings.virtual_models.contains_key(target) {
                    PlanFault::error(
                        path,
                        format!("`{target}` is a virtual model, and cannot be reached from here"),
                    )
                } else {
                    PlanFault::unknown(path, target)
                });
            }
        }
        if !model.chooses() {
            ready.extend(by_class(name, &path, model, is_group, faults));
        }
    }
    ready
}

fn by_class(
    name: &str,
    path: &str,
    model: &VirtualModel,
    is_group: &dyn Fn(&str) -> bool,
    faults: &mut Vec<PlanFault>,
) -> Option<Virtual> {
    let (by, first) = if let Some(meaning) = &model.by_meaning {
        check_meaning(path, meaning, is_group, faults);
        (By::Meaning(meaning.clone()), None)
    } else {
        let mut models = [const { None }; Tier::ALL.len()];
        for (tier, target) in &model.by_complexity {
            match Tier::ALL.into_iter().find(|known| known.as_str() == tier) {
                Some(known) => models[known as usize] = Some(target.clone()),
                None => {
                    let what = "expected one of simple, medium, complex and reasoning";
                    faults.push(PlanFault::error(format!("{path}.by_complexity.{tier}"), what));
                }
            }
        }
        // A tier without a model of its own goes up to the next that has one.
        for tier in (0..models.len() - 1).rev() {
            if models[tier].is_none() {
                models[tier] = models[tier + 1].clone();
            }
        }
        let medium = models[Tier::Medium as usize].clone().or_else(|| models[Tier::Simple as usize].clone());
        (By::Complexity(models), medium)
    };
    let Some(default) = model.default.clone().or(first) else {
        faults.push(PlanFault::error(
            format!("{path}.default"),
            "expected the model for requests that fit nothing",
        ));
        return None;
    };
    Some(Virtual { name: name.to_owned(), by, default })
}

fn check_meaning(
    path: &str,
    meaning: &MeaningSettings,
    is_group: &dyn Fn(&str) -> bool,
    faults: &mut Vec<PlanFault>,
) {
    let path = format!("{path}.by_meaning");
    if !is_group(&meaning.embedding_model) {
        faults.push(PlanFault::unknown(format!("{path}.embedding_model"), &meaning.embedding_model));
    }
    if meaning.routes.is_empty() {
        faults.push(PlanFault::error(format!("{path}.routes"), "expected one at least"));
    }
    for (place, route) in meaning.routes.iter().enumerate() {
        let path = format!("{path}.routes[{place}]");
        if route.utterances.is_empty() {
            faults.push(PlanFault::error(format!("{path}.utterances"), "expected one at least"));
        }
        if route.score_threshold.is_some_and(|score| !(0.0..=1.0).contains(&score)) {
            faults.push(PlanFault::error(format!("{path}.score_threshold"), "expected a number from 0 to 1"));
        }
    }
}
