//! Where a request goes in: rules, experiments and virtual models, before any deployment is looked at.

use llm_types::{ApiError, ErrorKind, Layer};
use serde::Serialize;

use crate::settings::MeaningSettings;
use crate::{Inquiry, Needs, PlanFault, RouterSettings};

mod rules;
mod splits;
mod virtual_models;

#[cfg(test)]
mod tests;

use rules::Rule;
#[cfg(feature = "cel")]
pub(crate) use rules::rehearse as rehearse_rule;
use splits::Split;
pub use virtual_models::Tiers;
use virtual_models::{Lead, Virtual};

/// Rules, experiments and virtual models, made ready.
#[derive(Debug, Default)]
pub struct Entrance {
    rules: Vec<Rule>,
    splits: Vec<Split>,
    virtual_models: Vec<Virtual>,
}

/// Where a request goes in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Entry<'a> {
    /// The model group: a `model_name`, or a virtual model that chooses among deployments; see
    /// [`RouterSettings::members`].
    pub group: &'a str,
    /// The rule that applied.
    pub rule: Option<&'a str>,
    /// The experiment that the request takes part in, and its variant.
    pub variant: Option<(&'a str, &'a str)>,
    /// The virtual model that goes by the request's class or tier, if it came to one.
    pub virtual_model: Option<&'a str>,
    /// The tier of that model that serves.
    pub quality: Option<&'a str>,
    /// The tiers that there are, where the request names another.
    pub unknown_quality: Option<Tiers<'a>>,
    /// What the rule leaves in question: goes into [`Inquiry::narrowed`].
    pub narrowed: Option<Narrowed<'a>>,
    /// What must be found out for a better answer: with it in [`Inquiry::class`] the same question gives the model for that
    /// class. `group` is the one for requests of no class.
    pub class_by: Option<ClassBy<'a>>,
}

impl<'a> Entry<'a> {
    /// Into a group, by a rule that is none of the configuration's.
    pub const fn by(rule: &'a str, group: &'a str) -> Self {
        Self {
            group,
            rule: Some(rule),
            variant: None,
            virtual_model: None,
            quality: None,
            unknown_quality: None,
            narrowed: None,
            class_by: None,
        }
    }
}

impl Entry<'_> {
    /// Whether there is the tier that the request names.
    ///
    /// # Errors
    /// 400 with the tiers that there are.
    pub fn check_quality(&self, inquiry: &Inquiry<'_>) -> Result<(), ApiError> {
        let Some((tiers, asked)) = self.unknown_quality.zip(inquiry.quality) else { return Ok(()) };
        let model = self.virtual_model.unwrap_or_default();
        let message = format!("{model:?} has no tier {asked:?}, but {tiers}");
        Err(ApiError::new(ErrorKind::InvalidRequest, Layer::Router, message).with_param("quality_tier"))
    }
}

/// How a request's class is found out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassBy<'a> {
    /// By how hard the prompt is: the name of a [`Tier`](crate::Tier).
    Complexity,
    /// By what the prompt is about: the `model` of the nearest route.
    Meaning(&'a MeaningSettings),
}

/// What a rule leaves in question, as configured.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Narrowing {
    /// Ids of deployments; empty stands for any.
    pub deployments: Vec<String>,
    /// Labels of deployments, one of which is enough; empty stands for any.
    pub tags: Vec<String>,
    /// Regions of deployments; empty stands for any.
    pub regions: Vec<String>,
}

/// What a rule leaves in question for one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Narrowed<'a> {
    /// What is left.
    pub to: &'a Narrowing,
    /// The model group that the rule led to. In others, where the request may go on, only the regions hold.
    pub group: &'a str,
}

impl Entrance {
    /// Makes the settings ready. `is_group` tells whether a name is that of a model group.
    ///
    /// # Errors
    /// Every fault that the configuration has here, with its place.
    pub fn new(settings: &RouterSettings, is_group: impl Fn(&str) -> bool) -> Result<Self, Vec<PlanFault>> {
        let mut faults = Vec::new();
        let known = |name: &str| is_group(name) || settings.virtual_models.contains_key(name);
        let entrance = Self {
            rules: rules::compile(settings, &known, &mut faults),
            splits: splits::compile(settings, &known, &mut faults),
            virtual_models: virtual_models::compile(settings, &is_group, &mut faults),
        };
        if faults.is_empty() { Ok(entrance) } else { Err(faults) }
    }

    /// What of any request must be found out before [`enter`](Self::enter).
    pub fn needs(&self) -> Needs {
        let rules = self.rules.iter().map(Rule::needs);
        let splits = Needs::AFFINITY.when(!self.splits.is_empty());
        let qualities = Needs::QUALITY.when(self.virtual_models.iter().any(Virtual::has_tiers));
        rules.fold(splits | qualities, |all, one| all | one)
    }

    /// Where a request for `inquiry.model` goes in: the first rule that applies, then the experiment of the model it led
    /// to, then the class or the tier of the request where that model is virtual.
    pub fn enter<'a>(&'a self, inquiry: &Inquiry<'a>) -> Entry<'a> {
        let rule = self.rules.iter().find(|rule| rule.applies(inquiry));
        let model = rule.and_then(Rule::model).unwrap_or(inquiry.model);
        let split = self.splits.iter().find(|split| split.model == model);
        let variant = split.and_then(|split| split.variant(&inquiry.affinity));
        let model = variant.map_or(model, |variant| &variant.model);
        let found = self.virtual_models.iter().find_map(|one| Some((one, one.leads(model, inquiry)?)));
        let lead = found.as_ref().map_or(Lead { group: model, ..Lead::default() }, |(_, lead)| *lead);
        let group = lead.group;
        Entry {
            group,
            rule: rule.map(Rule::name),
            variant: split.zip(variant).map(|(split, variant)| (&*split.name, &*variant.name)),
            virtual_model: found.map(|(one, _)| &*one.name),
            quality: lead.quality,
            unknown_quality: lead.unknown_quality,
            narrowed: rule.and_then(Rule::narrowing).map(|to| Narrowed { to, group }),
            class_by: lead.class_by,
        }
    }
}
