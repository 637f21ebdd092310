//! What a key may be, by whose it is and what is above it.

use llm_store::StoreError;
use llm_tenancy::management::{Ceiling, Place, Resource, Scope, Verb};
use llm_tenancy::{
    Budget, Kind, Organization, OrganizationMember, Project, Role, Team, TeamMember, User, VirtualKey,
};

use super::allotment;
use crate::desk::Desk;
use crate::fault::Fault;

/// The records above a key.
#[derive(Debug, Default)]
pub(super) struct Above {
    pub(super) team: Option<Team>,
    user: Option<User>,
    organization: Option<Organization>,
}

impl Above {
    pub(super) async fn of(desk: &Desk, key: &VirtualKey) -> Result<Self, StoreError> {
        let (store, all) = (&desk.store, Scope::everything());
        let mut above = Self::default();
        if let Some(id) = &key.team_id {
            above.team = store.find::<Team>(id, &all).await?.map(|found| found.value);
        }
        if let Some(id) = &key.user_id {
            above.user = store.find::<User>(id, &all).await?.map(|found| found.value);
        }
        let of_team = above.team.as_ref().and_then(|team| team.organization_id.as_ref());
        if let Some(id) = of_team.or(key.organization_id.as_ref()) {
            above.organization = store.find::<Organization>(id, &all).await?.map(|found| found.value);
        }
        Ok(above)
    }

    /// Where the key is.
    pub(super) fn place<'a>(&'a self, key: &'a VirtualKey) -> Place<'a> {
        Place::of_key(key, self.team.as_ref())
    }

    pub(super) const fn ceiling(&self) -> Ceiling<'_> {
        Ceiling {
            team: self.team.as_ref(),
            user: self.user.as_ref(),
            organization: self.organization.as_ref(),
        }
    }
}

/// That a key may be made, or changed from what it was `before`, within the reach of a right.
///
/// # Errors
/// 403 for what is not the caller's to give, 400 for what does not fit together.
pub(super) async fn allow(
    desk: &Desk,
    key: &mut VirtualKey,
    before: Option<&VirtualKey>,
    above: &Above,
    scope: &Scope,
) -> Result<(), Fault> {
    // First of all, so that the answer says nothing of a team that is foreign.
    if !scope.holds(&above.place(key)) {
        return Err(Fault::forbidden("this is not yours to manage"));
    }
    settle_organization(key, before, above)?;
    desk.manager.check_key(key, before, &above.ceiling())?;
    desk.manager.check_holder(key, before)?;
    check_membership(desk, key, before).await?;
    check_project(desk, key, before).await?;
    allotment::check(desk, key, before, above.team.as_ref()).await?;
    check_budget(desk, key, before).await
}

/// A key of a team's is in the team's organisation, wherever that moves: it does not say so itself.
pub(super) fn settle_organization(
    key: &mut VirtualKey,
    before: Option<&VirtualKey>,
    above: &Above,
) -> Result<(), Fault> {
    let (Some(team), Some(organization)) = (&above.team, &key.organization_id) else { return Ok(()) };
    let is_said = before.is_none_or(|before| before.organization_id != key.organization_id);
    if is_said && team.organization_id.as_ref() != Some(organization) {
        return Err(Fault::invalid("organization_id", "this is not the organization of the team"));
    }
    key.organization_id = None;
    Ok(())
}

/// Whether a key stays with whom it is.
fn stays(key: &VirtualKey, before: Option<&VirtualKey>) -> bool {
    before.is_some_and(|before| {
        before.user_id == key.user_id
            && before.team_id == key.team_id
            && before.organization_id == key.organization_id
    })
}

/// Only proxy admins make keys for somebody who is in neither the team nor the organisation.
async fn check_membership(desk: &Desk, key: &VirtualKey, before: Option<&VirtualKey>) -> Result<(), Fault> {
    let Some(user) = &key.user_id else { return Ok(()) };
    let manager = &desk.manager;
    if manager.role == Some(Role::ProxyAdmin) || manager.user_id.as_ref() == Some(user) || stays(key, before)
    {
        return Ok(());
    }
    let all = Scope::everything();
    if let Some(team) = &key.team_id {
        let id = (team.clone(), user.clone());
        if desk.store.find::<TeamMember>(&id, &all).await?.is_some() {
            return Ok(());
        }
    } else if let Some(organization) = &key.organization_id {
        let id = (organization.clone(), user.clone());
        if desk.store.find::<OrganizationMember>(&id, &all).await?.is_some() {
            return Ok(());
        }
    }
    let fault = Fault::forbidden("user_id: is no member there");
    Err(Fault(fault.0.with_param("user_id")))
}

/// A project is of the key's team.
async fn check_project(desk: &Desk, key: &VirtualKey, before: Option<&VirtualKey>) -> Result<(), Fault> {
    let Some(id) = &key.project_id else { return Ok(()) };
    if before.is_some_and(|before| before.project_id == key.project_id && before.team_id == key.team_id) {
        return Ok(());
    }
    let scope = desk.scope_of(Resource::Project, Verb::Read);
    let project = desk.store.find::<Project>(id, &scope).await?;
    let project = project.ok_or(StoreError::Missing(Kind::Project))?;
    if project.value.team_id.is_some() && project.value.team_id != key.team_id {
        return Err(Fault::invalid("project_id", "the project is of another team than the key"));
    }
    Ok(())
}

/// The budget of end users is there. Only proxy admins name one.
async fn check_budget(desk: &Desk, key: &VirtualKey, before: Option<&VirtualKey>) -> Result<(), Fault> {
    let Some(id) = &key.end_user_budget_id else { return Ok(()) };
    if before.is_some_and(|before| before.end_user_budget_id == key.end_user_budget_id) {
        return Ok(());
    }
    match desk.store.find::<Budget>(id, &Scope::everything()).await? {
        Some(_) => Ok(()),
        None => Err(StoreError::Missing(Kind::Budget).into()),
    }
}
