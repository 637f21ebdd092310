//! `optional_pre_call_checks`: who stays where.

use serde::{Deserialize, Serialize};

/// Checks before a deployment is chosen, by LiteLLM's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum PreCallCheck {
    /// Requests with the same long beginning stay together, for the vendor's prompt cache.
    PromptCaching,
    /// Budgets of vendors, deployments and labels. They count wherever there are such.
    RouterBudgetLimiting,
    /// A request that refers to an earlier answer goes where that was made. It always does.
    ResponsesApiDeploymentCheck,
    /// A key or user stays with a deployment.
    DeploymentAffinity,
    /// A conversation stays with a deployment.
    SessionAffinity,
    /// `rpm` and `tpm` are limits, whatever the strategy.
    EnforceModelRateLimits,
    /// Encrypted thinking goes back to the deployment that made it.
    EncryptedContentAffinity,
    /// Headers of clients are handed on by model group: as `litellm_settings.model_group_settings` says, with this check
    /// or without it.
    ForwardClientHeadersByModelGroup,
}
