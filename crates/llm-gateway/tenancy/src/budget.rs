//! Budgets that several refer to, tags, and groups of models.

use serde::{Deserialize, Serialize};

use crate::document::{Document, Stamp, is_default};
use crate::{AccessGroupId, BudgetId, KeyHash, Limits, Spending, TagName, TeamId};

/// Bounds under a name. Each key, member or customer that refers to it is bounded for itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Its id.
    pub budget_id: BudgetId,
    /// The bounds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: Limits,
    /// Models that may be asked under it; all if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_models: Vec<String>,
    /// When it next begins anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_reset_at: Option<llm_types::UnixMs>,
    /// Who made and changed it.
    #[serde(default)]
    pub stamp: Stamp,
}

/// A label of requests that has a budget or models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// The label.
    pub name: TagName,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Ids of the deployments that serve requests with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// What LiteLLM's clients keep of those deployments.
    #[serde(default, skip_serializing_if = "Document::is_empty")]
    pub model_info: Document,
    /// The budget that it shares with others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_id: Option<BudgetId>,
    /// What may be spent with it, and how fast.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: Limits,
    /// What has been spent with it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub spending: Spending,
    /// Who made and changed it.
    #[serde(default)]
    pub stamp: Stamp,
}

/// Models, tool servers and agents under one name, for keys and teams to refer to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessGroup {
    /// Its id.
    pub access_group_id: AccessGroupId,
    /// Its name, which lists of models may hold in the place of a model's.
    #[serde(default)]
    pub access_group_name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Names and patterns of models.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// Tool servers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mcp_server_ids: Vec<String>,
    /// Agents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agent_ids: Vec<String>,
    /// Teams that have it whatever their own lists say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assigned_team_ids: Vec<TeamId>,
    /// Keys that have it whatever their own lists say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assigned_keys: Vec<KeyHash>,
    /// What may be spent on its models, and how fast.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: Limits,
    /// What has been spent on its models.
    #[serde(default, skip_serializing_if = "is_default")]
    pub spending: Spending,
    /// Who made and changed it.
    #[serde(default)]
    pub stamp: Stamp,
}
