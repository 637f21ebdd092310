//! The keys of `litellm_params` that concern routing.

use serde::{Deserialize, Serialize};

use super::{BudgetPeriod, FallbackTarget, Seconds};

/// The keys of `litellm_params` that concern routing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct DeploymentSettings {
    /// This deployment's share of its group's requests. As soon as one deployment of the group has a
    /// weight, those without get nothing. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// Lower goes first: only the deployments with the lowest order are asked while one of them is well.
    /// Default: after all that have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<i64>,
    /// Requests per minute that the vendor allows. Serves as weight where no deployment of the group has
    /// one. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpm: Option<u64>,
    /// Tokens per minute that the vendor allows. Serves as weight where no deployment of the group has a
    /// weight or `rpm`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpm: Option<u64>,
    /// Requests at a time, at most; further ones wait. Default: `router_settings.default_max_parallel_requests`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_parallel_requests: Option<u32>,
    /// Labels of this deployment. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Patterns for `User-Agent: …`; a request that one of them fits counts as labelled for this deployment. Default:
    /// none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tag_regex: Vec<String>,
    /// Where its data is: `eu`, `us`, or the vendor's own name of a place. Default: what the vendor's settings say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region_name: Option<String>,
    /// USD that may be spent here in each `budget_duration`. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_budget: Option<f64>,
    /// The period of `max_budget`: `30s`, `30m`, `1h`, `1d`, `7d`, `1mo`. Default: `1d`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_duration: Option<BudgetPeriod>,
    /// Further attempts when this one has failed. Default: `router_settings.num_retries`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_retries: Option<u32>,
    /// Seconds for which it cools down. Default: what the vendor asks for, else `router_settings.cooldown_time`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cooldown_time: Option<f64>,
    /// Seconds until the first token, at most. Default: `router_settings.first_token_timeout`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttft_timeout: Option<Seconds>,
    /// Model groups to go on with when this deployment has failed. Default: those of its group.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fallbacks: Vec<FallbackTarget>,
    /// A model group, or a deployment by its id, that gets a copy of each request; its answers are thrown away.
    /// Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent_model: Option<String>,
    /// The share of requests that are copied, `0.0..=1.0`. Default: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent_share: Option<f64>,
}
