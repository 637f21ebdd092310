//! How users go.

use std::collections::BTreeSet;

use axum::Json;
use llm_tenancy::{User, UserId};
use serde_json::{Value, json};

use super::{MOST, teams_of};
use crate::desk::Desk;
use crate::fault::Fault;
use crate::said::Said;

pub(super) async fn delete(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let ids = named(&mut said)?;
    said.end();
    let gone = desk.store.delete::<User>(&ids, &desk.scope, &desk.by).await?;
    Ok(Json(gone.len().into()))
}

/// Deletes those that there are, all at once, and says what became of each.
pub(super) async fn bulk(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let ids = named(&mut said)?;
    said.end();
    let found = desk.store.find_all::<User>(&ids, &desk.scope).await?;
    let there: Vec<_> = found.iter().map(|it| it.value.user_id.clone()).collect();
    let teams = teams_of(&desk, &there).await?;
    desk.store.delete::<User>(&there, &desk.scope, &desk.by).await?;
    let mut seen = BTreeSet::new();
    let data: Vec<_> = ids
        .iter()
        .map(|id| {
            let user = found.iter().find(|it| it.value.user_id == *id);
            let error = match user {
                None => Some("there is no such user"),
                Some(_) if !seen.insert(id) => Some("the user is named twice"),
                Some(_) => None,
            };
            json!({
                "user_id": id,
                "user_email": user.and_then(|it| it.value.user_email.as_ref()),
                "success": error.is_none(),
                "teams_removed": teams.get(id).filter(|_| error.is_none()).cloned().unwrap_or_default(),
                "error": error,
            })
        })
        .collect();
    Ok(Json(json!({ "data": data })))
}

fn named(said: &mut Said) -> Result<Vec<UserId>, Fault> {
    let ids: Vec<UserId> = said.need("user_ids")?;
    if ids.is_empty() || ids.len() > MOST {
        return Err(Fault::invalid("user_ids", format!("user_ids must be 1 to {MOST}")));
    }
    Ok(ids)
}
