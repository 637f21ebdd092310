//! Claims of JSON web tokens whose bearers keys stand for: LiteLLM's mappings of tokens to keys. A key has one at most, and
//! a claim's value leads to one key; the mapping's id is the hash of its key.
//!
//! Source: LiteLLM docs, "JWT → Virtual Key Mapping", read 2026-11.

use axum::Json;
use axum::routing::{get, post};
use llm_store::{Batch, Field, Filter, StoreError};
use llm_tenancy::{Document, KeyHash, Kind, TokenClaim, VirtualKey};
use serde_json::{Value, json};

use super::KEY;
use super::change::{TRIES, is_other};
use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::paging::Paging;
use crate::said::{Asked, Said};
use crate::shape::Shape;
use crate::wire::Wire as _;

const ID: Param = Param::new("id", Shape::Text, "The mapping: the hash of its key");
const CLAIM: Param =
    Param::new("jwt_claim_name", Shape::Text, "The claim: what `virtual_key_claim_field` names");
const VALUE: Param = Param::new("jwt_claim_value", Shape::Text, "Its value");
const ABOUT: Param = Param::new("description", Shape::Maybe(&Shape::Text), "What it is for");
const ACTIVE: Param = Param::new("is_active", Shape::Flag, "Whether it counts; it does, if left out");

pub(super) fn endpoints() -> Vec<Endpoint> {
    let shown = || [ID, CLAIM, VALUE, KEY, ABOUT, ACTIVE];
    vec![
        Endpoint::post("/jwt/key/mapping/new", "Lets tokens of a claim's value stand for a key", post(new))
            .takes([CLAIM.required(), VALUE.required(), KEY.required(), ABOUT, ACTIVE])
            .gives(shown()),
        Endpoint::post(
            "/jwt/key/mapping/update",
            "Changes for which key they stand, or whether",
            post(update),
        )
        .takes([ID.required(), CLAIM, VALUE, KEY, ABOUT, ACTIVE])
        .gives(shown()),
        Endpoint::post("/jwt/key/mapping/delete", "Lets them stand for no key any more", post(delete))
            .takes([ID.required()])
            .gives([Param::new("status", Shape::Word(&["success"]), "That it is done")]),
        Endpoint::get("/jwt/key/mapping/info", "Shows a mapping", get(info))
            .asks([ID.required()])
            .gives(shown()),
        Endpoint::get("/jwt/key/mapping/list", "Lists mappings", get(list)).asks(Paging::PARAMS).gives([
            Param::new("mappings", Shape::List(&Shape::Object), "Those of this page"),
            Param::new("total", Shape::Integer, "How many there are on all pages"),
            Param::new("total_pages", Shape::Integer, "How many pages there are"),
        ]),
    ]
}

async fn new(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let claim = TokenClaim {
        name: filled(&mut said, "jwt_claim_name")?.ok_or_else(|| Fault::missing("jwt_claim_name"))?,
        value: filled(&mut said, "jwt_claim_value")?.ok_or_else(|| Fault::missing("jwt_claim_value"))?,
        description: said.take("description")?,
        is_active: said.take("is_active")?.unwrap_or(true),
    };
    let hash = KeyHash::meant_by(&said.need::<String>("key")?);
    said.end();
    for _ in 0..TRIES {
        let before = desk.store.named_key(&hash, &desk.scope).await?;
        if before.value.token_claim.is_some() {
            return Err(StoreError::Taken { kind: Kind::Key, what: "token claim" }.into());
        }
        let after = VirtualKey { token_claim: Some(claim.clone()), ..before.value };
        match desk.store.update(&after, before.version, &desk.scope, &desk.by).await {
            Err(error) if is_other(&error) => {}
            done => return shown(&done?.value),
        }
    }
    Err(StoreError::Changed(Kind::Key).into())
}

async fn update(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let hash = KeyHash::meant_by(&said.need::<String>("id")?);
    let name = filled(&mut said, "jwt_claim_name")?;
    let value = filled(&mut said, "jwt_claim_value")?;
    let other = said.take::<String>("key")?.map(|key| KeyHash::meant_by(&key));
    let tells = said.has("description");
    let description: Option<String> = said.take("description")?;
    let is_active: Option<bool> = said.take("is_active")?;
    said.end();
    for _ in 0..TRIES {
        let before = mapped(&desk, &hash).await?;
        let mut claim = before.value.token_claim.clone().ok_or_else(absent)?;
        claim.name = name.clone().unwrap_or(claim.name);
        claim.value = value.clone().unwrap_or(claim.value);
        claim.is_active = is_active.unwrap_or(claim.is_active);
        if tells {
            claim.description.clone_from(&description);
        }
        let mut batch = Batch::default();
        let to = match &other {
            Some(other) => desk.store.named_key(other, &desk.scope).await?,
            None => before.clone(),
        };
        let to_hash = to.value.hash;
        if to_hash != before.value.hash {
            if to.value.token_claim.is_some() {
                return Err(StoreError::Taken { kind: Kind::Key, what: "token claim" }.into());
            }
            let from = VirtualKey { token_claim: None, ..before.value };
            batch.update(&from, before.version, &desk.scope);
        }
        let after = VirtualKey { token_claim: Some(claim), ..to.value };
        batch.update(&after, to.version, &desk.scope);
        match desk.store.apply(&batch, &desk.by).await {
            Err(error) if is_other(&error) => {}
            done => {
                done?;
                return shown(&after);
            }
        }
    }
    Err(StoreError::Changed(Kind::Key).into())
}

async fn delete(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let hash = KeyHash::meant_by(&said.need::<String>("id")?);
    said.end();
    for _ in 0..TRIES {
        let before = mapped(&desk, &hash).await?;
        let after = VirtualKey { token_claim: None, ..before.value };
        match desk.store.update(&after, before.version, &desk.scope, &desk.by).await {
            Err(error) if is_other(&error) => {}
            done => {
                done?;
                return Ok(Json(json!({"status": "success"})));
            }
        }
    }
    Err(StoreError::Changed(Kind::Key).into())
}

async fn info(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let hash = KeyHash::meant_by(&asked.need("id")?);
    asked.end();
    shown(&mapped(&desk, &hash).await?.value)
}

async fn list(desk: Desk, mut asked: Asked) -> Result<Json<Value>, Fault> {
    let paging = Paging::of(&mut asked, 50, 500)?;
    asked.end();
    let query = paging.sorted(vec![Filter::Filled(Field::TokenClaim)], (Field::TokenClaim, false));
    let page = desk.store.list::<VirtualKey>(&query, &desk.scope).await?;
    let mappings: Vec<Document> = page.records.iter().filter_map(|found| row(&found.value)).collect();
    let total = page.total.unwrap_or_default();
    Ok(Json(paging.tell("mappings", mappings.iter().map(|mapping| json!(mapping)), total)))
}

/// A text that says something, if it is there.
fn filled(said: &mut Said, name: &str) -> Result<Option<String>, Fault> {
    let text: Option<String> = said.take(name)?;
    match text {
        Some(text) if text.is_empty() => Err(Fault::invalid(name, format!("{name} must not be empty"))),
        text => Ok(text),
    }
}

/// The key of a mapping.
async fn mapped(desk: &Desk, hash: &KeyHash) -> Result<llm_store::Stored<VirtualKey>, Fault> {
    let found = desk.store.named_key(hash, &desk.scope).await?;
    if found.value.token_claim.is_some() { Ok(found) } else { Err(absent()) }
}

fn absent() -> Fault {
    StoreError::NotFound(Kind::Key).into()
}

fn row(key: &VirtualKey) -> Option<Document> {
    let claim = key.token_claim.as_ref()?;
    Document::read(json!({
        "id": key.hash,
        "jwt_claim_name": claim.name,
        "jwt_claim_value": claim.value,
        "key": key.key_name,
        "description": claim.description,
        "is_active": claim.is_active,
    }))
    .ok()
}

fn shown(key: &VirtualKey) -> Result<Json<Value>, Fault> {
    row(key).map(|row| Json(json!(row))).ok_or_else(absent)
}
