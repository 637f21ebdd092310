//! How teams are shown and found.

use std::collections::BTreeMap;

use axum::Json;
use llm_store::{Field, Filter, Query};
use llm_tenancy::management::{Resource, Scope, Verb};
use llm_tenancy::{Organization, Role, Team, TeamId, TeamMember, VirtualKey};
use serde_json::{Value, json};

use super::{Roster, row};
use crate::bounds;
use crate::desk::Desk;
use crate::fault::Fault;
use crate::keys::Gallery;
use crate::paging::{Paging, every};
use crate::said::Asked;

/// The most keys that are shown beside teams.
const KEYS: u64 = 1_000;
/// The most teams of a page of LiteLLM's paged lists.
const PAGE: u64 = 100;
/// LiteLLM's name for no organisation.
const NONE: &str = "default_organization";
/// What lists may be sorted by.
pub(super) const SORTS: &[&str] =
    &["team_id", "team_alias", "organization_id", "spend", "created_at", "updated_at"];

pub(super) async fn info(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let id = TeamId::from(asked.need("team_id")?);
    let most = asked.number("key_limit")?.unwrap_or(KEYS);
    if most == 0 || most > KEYS {
        return Err(Fault::invalid("key_limit", format!("key_limit must be 1 to {KEYS}")));
    }
    asked.end();
    let team = desk.store.get::<Team>(&id, &desk.scope).await?.value;
    let roster = Roster::of(&desk, [&id]).await?;
    let filters = vec![Filter::Is(Field::Team, id.as_str().to_owned())];
    let query = Query { filters, size: most, count: true, ..Query::default() };
    let keys = desk.store.list::<VirtualKey>(&query, &desk.scope_of(Resource::Key, Verb::List)).await?;
    let count = keys.total;
    let keys: Vec<VirtualKey> = keys.records.into_iter().map(|found| found.value).collect();
    let gallery = Gallery::of(&desk, &keys).await?;
    let mut shown = row(&team, &roster);
    let defaults = &team.member_defaults;
    let mut table = bounds::table(&defaults.limits, None, None);
    if !table.is_null() {
        table["allowed_models"] = json!(defaults.models);
    }
    shown.insert("team_member_budget_table".to_owned(), table);
    let models = organization_models(&desk, &team).await?;
    shown.insert("organization_models".to_owned(), json!(models));
    Ok(Json(json!({
        "team_id": id,
        "team_info": shown,
        "keys": keys.iter().map(|key| gallery.show(key)).collect::<Vec<_>>(),
        "keys_count": count,
        "team_memberships": roster.memberships(&team),
    })))
}

/// The models of a team's organisation, for whoever may change the team's.
async fn organization_models(desk: &Desk, team: &Team) -> Result<Option<Vec<String>>, Fault> {
    let Some(id) = &team.organization_id else { return Ok(None) };
    let scope = desk.scope_of(Resource::Organization, Verb::Read);
    let found = desk.store.find::<Organization>(id, &scope).await?;
    Ok(found.map(|found| found.value.grants.models))
}

/// The filters of a user and an organisation.
async fn filters(desk: &Desk, asked: &mut Asked) -> Result<Vec<Filter>, Fault> {
    let mut filters = Vec::new();
    if let Some(user) = asked.take("user_id") {
        let scope = desk.scope_of(Resource::TeamMember, Verb::List);
        let of_user = vec![Filter::Is(Field::User, user)];
        let members = every::<TeamMember>(&desk.store, of_user, &scope).await?;
        let teams = members.into_iter().map(|member| member.team_id.into_string()).collect();
        filters.push(Filter::Among(Field::Id, teams));
    }
    filters.extend(asked.take("organization_id").map(|id| match id.as_str() {
        NONE => Filter::Empty(Field::Organization),
        _ => Filter::Is(Field::Organization, id),
    }));
    Ok(filters)
}

pub(super) async fn list(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let filters = filters(&desk, &mut asked).await?;
    let paging = Paging::of(&mut asked, 1_000, 1_000)?;
    asked.end();
    let query = Query { sort: Field::Alias, descending: false, ..paging.query(filters) };
    let teams = desk.store.list::<Team>(&query, &desk.scope).await?.records;
    let roster = Roster::of(&desk, teams.iter().map(|team| &team.value.team_id)).await?;
    let ids = teams.iter().map(|team| team.value.team_id.as_str().to_owned()).collect();
    let query = Query { filters: vec![Filter::Among(Field::Team, ids)], size: KEYS, ..Query::default() };
    let page = desk.store.list::<VirtualKey>(&query, &desk.scope_of(Resource::Key, Verb::List)).await?;
    let is_cut = page.next.is_some();
    let found: Vec<VirtualKey> = page.records.into_iter().map(|found| found.value).collect();
    let gallery = Gallery::of(&desk, &found).await?;
    let mut keys: BTreeMap<&TeamId, Vec<Value>> = BTreeMap::new();
    for key in &found {
        if let Some(team) = &key.team_id {
            keys.entry(team).or_default().push(Value::Object(gallery.show(key)));
        }
    }
    let shown = teams.iter().map(|team| {
        let mut shown = row(&team.value, &roster);
        shown.insert("team_memberships".to_owned(), roster.memberships(&team.value));
        let keys = keys.remove(&team.value.team_id).unwrap_or_default();
        shown.insert("keys".to_owned(), Value::Array(keys));
        // Whoever reads all keys from here must know that some are not.
        shown.insert("keys_are_cut".to_owned(), is_cut.into());
        Value::Object(shown)
    });
    Ok(Json(shown.collect()))
}

pub(super) async fn pages(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let mut filters = filters(&desk, &mut asked).await?;
    filters.extend(asked.take("team_id").map(|id| Filter::Is(Field::Id, id)));
    filters.extend(asked.take("team_alias").map(|alias| Filter::Holds(Field::Alias, alias)));
    filters.extend(asked.take("search").map(|text| {
        Filter::Any(vec![Filter::Is(Field::Id, text.clone()), Filter::Holds(Field::Alias, text)])
    }));
    let paging = Paging::of(&mut asked, 10, PAGE)?;
    let order = order(&mut asked)?;
    let status = asked.take("status");
    asked.end();
    match status.as_deref() {
        None => {}
        Some("deleted") => return deleted(&desk, paging, &filters).await,
        Some(_) => return Err(Fault::invalid("status", "status must be deleted, or left out")),
    }
    let page = desk.store.list::<Team>(&paging.sorted(filters, order), &desk.scope).await?;
    let teams: Vec<&Team> = page.records.iter().map(|team| &team.value).collect();
    let roster = Roster::of(&desk, teams.iter().map(|team| &team.team_id)).await?;
    let ids: Vec<String> = teams.iter().map(|team| team.team_id.as_str().to_owned()).collect();
    let scope = desk.scope_of(Resource::Key, Verb::List);
    let keys = desk.store.count_by::<VirtualKey>(Field::Team, &ids, &scope).await?;
    let shown = teams.iter().map(|team| {
        let mut shown = row(team, &roster);
        shown.insert("members_count".to_owned(), roster.members(&team.team_id).len().into());
        let count = keys.get(team.team_id.as_str()).copied().unwrap_or_default();
        shown.insert("keys_count".to_owned(), count.into());
        Value::Object(shown)
    });
    Ok(Json(paging.tell("teams", shown, page.total.unwrap_or_default())))
}

fn order(asked: &mut Asked) -> Result<(Field, bool), Fault> {
    let sort = asked.take("sort_by");
    let descending = match asked.take("sort_order").as_deref() {
        None => sort.is_none(),
        Some("asc") => false,
        Some("desc") => true,
        Some(_) => return Err(Fault::invalid("sort_order", "sort_order must be asc or desc")),
    };
    let field = match sort.as_deref() {
        None | Some("created_at") => Field::Created,
        Some("updated_at") => Field::Updated,
        Some("team_id") => Field::Id,
        Some("team_alias") => Field::Alias,
        Some("organization_id") => Field::Organization,
        Some("spend") => Field::Spend,
        Some(_) => {
            return Err(Fault::invalid("sort_by", format!("sort_by must be one of {}", SORTS.join(", "))));
        }
    };
    Ok((field, descending))
}

/// Teams that were deleted belong to nobody any more: they are for those who see everything.
async fn deleted(desk: &Desk, paging: Paging, filters: &[Filter]) -> Result<Json<Value>, Fault> {
    if !desk.scope.all {
        return Err(Fault::forbidden("teams that were deleted are for proxy admins to see"));
    }
    if !filters.is_empty() {
        return Err(Fault::invalid("status", "teams that were deleted are not filtered"));
    }
    let before = paging.page.saturating_sub(1).saturating_mul(paging.size);
    let (teams, total) = desk.store.list_deleted::<Team>(before, paging.size).await?;
    let nobody = Roster::default();
    let shown = teams.iter().map(|team| Value::Object(row(team, &nobody)));
    Ok(Json(paging.tell("teams", shown, total)))
}

/// The open teams that the caller is not in yet; for whoever manages them all, all of them. What they have and who is in
/// them is for their members.
pub(super) async fn available(desk: Desk, asked: Asked) -> Result<Json<Value>, Fault> {
    asked.end();
    let open = desk.host.available_teams();
    let teams = desk.store.find_all::<Team>(&open, &Scope::everything()).await?;
    let is_in = |team: &Team| desk.manager.teams.iter().any(|it| it.team_id == team.team_id);
    let shown = teams
        .iter()
        .map(|team| &team.value)
        .filter(|team| desk.manager.role == Some(Role::ProxyAdmin) || desk.may_join(team) && !is_in(team));
    Ok(Json(
        shown
            .map(|team| {
                json!({
                    "team_id": team.team_id,
                    "team_alias": team.team_alias,
                    "organization_id": team.organization_id,
                    "models": team.grants.models,
                })
            })
            .collect(),
    ))
}

/// None: what teams write down is theirs.
pub(super) async fn metadata_schema(asked: Asked) -> Json<Value> {
    asked.end();
    Json(json!({ "fields": [] }))
}

pub(super) async fn filter(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let mut filters = Vec::new();
    filters.extend(asked.take("team_id").map(|part| Filter::Holds(Field::Id, part)));
    filters.extend(asked.take("team_alias").map(|part| Filter::Holds(Field::Alias, part)));
    let paging = Paging::of(&mut asked, 50, PAGE)?;
    asked.end();
    let page = desk.store.list::<Team>(&paging.query(filters), &desk.scope).await?;
    let roster = Roster::of(&desk, page.records.iter().map(|team| &team.value.team_id)).await?;
    Ok(Json(page.records.iter().map(|team| Value::Object(row(&team.value, &roster))).collect()))
}
