//! How users are changed.

use axum::Json;
use llm_store::{Field, Filter, Query, StoreError, Stored};
use llm_tenancy::management::{Place, Resource, Verb};
use llm_tenancy::{Document, Kind, Role, Usd, User, UserId};
use serde_json::{Value, json};

use super::{MOST, rows, show, teams_of, user};
use crate::bounds;
use crate::desk::Desk;
use crate::fault::Fault;
use crate::member;
use crate::said::Said;

pub(super) async fn update(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let changed = change(&desk, &mut said).await?;
    said.end();
    let id = &changed.user_id;
    let teams = teams_of(&desk, std::slice::from_ref(id)).await?.remove(id).unwrap_or_default();
    Ok(Json(json!({"user_id": id, "data": show(&changed, &teams)})))
}

pub(super) async fn bulk(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let updates: Option<Document> = said.take("user_updates")?;
    let rows = match (said.take("all_users")?.unwrap_or(false), updates) {
        (false, _) => rows(&mut said, "users")?,
        (true, _) if said.has("users") => {
            return Err(Fault::invalid("users", "say either users or all_users"));
        }
        (true, None) => return Err(Fault::missing("user_updates")),
        (true, Some(updates)) => everybody(&desk, &updates).await?,
    };
    said.end();
    let (total, mut results) = (rows.len(), Vec::new());
    for row in rows {
        let told = |name: &str| row.get(name).cloned().unwrap_or_default();
        let (id, email) = (told("user_id"), told("user_email"));
        let mut said = Said::of(row, &desk);
        results.push(match change(&desk, &mut said).await {
            Ok(changed) => {
                said.end();
                let shown = member::show(&changed, &user());
                json!({
                    "user_id": changed.user_id,
                    "user_email": changed.user_email,
                    "success": true,
                    "error": null,
                    "updated_user": shown,
                })
            }
            // What is away now is away for all others as well.
            Err(fault) if fault.0.status() >= 500 => return Err(fault),
            Err(fault) => {
                json!({"user_id": id, "user_email": email, "success": false, "error": fault.0.message, "updated_user": null})
            }
        });
    }
    let done = results.iter().filter(|row| row["success"] == true).count();
    Ok(Json(json!({
        "results": results,
        "total_requested": total,
        "successful_updates": done,
        "failed_updates": total - done,
    })))
}

/// One change for all users, if they are not too many.
async fn everybody(desk: &Desk, updates: &Document) -> Result<Vec<Document>, Fault> {
    if !desk.scope.all {
        return Err(Fault::forbidden("all users are not yours to change"));
    }
    for member in ["user_id", "user_email", "sso_user_id"] {
        if updates.contains_key(member) {
            return Err(Fault::invalid(&format!("user_updates.{member}"), "no two users have the same"));
        }
    }
    let query = Query { size: MOST as u64, ..Query::default() };
    let page = desk.store.list::<User>(&query, &desk.scope).await?;
    if page.next.is_some() {
        return Err(Fault::invalid("all_users", format!("there are more than {MOST}: name them")));
    }
    let row = |it: Stored<User>| {
        let mut row = updates.clone();
        row.insert("user_id".to_owned(), json!(it.value.user_id));
        row
    };
    Ok(page.records.into_iter().map(row).collect())
}

/// Changes the user that a request names by id or address.
async fn change(desk: &Desk, said: &mut Said) -> Result<User, Fault> {
    let id = named(desk, said).await?;
    desk.check_members(Kind::User, &said.members, &Place { user: Some(&id), ..Place::default() })?;
    if said.take::<Value>("password")?.is_some() {
        return Err(Fault::invalid("password", "users have keys and no passwords"));
    }
    let (role, spend): (Option<Role>, Option<Usd>) = (said.take("user_role")?, said.take("spend")?);
    let mut left = Document::new();
    let changed = desk
        .store
        .change(&id, &desk.scope, &desk.by, |it: &mut User| {
            // May be called again, with the record anew.
            left = said.members.clone();
            let before = it.clone();
            it.user_role = role.unwrap_or(it.user_role);
            member::set(it, &user(), &mut left)?;
            bounds::settle(&it.limits, &mut it.spending, Some(&before.limits), desk)?;
            desk.manager.check_user(it, Some(&before))?;
            Ok::<_, Fault>(())
        })
        .await?;
    said.members = left;
    let Some(spend) = spend else { return Ok(changed.value) };
    let scope = desk.scope_of(Resource::User, Verb::ResetSpend);
    Ok(desk.store.set_spend::<User>(&id, spend, &scope, &desk.by).await?.value)
}

/// The user that is meant, if within reach: by its id, or else by its address.
async fn named(desk: &Desk, said: &mut Said) -> Result<UserId, Fault> {
    if let Some(id) = said.take::<UserId>("user_id")? {
        return Ok(desk.store.get::<User>(&id, &desk.scope).await?.value.user_id);
    }
    let Some(email) = said.take::<String>("user_email")? else { return Err(Fault::missing("user_id")) };
    let filters = vec![Filter::Is(Field::Email, email.to_lowercase())];
    let page = desk.store.list::<User>(&Query { filters, size: 1, ..Query::default() }, &desk.scope).await?;
    let found = page.records.into_iter().next().ok_or(StoreError::NotFound(Kind::User))?;
    Ok(found.value.user_id)
}
