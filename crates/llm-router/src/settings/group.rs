//! `routing_groups`.

use std::borrow::Cow;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{QualityTier, RoutingStrategy, StrategyArgs};

/// Models that are routed in a way of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct RoutingGroup {
    /// Its name; clients may ask for it.
    pub group_name: String,
    /// The `model_name`s that belong to it.
    pub models: Vec<String>,
    /// How one is chosen. Default: `router_settings.routing_strategy`.
    #[serde(default)]
    pub routing_strategy: Option<RoutingStrategy>,
    /// What the strategy goes by. Default: `router_settings.routing_strategy_args`.
    #[serde(default)]
    pub routing_strategy_args: Option<StrategyArgs>,
    /// With `priority`: a number for each model, at least 1; lower goes first, equal ones share.
    #[serde(default)]
    pub model_priorities: IndexMap<String, u32>,
}

/// What the tier of a virtual model is called as a model.
pub(crate) fn tier_name(model: &str, tier: &str) -> String {
    format!("{model}:{tier}")
}

impl super::RouterSettings {
    /// The model groups whose deployments serve a name together: those of a routing group, of a virtual model that chooses
    /// among deployments, or of one of its tiers. `None` for any other name.
    pub fn members(&self, name: &str) -> Option<&[String]> {
        if let Some(model) = self.virtual_models.get(name) {
            return model.chooses().then(|| model.members());
        }
        if let Some(tier) = self.tier(name) {
            return Some(tier.models());
        }
        self.routing_groups.iter().find(|group| group.group_name == name).map(|group| &*group.models)
    }

    /// The names that have [members](Self::members).
    pub fn joined(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let virtual_models = self.virtual_models.iter().filter(|(_, model)| model.chooses());
        let tiers = self.virtual_models.iter().flat_map(|(name, model)| {
            model.by_quality.keys().map(move |tier| Cow::Owned(tier_name(name, tier)))
        });
        let groups = self.routing_groups.iter().map(|group| Cow::Borrowed(group.group_name.as_str()));
        virtual_models.map(|(name, _)| Cow::Borrowed(name.as_str())).chain(tiers).chain(groups)
    }

    /// The tier of a virtual model that a name is that of: `NAME:TIER`.
    pub(crate) fn tier(&self, name: &str) -> Option<&QualityTier> {
        self.virtual_models.iter().find_map(|(model, settings)| {
            settings.by_quality.get(name.strip_prefix(model.as_str())?.strip_prefix(':')?)
        })
    }

    /// The further checks of a group: its own, else those of all groups.
    pub fn checks(&self, group: &str) -> &[super::PreCallCheck] {
        self.model_group_affinity_config.get(group).unwrap_or(&self.optional_pre_call_checks)
    }
}
