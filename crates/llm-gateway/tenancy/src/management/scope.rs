//! How far a right goes.

use crate::{KeyHash, OrganizationId, Team, TeamId, UserId, VirtualKey};

/// Which records are within reach: the sum of what each member names. Nothing, if none names anything.
///
/// A store's query holds this as a condition, so that what lies outside is not found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// Everything.
    pub all: bool,
    /// Whatever belongs to these organisations, also by way of a team; of organisations, these.
    pub organizations: Vec<OrganizationId>,
    /// Whatever belongs to these teams; of teams, these.
    pub teams: Vec<TeamId>,
    /// Whatever belongs to this user and to no team, and to no organisation but `user_in_organizations`; of users, this
    /// one.
    pub user: Option<UserId>,
    /// Whatever belongs to `user` within these teams.
    pub user_in_teams: Vec<TeamId>,
    /// Organisations that something of `user` may belong to.
    pub user_in_organizations: Vec<OrganizationId>,
    /// This key, and whatever belongs to it.
    pub key: Option<KeyHash>,
    /// Whatever belongs to nobody: shared models.
    pub shared: bool,
}

/// Whose a record is. Of keys and teams made by [`Place::of_key`] and [`Place::of_team`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place<'a> {
    /// Its organisation; its team's if it has a team. What a request claims is not to be believed where the team knows it.
    pub organization: Option<&'a OrganizationId>,
    /// Its team; of a team, itself.
    pub team: Option<&'a TeamId>,
    /// Its user; of a user, itself.
    pub user: Option<&'a UserId>,
    /// Its key; of a key, itself.
    pub key: Option<&'a KeyHash>,
}

impl<'a> Place<'a> {
    /// Where a key is, with the record of the team that it names. A key of a team's is in the team's organisation, whatever
    /// it claims itself; and in none, as long as nobody has found the team.
    pub fn of_key(key: &'a VirtualKey, team: Option<&'a Team>) -> Self {
        let team = team.filter(|team| key.team_id.as_ref() == Some(&team.team_id));
        let organization = match (&key.team_id, team) {
            (Some(_), Some(team)) => team.organization_id.as_ref(),
            (Some(_), None) => None,
            (None, _) => key.organization_id.as_ref(),
        };
        Self { organization, team: key.team_id.as_ref(), user: key.user_id.as_ref(), key: Some(&key.hash) }
    }

    /// Where a team is.
    pub const fn of_team(team: &'a Team) -> Self {
        Self { organization: team.organization_id.as_ref(), team: Some(&team.team_id), user: None, key: None }
    }
}

impl Scope {
    /// Everything.
    pub fn everything() -> Self {
        Self { all: true, ..Self::default() }
    }

    /// Whether nothing is within reach.
    pub fn is_nothing(&self) -> bool {
        *self
            == Self {
                user_in_teams: self.user_in_teams.clone(),
                user_in_organizations: self.user_in_organizations.clone(),
                ..Self::default()
            }
    }

    /// Whether a record is within reach.
    pub fn holds(&self, place: &Place<'_>) -> bool {
        let is_users = || match (place.team, place.organization) {
            (Some(team), _) => self.user_in_teams.contains(team),
            (None, Some(organization)) => self.user_in_organizations.contains(organization),
            (None, None) => true,
        };
        self.all
            || place.organization.is_some_and(|it| self.organizations.contains(it))
            || place.team.is_some_and(|it| self.teams.contains(it))
            || place.user.is_some() && place.user == self.user.as_ref() && is_users()
            || place.key.is_some() && place.key == self.key.as_ref()
            || self.shared && place.organization.is_none() && place.team.is_none() && place.user.is_none()
    }
}
