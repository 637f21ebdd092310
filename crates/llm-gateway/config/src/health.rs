//! What is checked in the background, how often, and what that may cost.

#[cfg(feature = "schemars")]
use llm_router::DeploymentSettings;
use llm_router::Seconds;
use llm_router::settings::RouterSettings;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::litellm_settings::GeneralSettings;

/// The keys of `model_info` that say how a deployment is checked.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct HealthCheckInfo {
    /// The model that is asked instead, at the same vendor: a cheaper one, or any where this entry's is a pattern.
    /// Default: the entry's own model; an entry with a pattern is not checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_model: Option<String>,
    /// Seconds that a check may take. Default: 60.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_timeout: Option<Seconds>,
    /// Tokens that the answer to a check may have. Default: what the next two keys say, else 16.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_max_tokens: Option<u32>,
    /// The same for models that are known to think. Default: 16.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_max_tokens_reasoning: Option<u32>,
    /// The same for all others. Default: 16.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_max_tokens_non_reasoning: Option<u32>,
    /// Whether checks say how many tokens the answer may have. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_supports_max_tokens: Option<bool>,
    /// Members that are set in the requests of checks. Default: none.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub health_check_params: Map<String, Value>,
    /// Seconds between two checks of this deployment. Default: `general_settings.health_check_interval`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_interval: Option<Seconds>,
    /// Whether this deployment is left out of background checks. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_background_health_check: Option<bool>,
}

impl HealthCheckInfo {
    /// Tokens that the answer to a check may have; `None` if checks do not say.
    pub fn max_tokens(&self, thinks: bool) -> Option<u32> {
        /// Fewer are refused by some vendors.
        const DEFAULT: u32 = 16;
        let of_sort = if thinks {
            self.health_check_max_tokens_reasoning
        } else {
            self.health_check_max_tokens_non_reasoning
        };
        let most = self.health_check_max_tokens.or(of_sort).unwrap_or(DEFAULT);
        self.health_check_supports_max_tokens.unwrap_or(true).then_some(most)
    }

    /// Milliseconds that a check may take.
    pub fn timeout_ms(&self) -> u64 {
        self.health_check_timeout.map_or(60_000, Seconds::as_ms)
    }

    /// Whether background checks leave it out.
    pub fn is_left_out(&self) -> bool {
        self.disable_background_health_check.unwrap_or(false)
    }
}

/// `llm_gateway.health_checks`: what LiteLLM has no keys for.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct HealthCheckSettings {
    /// USD that checks may cost in one day (UTC), those that `GET /health` asks for included. When they are spent, nobody
    /// is checked until the next day; checks under way are let finish. What has no known price costs nothing here.
    /// Default: 1.0.
    pub max_usd_per_day: f64,
}

impl Default for HealthCheckSettings {
    fn default() -> Self {
        Self { max_usd_per_day: 1.0 }
    }
}

/// What is checked in the background, how often, and what that may cost: all sections together.
#[derive(Debug, Clone, PartialEq)]
pub struct HealthSettings {
    /// Whether anything is checked in the background.
    pub in_background: bool,
    /// Milliseconds between two checks of a deployment.
    pub interval_ms: u64,
    /// Checks at a time.
    pub concurrency: usize,
    /// Whether what one gateway finds counts for all that share its Redis.
    pub shared: bool,
    /// Whether `GET /health` tells more than which model is well.
    pub tells_details: bool,
    /// Whether `GET /health` leaves out what background checks leave out.
    pub skips_disabled: bool,
    /// Whether lists of models leave out those of which no deployment is well.
    pub lists_healthy_only: bool,
    /// Whether decisions go by what was found.
    pub routes: bool,
    /// Milliseconds for which that counts; `None` for twice the time between two checks.
    pub stale_ms: Option<u64>,
    /// Whether a check that failed for want of room is left out of account.
    pub ignores_transient: bool,
    /// The model groups that are checked; `None` for all.
    pub groups: Option<Vec<String>>,
    /// USD that checks may cost in one day.
    pub max_usd_per_day: f64,
}

impl HealthSettings {
    /// Seconds between two checks where nobody says.
    const INTERVAL_MS: u64 = 300_000;
    /// Checks at a time where nobody says.
    const CONCURRENCY: usize = 8;

    pub(super) fn new(
        ours: &HealthCheckSettings,
        general: &GeneralSettings,
        router: &RouterSettings,
    ) -> Self {
        let seconds = |seconds: f64| (seconds * 1000.0).round() as u64;
        let stale = router.health_check_staleness_threshold.map(seconds);
        Self {
            in_background: general.background_health_checks,
            interval_ms: general.health_check_interval.map_or(Self::INTERVAL_MS, Seconds::as_ms),
            concurrency: general.health_check_concurrency.map_or(Self::CONCURRENCY, std::num::NonZero::get),
            shared: general.use_shared_health_check,
            tells_details: general.health_check_details.unwrap_or(true),
            skips_disabled: general.health_check_skip_disabled_background_models,
            lists_healthy_only: general.model_list_healthy_only,
            routes: router
                .enable_health_check_routing
                .or(general.enable_health_check_routing)
                .unwrap_or(true),
            stale_ms: stale.or(general.health_check_staleness_threshold.map(Seconds::as_ms)),
            ignores_transient: router.health_check_ignore_transient_errors
                || general.health_check_ignore_transient_errors,
            groups: router
                .background_health_check_model_groups
                .clone()
                .or_else(|| general.background_health_check_model_groups.clone()),
            max_usd_per_day: ours.max_usd_per_day,
        }
    }

    /// Milliseconds between two checks of a deployment.
    pub fn interval_of(&self, info: &HealthCheckInfo) -> u64 {
        info.health_check_interval.map_or(self.interval_ms, Seconds::as_ms)
    }

    /// Milliseconds for which what was found of a deployment counts.
    pub fn stale_of(&self, info: &HealthCheckInfo) -> u64 {
        self.stale_ms.unwrap_or_else(|| self.interval_of(info).saturating_mul(2))
    }

    /// Whether a deployment of this group is checked in the background.
    pub fn covers(&self, group: &str, info: &HealthCheckInfo) -> bool {
        self.in_background
            && !info.is_left_out()
            && self.groups.as_ref().is_none_or(|groups| groups.iter().any(|one| one == group))
    }
}

/// Keys of other types that stand in the same map.
#[cfg(feature = "schemars")]
pub(super) fn with_keys<T: schemars::JsonSchema>(schema: &mut schemars::Schema) {
    let more = schemars::SchemaGenerator::default().into_root_schema_for::<T>();
    let more = more.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.extend(more);
    }
}

/// The router owns the type of some keys of `litellm_params`.
#[cfg(feature = "schemars")]
pub(super) fn with_routing_keys(schema: &mut schemars::Schema) {
    with_keys::<DeploymentSettings>(schema);
}

/// How a deployment is checked stands in `model_info`.
#[cfg(feature = "schemars")]
pub(super) fn with_health_keys(schema: &mut schemars::Schema) {
    with_keys::<HealthCheckInfo>(schema);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_go_by_the_nearest_key() {
        let info = HealthCheckInfo {
            health_check_max_tokens_reasoning: Some(64),
            health_check_max_tokens_non_reasoning: Some(5),
            ..HealthCheckInfo::default()
        };
        assert_eq!((info.max_tokens(true), info.max_tokens(false)), (Some(64), Some(5)));
        let one = HealthCheckInfo { health_check_max_tokens: Some(1), ..info.clone() };
        assert_eq!((one.max_tokens(true), one.max_tokens(false)), (Some(1), Some(1)));
        let silent = HealthCheckInfo { health_check_supports_max_tokens: Some(false), ..info };
        assert_eq!(silent.max_tokens(true), None);
        assert_eq!(HealthCheckInfo::default().max_tokens(true), Some(16));
    }
}
