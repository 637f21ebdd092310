//! Organisations, their members, and projects.

use serde::{Deserialize, Serialize};

use crate::document::{Document, Stamp, is_default};
use crate::{BudgetId, Conduct, Grants, Limits, OrganizationId, ProjectId, Role, Spending, TeamId, UserId};

/// What teams and users belong to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// Its id.
    pub organization_id: OrganizationId,
    /// A name for people.
    #[serde(default)]
    pub organization_alias: String,
    /// The budget that it shares with others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_id: Option<BudgetId>,
    /// Whether all that belongs to it is refused for now.
    #[serde(default, skip_serializing_if = "is_default")]
    pub blocked: bool,
    /// What its teams and keys may call at most.
    #[serde(default, skip_serializing_if = "is_default")]
    pub grants: Grants,
    /// What it may spend, and how fast.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: Limits,
    /// What it has spent.
    #[serde(default, skip_serializing_if = "is_default")]
    pub spending: Spending,
    /// How its requests are treated.
    #[serde(default, skip_serializing_if = "is_default")]
    pub conduct: Conduct,
    /// What else its admins wrote down.
    #[serde(default, skip_serializing_if = "Document::is_empty")]
    pub metadata: Document,
    /// Who made and changed it.
    #[serde(default)]
    pub stamp: Stamp,
}

/// Somebody in an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationMember {
    /// The organisation.
    pub organization_id: OrganizationId,
    /// Who.
    pub user_id: UserId,
    /// As what: [`Role::OrgAdmin`] manages the organisation.
    #[serde(default)]
    pub user_role: Role,
    /// The budget that the membership shares with others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_id: Option<BudgetId>,
    /// What the member may spend in this organisation, and how fast.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: Limits,
    /// What the member has spent in this organisation.
    #[serde(default, skip_serializing_if = "is_default")]
    pub spending: Spending,
    /// Who made and changed the membership.
    #[serde(default)]
    pub stamp: Stamp,
}

/// A use of a team's, with bounds of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Its id.
    pub project_id: ProjectId,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_alias: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The team that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team_id: Option<TeamId>,
    /// The budget that it shares with others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_id: Option<BudgetId>,
    /// Whether its keys are refused for now.
    #[serde(default, skip_serializing_if = "is_default")]
    pub blocked: bool,
    /// What its keys may call at most.
    #[serde(default, skip_serializing_if = "is_default")]
    pub grants: Grants,
    /// What it may spend, and how fast.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: Limits,
    /// What it has spent.
    #[serde(default, skip_serializing_if = "is_default")]
    pub spending: Spending,
    /// What else was written down.
    #[serde(default, skip_serializing_if = "Document::is_empty")]
    pub metadata: Document,
    /// Who made and changed it.
    #[serde(default)]
    pub stamp: Stamp,
}
