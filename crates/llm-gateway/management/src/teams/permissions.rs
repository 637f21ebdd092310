//! What members of a team that are no admins may do with its keys.

use std::collections::BTreeSet;

use axum::Json;
use llm_tenancy::management::Place;
use llm_tenancy::{Document, Kind, Team, TeamId};
use serde_json::{Value, json};

use super::change::change_one;
use super::{Roster, row};
use crate::desk::Desk;
use crate::fault::Fault;
use crate::paging::every;
use crate::said::{Asked, Said};

/// What a team permits that says nothing.
///
/// Source: LiteLLM docs, "Team member permissions", read 2026-11.
const BASE: &[&str] = &["/key/info", "/key/health"];

/// What may be permitted. Those of LiteLLM that are of no route here may be set, and permit nothing.
///
/// Source: LiteLLM's route `/team/permissions_list`, read 2026-11.
const ALL: &[&str] = &[
    "/key/generate",
    "/key/update",
    "/key/delete",
    "/key/info",
    "/key/health",
    "/key/regenerate",
    "/key/service-account/generate",
    "/key/{key_id}/regenerate",
    "/key/list",
    "/key/aliases",
    "/key/block",
    "/key/unblock",
    "/key/bulk_update",
    "/key/{key_id}/reset_spend",
    "/key/access_group_assignment",
    "/team/key/bulk_update",
    "/team/daily/activity",
    "/team/daily/activity/aggregated",
    "/spend/logs",
    "/spend/logs/v2",
    "/auto_router/manage",
];

/// That all of a list may be permitted.
///
/// # Errors
/// 400, with the first that may not.
pub(super) fn check(permissions: Option<&[String]>, param: &str) -> Result<(), Fault> {
    let unknown = permissions.unwrap_or_default().iter().find(|it| !ALL.contains(&it.as_str()));
    match unknown {
        Some(unknown) => Err(Fault::invalid(param, format!("{unknown:?} is nothing that may be permitted"))),
        None => Ok(()),
    }
}

pub(super) async fn list(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let id = TeamId::from(asked.need("team_id")?);
    asked.end();
    let team = desk.store.get::<Team>(&id, &desk.scope).await?.value;
    let base = || BASE.iter().map(|route| (*route).to_owned()).collect();
    Ok(Json(json!({
        "team_id": id,
        "team_member_permissions": team.member_permissions.unwrap_or_else(base),
        "all_available_permissions": ALL,
    })))
}

pub(super) async fn update(desk: Desk, mut said: Said) -> Result<Json<Document>, Fault> {
    let id: TeamId = said.need("team_id")?;
    let permissions: Vec<String> = said.need("team_member_permissions")?;
    said.end();
    check(Some(&permissions), "team_member_permissions")?;
    let change = |team: &mut Team| {
        check_right(&desk, team)?;
        team.member_permissions = Some(permissions.clone());
        Ok(())
    };
    let changed = change_one(&desk, &id, change).await?;
    let roster = Roster::of(&desk, [&id]).await?;
    Ok(Json(row(&changed, &roster)))
}

pub(super) async fn bulk_update(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let permissions: Vec<String> = said.need("permissions")?;
    let ids: Option<Vec<TeamId>> = said.take("team_ids")?;
    let is_for_all: bool = said.take("apply_to_all_teams")?.unwrap_or_default();
    said.end();
    check(Some(&permissions), "permissions")?;
    let ids = match (ids, is_for_all) {
        (Some(ids), false) if !ids.is_empty() => ids,
        (None, true) => {
            let teams = every::<Team>(&desk.store, Vec::new(), &desk.scope).await?;
            teams.into_iter().map(|team| team.team_id).collect()
        }
        _ => return Err(Fault::invalid("team_ids", "say either team_ids or apply_to_all_teams")),
    };
    let mut updated = BTreeSet::new();
    desk.store
        .change_all(&ids, &desk.scope, &desk.by, |team: &mut Team| {
            check_right(&desk, team)?;
            let own = team.member_permissions.clone().unwrap_or_default();
            let more: BTreeSet<String> = own.iter().chain(&permissions).cloned().collect();
            if more.len() > own.len() {
                team.member_permissions = Some(more.into_iter().collect());
                updated.insert(team.team_id.clone());
            }
            Ok::<_, Fault>(())
        })
        .await?;
    Ok(Json(json!({
        "message": "the permissions of the teams are updated",
        "teams_updated": updated.len(),
        "permissions_appended": permissions,
    })))
}

fn check_right(desk: &Desk, team: &Team) -> Result<(), Fault> {
    if desk.manager.may_set(Kind::Team, "team_member_permissions", &Place::of_team(team)) {
        Ok(())
    } else {
        Err(Fault::forbidden("team_member_permissions is not yours to set"))
    }
}
