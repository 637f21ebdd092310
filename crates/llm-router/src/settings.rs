//! LiteLLM's config keys that concern routing, and ours beside them.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

mod affinity;
mod alias;
mod breaker;
mod budget;
mod deployment;
mod error_class;
mod fallbacks;
mod group;
mod hedging;
mod mirror;
mod retries;
mod rule;
mod seconds;
mod split;
mod strategy;
mod virtual_model;

#[cfg(test)]
mod tests;

pub use affinity::PreCallCheck;
pub use alias::ModelAlias;
pub use breaker::{AllowedFailsPolicy, CircuitBreakerSettings};
pub use budget::{BudgetPeriod, BudgetSettings, InvalidPeriod};
pub use deployment::DeploymentSettings;
pub(crate) use error_class::ErrorClass;
pub use fallbacks::{FallbackTarget, FallbackTargets, Fallbacks, WishedFallbacks};
pub use group::RoutingGroup;
pub(crate) use group::tier_name;
pub use hedging::{FirstTokenTimeout, HedgingSettings, LearnedTimeout};
pub use mirror::MirrorSettings;
pub use retries::RetryPolicy;
pub use rule::RuleSettings;
pub use seconds::{InvalidSeconds, Seconds};
pub use split::{SplitBy, SplitSettings, Variant};
pub use strategy::{RoutingStrategy, StrategyArgs};
pub use virtual_model::{MeaningRoute, MeaningSettings, QualityTier, VirtualModel};

/// `router_settings`: how requests are spread over the deployments of a model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct RouterSettings {
    /// How a deployment is chosen among those of one `model_name`. Default: `simple-shuffle`.
    pub routing_strategy: RoutingStrategy,
    /// What the strategy goes by. Default: see each.
    pub routing_strategy_args: StrategyArgs,
    /// Models that are routed in a way of their own. Default: none.
    pub routing_groups: Vec<RoutingGroup>,
    /// Names that stand for several models, of which one is chosen. Default: none.
    pub virtual_models: IndexMap<String, VirtualModel>,
    /// Rules that send some requests to some deployments. The first that applies holds. Default: none.
    pub rules: Vec<RuleSettings>,
    /// Experiments: shares of keys or users that get one variant or the other. Default: none.
    pub splits: Vec<SplitSettings>,

    /// Further attempts after a failed one, in the same model group. Default: `litellm_settings.num_retries`, else 3.
    pub num_retries: Option<u32>,
    /// Seconds to wait before a further attempt, at least. Default: 0.
    pub retry_after: Option<f64>,
    /// Further attempts by the kind of failure. Default: `num_retries` for what may pass.
    pub retry_policy: Option<RetryPolicy>,
    /// The same for single model groups. Default: none.
    pub model_group_retry_policy: IndexMap<String, RetryPolicy>,
    /// Failures within a minute after which a deployment cools down. Default: as `circuit_breaker` says.
    pub allowed_fails: Option<u32>,
    /// The same by the kind of failure. Default: none.
    pub allowed_fails_policy: Option<AllowedFailsPolicy>,
    /// Seconds for which a deployment cools down. Default: as `circuit_breaker` says.
    pub cooldown_time: Option<f64>,
    /// Whether no deployment ever cools down. Default: false.
    pub disable_cooldowns: bool,
    /// When a deployment is left alone, and for how long. Default: see there.
    pub circuit_breaker: CircuitBreakerSettings,

    /// Model groups to go on with when one has failed; `*` stands for every group. Default: none.
    pub fallbacks: Fallbacks,
    /// The same, when the prompt is too long. Default: `fallbacks`.
    pub context_window_fallbacks: Fallbacks,
    /// The same, when the content is refused. Default: `fallbacks`.
    pub content_policy_fallbacks: Fallbacks,
    /// The same, when the first token does not come in time. Default: `fallbacks`.
    pub latency_fallbacks: Fallbacks,
    /// Model groups for every group without fallbacks of its own. Default: none.
    pub default_fallbacks: Vec<FallbackTarget>,
    /// Changes of the model group in one request, at most. Default: `litellm_settings.max_fallbacks`, else 3.
    pub max_fallbacks: Option<u32>,
    /// Whether a request whose parameters a vendor refuses goes on to the fallbacks. Default: true.
    pub fallback_on_unsupported_params: Option<bool>,
    /// Whether a fallback may serve a request of which it would lose something. Default: false.
    pub allow_lossy_fallbacks: bool,
    /// Whether a request for vectors may go on to another model: its vectors do not compare with the first one's.
    /// Default: false.
    pub allow_embedding_fallbacks: bool,
    /// Whether a failed attempt is followed by a draw among the others of the group before any back-off. It always is.
    pub enable_weighted_failover: bool,
    /// Whether a stream that breaks off goes on at another deployment. Default: false.
    pub enable_mid_stream_fallback_continuation: bool,
    /// The same for single model groups. Default: `enable_mid_stream_fallback_continuation`.
    pub model_group_stream_continuation: IndexMap<String, bool>,
    /// Copies of model groups' requests for others; a deployment's own `silent_model` goes before it. Default: none.
    pub mirrors: IndexMap<String, MirrorSettings>,

    /// Seconds until a request is given up. Holds for deployments without a `timeout` of their own.
    /// Default: `litellm_settings.request_timeout`.
    pub timeout: Option<Seconds>,
    /// The same for streamed requests. Default: `timeout`.
    pub stream_timeout: Option<Seconds>,
    /// When an attempt is given up for want of a first token: seconds, or `{p95_factor, min_samples}` of the
    /// group's own times. Default: none.
    pub first_token_timeout: Option<FirstTokenTimeout>,
    /// A second request where the first is slow. Default: off.
    pub hedging: HedgingSettings,
    /// Requests that a deployment has at a time, at most; further ones wait. Default: no bound.
    pub default_max_parallel_requests: Option<u32>,
    /// Priority of requests that name none: lower is sooner. Default: 128.
    pub default_priority: Option<u8>,

    /// Whether deployments are left out whose context window is too small, whose region is not allowed, or that lack
    /// what the request needs. Default: false.
    pub enable_pre_call_checks: bool,
    /// Further checks, by LiteLLM's names. Default: none.
    pub optional_pre_call_checks: Vec<PreCallCheck>,
    /// Whether labels of requests choose among deployments. Default: false.
    pub enable_tag_filtering: bool,
    /// Whether one common label is enough. Default: true.
    pub tag_filtering_match_any: Option<bool>,
    /// What labels begin with that are meant for routing. Default: every label is.
    pub tag_routing_prefix: String,
    /// Budgets of vendors. A deployment whose vendor has spent its budget is not asked. Default: none.
    pub provider_budget_config: IndexMap<String, BudgetSettings>,
    /// Budgets of labels: requests with a label whose budget is spent are refused. Default:
    /// `litellm_settings.tag_budget_config`.
    pub tag_budget_config: IndexMap<String, BudgetSettings>,
    /// Seconds for which a request of the same key, user or conversation stays with a deployment. Default: 3600.
    pub deployment_affinity_ttl_seconds: Option<f64>,
    /// Affinity by model group. Default: what `optional_pre_call_checks` says.
    pub model_group_affinity_config: IndexMap<String, Vec<PreCallCheck>>,
    /// Whether a conversation stays with the deployment that took over. Default: false.
    pub session_affinity_repin_on_failover: bool,
    /// Whether deployments whose background check failed are passed over while another is well. Default: true, where
    /// there are such checks.
    pub enable_health_check_routing: Option<bool>,
    /// Seconds for which a check counts. Default: twice the time between two checks.
    pub health_check_staleness_threshold: Option<f64>,
    /// Whether a check that failed for want of room (408, 429) is left out of account. Default: false.
    pub health_check_ignore_transient_errors: bool,
    /// The model groups whose deployments are checked. Default: all.
    pub background_health_check_model_groups: Option<Vec<String>>,

    /// Further names for model groups: a request for the key goes to the value. Default: none.
    pub model_group_alias: IndexMap<String, ModelAlias>,
    /// `litellm_params` of every deployment that does not set them itself. Default: none.
    pub default_litellm_params: Map<String, Value>,
}
