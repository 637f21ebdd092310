//! How teams are made, changed and deleted.

use std::collections::BTreeSet;

use axum::Json;
use llm_store::{Batch, StoreError};
use llm_tenancy::management::{Place, Resource, Scope, Verb};
use llm_tenancy::{
    Document, Kind, Organization, OrganizationId, OrganizationMember, Role, Team, TeamId, TeamMember,
    TeamRole,
};
use llm_types::ParseError;
use serde_json::{Value, json};

use super::permissions;
use super::{Roster, row, team};
use crate::bounds;
use crate::desk::Desk;
use crate::fault::Fault;
use crate::lift::lift;
use crate::member;
use crate::parts::Parts;
use crate::people::{self, Named, Person};
use crate::said::Said;
use crate::wire::Wire;

/// Makes a team with its members: all, or nothing.
pub(super) async fn new(desk: Desk, mut said: Said) -> Result<Json<Document>, Fault> {
    lift(&desk, &mut said.members, &team(), &[]);
    let organization_id = organization_id(&mut said)?;
    let place = Place { organization: organization_id.as_ref(), ..Place::default() };
    desk.check_members(Kind::Team, &said.members, &place)?;
    desk.check_place(&place)?;
    let organization = organization(&desk, organization_id.as_ref()).await?;
    let id = said.take::<TeamId>("team_id")?.filter(|id| !id.as_str().is_empty());
    let names = names(&desk, &mut said)?;
    let mut made = Team::new(id.unwrap_or_else(|| desk.new_id().into()), desk.stamp());
    made.organization_id = organization_id;
    said.set(&mut made, &team())?;
    settle(&desk, &mut made, None, organization.as_ref())?;
    desk.manager.check_team(&made, None, organization.as_ref())?;
    said.end();
    let (named, roles): (Vec<Named>, Vec<TeamRole>) = names.into_iter().unzip();
    let people = people::find(&desk, &named, made.organization_id.as_ref()).await?;
    let mut batch = Batch::default();
    batch.create(&made)?;
    join(&desk, &mut batch, &made, &people, |place| begin(&desk, &made, &people[place], roles[place]))?;
    desk.store.apply(&batch, &desk.by).await?;
    let roster = Roster::of(&desk, [&made.team_id]).await?;
    Ok(Json(row(&made, &roster)))
}

/// Whom a new team has as members, the one who makes it among them.
fn names(desk: &Desk, said: &mut Said) -> Result<Vec<(Named, TeamRole)>, Fault> {
    let mut names = Vec::new();
    let documents = said.take::<Vec<Document>>("members_with_roles")?.unwrap_or_default();
    for (place, mut document) in documents.into_iter().enumerate() {
        let read = Named::take(&mut document).and_then(|name| Ok((name, role(&mut document)?)));
        names.push(read.map_err(|error| error.at(&format!("[{place}]")).at("members_with_roles"))?);
        desk.ignores_of("members_with_roles", place, &document);
    }
    for (list, role) in [("admins", TeamRole::Admin), ("members", TeamRole::User)] {
        let ids: Vec<String> = said.take(list)?.unwrap_or_default();
        names.extend(ids.into_iter().map(|id| (Named { user_id: Some(id.into()), user_email: None }, role)));
    }
    if let Some(me) = &desk.manager.user_id
        && !names.iter().any(|(name, _)| name.user_id.as_ref() == Some(me))
    {
        names.push((Named { user_id: Some(me.clone()), user_email: None }, TeamRole::Admin));
    }
    Ok(names)
}

/// What a document says that somebody is in a team; an ordinary member if it does not.
pub(crate) fn role(document: &mut Document) -> Result<TeamRole, ParseError> {
    let role = document.shift_remove("role").unwrap_or_default();
    let role = Option::<TeamRole>::read(role).map_err(|error| error.at("role"))?;
    Ok(role.unwrap_or_default())
}

/// A membership as it begins.
pub(crate) fn begin(desk: &Desk, team: &Team, person: &Person, role: TeamRole) -> TeamMember {
    let id = person.user.user_id.clone();
    let mut member = TeamMember::new(team.team_id.clone(), id, role, desk.stamp());
    member.models.clone_from(&team.member_defaults.models);
    member.spending.budget_reset_at = desk.next_reset(member.limits_in(team));
    member
}

/// Writes down people as members of a team, each once. Who is new is a user from now on, and is in the organisation of
/// the team.
pub(crate) fn join(
    desk: &Desk,
    batch: &mut Batch,
    team: &Team,
    people: &[Person],
    member: impl Fn(usize) -> TeamMember,
) -> Result<Vec<TeamMember>, Fault> {
    let (mut users, mut places, mut members) = (Vec::new(), Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for (place, person) in people.iter().enumerate() {
        if !seen.insert(&person.user.user_id) {
            continue;
        }
        members.push(member(place));
        if person.is_new {
            users.push(person.user.clone());
            places.extend(team.organization_id.as_ref().map(|organization| OrganizationMember {
                organization_id: organization.clone(),
                user_id: person.user.user_id.clone(),
                user_role: Role::InternalUser,
                budget_id: None,
                limits: llm_tenancy::Limits::default(),
                spending: llm_tenancy::Spending::default(),
                stamp: desk.stamp(),
            }));
        }
    }
    batch.create_all(&users)?.create_all(&places)?.create_all(&members)?;
    Ok(members)
}

/// Takes the organisation out of what is said. An empty text is none.
fn organization_id(said: &mut Said) -> Result<Option<OrganizationId>, Fault> {
    Ok(said.take::<OrganizationId>("organization_id")?.filter(|id| !id.as_str().is_empty()))
}

/// The record of an organisation that a request names. A foreign one is as if it were not there.
async fn organization(desk: &Desk, id: Option<&OrganizationId>) -> Result<Option<Organization>, Fault> {
    let Some(id) = id else { return Ok(None) };
    let scope = desk.scope_of(Resource::Organization, Verb::Read);
    match desk.store.find::<Organization>(id, &scope).await? {
        Some(found) => Ok(Some(found.value)),
        None => Err(Fault::invalid("organization_id", "there is no such organization")),
    }
}

/// That a team makes sense, and what follows from what was said of it.
fn settle(
    desk: &Desk,
    team: &mut Team,
    before: Option<&Team>,
    organization: Option<&Organization>,
) -> Result<(), Fault> {
    let old = before.map(|before| &before.limits);
    bounds::settle(&team.limits, &mut team.spending, old, desk)?;
    if let Some(organization) = organization {
        bounds::check_within(&team.limits, old, &organization.limits, "the organization")?;
    }
    permissions::check(team.member_permissions.as_deref(), "team_member_permissions")
}

pub(super) async fn update(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let id: TeamId = said.need("team_id")?;
    let changed = alter(&desk, &id, said).await?;
    let roster = Roster::of(&desk, [&id]).await?;
    Ok(Json(json!({ "team_id": id, "data": row(&changed, &roster) })))
}

pub(super) async fn amend(
    desk: Desk,
    Parts(id): Parts<TeamId>,
    mut said: Said,
) -> Result<Json<Document>, Fault> {
    if said.take::<TeamId>("team_id")?.is_some_and(|other| other != id) {
        return Err(Fault::invalid("team_id", "team_id is another one than in the path"));
    }
    let changed = alter(&desk, &id, said).await?;
    let roster = Roster::of(&desk, [&id]).await?;
    Ok(Json(row(&changed, &roster)))
}

/// Changes a team by what is said of it; `null` takes away.
async fn alter(desk: &Desk, id: &TeamId, mut said: Said) -> Result<Team, Fault> {
    lift(desk, &mut said.members, &team(), &[]);
    let before = desk.store.get::<Team>(id, &desk.scope).await?.value;
    desk.check_members(Kind::Team, &said.members, &Place::of_team(&before))?;
    let is_moved = said.has("organization_id");
    let target = organization_id(&mut said)?;
    let target = if is_moved { target } else { before.organization_id.clone() };
    let organization = if target == before.organization_id {
        // Its own, of which an admin of the team need not be a member.
        match &target {
            Some(id) => desk.store.find::<Organization>(id, &Scope::everything()).await?.map(|it| it.value),
            None => None,
        }
    } else {
        organization(desk, target.as_ref()).await?
    };
    let mut left = Document::new();
    let changed = desk
        .store
        .change(id, &desk.scope, &desk.by, |changed: &mut Team| {
            // May be called again, with the record anew.
            let before = changed.clone();
            if before.organization_id != target && !is_moved {
                return Err(StoreError::Changed(Kind::Team).into());
            }
            desk.check_members(Kind::Team, &said.members, &Place::of_team(&before))?;
            left = said.members.clone();
            member::set(changed, &team(), &mut left)?;
            changed.organization_id.clone_from(&target);
            settle(desk, changed, Some(&before), organization.as_ref())?;
            desk.manager.check_team(changed, Some(&before), organization.as_ref())?;
            desk.check_place(&Place::of_team(changed))
        })
        .await?;
    desk.ignores(left.keys().cloned());
    Ok(changed.value)
}

/// Changes one thing of a team, and shows the team.
pub(super) async fn change_one(
    desk: &Desk,
    id: &TeamId,
    mut change: impl FnMut(&mut Team) -> Result<(), Fault> + Send,
) -> Result<Team, Fault> {
    let changed = desk
        .store
        .change(id, &desk.scope, &desk.by, |team: &mut Team| {
            let before = team.clone();
            change(team)?;
            Ok::<_, Fault>(desk.manager.check_team(team, Some(&before), None)?)
        })
        .await?;
    Ok(changed.value)
}

pub(super) async fn delete(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let ids: Vec<TeamId> = said.need("team_ids")?;
    said.end();
    desk.store.delete::<Team>(&ids, &desk.scope, &desk.by).await?;
    Ok(Json(json!({ "deleted_teams": ids })))
}

pub(super) async fn block(desk: Desk, said: Said) -> Result<Json<Document>, Fault> {
    set_blocked(desk, said, true).await
}

pub(super) async fn unblock(desk: Desk, said: Said) -> Result<Json<Document>, Fault> {
    set_blocked(desk, said, false).await
}

async fn set_blocked(desk: Desk, mut said: Said, blocked: bool) -> Result<Json<Document>, Fault> {
    let id: TeamId = said.need("team_id")?;
    said.end();
    let change = |team: &mut Team| {
        team.blocked = blocked;
        Ok(())
    };
    let changed = change_one(&desk, &id, change).await?;
    let roster = Roster::of(&desk, [&id]).await?;
    Ok(Json(row(&changed, &roster)))
}

pub(super) async fn add_models(desk: Desk, said: Said) -> Result<Json<Document>, Fault> {
    change_models(desk, said, |own, said| {
        // Empty is everything, and stays so.
        if own.is_empty() && !said.is_empty() {
            own.push("all-proxy-models".to_owned());
        }
        for model in said {
            if !own.contains(model) {
                own.push(model.clone());
            }
        }
    })
    .await
}

pub(super) async fn remove_models(desk: Desk, said: Said) -> Result<Json<Document>, Fault> {
    change_models(desk, said, |own, said| {
        let had_some = !own.is_empty();
        own.retain(|model| !said.contains(model));
        // Nothing would be everything: whoever takes the last one means the opposite.
        if had_some && own.is_empty() {
            own.push("no-default-models".to_owned());
        }
    })
    .await
}

async fn change_models(
    desk: Desk,
    mut said: Said,
    change: impl Fn(&mut Vec<String>, &[String]) + Send + Sync,
) -> Result<Json<Document>, Fault> {
    let id: TeamId = said.need("team_id")?;
    let models: Vec<String> = said.need("models")?;
    said.end();
    let before = desk.store.get::<Team>(&id, &desk.scope).await?.value;
    let organization = match &before.organization_id {
        Some(id) => desk.store.find::<Organization>(id, &Scope::everything()).await?.map(|it| it.value),
        None => None,
    };
    let changed = desk
        .store
        .change(&id, &desk.scope, &desk.by, |team: &mut Team| {
            let before = team.clone();
            if organization.as_ref().map(|it| &it.organization_id) != team.organization_id.as_ref() {
                return Err(Fault::from(StoreError::Changed(Kind::Team)));
            }
            if !desk.manager.may_set(Kind::Team, "models", &Place::of_team(&before)) {
                return Err(Fault::forbidden("models is not yours to set"));
            }
            change(&mut team.grants.models, &models);
            Ok(desk.manager.check_team(team, Some(&before), organization.as_ref())?)
        })
        .await?;
    let roster = Roster::of(&desk, [&id]).await?;
    Ok(Json(row(&changed.value, &roster)))
}
