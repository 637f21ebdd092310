//! How far a right goes.

use crate::{KeyHash, OrganizationId, TeamId, UserId};

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

/// Whose a record is.
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
