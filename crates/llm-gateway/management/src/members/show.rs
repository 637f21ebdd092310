//! One's own place in a team.

use axum::Json;
use llm_tenancy::{Team, TeamId, TeamMember};
use serde_json::{Value, json};

use super::nobody;
use crate::desk::Desk;
use crate::fault::Fault;
use crate::parts::Parts;
use crate::people;
use crate::said::Asked;
use crate::teams::membership;

pub(super) async fn me(desk: Desk, Parts(id): Parts<TeamId>, asked: Asked) -> Result<Json<Value>, Fault> {
    asked.end();
    let Some(me) = desk.manager.user_id.clone() else {
        return Err(Fault::invalid("user_id", "the key is nobody's, and so in no team"));
    };
    let member = desk.store.get::<TeamMember>(&(id.clone(), me), &desk.scope).await?.value;
    let all = llm_tenancy::management::Scope::everything();
    let team = desk.store.find::<Team>(&id, &all).await?.ok_or_else(nobody)?.value;
    let emails = people::emails(&desk, [&member.user_id]).await?;
    let mut shown = membership(&member, &team);
    shown["team_alias"] = json!(team.team_alias);
    shown["user_email"] = json!(emails.get(&member.user_id));
    Ok(Json(shown))
}
