//! What changed, and who changed it.

use llm_types::UnixMs;
use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::{AuditId, KeyHash, Role, UserId};

/// The kinds of records that are managed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// [`VirtualKey`](crate::VirtualKey)
    Key,
    /// [`Team`](crate::Team)
    Team,
    /// [`TeamMember`](crate::TeamMember)
    TeamMember,
    /// [`User`](crate::User)
    User,
    /// [`Organization`](crate::Organization)
    Organization,
    /// [`OrganizationMember`](crate::OrganizationMember)
    OrganizationMember,
    /// [`Project`](crate::Project)
    Project,
    /// [`EndUser`](crate::EndUser)
    EndUser,
    /// [`Budget`](crate::Budget)
    Budget,
    /// [`Tag`](crate::Tag)
    Tag,
    /// [`AccessGroup`](crate::AccessGroup)
    AccessGroup,
    /// [`StoredModel`](crate::StoredModel)
    Model,
    /// [`StoredCredential`](crate::StoredCredential)
    Credential,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::Key,
        Self::Team,
        Self::TeamMember,
        Self::User,
        Self::Organization,
        Self::OrganizationMember,
        Self::Project,
        Self::EndUser,
        Self::Budget,
        Self::Tag,
        Self::AccessGroup,
        Self::Model,
        Self::Credential,
    ];

    /// A name for the store, logs and the audit.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Team => "team",
            Self::TeamMember => "team_member",
            Self::User => "user",
            Self::Organization => "organization",
            Self::OrganizationMember => "organization_member",
            Self::Project => "project",
            Self::EndUser => "end_user",
            Self::Budget => "budget",
            Self::Tag => "tag",
            Self::AccessGroup => "access_group",
            Self::Model => "model",
            Self::Credential => "credential",
        }
    }

    /// The kind with this label.
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.label() == label)
    }

    /// LiteLLM's name of the table, as its audit tells it.
    pub const fn litellm_table(self) -> &'static str {
        match self {
            Self::Key => "LiteLLM_VerificationToken",
            Self::Team => "LiteLLM_TeamTable",
            Self::TeamMember => "LiteLLM_TeamMembership",
            Self::User => "LiteLLM_UserTable",
            Self::Organization => "LiteLLM_OrganizationTable",
            Self::OrganizationMember => "LiteLLM_OrganizationMembership",
            Self::Project => "LiteLLM_ProjectTable",
            Self::EndUser => "LiteLLM_EndUserTable",
            Self::Budget => "LiteLLM_BudgetTable",
            Self::Tag => "LiteLLM_TagTable",
            Self::AccessGroup => "LiteLLM_AccessGroupTable",
            Self::Model => "LiteLLM_ProxyModelTable",
            Self::Credential => "LiteLLM_CredentialsTable",
        }
    }
}

/// What was done to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuditAction {
    /// It was made.
    Created,
    /// It was changed.
    Updated,
    /// It was deleted.
    Deleted,
    /// It was blocked.
    Blocked,
    /// It was let in again.
    Unblocked,
    /// A key got another text.
    Rotated,
}

impl AuditAction {
    /// Every action.
    pub const ALL: [Self; 6] =
        [Self::Created, Self::Updated, Self::Deleted, Self::Blocked, Self::Unblocked, Self::Rotated];

    /// A name for the store and the audit.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
            Self::Blocked => "blocked",
            Self::Unblocked => "unblocked",
            Self::Rotated => "rotated",
        }
    }

    /// The action with this label.
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.label() == label)
    }
}

/// Who changed something, for the record.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Actor {
    /// The user; the master key's holder and the gateway itself have ids of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The key that was presented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyHash>,
    /// The role that let it happen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// From where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<std::net::IpAddr>,
    /// With which request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Who else is meant: LiteLLM's header `litellm-changed-by`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<String>,
}

/// One change. Secrets in it are masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Its id.
    pub id: AuditId,
    /// When.
    pub at: UnixMs,
    /// Who.
    pub actor: Actor,
    /// What was done.
    pub action: AuditAction,
    /// To what kind of record.
    pub kind: Kind,
    /// To which.
    pub object_id: String,
    /// How it was, of what changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Document>,
    /// How it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Document>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_those_of_serde_and_lead_back() {
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.label());
            assert_eq!(Kind::from_label(kind.label()), Some(kind));
        }
        for action in AuditAction::ALL {
            assert_eq!(serde_json::to_value(action).unwrap(), action.label());
            assert_eq!(AuditAction::from_label(action.label()), Some(action));
        }
    }
}
