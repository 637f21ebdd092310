//! `litellm_settings.default_key_generate_params` and `upperbound_key_generate_params`: what keys begin with, and what none
//! has more of.

use llm_tenancy::{Period, Usd};
use serde::Deserialize;
use serde_json::{Map, Value};

/// `litellm_settings.default_key_generate_params`: what a new key has of which nothing is said.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct DefaultKeyParams {
    /// Dollars that may be spent with it. Default: any.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<f64>"))]
    pub max_budget: Option<Usd>,
    /// After which time that begins anew, such as `30d`. Not for a key that is asked for with `budget_duration: null`.
    /// Default: never.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<String>"))]
    pub budget_duration: Option<Period>,
    /// How long it lives, such as `30d`. The team's `team_member_key_duration` goes before it. Default: for ever.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<String>"))]
    pub duration: Option<Period>,
    /// Requests with it at a time. Default: any number.
    pub max_parallel_requests: Option<u64>,
    /// Tokens a minute. Default: any number.
    pub tpm_limit: Option<u64>,
    /// Requests a minute. Default: any number.
    pub rpm_limit: Option<u64>,
    /// Models that may be asked with it. Default: all that its owner may ask.
    pub models: Vec<String>,
    /// What its owner would have written down. Default: nothing.
    pub metadata: Map<String, Value>,
    /// The team that it is used for. Whoever may make no keys there has to name another one. Default: none.
    pub team_id: Option<String>,
    /// Whose it is; keys of machines are nobody's. Default: whoever asks for it.
    pub user_id: Option<String>,
    /// What else is said, of which nothing is made.
    #[serde(flatten)]
    #[cfg_attr(feature = "schemars", schemars(skip))]
    pub others: Map<String, Value>,
}

/// `litellm_settings.upperbound_key_generate_params`: what no key has more of, whoever makes or changes it. A new key of
/// which nothing is said has as much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct UpperboundKeyParams {
    /// Dollars. Default: any.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<f64>"))]
    pub max_budget: Option<Usd>,
    /// After which time the budget begins anew at the latest, such as `30d`. Default: never.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<String>"))]
    pub budget_duration: Option<Period>,
    /// How long a key lives, such as `30d`. Default: for ever.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<String>"))]
    pub duration: Option<Period>,
    /// Requests at a time. Default: any number.
    pub max_parallel_requests: Option<u64>,
    /// Tokens a minute. Default: any number.
    pub tpm_limit: Option<u64>,
    /// Requests a minute. Default: any number.
    pub rpm_limit: Option<u64>,
}
