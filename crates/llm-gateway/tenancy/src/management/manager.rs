//! Whoever asks to manage something.

use super::rights::{Resource, Verb, Verbs, rights};
use super::scope::{Place, Scope};
use crate::{Access, KeyHash, OrganizationId, Role, TeamId, TeamRole, UserId};

/// Whoever asks to manage something.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manager {
    /// What the user is for the whole proxy. `None` for a key without a user.
    pub role: Option<Role>,
    /// The user.
    pub user_id: Option<UserId>,
    /// The key that was presented.
    pub key: Option<KeyHash>,
    /// The team of that key, or of the token: what a key without a user may look at.
    pub key_team: Option<TeamId>,
    /// The organisations that the user is in, each with what the user is there.
    pub organizations: Vec<(OrganizationId, Role)>,
    /// The teams that the user is in.
    pub teams: Vec<Membership>,
}

/// A user's place in a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The team.
    pub team_id: TeamId,
    /// As what.
    pub role: TeamRole,
    /// What members that are not admins may do with keys of the team: [`Team::member_permissions`](crate::Team).
    pub permissions: Option<Vec<String>>,
}

/// What somebody is to one record, from nothing to everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// Nothing: the record is not there.
    Stranger,
    /// Its owner, or a member of what owns it.
    Own,
    /// Admin of its team.
    TeamAdmin,
    /// Admin of its organisation.
    OrgAdmin,
    /// Admin of all.
    ProxyAdmin,
}

impl Manager {
    /// The holder of the master key.
    pub fn master() -> Self {
        Self { role: Some(Role::ProxyAdmin), ..Self::default() }
    }

    /// Whoever holds a key, with the places of its user.
    pub fn of_key(
        access: &Access,
        organizations: Vec<(OrganizationId, Role)>,
        teams: Vec<Membership>,
    ) -> Self {
        let caller = &access.caller;
        Self {
            role: caller.user_role,
            user_id: caller.user_id.clone(),
            key: Some(caller.key),
            key_team: caller.team_id.clone(),
            // Without a record of the user, nobody has said that this is one.
            organizations: if caller.user_role.is_some() { organizations } else { Vec::new() },
            teams: if caller.user_role.is_some() { teams } else { Vec::new() },
        }
    }

    /// How far a right goes: which records this manager may do this to.
    pub fn scope(&self, resource: Resource, verb: Verb) -> Scope {
        let rights = rights(resource);
        let own = match self.role {
            Some(Role::ProxyAdmin) => return Scope::everything(),
            Some(Role::ProxyAdminViewer) if !verb.acts() => return Scope::everything(),
            // Who only looks does nothing else, whatever teams and organisations say.
            Some(Role::ProxyAdminViewer | Role::InternalUserViewer) if verb.acts() => {
                return Scope::default();
            }
            Some(Role::OrgAdmin | Role::InternalUser) => rights.own,
            Some(Role::ProxyAdminViewer | Role::InternalUserViewer) => rights.viewer,
            Some(Role::Team | Role::Customer) | None => return self.bare_scope(resource, verb, rights.bare),
        };
        let mut scope = Scope::default();
        if rights.org_admin.hold(verb) {
            scope.organizations = self.admin_organizations().cloned().collect();
        }
        if rights.team_admin.hold(verb) {
            scope.teams = self.admin_teams().cloned().collect();
        }
        if own.hold(verb) {
            self.add_own(&mut scope, resource, verb);
        }
        scope
    }

    /// What is one's own, which depends on what it is.
    fn add_own(&self, scope: &mut Scope, resource: Resource, verb: Verb) {
        let teams = || self.teams.iter().map(|membership| &membership.team_id);
        let organizations = || self.organizations.iter().map(|(id, _)| id);
        match resource {
            Resource::Team | Resource::Project => extend(&mut scope.teams, teams()),
            Resource::Organization => extend(&mut scope.organizations, organizations()),
            Resource::Model => {
                extend(&mut scope.teams, teams());
                extend(&mut scope.organizations, organizations());
                scope.shared = true;
            }
            Resource::Key => {
                scope.user.clone_from(&self.user_id);
                scope.user_in_organizations = organizations().cloned().collect();
                for membership in &self.teams {
                    let (own, others) = membership.keys(verb);
                    if own {
                        scope.user_in_teams.push(membership.team_id.clone());
                    }
                    if others {
                        extend(&mut scope.teams, [&membership.team_id]);
                    }
                }
            }
            Resource::User | Resource::TeamMember | Resource::OrganizationMember | Resource::Spend => {
                scope.user.clone_from(&self.user_id);
                scope.user_in_teams = teams().cloned().collect();
                scope.user_in_organizations = organizations().cloned().collect();
            }
            Resource::EndUser
            | Resource::Budget
            | Resource::Tag
            | Resource::AccessGroup
            | Resource::Credential
            | Resource::Audit
            | Resource::Health
            | Resource::Settings => {}
        }
    }

    /// What a key without a user may do: with itself, and with its team.
    fn bare_scope(&self, resource: Resource, verb: Verb, verbs: Verbs) -> Scope {
        let mut scope = Scope::default();
        if !verbs.hold(verb) {
            return scope;
        }
        match resource {
            Resource::Key | Resource::Spend => scope.key = self.key,
            Resource::Model => {
                scope.teams = self.key_team.iter().cloned().collect();
                scope.shared = true;
            }
            _ => scope.teams = self.key_team.iter().cloned().collect(),
        }
        scope
    }

    /// What this manager is to a record.
    pub fn rank(&self, place: &Place<'_>) -> Rank {
        let is_admin_of = |id: &OrganizationId| self.admin_organizations().any(|it| it == id);
        match self.role {
            Some(Role::ProxyAdmin) => Rank::ProxyAdmin,
            None | Some(Role::Team | Role::Customer | Role::ProxyAdminViewer | Role::InternalUserViewer) => {
                Rank::Stranger
            }
            Some(Role::OrgAdmin | Role::InternalUser) => {
                if place.organization.is_some_and(is_admin_of) {
                    Rank::OrgAdmin
                } else if place.team.is_some_and(|team| self.admin_teams().any(|it| it == team)) {
                    Rank::TeamAdmin
                } else if place.user.is_some() && place.user == self.user_id.as_ref() {
                    Rank::Own
                } else {
                    Rank::Stranger
                }
            }
        }
    }

    /// Whether a role may be given to a user who is made or changed.
    pub fn may_give_role(&self, role: Role) -> bool {
        match self.role {
            Some(Role::ProxyAdmin) => !matches!(role, Role::Team | Role::Customer),
            Some(Role::OrgAdmin | Role::InternalUser) => {
                self.admin_organizations().next().is_some()
                    && matches!(role, Role::InternalUser | Role::InternalUserViewer)
            }
            _ => false,
        }
    }

    /// Whether a role may be given to somebody within an organisation.
    pub fn may_give_role_in(&self, role: Role, organization: &OrganizationId) -> bool {
        let is_one = matches!(role, Role::OrgAdmin | Role::InternalUser | Role::InternalUserViewer);
        is_one && self.rank(&Place { organization: Some(organization), ..Place::default() }) >= Rank::OrgAdmin
    }

    /// The organisations that this manager manages.
    pub fn admin_organizations(&self) -> impl Iterator<Item = &OrganizationId> {
        self.organizations.iter().filter(|(_, role)| *role == Role::OrgAdmin).map(|(id, _)| id)
    }

    /// The teams that this manager manages.
    pub fn admin_teams(&self) -> impl Iterator<Item = &TeamId> {
        self.teams.iter().filter(|it| it.role == TeamRole::Admin).map(|it| &it.team_id)
    }
}

impl Membership {
    /// Whether a verb is allowed with one's own keys of the team, and with everybody's.
    ///
    /// Members look at their own keys in any case. What else they do with them the team must permit, by LiteLLM's names of
    /// routes; and by naming the routes that look, that they look at all of the team's.
    fn keys(&self, verb: Verb) -> (bool, bool) {
        if self.role == TeamRole::Admin {
            return (true, true);
        }
        let permitted = |routes: &[&str]| {
            let list = self.permissions.as_deref().unwrap_or_default();
            list.iter().any(|permission| routes.contains(&permission.as_str()))
        };
        match verb {
            Verb::Read => (true, permitted(&["/key/info"])),
            Verb::List => (true, permitted(&["/key/list"])),
            Verb::Check => (true, false),
            Verb::Create => (permitted(&["/key/generate", "/key/service-account/generate"]), false),
            Verb::Update => (permitted(&["/key/update", "/key/bulk_update"]), false),
            Verb::Delete => (permitted(&["/key/delete"]), false),
            Verb::Block => (permitted(&["/key/block", "/key/unblock"]), false),
            Verb::Rotate => {
                (permitted(&["/key/regenerate", "/key/{key_id}/regenerate", "/key/{key}/regenerate"]), false)
            }
            Verb::ResetSpend => (false, false),
        }
    }
}

fn extend<'a, T: Clone + PartialEq + 'a>(list: &mut Vec<T>, more: impl IntoIterator<Item = &'a T>) {
    for item in more {
        if !list.contains(item) {
            list.push(item.clone());
        }
    }
}
