//! `routing_groups`.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{RoutingStrategy, StrategyArgs};

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

impl super::RouterSettings {
    /// The model groups whose deployments serve a name together: those of a routing group, or of a virtual model that
    /// chooses among deployments. `None` for any other name.
    pub fn members(&self, name: &str) -> Option<&[String]> {
        match self.virtual_models.get(name) {
            Some(model) => model.chooses().then(|| model.members()),
            None => {
                self.routing_groups.iter().find(|group| group.group_name == name).map(|group| &*group.models)
            }
        }
    }

    /// The further checks of a group: its own, else those of all groups.
    pub fn checks(&self, group: &str) -> &[super::PreCallCheck] {
        self.model_group_affinity_config.get(group).unwrap_or(&self.optional_pre_call_checks)
    }
}
