//! Keys are deleted.

use std::collections::HashSet;

use axum::Json;
use axum::routing::post;
use llm_store::{Field, Filter, Query, StoreError};
use llm_tenancy::{Document, KeyHash, Kind, VirtualKey};
use serde_json::{Value, json};

use super::change::{TRIES, is_other};
use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::said::Said;
use crate::shape::Shape;
use crate::wire::Wire as _;

/// Keys of one request at most.
pub(super) const MOST: usize = 1_000;
const TEXTS: Shape = Shape::List(&Shape::Text);
/// Members that name keys.
pub(super) const NAMED: [Param; 2] = [
    Param::new("keys", Shape::Maybe(&TEXTS), "Keys: their texts, or the hashes of them"),
    Param::new("key_aliases", Shape::Maybe(&TEXTS), "Keys by their aliases"),
];

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post("/key/delete", "Deletes keys: all that are named, or none", post(delete))
            .takes(NAMED)
            .gives([Param::new("deleted_keys", TEXTS, "The hashes or aliases of those that went")]),
    ]
}

/// Keys that a request names: by texts or hashes, and by aliases.
pub(super) struct Named {
    pub(super) hashes: Vec<KeyHash>,
    pub(super) aliases: Vec<String>,
}

impl Named {
    pub(super) fn read(said: &mut Said) -> Result<Self, Fault> {
        let keys: Vec<String> = said.take("keys")?.unwrap_or_default();
        let aliases: Vec<String> = said.take("key_aliases")?.unwrap_or_default();
        if keys.len() + aliases.len() > MOST {
            return Err(Fault::invalid("keys", format!("at most {MOST} keys at a time")));
        }
        let hashes = keys.iter().map(|text| KeyHash::meant_by(text)).collect();
        Ok(Self { hashes, aliases })
    }

    /// The keys of the aliases that are within reach.
    pub(super) async fn of_aliases(&self, desk: &Desk) -> Result<Vec<VirtualKey>, Fault> {
        if self.aliases.is_empty() {
            return Ok(Vec::new());
        }
        let query = Query {
            filters: vec![Filter::Among(Field::Alias, self.aliases.clone())],
            size: MOST as u64,
            ..Query::default()
        };
        let found = desk.store.list::<VirtualKey>(&query, &desk.scope).await?.records;
        Ok(found.into_iter().map(|found| found.value).collect())
    }

    /// What names them, without any text of a key.
    pub(super) fn shown(&self) -> Vec<Value> {
        let hashes = self.hashes.iter().map(KeyHash::show);
        hashes.chain(self.aliases.iter().map(String::show)).collect()
    }
}

async fn delete(desk: Desk, mut said: Said) -> Result<Json<Document>, Fault> {
    let named = Named::read(&mut said)?;
    said.end();
    if named.hashes.is_empty() && named.aliases.is_empty() {
        return Err(Fault::missing("keys"));
    }
    let found = named.of_aliases(&desk).await?;
    let aliases: HashSet<_> = found.iter().filter_map(|key| key.key_alias.as_ref()).collect();
    if !named.aliases.iter().all(|alias| aliases.contains(alias)) {
        return Err(StoreError::NotFound(Kind::Key).into());
    }
    for _ in 0..TRIES {
        let by_hash = desk.store.named_keys(&named.hashes, &desk.scope).await?;
        if !named.hashes.iter().all(|hash| by_hash.iter().any(|(name, _)| name == hash)) {
            break;
        }
        let hashes = by_hash.iter().map(|(_, found)| found.value.hash);
        let hashes: Vec<_> = hashes.chain(found.iter().map(|key| key.hash)).collect();
        match desk.store.delete::<VirtualKey>(&hashes, &desk.scope, &desk.by).await {
            Err(error) if is_other(&error) => {}
            done => {
                done?;
                return Ok(Json(Document::read(json!({"deleted_keys": named.shown()}))?));
            }
        }
    }
    Err(StoreError::NotFound(Kind::Key).into())
}
