//! Keys are changed, blocked and let in again.

use axum::Json;
use axum::routing::post;
use llm_store::{Batch, Field, Filter, Query, StoreError};
use llm_tenancy::management::{Resource, Scope, Verb};
use llm_tenancy::{Document, KeyHash, Kind, Usd, VirtualKey};
use serde_json::json;

use super::bounds;
use super::check::{self, Above};
use super::members::Gallery;
use super::{KEY, read, settable, shown};
use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::parts::Parts;
use crate::said::Said;
use crate::shape::Shape;
use crate::wire::Wire as _;

/// How often a change is tried when others change the same key.
pub(super) const TRIES: usize = 5;

/// Whether a key was another one when it was to be written than when it was read: of another version, of another text, or
/// gone, which the next look tells.
pub(super) const fn is_other(error: &StoreError) -> bool {
    matches!(error, StoreError::Changed(_) | StoreError::NotFound(Kind::Key))
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post("/key/update", "Changes a key, named by `key`, or else by `key_alias`", post(update))
            .takes([KEY])
            .takes(settable())
            .gives(shown().into_iter().chain([HASH])),
        Endpoint::post("/key/block", "Refuses a key for now", post(block))
            .takes([KEY.required()])
            .gives(shown()),
        Endpoint::post("/key/unblock", "Lets a key in again", post(unblock))
            .takes([KEY.required()])
            .gives(shown()),
        Endpoint::post("/key/{key}/reset_spend", "Sets what counts as spent with a key", post(reset_spend))
            .takes([Param::new("reset_to", Shape::Number, "Dollars: no more than now").required()])
            .gives([
                Param::new("key_hash", Shape::Text, "The hash of the key"),
                Param::new("spend", Shape::Number, "Dollars that count as spent now"),
                Param::new("previous_spend", Shape::Number, "Dollars that counted before"),
                Param::new("max_budget", Shape::Maybe(&Shape::Number), "Dollars that may be spent"),
                Param::new("budget_reset_at", Shape::Maybe(&Shape::Time), "When the budget begins anew"),
            ]),
    ]
}

const HASH: Param = Param::new("key", Shape::Text, "The hash of the key");

async fn update(desk: Desk, said: Said) -> Result<Json<Document>, Fault> {
    let mut said = said.members;
    read::tidy(&desk, &mut said, false);
    let hash = match read::take::<String>(&mut said, "key")? {
        Some(text) => KeyHash::meant_by(&text),
        None => match read::take::<String>(&mut said, "key_alias")? {
            Some(alias) => by_alias(&desk, alias).await?,
            None => return Err(Fault::missing("key")),
        },
    };
    let (key, left) = change(&desk, &hash, said).await?;
    desk.ignores(left);
    let mut shown = Gallery::of(&desk, [&key]).await?.show(&key);
    shown.insert("key".to_owned(), key.hash.show());
    Ok(Json(shown))
}

/// The key of a name, within reach.
async fn by_alias(desk: &Desk, alias: String) -> Result<KeyHash, Fault> {
    let query = Query {
        filters: vec![Filter::Is(Field::Alias, alias)],
        size: 1,
        sort: Field::Id,
        ..Query::default()
    };
    let found = desk.store.list::<VirtualKey>(&query, &desk.scope).await?.records;
    Ok(found.first().ok_or(StoreError::NotFound(Kind::Key))?.value.hash)
}

/// Changes a key by what is said of it, in one form already. Gives what nothing was made of.
///
/// # Errors
/// 400, 403, 404, 409
pub(super) async fn change(
    desk: &Desk,
    hash: &KeyHash,
    said: Document,
) -> Result<(VirtualKey, Vec<String>), Fault> {
    for _ in 0..TRIES {
        let before = desk.store.named_key(hash, &desk.scope).await?;
        let mut left = said.clone();
        let (after, spend) = changed(desk, &before.value, &mut left).await?;
        let mut batch = Batch::default();
        batch.update(&after, before.version, &desk.scope);
        if let Some(spend) = spend {
            batch.set_spend::<VirtualKey>(&after.hash, spend, &Scope::everything());
        }
        match desk.store.apply(&batch, &desk.by).await {
            Err(error) if is_other(&error) => continue,
            done => done?,
        }
        let now = desk.store.named_key(hash, &Scope::everything()).await?.value;
        return Ok((now, left.keys().cloned().collect()));
    }
    Err(StoreError::Changed(Kind::Key).into())
}

/// What a key becomes by what is said of it, and what it shall have spent: looked at, and not written yet.
///
/// # Errors
/// 400, 403
pub(super) async fn changed(
    desk: &Desk,
    before: &VirtualKey,
    said: &mut Document,
) -> Result<(VirtualKey, Option<Usd>), Fault> {
    read::forget_unchanged(said, before)?;
    let mut after = before.clone();
    if said.is_empty() {
        return Ok((after, None));
    }
    let above = Above::of(desk, before).await?;
    let place = above.place(before);
    let scope = desk.scope_of(Resource::Key, Verb::Update);
    if !scope.holds(&place) {
        return Err(Fault::forbidden("this is not yours to change"));
    }
    read::check(desk, said, Some(before), &place)?;
    let asked = said.clone();
    let spend = read::take::<Usd>(said, "spend")?;
    after.spending.spend = spend.unwrap_or(after.spending.spend);
    read::apply(desk, said, &mut after, &place)?;
    bounds::check(desk, &after, &asked)?;
    let above = Above::of(desk, &after).await?;
    check::allow(desk, &mut after, Some(before), &above, &scope).await?;
    // Where it goes to, the caller may be less than where it comes from.
    read::check(desk, &asked, Some(before), &above.place(&after))?;
    Ok((after, spend))
}

async fn block(desk: Desk, said: Said) -> Result<Json<Document>, Fault> {
    switch(desk, said, true).await
}

async fn unblock(desk: Desk, said: Said) -> Result<Json<Document>, Fault> {
    switch(desk, said, false).await
}

async fn switch(desk: Desk, mut said: Said, blocked: bool) -> Result<Json<Document>, Fault> {
    let hash = KeyHash::meant_by(&said.need::<String>("key")?);
    said.end();
    for _ in 0..TRIES {
        let before = desk.store.named_key(&hash, &desk.scope).await?;
        let mut after = VirtualKey { blocked, ..before.value.clone() };
        let above = Above::of(&desk, &after).await?;
        check::settle_organization(&mut after, Some(&before.value), &above)?;
        desk.manager.check_key(&after, Some(&before.value), &above.ceiling())?;
        match desk.store.update(&after, before.version, &desk.scope, &desk.by).await {
            Err(error) if is_other(&error) => {}
            done => {
                let key = done?.value;
                return Ok(Json(Gallery::of(&desk, [&key]).await?.show(&key)));
            }
        }
    }
    Err(StoreError::Changed(Kind::Key).into())
}

async fn reset_spend(desk: Desk, Parts(key): Parts<String>, mut said: Said) -> Result<Json<Document>, Fault> {
    let hash = KeyHash::meant_by(&key);
    let reset_to: Usd = said.need("reset_to")?;
    said.end();
    let before = desk.store.named_key(&hash, &desk.scope).await?.value;
    let wrong = |message: &str| Err(Fault::invalid("reset_to", message));
    if reset_to < Usd::ZERO {
        return wrong("reset_to must be 0 or more");
    }
    if reset_to > before.spending.spend {
        return wrong("reset_to must be no more than what is spent");
    }
    if before.limits.max_budget.is_some_and(|most| reset_to > most) {
        return wrong("reset_to must be no more than the budget");
    }
    let key = desk.store.set_spend::<VirtualKey>(&before.hash, reset_to, &desk.scope, &desk.by).await?.value;
    let answer = json!({
        "key_hash": key.hash,
        "spend": key.spending.spend.show(),
        "previous_spend": before.spending.spend.show(),
        "max_budget": key.limits.max_budget.show(),
        "budget_reset_at": key.spending.budget_reset_at.show(),
    });
    Ok(Json(Document::read(answer)?))
}
