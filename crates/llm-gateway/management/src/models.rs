//! Models that are added by way of the API, beside those of the configuration.

mod params;
mod write;

use axum::Json;
use axum::routing::{patch, post};
use llm_tenancy::{Document, Kind, ModelId, Owner, StoredModel};
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::member::{self, Member, members};
use crate::owner::{self, Owned};
use crate::said::Said;
use crate::seals;
use crate::shape::Shape;
use crate::terms::stamp;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    let shown = || Param::shown(&model()).into_iter().chain(SHOWN);
    let said = || SAID;
    let one = || {
        [Param::new("model_id", Shape::Text, "Its id; LiteLLM's clients also say `id` or `model_info.id`")]
    };
    vec![
        Endpoint::post("/model/new", "Adds a model", post(write::new))
            .takes(said())
            .takes([Param::new("model_id", Shape::Text, "Its id; a new one if left out")])
            .gives(shown()),
        Endpoint::post("/model/update", "Changes a model: what is not said stays", post(write::update))
            .takes(one())
            .takes(said())
            .gives(shown()),
        Endpoint::new(
            "PATCH",
            "/model/{model_id}/update",
            "Changes a model: what is not said stays",
            patch(write::patch),
        )
        .takes(said())
        .takes([Param::new(
            "litellm_params_to_remove",
            Shape::List(&Shape::Text),
            "Names of members of `litellm_params` that go",
        )])
        .gives(shown()),
        Endpoint::post("/model/delete", "Deletes a model", post(delete))
            .takes([Param::new("id", Shape::Text, "Its id").required()])
            .gives([Param::new("message", Shape::Text, "What was done")]),
        Endpoint::post("/model/block", "Asks a model no more", post(block)).takes(one()).gives(shown()),
        Endpoint::post("/model/unblock", "Asks a model again", post(unblock)).takes(one()).gives(shown()),
    ]
}

/// What requests say of a model.
const SAID: [Param; 6] = [
    Param::new(
        "model_name",
        Shape::Text,
        "The name by which it is asked; a tenant's gets the tenant's id before it",
    ),
    Param::new("litellm_params", Shape::Object, "How it is asked: `model`, `api_key`, `api_base`, …"),
    Param::new("model_info", Shape::Object, "What else is known of it; `id` and `team_id` are its own"),
    Param::new("team_id", Shape::Text, "The team that it is for; everybody if left out"),
    Param::new("organization_id", Shape::Text, "The organisation that it is for; everybody if left out"),
    Param::new("blocked", Shape::Flag, "Whether it is not asked for now"),
];
const SHOWN: [Param; 2] = [
    Param::new("litellm_params", Shape::Object, "How it is asked; secrets are `***`"),
    Param::new("model_info", Shape::Object, "What else is known of it"),
];

fn model() -> Vec<Member<StoredModel>> {
    let mut all = members!(StoredModel {
        @get "model_id" model_id: ModelId, "Its id";
        @get "model_name" model_name: String, "The name by which it is asked";
        @get "blocked" blocked: bool, "Whether it is not asked for now";
    });
    all.extend(stamp!(StoredModel));
    all
}

async fn delete(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let id = id(&mut said)?;
    said.end();
    desk.store.delete::<StoredModel>(std::slice::from_ref(&id), &desk.scope, &desk.by).await?;
    Ok(Json(json!({"message": format!("Model: {id} deleted successfully")})))
}

async fn block(desk: Desk, said: Said) -> Result<Json<Document>, Fault> {
    set_blocked(&desk, said, true).await
}

async fn unblock(desk: Desk, said: Said) -> Result<Json<Document>, Fault> {
    set_blocked(&desk, said, false).await
}

async fn set_blocked(desk: &Desk, mut said: Said, blocked: bool) -> Result<Json<Document>, Fault> {
    let id = id(&mut said)?;
    said.end();
    let found = desk.store.get::<StoredModel>(&id, &desk.scope).await?.value;
    let owned = Owned::stored(desk, found.owner.as_ref()).await?;
    desk.check_place(&owned.place())?;
    if !desk.manager.may_set(Kind::Model, "blocked", &owned.place()) {
        return Err(Fault::forbidden("blocked is not yours to set"));
    }
    let set = |it: &mut StoredModel| {
        it.blocked = blocked;
        Ok::<_, Fault>(())
    };
    let changed = desk.store.change(&id, &desk.scope, &desk.by, set).await?;
    Ok(Json(show(&changed.value)))
}

/// The model that a body means.
fn id(said: &mut Said) -> Result<ModelId, Fault> {
    named(said)?.ok_or_else(|| Fault::missing("model_id"))
}

/// The id that a body says, in one of the places where clients say it.
fn named(said: &mut Said) -> Result<Option<ModelId>, Fault> {
    let named = [said.take::<ModelId>("model_id")?, said.take("id")?];
    let info = said.members.get_mut("model_info").and_then(Value::as_object_mut);
    let own = match info.and_then(|info| info.shift_remove("id")) {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) => Some(ModelId::from(id)),
        Some(_) => return Err(Fault::invalid("model_info.id", "expected a text")),
    };
    Ok(named.into_iter().flatten().next().or(own).filter(|id| !id.as_str().is_empty()))
}

/// A model as it is shown: secrets masked.
fn show(it: &StoredModel) -> Document {
    let mut shown = member::show(it, &model());
    let mut params = it.params.clone();
    params.extend(seals::masked(&it.secrets));
    let mut info = it.model_info.clone();
    info.extend([("id".to_owned(), json!(it.model_id)), ("db_model".to_owned(), true.into())]);
    if it.owner.is_some() {
        info.extend(owner::shown(it.owner.as_ref()));
        info.insert("team_public_model_name".to_owned(), public_name(it).into());
    }
    shown.insert("litellm_params".to_owned(), params.into());
    shown.insert("model_info".to_owned(), info.into());
    shown
}

/// A model's name in its owner's namespace.
fn full_name(name: &str, owner: Option<&Owner>) -> String {
    match namespace(owner) {
        Some(tenant) if !name.strip_prefix(tenant).is_some_and(|rest| rest.starts_with('/')) => {
            format!("{tenant}/{name}")
        }
        _ => name.to_owned(),
    }
}

/// A model's name without its owner's namespace.
fn public_name(it: &StoredModel) -> &str {
    let rest =
        namespace(it.owner.as_ref()).and_then(|tenant| it.model_name.strip_prefix(tenant)?.strip_prefix('/'));
    rest.unwrap_or(&it.model_name)
}

fn namespace(owner: Option<&Owner>) -> Option<&str> {
    Some(match owner? {
        Owner::Team(id) => id.as_str(),
        Owner::Organization(id) => id.as_str(),
    })
}
