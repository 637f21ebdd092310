//! How users are looked at.

use axum::Json;
use llm_store::{Field, Filter, Query, StoreError};
use llm_tenancy::management::{Resource, Verb};
use llm_tenancy::{Document, Kind, Role, Team, User, UserId, VirtualKey};
use serde_json::{Value, json};

use super::{show, teams_of};
use crate::desk::Desk;
use crate::endpoint::Param;
use crate::fault::Fault;
use crate::keys::Gallery;
use crate::paging::{LARGEST, Paging};
use crate::said::Asked;
use crate::shape::Shape;
use crate::teams::{Roster, row};

/// Keys of one user that are shown.
const KEYS: u64 = 1_000;

/// What lists of users are filtered and sorted by.
pub(super) const FILTERS: [Param; 9] = [
    Param::new("role", Shape::Text, "Their role"),
    Param::new("user_ids", Shape::Text, "Their ids, with commas; what the id holds, if it is one"),
    Param::new("sso_user_ids", Shape::Text, "Their ids at the identity provider, with commas"),
    Param::new("user_email", Shape::Text, "What their address holds"),
    Param::new("search", Shape::Text, "What their id or address holds"),
    Param::new("team", Shape::Text, "A team that they are in"),
    Param::new("organization_ids", Shape::Text, "Organisations that they are in one of, with commas"),
    Param::new("sort_by", Shape::Word(&SORTS), "What they are sorted by; the newest first if left out"),
    Param::new("sort_order", Shape::Word(&["asc", "desc"]), "Whether the greatest is last"),
];
const SORTS: [&str; 7] =
    ["user_id", "user_email", "user_alias", "user_role", "spend", "created_at", "updated_at"];

pub(super) async fn info(desk: Desk, asked: Asked) -> Result<Json<Value>, Fault> {
    let (user, shown) = one(&desk, asked).await?;
    let filters = vec![Filter::Is(Field::User, user.user_id.as_str().to_owned())];
    let query = Query { filters, size: KEYS, ..Query::default() };
    let keys =
        desk.store.list::<VirtualKey>(&query, &desk.scope_of(Resource::Key, Verb::List)).await?.records;
    let keys: Vec<_> = keys.into_iter().map(|it| it.value).collect();
    let gallery = Gallery::of(&desk, &keys).await?;
    let keys: Vec<_> = keys.iter().map(|key| gallery.show(key)).collect();
    let teams: Vec<_> = shown.get("teams").and_then(Value::as_array).into_iter().flatten().collect();
    let teams: Vec<_> = teams.into_iter().filter_map(|id| Some(id.as_str()?.into())).collect();
    let teams = desk.store.find_all::<Team>(&teams, &desk.scope_of(Resource::Team, Verb::List)).await?;
    let roster = Roster::of(&desk, teams.iter().map(|it| &it.value.team_id)).await?;
    let teams: Vec<_> = teams.iter().map(|it| row(&it.value, &roster)).collect();
    Ok(Json(json!({"user_id": user.user_id, "user_info": shown, "keys": keys, "teams": teams})))
}

pub(super) async fn info_v2(desk: Desk, asked: Asked) -> Result<Json<Document>, Fault> {
    Ok(Json(one(&desk, asked).await?.1))
}

pub(super) async fn me(desk: Desk, asked: Asked) -> Result<Json<Value>, Fault> {
    asked.end();
    // A key without a user is nobody's.
    let id = desk.manager.user_id.as_ref().ok_or(StoreError::NotFound(Kind::User))?;
    let user = desk.store.get::<User>(id, &desk.scope).await?.value;
    Ok(Json(json!({
        "user_id": user.user_id,
        "user_role": user.user_role.litellm(),
        "user_email": user.user_email,
    })))
}

/// The user that is asked for, or the caller's own.
async fn one(desk: &Desk, mut asked: Asked) -> Result<(User, Document), Fault> {
    let id = asked.take("user_id").map(UserId::from).or_else(|| desk.manager.user_id.clone());
    asked.end();
    let id = id.ok_or_else(|| Fault::missing("user_id"))?;
    let user = desk.store.get::<User>(&id, &desk.scope).await?.value;
    let teams = teams_of(desk, std::slice::from_ref(&id)).await?.remove(&id).unwrap_or_default();
    let shown = show(&user, &teams);
    Ok((user, shown))
}

pub(super) async fn list(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let paging = Paging::of(&mut asked, 25, LARGEST)?;
    let mut filters = search(&mut asked);
    if let Some(role) = asked.take("role") {
        let role =
            Role::from_litellm(&role).ok_or_else(|| Fault::invalid("role", "there is no such role"))?;
        filters.push(Filter::Is(Field::Role, role.litellm().to_owned()));
    }
    match asked.list("user_ids") {
        ids if ids.is_empty() => {}
        ids if ids.len() == 1 => filters.extend(ids.into_iter().map(|id| Filter::Holds(Field::Id, id))),
        ids => filters.push(Filter::Among(Field::Id, ids)),
    }
    let subjects = asked.list("sso_user_ids");
    if !subjects.is_empty() {
        filters.push(Filter::Among(Field::Sso, subjects));
    }
    if let Some(team) = asked.take("team") {
        // Who is in a team is told to those alone who may look at the team.
        let scope = desk.scope_of(Resource::Team, Verb::Read);
        let team = desk.store.find::<Team>(&team.into(), &scope).await?;
        filters.push(Filter::InTeams(team.map(|it| it.value.team_id.into_string()).into_iter().collect()));
    }
    let mut organizations = asked.list("organization_ids");
    if !organizations.is_empty() {
        organizations
            .retain(|id| desk.scope.all || desk.scope.organizations.iter().any(|it| it.as_str() == id));
        filters.push(Filter::InOrganizations(organizations));
    }
    let order = order(&mut asked)?;
    asked.end();
    let page = desk.store.list::<User>(&paging.sorted(filters, order), &desk.scope).await?;
    let ids: Vec<_> = page.records.iter().map(|it| it.value.user_id.clone()).collect();
    let texts: Vec<_> = ids.iter().map(|id| id.as_str().to_owned()).collect();
    let scope = desk.scope_of(Resource::Key, Verb::List);
    let keys = desk.store.count_by::<VirtualKey>(Field::User, &texts, &scope).await?;
    let teams = teams_of(&desk, &ids).await?;
    let shown = page.records.iter().map(|it| {
        let id = &it.value.user_id;
        let mut shown = show(&it.value, teams.get(id).map_or(&[], Vec::as_slice));
        shown.insert("key_count".to_owned(), keys.get(id.as_str()).copied().unwrap_or_default().into());
        Value::Object(shown)
    });
    Ok(Json(paging.tell("users", shown, page.total.unwrap_or_default())))
}

pub(super) async fn filter(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let paging = Paging::of(&mut asked, 50, LARGEST)?;
    let mut filters = search(&mut asked);
    filters.extend(asked.take("user_id").map(|part| Filter::Holds(Field::Id, part)));
    asked.end();
    let page = desk.store.list::<User>(&paging.sorted(filters, (Field::Created, true)), &desk.scope).await?;
    let shown = page.records.iter().map(|it| {
        json!({"user_id": it.value.user_id, "user_email": it.value.user_email, "user_alias": it.value.user_alias})
    });
    Ok(Json(shown.collect()))
}

pub(super) async fn roles(asked: Asked) -> Json<Value> {
    asked.end();
    let about = |role| match role {
        Role::ProxyAdmin => Some(("Admin (All Permissions)", "Manages everything")),
        Role::ProxyAdminViewer => Some(("Admin (View Only)", "Looks at everything, changes nothing")),
        Role::OrgAdmin => Some(("Org Admin", "Manages teams, users and keys of organisations")),
        Role::InternalUser => Some(("Internal User", "Manages keys of its own")),
        Role::InternalUserViewer => Some(("Internal Viewer", "Looks at keys of its own, changes nothing")),
        Role::Team | Role::Customer => None,
    };
    let shown = Role::ALL.into_iter().filter_map(|role| {
        let (label, description) = about(role)?;
        Some((role.litellm().to_owned(), json!({"description": description, "ui_label": label})))
    });
    Json(Value::Object(shown.collect()))
}

/// What is looked for in ids and addresses.
fn search(asked: &mut Asked) -> Vec<Filter> {
    let email = asked.take("user_email").map(|part| Filter::Holds(Field::Email, part));
    let either = asked.take("search").map(|part| {
        Filter::Any(vec![Filter::Holds(Field::Id, part.clone()), Filter::Holds(Field::Email, part)])
    });
    email.into_iter().chain(either).collect()
}

fn order(asked: &mut Asked) -> Result<(Field, bool), Fault> {
    let descending = match asked.take("sort_order").as_deref() {
        None => None,
        Some("asc") => Some(false),
        Some("desc") => Some(true),
        Some(_) => return Err(Fault::invalid("sort_order", "sort_order must be asc or desc")),
    };
    let field = match asked.take("sort_by").as_deref() {
        None => return Ok((Field::Created, descending.unwrap_or(true))),
        Some("user_id") => Field::Id,
        Some("user_email") => Field::Email,
        Some("user_alias") => Field::Alias,
        Some("user_role") => Field::Role,
        Some("spend") => Field::Spend,
        Some("created_at") => Field::Created,
        Some("updated_at") => Field::Updated,
        Some(_) => {
            return Err(Fault::invalid("sort_by", format!("sort_by must be one of {}", SORTS.join(", "))));
        }
    };
    Ok((field, descending.unwrap_or(false)))
}
