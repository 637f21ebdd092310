//! Keys get another text.
//!
//! A key whose `key_rotation_at` has passed is shown as `rotation_due`. Where a secret manager takes the new text, it gets
//! one by itself (see `due.rs`); else it keeps its text until somebody asks for another one: a text that nobody is given
//! would lock its owner out.

use axum::Json;
use axum::routing::post;
use llm_store::{Batch, StoreError};
use llm_tenancy::management::Scope;
use llm_tenancy::{Document, KeyHash, Kind, Period, PlainKey, VirtualKey};

use super::change::{TRIES, changed, is_other};
use super::make::random;
use super::members::Gallery;
use super::{KEY, due, handed, read, settable};
use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::parts::Parts;
use crate::said::Said;
use crate::shape::Shape;

pub(super) fn endpoints() -> Vec<Endpoint> {
    const HOW: [Param; 2] = [
        Param::new("new_key", Shape::Maybe(&Shape::Text), "The new text, if it should be a certain one"),
        Param::new(
            "grace_period",
            Shape::Maybe(&Shape::Text),
            "How long the old text works on: `24h`, `2d`; not at all if left out",
        ),
    ];
    vec![
        Endpoint::post("/key/regenerate", "Gives a key another text", post(by_body))
            .takes([KEY.required()])
            .takes(HOW)
            .takes(settable())
            .gives(handed()),
        Endpoint::post("/key/{key}/regenerate", "Gives a key another text", post(by_path))
            .takes(HOW)
            .takes(settable())
            .gives(handed()),
    ]
}

async fn by_body(desk: Desk, mut said: Said) -> Result<Json<Document>, Fault> {
    let hash = KeyHash::meant_by(&said.need::<String>("key")?);
    regenerate(&desk, &hash, said.members).await.map(Json)
}

async fn by_path(desk: Desk, Parts(key): Parts<String>, said: Said) -> Result<Json<Document>, Fault> {
    let hash = KeyHash::meant_by(&key);
    let mut said = said.members;
    if let Some(other) = read::take::<String>(&mut said, "key")?
        && KeyHash::meant_by(&other) != hash
    {
        return Err(Fault::invalid("key", "the path names another key than the body"));
    }
    regenerate(&desk, &hash, said).await.map(Json)
}

async fn regenerate(desk: &Desk, hash: &KeyHash, mut said: Document) -> Result<Document, Fault> {
    read::tidy(desk, &mut said, false);
    if said.get("new_master_key").is_some_and(|key| !key.is_null()) {
        let message = "the master key stands in the configuration, and is changed there";
        return Err(Fault::invalid("new_master_key", message));
    }
    let text = match read::take::<String>(&mut said, "new_key")? {
        Some(text) => {
            PlainKey::chosen(&text).map_err(|error| Fault::invalid("new_key", error.to_string()))?
        }
        None => random(&*desk.host),
    };
    let grace = read::take::<Period>(&mut said, "grace_period")?;
    let now = desk.now();
    for _ in 0..TRIES {
        let before = desk.store.named_key(hash, &desk.scope).await?;
        let mut left = said.clone();
        let (mut after, spend) = changed(desk, &before.value, &mut left).await?;
        desk.manager.check_holder(&after, None)?;
        after.hash = text.hash();
        after.key_name = text.name();
        after.rotation.happens(now);
        let mut batch = Batch::default();
        let until = grace.map(|grace| grace.after(now));
        batch.rotate_key(&before.value.hash, before.version, &after, until, &desk.scope);
        if let Some(spend) = spend {
            batch.set_spend::<VirtualKey>(&after.hash, spend, &Scope::everything());
        }
        match desk.store.apply(&batch, &desk.by).await {
            Err(error) if is_other(&error) => continue,
            done => done?,
        }
        desk.ignores(left.keys().cloned());
        let key = desk.store.get::<VirtualKey>(&after.hash, &Scope::everything()).await?.value;
        due::hand_over(desk, &key, &text).await;
        return Ok(Gallery::of(desk, [&key]).await?.hand_out(&key, &text));
    }
    Err(StoreError::Changed(Kind::Key).into())
}
