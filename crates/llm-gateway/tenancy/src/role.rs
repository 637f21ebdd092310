//! Roles.

use serde::{Deserialize, Serialize};

/// What a user may manage.
///
/// Source: LiteLLM docs, "Role-based Access Controls", read 2026-11.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    ProxyAdmin,
    /// Sees everything, changes nothing.
    #[serde(alias = "proxy_admin_view_only")]
    ProxyAdminViewer,
    /// Its organisations: teams, users, keys, models in them.
    OrgAdmin,
    /// Its own keys, and what its teams let it.
    #[default]
    InternalUser,
    /// Sees its own keys and spend, changes nothing.
    #[serde(alias = "internal_user_view_only")]
    InternalUserViewer,
    /// A team that speaks for itself, by a JSON web token.
    Team,
    /// Whom an application's requests are for.
    Customer,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 7] = [
        Self::ProxyAdmin,
        Self::ProxyAdminViewer,
        Self::OrgAdmin,
        Self::InternalUser,
        Self::InternalUserViewer,
        Self::Team,
        Self::Customer,
    ];

    /// LiteLLM's name, as its routes show it.
    pub const fn litellm(self) -> &'static str {
        match self {
            Self::ProxyAdmin => "proxy_admin",
            Self::ProxyAdminViewer => "proxy_admin_viewer",
            Self::OrgAdmin => "org_admin",
            Self::InternalUser => "internal_user",
            Self::InternalUserViewer => "internal_user_viewer",
            Self::Team => "team",
            Self::Customer => "customer",
        }
    }

    /// The role of this name, also under LiteLLM's other names for viewers.
    pub fn from_litellm(name: &str) -> Option<Self> {
        match name {
            "proxy_admin_view_only" => Some(Self::ProxyAdminViewer),
            "internal_user_view_only" => Some(Self::InternalUserViewer),
            _ => Self::ALL.into_iter().find(|role| role.litellm() == name),
        }
    }

    /// Whether it changes nothing.
    pub const fn is_viewer(self) -> bool {
        matches!(self, Self::ProxyAdminViewer | Self::InternalUserViewer)
    }
}

/// What somebody is in a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TeamRole {
    /// Manages the team, its members and its keys.
    Admin,
    /// Uses the team's models.
    #[default]
    User,
}

impl TeamRole {
    /// LiteLLM's name.
    pub const fn litellm(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::User => "user",
        }
    }

    /// The role of this name.
    pub fn from_litellm(name: &str) -> Option<Self> {
        match name {
            "admin" => Some(Self::Admin),
            "user" => Some(Self::User),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for role in Role::ALL {
            assert_eq!(Role::from_litellm(role.litellm()), Some(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.litellm());
        }
        assert_eq!(Role::from_litellm("proxy_admin_view_only"), Some(Role::ProxyAdminViewer));
        assert_eq!(Role::from_litellm("Proxy_Admin"), None);
        for role in [TeamRole::Admin, TeamRole::User] {
            assert_eq!(TeamRole::from_litellm(role.litellm()), Some(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.litellm());
        }
    }
}
