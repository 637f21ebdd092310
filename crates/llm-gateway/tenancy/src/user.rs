//! Users: whoever owns keys.

use serde::{Deserialize, Serialize};

use crate::document::{Document, Stamp, is_default};
use crate::{BudgetId, Conduct, Grants, Limits, Role, Spending, UserId};

/// A person or a machine that owns keys and belongs to teams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The id.
    pub user_id: UserId,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_alias: Option<String>,
    /// The address, unlike every other user's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_email: Option<String>,
    /// The subject by which the identity provider knows the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sso_user_id: Option<String>,
    /// What the user may manage.
    #[serde(default)]
    pub user_role: Role,
    /// The budget that the user shares with others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_id: Option<BudgetId>,
    /// Whether all keys of the user are refused for now.
    #[serde(default, skip_serializing_if = "is_default")]
    pub blocked: bool,
    /// What the user's keys may call at most.
    #[serde(default, skip_serializing_if = "is_default")]
    pub grants: Grants,
    /// What the user may spend, and how fast.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: Limits,
    /// What the user has spent.
    #[serde(default, skip_serializing_if = "is_default")]
    pub spending: Spending,
    /// How the user's requests are treated.
    #[serde(default, skip_serializing_if = "is_default")]
    pub conduct: Conduct,
    /// What else was written down.
    #[serde(default, skip_serializing_if = "Document::is_empty")]
    pub metadata: Document,
    /// Who made and changed the user.
    #[serde(default)]
    pub stamp: Stamp,
}

impl User {
    /// A user of this role, without any bounds.
    pub fn new(user_id: UserId, user_role: Role, stamp: Stamp) -> Self {
        Self {
            user_id,
            user_alias: None,
            user_email: None,
            sso_user_id: None,
            user_role,
            budget_id: None,
            blocked: false,
            grants: Grants::default(),
            limits: Limits::default(),
            spending: Spending::default(),
            conduct: Conduct::default(),
            metadata: Document::new(),
            stamp,
        }
    }
}

/// Whom an application's requests are for: LiteLLM's customer, OpenAI's `user`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndUser {
    /// The name that requests say.
    pub user_id: crate::EndUserId,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Whether requests for them are refused.
    #[serde(default, skip_serializing_if = "is_default")]
    pub blocked: bool,
    /// The region that models must be in: `eu` or `us`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_model_region: Option<String>,
    /// The model that is asked for them whatever the request says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_model: Option<String>,
    /// Budget and limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_id: Option<BudgetId>,
    /// What requests for them may call.
    #[serde(default, skip_serializing_if = "is_default")]
    pub grants: Grants,
    /// What may be spent for them beside their budget's own bounds, and how fast.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: Limits,
    /// What has been spent for them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub spending: Spending,
    /// What else was written down.
    #[serde(default, skip_serializing_if = "Document::is_empty")]
    pub metadata: Document,
    /// Who made and changed it.
    #[serde(default)]
    pub stamp: Stamp,
}
