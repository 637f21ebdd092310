//! Keys are looked at.

use axum::Json;
use axum::routing::{get, post};
use llm_store::StoreError;
use llm_tenancy::management::Scope;
use llm_tenancy::{KeyHash, Kind, VirtualKey};
use serde_json::{Value, json};

use super::KEY;
use super::check::Above;
use super::delete::{NAMED, Named};
use super::members::Gallery;
use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::said::{Asked, Said};
use crate::shape::Shape;

pub(super) fn endpoints() -> Vec<Endpoint> {
    const TOLD: Param = Param::new("key", Shape::Any, "The hashes and aliases that were asked for");
    vec![
        Endpoint::get("/key/info", "Shows a key: the one that asks, if none is named", get(info))
            .asks([KEY])
            .gives([
                Param::new("key", Shape::Text, "The hash of the key"),
                Param::new("info", Shape::Object, "The key, also one that was deleted"),
            ]),
        Endpoint::post("/v2/key/info", "Shows keys", post(infos))
            .takes(NAMED)
            .gives([TOLD, Param::new("info", Shape::List(&Shape::Object), "Those keys that are there")]),
    ]
}

async fn info(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let text = asked.take("key");
    asked.end();
    let hash = text.map(|text| KeyHash::meant_by(&text)).or(desk.manager.key);
    let hash = hash.ok_or(StoreError::NotFound(Kind::Key))?;
    // Whatever else it may, a key sees itself.
    let scope = Scope { key: desk.manager.key, ..desk.scope.clone() };
    let key = match desk.store.named_key(&hash, &scope).await {
        Ok(found) => found.value,
        Err(StoreError::NotFound(_)) => {
            deleted(&desk, &hash, &scope).await?.ok_or(StoreError::NotFound(Kind::Key))?
        }
        Err(error) => return Err(error.into()),
    };
    let shown = Gallery::of(&desk, [&key]).await?.show(&key);
    Ok(Json(json!({"key": key.hash, "info": shown})))
}

/// A key that was deleted, if it was within reach.
async fn deleted(desk: &Desk, hash: &KeyHash, scope: &Scope) -> Result<Option<VirtualKey>, Fault> {
    let Some(key) = desk.store.find_deleted::<VirtualKey>(hash).await? else { return Ok(None) };
    let above = Above::of(desk, &key).await?;
    let is_within = scope.holds(&above.place(&key));
    Ok(is_within.then_some(key))
}

async fn infos(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let named = Named::read(&mut said)?;
    said.end();
    let mut keys = named.of_aliases(&desk).await?;
    let found = desk.store.named_keys(&named.hashes, &desk.scope).await?;
    keys.extend(found.into_iter().map(|(_, found)| found.value));
    keys.sort_unstable_by_key(|key| key.hash);
    keys.dedup_by_key(|key| key.hash);
    let gallery = Gallery::of(&desk, &keys).await?;
    let info: Vec<_> = keys.iter().map(|key| gallery.show(key)).collect();
    Ok(Json(json!({"key": named.shown(), "info": info})))
}
