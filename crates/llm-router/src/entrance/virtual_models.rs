//! `virtual_models`: one name for several models.

use std::fmt;

use serde::Serialize;

use super::ClassBy;
use crate::settings::{MeaningSettings, VirtualModel, tier_name};
use crate::{Inquiry, PlanFault, RouterSettings, Tier};

/// A virtual model that goes by the request's class or tier. Those that choose among deployments need nothing here.
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
    /// The tiers, from the least to the best.
    Quality(Vec<QualityGroup>),
}

/// A tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
struct QualityGroup {
    tier: String,
    /// The group that serves it, which is a model as well.
    #[serde(skip)]
    group: String,
}

/// The tiers of a virtual model. Shown with commas between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Tiers<'a>(&'a [QualityGroup]);

impl fmt::Display for Tiers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, one) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{}", one.tier)?;
        }
        Ok(())
    }
}

/// Where a virtual model leads.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Lead<'a> {
    pub(super) group: &'a str,
    pub(super) class_by: Option<ClassBy<'a>>,
    pub(super) quality: Option<&'a str>,
    pub(super) unknown_quality: Option<Tiers<'a>>,
}

impl Virtual {
    /// Where it leads whoever asks for `model`; `None` if that is neither it nor one of its tiers.
    pub(super) fn leads<'a>(&'a self, model: &str, inquiry: &Inquiry<'_>) -> Option<Lead<'a>> {
        let By::Quality(tiers) = &self.by else {
            return (self.name == model).then(|| {
                let (group, class_by) = self.resolve(inquiry.class);
                Lead { group, class_by, ..Lead::default() }
            });
        };
        let of =
            |one: &'a QualityGroup| Lead { group: &one.group, quality: Some(&one.tier), ..Lead::default() };
        if self.name != model {
            return tiers.iter().find(|one| one.group == model).map(of);
        }
        let usual = tiers.iter().find(|one| one.group == self.default);
        let usual = usual.map_or(Lead { group: &self.default, ..Lead::default() }, of);
        let Some(asked) = inquiry.quality else { return Some(usual) };
        let found = tiers.iter().find(|one| one.tier == asked).map(of);
        Some(found.unwrap_or(Lead { unknown_quality: Some(Tiers(tiers)), ..usual }))
    }

    /// Whether requests name tiers of it.
    pub(super) const fn has_tiers(&self) -> bool {
        matches!(self.by, By::Quality(_))
    }

    /// The model for a class, and how to find the class out if it is not known.
    fn resolve(&self, class: Option<&str>) -> (&str, Option<ClassBy<'_>>) {
        let found = class.and_then(|class| match &self.by {
            By::Quality(_) => None,
            By::Complexity(models) => {
                let tier = Tier::ALL.into_iter().find(|tier| tier.as_str() == class)?;
                models[tier as usize].as_deref()
            }
            By::Meaning(meaning) => {
                meaning.routes.iter().map(|route| route.model.as_str()).find(|model| *model == class)
            }
        });
        let class_by = match &self.by {
            By::Complexity(_) => Some(ClassBy::Complexity),
            By::Meaning(meaning) => Some(ClassBy::Meaning(meaning)),
            By::Quality(_) => None,
        };
        (found.unwrap_or(&self.default), class_by.filter(|_| class.is_none()))
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
            !model.by_quality.is_empty(),
        ];
        if ways.into_iter().filter(|way| *way).count() != 1 {
            let what = "expected exactly one of cheapest, fastest, first_of, by_complexity, by_meaning and by_quality";
            faults.push(PlanFault::error(&path, what));
            continue;
        }
        // A virtual model that goes by class may lead to one that chooses among deployments, which ends there.
        let chooses = |target: &str| settings.virtual_models.get(target).is_some_and(VirtualModel::chooses);
        for (member, target) in model.targets() {
            // A tier is such a one itself.
            let by_class = !model.chooses() && !member.starts_with("by_quality.");
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
            ready.extend(Compiling { name, path: &path, model, is_group, faults }.done());
        }
    }
    ready
}

/// A virtual model on its way.
struct Compiling<'a> {
    name: &'a str,
    path: &'a str,
    model: &'a VirtualModel,
    is_group: &'a dyn Fn(&str) -> bool,
    faults: &'a mut Vec<PlanFault>,
}

impl Compiling<'_> {
    fn fault(&mut self, path: impl Into<String>, what: impl Into<String>) {
        self.faults.push(PlanFault::error(path, what));
    }

    fn done(mut self) -> Option<Virtual> {
        let (by, default) = if !self.model.by_quality.is_empty() {
            self.by_quality()
        } else if let Some(meaning) = &self.model.by_meaning {
            check_meaning(self.path, meaning, self.is_group, self.faults);
            (By::Meaning(meaning.clone()), self.model.default.clone())
        } else {
            self.by_complexity()
        };
        let Some(default) = default else {
            self.fault(format!("{}.default", self.path), "expected the model for requests that fit nothing");
            return None;
        };
        Some(Virtual { name: self.name.to_owned(), by, default })
    }

    fn by_complexity(&mut self) -> (By, Option<String>) {
        let mut models = [const { None }; Tier::ALL.len()];
        for (tier, target) in &self.model.by_complexity {
            match Tier::ALL.into_iter().find(|known| known.as_str() == tier) {
                Some(known) => models[known as usize] = Some(target.clone()),
                None => {
                    let what = "expected one of simple, medium, complex and reasoning";
                    self.fault(format!("{}.by_complexity.{tier}", self.path), what);
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
        (By::Complexity(models), self.model.default.clone().or(medium))
    }

    fn by_quality(&mut self) -> (By, Option<String>) {
        let mut tiers = Vec::new();
        for (tier, models) in &self.model.by_quality {
            let path = format!("{}.by_quality.{tier}", self.path);
            if tier.is_empty() {
                self.fault(&path, "expected a name");
            }
            if models.models().is_empty() {
                self.fault(&path, "expected a model at least");
            }
            let group = tier_name(self.name, tier);
            if (self.is_group)(&group) {
                self.fault(&path, format!("`{group}` is the name of a model too"));
            }
            tiers.push(QualityGroup { tier: tier.clone(), group });
        }
        let own =
            |default: &String| tiers.iter().find(|one| one.tier == *default).map(|one| one.group.clone());
        let default = match &self.model.default {
            Some(default) => Some(own(default).unwrap_or_else(|| default.clone())),
            None => tiers.last().map(|best| best.group.clone()),
        };
        (By::Quality(tiers), default)
    }
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
