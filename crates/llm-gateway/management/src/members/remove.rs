//! How members leave teams. The keys that they have there go with them.

use axum::Json;
use llm_store::{Batch, Field, Filter};
use llm_tenancy::management::Scope;
use llm_tenancy::{Document, Team, TeamId, TeamMember, UserId, VirtualKey};
use serde_json::{Value, json};

use super::change::{many, sort_out};
use super::{named, nobody};
use crate::desk::Desk;
use crate::fault::Fault;
use crate::paging::every;
use crate::parts::Parts;
use crate::people::Named;
use crate::said::Said;
use crate::teams::{Roster, row};

pub(super) async fn one(desk: Desk, mut said: Said) -> Result<Json<Document>, Fault> {
    let id: TeamId = said.need("team_id")?;
    let name = named(&mut said)?;
    said.end();
    let team = desk.store.get::<Team>(&id, &desk.scope).await?.value;
    let sorted = sort_out(&desk, &id, &[name]).await?;
    let user = sorted.into_iter().next().and_then(Result::ok).ok_or_else(nobody)?;
    leave(&desk, &id, &[user]).await?;
    let roster = Roster::of(&desk, [&id]).await?;
    Ok(Json(row(&team, &roster)))
}

pub(super) async fn bulk(desk: Desk, Parts(id): Parts<TeamId>, mut said: Said) -> Result<Json<Value>, Fault> {
    desk.store.get::<Team>(&id, &desk.scope).await?;
    let (names, rests): (Vec<Named>, Vec<Document>) = many(&mut said)?.into_iter().unzip();
    said.end();
    for (place, rest) in rests.iter().enumerate() {
        desk.ignores_of("members", place, rest);
    }
    let sorted = sort_out(&desk, &id, &names).await?;
    let users: Vec<UserId> = sorted.iter().flatten().cloned().collect();
    leave(&desk, &id, &users).await?;
    let results = names.iter().zip(&sorted).map(|(name, sorted)| {
        json!({
            "user_id": sorted.as_ref().ok().or(name.user_id.as_ref()),
            "user_email": name.user_email,
            "success": sorted.is_ok(),
            "error": sorted.as_ref().err(),
        })
    });
    Ok(Json(json!({ "data": results.collect::<Vec<_>>() })))
}

/// Takes users out of a team, with their keys there: all, or none.
async fn leave(desk: &Desk, team: &TeamId, users: &[UserId]) -> Result<(), Fault> {
    if users.is_empty() {
        return Ok(());
    }
    let whose = Filter::Among(Field::User, users.iter().map(|id| id.as_str().to_owned()).collect());
    let there = Filter::Is(Field::Team, team.as_str().to_owned());
    // Whoever may take members out takes what is theirs in the team.
    let scope = Scope { teams: vec![team.clone()], ..Scope::default() };
    let keys = every::<VirtualKey>(&desk.store, vec![whose, there], &scope).await?;
    let mut batch = Batch::default();
    for key in &keys {
        batch.delete::<VirtualKey>(&key.hash, &scope);
    }
    for user in users {
        batch.delete::<TeamMember>(&(team.clone(), user.clone()), &desk.scope);
    }
    Ok(desk.store.apply(&batch, &desk.by).await?)
}
