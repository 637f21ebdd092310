//! How users are made, with their places and their first key.

use std::collections::BTreeSet;

use axum::Json;
use llm_store::{Batch, StoreError};
use llm_tenancy::management::{Ceiling, Place, Resource, Verb};
use llm_tenancy::{
    Document, KeyType, Kind, Limits, Organization, OrganizationId, OrganizationMember, PlainKey, Role,
    Spending, Team, TeamId, TeamMember, Usd, User, UserId, VirtualKey,
};
use serde_json::{Value, json};

use super::{Joining, rows, show, user};
use crate::bounds;
use crate::desk::Desk;
use crate::endpoint::Param;
use crate::fault::Fault;
use crate::keys::{Draft, Gallery, hand_over};
use crate::people::{Person, begun};
use crate::said::Said;
use crate::shape::Shape;
use crate::teams::begin;

/// What requests say of a new user beside the user's own members.
pub(super) const PARAMS: [Param; 8] = [
    Param::new("user_id", Shape::Text, "Its id; a new one if left out"),
    Param::new(
        "user_role",
        Shape::Text,
        "What the user may manage; if left out, what the configuration says, or `internal_user`",
    ),
    Param::new(
        "teams",
        Shape::List(&Shape::Any),
        "Teams to be in: ids, or `{team_id, user_role, max_budget_in_team}`",
    ),
    Param::new("team_id", Shape::Text, "One more team to be in, which the key is for"),
    Param::new("organizations", Shape::List(&Shape::Text), "Ids of organisations to be in"),
    Param::new("spend", Shape::Number, "Dollars that the user has spent already"),
    Param::new("key_alias", Shape::Text, "A name for the key"),
    Param::new("duration", Shape::Text, "How long the key lives: `30d`"),
];
/// Whether a key is made.
pub(super) const KEY: Param =
    Param::new("auto_create_key", Shape::Flag, "Whether a key is made; it is, if left out");

/// Members of which nothing is said if they are empty.
const EMPTY: [&str; 3] = ["max_budget", "budget_duration", "models"];

/// What was made.
struct Made {
    user: User,
    teams: Vec<TeamId>,
    key: Option<(PlainKey, VirtualKey)>,
}

pub(super) async fn new(desk: Desk, mut said: Said) -> Result<Json<Document>, Fault> {
    let made = make(&desk, &mut said, true).await?;
    said.end();
    let mut shown = match &made.key {
        Some((plain, key)) => Gallery::of(&desk, [key]).await?.hand_out(key, plain),
        None => Document::from_iter([("key".to_owned(), "".into())]),
    };
    // Where both have a member, the user's goes before the key's.
    shown.extend(show(&made.user, &made.teams));
    Ok(Json(shown))
}

pub(super) async fn bulk(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let rows = rows(&mut said, "users")?;
    said.end();
    let (total, mut data) = (rows.len(), Vec::new());
    for row in rows {
        let told = |name: &str| row.get(name).cloned().unwrap_or_default();
        let (id, email) = (told("user_id"), told("user_email"));
        let mut said = Said::of(row, &desk);
        data.push(match make(&desk, &mut said, false).await {
            Ok(made) => {
                said.end();
                let key = made.key.as_ref().map(|(plain, _)| plain.expose());
                json!({
                    "user_id": made.user.user_id,
                    "user_email": made.user.user_email,
                    "success": true,
                    "teams": made.teams,
                    "key": key,
                    "error": null,
                })
            }
            // What is away now is away for all others as well.
            Err(fault) if fault.0.status() >= 500 => return Err(fault),
            Err(fault) => json!({
                "user_id": id,
                "user_email": email,
                "success": false,
                "teams": null,
                "key": null,
                "error": fault.0.message,
            }),
        });
    }
    let created = data.iter().filter(|row| row["success"] == true).count();
    let meta = json!({"total_requested": total, "created": created, "failed": total - created});
    Ok(Json(json!({"data": data, "meta": meta})))
}

/// Makes a user with all that belongs to it, in one go.
async fn make(desk: &Desk, said: &mut Said, key: bool) -> Result<Made, Fault> {
    if said.take::<Value>("password")?.is_some() {
        return Err(Fault::invalid("password", "users have keys and no passwords"));
    }
    let organizations: Vec<OrganizationId> = said.take("organizations")?.unwrap_or_default();
    let places: Vec<_> =
        organizations.iter().map(|it| Place { organization: Some(it), ..Place::default() }).collect();
    let first = places.first().copied().unwrap_or_default();
    for place in places.iter().chain(places.is_empty().then_some(&first)) {
        desk.check_place(place)?;
    }
    desk.check_members(Kind::User, &said.members, &first)?;
    let organizations = found_organizations(desk, organizations).await?;
    let key_team: Option<TeamId> = said.take("team_id")?;
    let mut joining: Vec<Joining> = said.take("teams")?.unwrap_or_default();
    if let Some(team_id) = key_team.clone().filter(|id| !joining.iter().any(|it| it.team_id == *id)) {
        joining.push(Joining::plain(team_id));
    }
    joining.iter().enumerate().for_each(|(place, it)| desk.ignores_of("teams", place, &it.left));
    let teams = found_teams(desk, &joining).await?;
    let user = read(desk, said)?;

    let mut batch = Batch::default();
    batch.create(&user)?;
    for organization in &organizations {
        batch.create(&in_organization(desk, &user, &organization.organization_id))?;
    }
    for (joining, team) in joining.iter().zip(&teams) {
        batch.create(&in_team(desk, &user, joining, team))?;
    }
    let mut made = Made { user, teams: joining.into_iter().map(|it| it.team_id).collect(), key: None };
    if said.take("auto_create_key")?.unwrap_or(key) {
        let team = teams.iter().find(|team| Some(&team.team_id) == key_team.as_ref());
        let (plain, key) = first_key(desk, said, &made.user, team, organizations.first())?;
        batch.create(&key)?;
        made.key = Some((plain, key));
    }
    desk.store.apply(&batch, &desk.by).await?;
    if let Some((plain, key)) = &made.key {
        hand_over(desk, key, plain).await;
    }
    Ok(made)
}

fn read(desk: &Desk, said: &mut Said) -> Result<User, Fault> {
    let id: Option<UserId> = said.take("user_id")?;
    let id = id.filter(|id| !id.as_str().is_empty()).unwrap_or_else(|| desk.new_id().into());
    let mut made = begun(desk, id, said.take::<Role>("user_role")?);
    said.members.retain(|name, value| !(EMPTY.contains(&name.as_str()) && says_nothing(value)));
    said.set(&mut made, &user())?;
    let spend = said.take::<Usd>("spend")?.unwrap_or_default();
    bounds::check(&made.limits)?;
    let budget_reset_at = desk.next_reset(&made.limits);
    made.spending = Spending { spend, budget_reset_at, ..Spending::default() };
    desk.manager.check_user(&made, None)?;
    Ok(made)
}

fn says_nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

/// The organisations that a user comes into.
async fn found_organizations(desk: &Desk, ids: Vec<OrganizationId>) -> Result<Vec<Organization>, Fault> {
    let scope = desk.scope_of(Resource::OrganizationMember, Verb::Create);
    let found = desk.store.find_all::<Organization>(&ids, &scope).await?;
    let of = |id: &OrganizationId| found.iter().find(|it| it.value.organization_id == *id);
    let mut seen = BTreeSet::new();
    let ids = ids.iter().filter(|id| seen.insert(*id));
    let found: Option<Vec<_>> = ids.map(|id| of(id).map(|it| it.value.clone())).collect();
    found.ok_or_else(|| StoreError::NotFound(Kind::Organization).into())
}

/// The teams that a user comes into, in their order.
async fn found_teams(desk: &Desk, joining: &[Joining]) -> Result<Vec<Team>, Fault> {
    let ids: Vec<_> = joining.iter().map(|it| it.team_id.clone()).collect();
    if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() {
        return Err(Fault::invalid("teams", "a team is named twice"));
    }
    let scope = desk.scope_of(Resource::TeamMember, Verb::Create);
    let found = desk.store.find_all::<Team>(&ids, &scope).await?;
    let of = |id: &TeamId| found.iter().find(|it| it.value.team_id == *id);
    let found: Option<Vec<_>> = ids.iter().map(|id| of(id).map(|it| it.value.clone())).collect();
    found.ok_or_else(|| StoreError::NotFound(Kind::Team).into())
}

fn in_organization(desk: &Desk, user: &User, organization: &OrganizationId) -> OrganizationMember {
    let user_role = match user.user_role {
        role @ (Role::OrgAdmin | Role::InternalUserViewer) => role,
        _ => Role::InternalUser,
    };
    OrganizationMember {
        organization_id: organization.clone(),
        user_id: user.user_id.clone(),
        user_role,
        budget_id: None,
        limits: Limits::default(),
        spending: Spending::default(),
        stamp: desk.stamp(),
    }
}

fn in_team(desk: &Desk, user: &User, joining: &Joining, team: &Team) -> TeamMember {
    let person = Person { user: user.clone(), is_new: true };
    let mut member = begin(desk, team, &person, joining.role);
    if joining.max_budget.is_some() {
        member.limits.max_budget = joining.max_budget;
        member.spending.budget_reset_at = desk.next_reset(member.limits_in(team));
    }
    member
}

/// The key that a user begins with. What bounds the user bounds the key; whose it is, the configuration does not say.
fn first_key(
    desk: &Desk,
    said: &mut Said,
    user: &User,
    team: Option<&Team>,
    organization: Option<&Organization>,
) -> Result<(PlainKey, VirtualKey), Fault> {
    let of_key = ["key_alias", "duration"];
    let of_key = of_key.into_iter().filter_map(|name| said.members.shift_remove_entry(name)).collect();
    let mut draft = Draft::begin(desk, of_key, &["user_id", "team_id"])?;
    let key = &mut draft.key;
    key.user_id = Some(user.user_id.clone());
    key.team_id = team.map(|team| team.team_id.clone());
    // Whoever manages an organisation makes keys within it.
    let organization = organization.filter(|_| team.is_none() && !desk.scope.all);
    key.organization_id = organization.map(|it| it.organization_id.clone());
    let place = Place::of_key(key, team);
    if !desk.scope_of(Resource::Key, Verb::Create).holds(&place) {
        return Err(Fault::forbidden("a key of this user is not yours to make"));
    }
    if desk.manager.role != Some(Role::ProxyAdmin) {
        // Whoever makes it comes to know its text, and must not manage what the user may one day.
        key.key_type = KeyType::LlmApi;
        key.grants.allowed_routes =
            KeyType::LlmApi.allowed_routes().iter().map(ToString::to_string).collect();
    }
    draft.bound(desk, team)?;
    let Draft { key, text, .. } = draft;
    desk.manager.check_key(&key, None, &Ceiling { team, user: Some(user), organization })?;
    desk.manager.check_holder(&key, None)?;
    Ok((text, key))
}
