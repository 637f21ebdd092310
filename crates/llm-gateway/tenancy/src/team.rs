//! Teams and their members.

use serde::{Deserialize, Serialize};

use crate::document::{Document, Stamp, is_default};
use crate::grants::MemberDefaults;
use crate::{BudgetId, Conduct, Grants, Limits, OrganizationId, Spending, TeamId, TeamRole, UserId};

/// People and machines that share keys, models and a budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// Its id.
    pub team_id: TeamId,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team_alias: Option<String>,
    /// The organisation that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// The budget that it shares with others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_id: Option<BudgetId>,
    /// Whether all that belongs to it is refused for now.
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
    /// How its requests are treated.
    #[serde(default, skip_serializing_if = "is_default")]
    pub conduct: Conduct,
    /// What members that are not its admins may do with its keys: routes such as `/key/generate`. `None` is LiteLLM's
    /// default, `/key/info` and `/key/health`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_permissions: Option<Vec<String>>,
    /// What holds for members that nobody said anything else of.
    #[serde(default, skip_serializing_if = "is_default")]
    pub member_defaults: MemberDefaults,
    /// Labels that its requests have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What else its admins wrote down; LiteLLM keeps callbacks and secret managers of teams here as well.
    #[serde(default, skip_serializing_if = "Document::is_empty")]
    pub metadata: Document,
    /// Who made and changed it.
    #[serde(default)]
    pub stamp: Stamp,
}

impl Team {
    /// A team that may do everything.
    pub fn new(team_id: TeamId, stamp: Stamp) -> Self {
        Self {
            team_id,
            team_alias: None,
            organization_id: None,
            budget_id: None,
            blocked: false,
            grants: Grants::default(),
            limits: Limits::default(),
            spending: Spending::default(),
            conduct: Conduct::default(),
            member_permissions: None,
            member_defaults: MemberDefaults::default(),
            tags: Vec::new(),
            metadata: Document::new(),
            stamp,
        }
    }
}

/// Somebody in a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamMember {
    /// The team.
    pub team_id: TeamId,
    /// Who.
    pub user_id: UserId,
    /// As what.
    #[serde(default)]
    pub role: TeamRole,
    /// Models that the member may call in this team; all of the team's if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// The budget that the membership shares with others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_id: Option<BudgetId>,
    /// What the member may spend in this team, and how fast. See [`TeamMember::limits_in`].
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: Limits,
    /// What the member has spent in this team.
    #[serde(default, skip_serializing_if = "is_default")]
    pub spending: Spending,
    /// Who made and changed the membership.
    #[serde(default)]
    pub stamp: Stamp,
}

impl TeamMember {
    /// A member without bounds of its own.
    pub fn new(team_id: TeamId, user_id: UserId, role: TeamRole, stamp: Stamp) -> Self {
        Self {
            team_id,
            user_id,
            role,
            models: Vec::new(),
            budget_id: None,
            limits: Limits::default(),
            spending: Spending::default(),
            stamp,
        }
    }

    /// What bounds the member in its team: its own bounds, or those that the team has for members without any.
    pub fn limits_in<'a>(&'a self, team: &'a Team) -> &'a Limits {
        if is_default(&self.limits) { &team.member_defaults.limits } else { &self.limits }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_no_bounds_has_the_teams() {
        let mut team = Team::new("search".into(), Stamp::default());
        let mut anna = TeamMember::new("search".into(), "anna".into(), TeamRole::User, Stamp::default());
        assert_eq!(*anna.limits_in(&team), Limits::default());
        team.member_defaults.limits.rpm_limit = Some(5);
        assert_eq!(anna.limits_in(&team).rpm_limit, Some(5), "also when the team has them later");
        anna.limits.tpm_limit = Some(9);
        assert_eq!((anna.limits_in(&team).rpm_limit, anna.limits_in(&team).tpm_limit), (None, Some(9)));
    }
}
