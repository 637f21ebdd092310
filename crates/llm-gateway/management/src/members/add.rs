//! How members come into teams.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use llm_store::{Batch, StoreError};
use llm_tenancy::management::{Place, Scope};
use llm_tenancy::{Document, Kind, Team, TeamId, TeamMember, TeamRole, User, UserId};
use serde_json::{Value, json};

use super::MOST;
use super::change::Patch;
use crate::desk::Desk;
use crate::fault::Fault;
use crate::paging::every;
use crate::people::{self, Named, Person, one_or_more};
use crate::said::Said;
use crate::teams::{Roster, begin, join, membership, role, row};

/// Whom a request adds, and how.
struct Joining {
    names: Vec<(Named, TeamRole)>,
    patch: Patch,
}

pub(super) async fn add(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let (door, value) = (open(&desk, &mut said).await?, said.need::<Value>("member")?);
    let names = names(&desk, one_or_more(value, "member")?, "member")?;
    let patch = Patch::take(&mut said.members)?;
    said.end();
    if let Door::Oneself(user) = &door.1 {
        let is_oneself =
            |(name, role): &(Named, TeamRole)| name.user_id.as_ref() == Some(user) && *role == TeamRole::User;
        if !names.iter().all(is_oneself) || patch != Patch::default() {
            return Err(Fault::forbidden("you may join this team yourself, as a user, and no more"));
        }
    }
    let (team, door) = door;
    let (people, members) = enter(&desk, &team, &door, Joining { names, patch }).await?;
    let added: Vec<&Person> = people.iter().flatten().collect();
    if added.is_empty() {
        let mut fault = Fault::invalid("member", "all of them are in the team already");
        fault.0.code = Some("team_member_already_in_team".into());
        return Err(fault);
    }
    if let Door::Oneself(_) = door {
        // Who else is in the team is told to whoever asks as its member.
        let memberships: Vec<_> = members.iter().map(|member| membership(member, &team)).collect();
        return Ok(Json(json!({
            "team_id": team.team_id,
            "team_alias": team.team_alias,
            "updated_team_memberships": memberships,
        })));
    }
    let roster = Roster::of(&desk, [&team.team_id]).await?;
    let mut shown = row(&team, &roster);
    let users: Vec<_> = added.iter().map(|person| people::shown(&desk, &person.user)).collect();
    let is_added = |it: &&TeamMember| added.iter().any(|person| person.user.user_id == it.user_id);
    let members = roster.members(&team.team_id).iter().filter(is_added);
    let memberships: Vec<_> = members.map(|member| membership(member, &team)).collect();
    shown.insert("updated_users".to_owned(), json!(users));
    shown.insert("updated_team_memberships".to_owned(), json!(memberships));
    Ok(Json(Value::Object(shown)))
}

pub(super) async fn bulk(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let (team, door) = open(&desk, &mut said).await?;
    let documents: Vec<Document> = said.take("members")?.unwrap_or_default();
    let all_users: bool = said.take("all_users")?.unwrap_or_default();
    let patch = Patch::take(&mut said.members)?;
    said.end();
    let names = match (all_users, documents.is_empty()) {
        (true, false) => return Err(Fault::invalid("all_users", "say either members or all_users")),
        (true, true) if !desk.scope.all => return Err(Fault::forbidden("all_users is for proxy admins")),
        (true, true) => {
            let users = every::<User>(&desk.store, Vec::new(), &desk.scope).await?;
            let name = |user: User| Named { user_id: Some(user.user_id), user_email: None };
            users.into_iter().map(|user| (name(user), TeamRole::User)).collect()
        }
        (false, true) => return Err(Fault::missing("members")),
        (false, false) if documents.len() > MOST => {
            return Err(Fault::invalid("members", format!("members must be {MOST} at most")));
        }
        (false, false) => names(&desk, documents, "members")?,
    };
    let asked: Vec<Named> = names.iter().map(|(name, _)| name.clone()).collect();
    let (people, members) = enter(&desk, &team, &door, Joining { names, patch }).await?;
    let members: BTreeMap<&UserId, &TeamMember> = members.iter().map(|it| (&it.user_id, it)).collect();
    let results: Vec<Value> = asked
        .iter()
        .zip(&people)
        .map(|(name, person)| result(&desk, &team, name, person.as_ref(), &members))
        .collect();
    let added = people.iter().flatten().count();
    let roster = Roster::of(&desk, [&team.team_id]).await?;
    Ok(Json(json!({
        "team_id": team.team_id,
        "total_requested": results.len(),
        "successful_additions": added,
        "failed_additions": results.len() - added,
        "results": results,
        "updated_team": row(&team, &roster),
    })))
}

fn result(
    desk: &Desk,
    team: &Team,
    name: &Named,
    person: Option<&Person>,
    members: &BTreeMap<&UserId, &TeamMember>,
) -> Value {
    match person {
        Some(Person { user, .. }) => json!({
            "user_id": user.user_id,
            "user_email": user.user_email,
            "success": true,
            "error": null,
            "updated_user": people::shown(desk, user),
            "updated_team_membership": members.get(&user.user_id).map(|member| membership(member, team)),
        }),
        None => json!({
            "user_id": name.user_id,
            "user_email": name.user_email,
            "success": false,
            "error": "is in the team already",
        }),
    }
}

/// How the caller may add to a team.
enum Door {
    /// As somebody who manages it.
    Anybody,
    /// As somebody who joins it, and is this user.
    Oneself(UserId),
}

/// The team of a request, which the caller may add to, and may set what is said.
async fn open(desk: &Desk, said: &mut Said) -> Result<(Team, Door), Fault> {
    let id: TeamId = said.need("team_id")?;
    if let Some(found) = desk.store.find::<Team>(&id, &desk.scope).await? {
        desk.check_members(Kind::TeamMember, &said.members, &Place::of_team(&found.value))?;
        return Ok((found.value, Door::Anybody));
    }
    let found = desk.store.find::<Team>(&id, &Scope::everything()).await?;
    match (found.map(|found| found.value).filter(|team| desk.may_join(team)), &desk.manager.user_id) {
        (Some(team), Some(user)) => Ok((team, Door::Oneself(user.clone()))),
        _ => Err(StoreError::NotFound(Kind::Team).into()),
    }
}

fn names(desk: &Desk, documents: Vec<Document>, list: &str) -> Result<Vec<(Named, TeamRole)>, Fault> {
    let mut names = Vec::with_capacity(documents.len());
    for (place, mut document) in documents.into_iter().enumerate() {
        let read = Named::take(&mut document).and_then(|name| Ok((name, role(&mut document)?)));
        names.push(read.map_err(|error| error.at(&format!("[{place}]")).at(list))?);
        desk.ignores_of(list, place, &document);
    }
    Ok(names)
}

/// Adds those who are not in the team yet: all, or none. Gives for each name who was added by it.
async fn enter(
    desk: &Desk,
    team: &Team,
    door: &Door,
    joining: Joining,
) -> Result<(Vec<Option<Person>>, Vec<TeamMember>), Fault> {
    let (names, roles): (Vec<Named>, Vec<TeamRole>) = joining.names.into_iter().unzip();
    let people = match door {
        Door::Anybody => people::find(desk, &names, team.organization_id.as_ref()).await?,
        Door::Oneself(user) => {
            let user = desk.store.get::<User>(user, &Scope::everything()).await?.value;
            vec![Person { user, is_new: false }; names.len()]
        }
    };
    let ids: Vec<_> = people.iter().map(|it| (team.team_id.clone(), it.user.user_id.clone())).collect();
    let there = desk.store.find_all::<TeamMember>(&ids, &Scope::everything()).await?;
    let mut there: BTreeSet<UserId> = there.into_iter().map(|found| found.value.user_id).collect();
    let people: Vec<Option<Person>> = people
        .into_iter()
        .map(|person| there.insert(person.user.user_id.clone()).then_some(person))
        .collect();
    let (added, roles): (Vec<Person>, Vec<TeamRole>) =
        people.iter().zip(roles).filter_map(|(person, role)| Some((person.clone()?, role))).unzip();
    let mut made = Vec::with_capacity(added.len());
    for (person, role) in added.iter().zip(roles) {
        let mut member = begin(desk, team, person, role);
        joining.patch.apply(desk, team, &mut member)?;
        made.push(member);
    }
    let mut batch = Batch::default();
    let members = join(desk, &mut batch, team, &added, |place| made[place].clone())?;
    if !members.is_empty() {
        desk.store.apply(&batch, &desk.by).await?;
    }
    Ok((people, members))
}
