//! Who is in teams.

use std::collections::BTreeMap;

use llm_store::{Field, Filter};
use llm_tenancy::management::{Resource, Verb};
use llm_tenancy::{Limits, Team, TeamId, TeamMember, UserId};
use serde_json::{Value, json};

use crate::bounds;
use crate::desk::Desk;
use crate::fault::Fault;
use crate::paging::every;
use crate::people;
use crate::wire::Wire as _;

/// The members of some teams, as far as the caller may see them, by team and user.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    members: BTreeMap<TeamId, Vec<TeamMember>>,
    emails: BTreeMap<UserId, String>,
}

impl Roster {
    /// The members of these teams.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn of(desk: &Desk, teams: impl IntoIterator<Item = &TeamId>) -> Result<Self, Fault> {
        let teams: Vec<String> = teams.into_iter().map(|id| id.as_str().to_owned()).collect();
        let scope = desk.scope_of(Resource::TeamMember, Verb::List);
        if teams.is_empty() || scope.is_nothing() {
            return Ok(Self::default());
        }
        let members =
            every::<TeamMember>(&desk.store, vec![Filter::Among(Field::Team, teams)], &scope).await?;
        let emails = people::emails(desk, members.iter().map(|member| &member.user_id)).await?;
        let mut roster = Self { members: BTreeMap::new(), emails };
        for member in members {
            roster.members.entry(member.team_id.clone()).or_default().push(member);
        }
        Ok(roster)
    }

    /// The members of a team.
    pub(crate) fn members(&self, team: &TeamId) -> &[TeamMember] {
        self.members.get(team).map_or(&[], Vec::as_slice)
    }

    /// A user's address.
    pub(crate) fn email(&self, user: &UserId) -> Option<&str> {
        self.emails.get(user).map(String::as_str)
    }

    /// LiteLLM's `members_with_roles` of a team.
    pub(crate) fn lines(&self, team: &TeamId) -> Value {
        let line = |member: &TeamMember| {
            json!({
                "user_id": member.user_id,
                "user_email": self.email(&member.user_id),
                "role": member.role.litellm(),
            })
        };
        self.members(team).iter().map(line).collect()
    }

    /// LiteLLM's `team_memberships` of a team.
    pub(crate) fn memberships(&self, team: &Team) -> Value {
        self.members(&team.team_id).iter().map(|member| membership(member, team)).collect()
    }
}

/// What a member of a team may spend there, and has spent. The budget is the one that holds: the member's own, or the
/// team's for its members.
pub(crate) fn membership(member: &TeamMember, team: &Team) -> Value {
    let budget_id = member.budget_id.as_ref().map(AsRef::as_ref);
    let source = if member.limits != Limits::default() || budget_id.is_some() {
        "custom"
    } else if team.member_defaults.limits != Limits::default() {
        "team_default"
    } else {
        "none"
    };
    let mut table = bounds::table(member.limits_in(team), budget_id, member.spending.budget_reset_at);
    if !table.is_null() {
        table["allowed_models"] = json!(member.models);
    }
    json!({
        "user_id": member.user_id,
        "team_id": member.team_id,
        "role": member.role.litellm(),
        "budget_id": budget_id,
        "spend": member.spending.spend.show(),
        "allowed_models": member.models,
        "budget_source": source,
        "litellm_budget_table": table,
        "created_at": member.stamp.created_at.show(),
        "updated_at": member.stamp.updated_at.show(),
    })
}
