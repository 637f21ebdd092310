//! How models are added and changed.

use std::collections::BTreeMap;

use axum::Json;
use llm_store::{Field, Filter};
use llm_tenancy::management::Scope;
use llm_tenancy::{Document, Kind, ModelId, OrganizationId, StoredCredential, StoredModel, TeamId};
use llm_types::{ApiError, ErrorKind, Layer};
use serde_json::Value;

use super::{full_name, id, named, params, public_name, show};
use crate::desk::Desk;
use crate::fault::Fault;
use crate::owner::{self, Owned};
use crate::parts::Parts;
use crate::said::Said;
use crate::seals;

/// What a request says of a model.
struct Wanted {
    name: Option<String>,
    params: Option<Document>,
    removed: Vec<String>,
    info: Option<Document>,
    /// The owner that it names, if it names one.
    owner: Option<(Option<TeamId>, Option<OrganizationId>)>,
    blocked: Option<bool>,
}

pub(super) async fn new(desk: Desk, mut said: Said) -> Result<Json<Document>, Fault> {
    let id = named(&mut said)?.unwrap_or_else(|| desk.new_id().into());
    let members = said.members.clone();
    let wanted = Wanted::read(&mut said)?;
    said.end();
    let (team, organization) = wanted.owner.unwrap_or_default();
    let owned = Owned::of(&desk, team, organization).await?;
    desk.check_members(Kind::Model, &members, &owned.place())?;
    let name = wanted.name.ok_or_else(|| Fault::missing("model_name"))?;
    let said_params = wanted.params.ok_or_else(|| Fault::missing("litellm_params"))?;
    let mut made = StoredModel {
        model_id: id,
        model_name: full_name(&name, owned.owner.as_ref()),
        owner: owned.owner.clone(),
        params: Document::new(),
        secrets: BTreeMap::new(),
        credential_id: None,
        model_info: params::own_info(wanted.info.unwrap_or_default()),
        blocked: wanted.blocked.unwrap_or(false),
        is_admins: !owned.is_tenants(&desk),
        stamp: desk.stamp(),
    };
    let credential = params::credential(&desk, &said_params, &owned).await?;
    made.credential_id = credential.as_ref().map(|it| it.credential_id.clone());
    params::set(&desk, &mut made, &said_params, &owned)?;
    check(&desk, &made, &owned, credential.as_ref())?;
    check_name(&desk, &made, None).await?;
    desk.store.create(&made, &desk.by).await?;
    Ok(Json(show(&made)))
}

pub(super) async fn update(desk: Desk, mut said: Said) -> Result<Json<Document>, Fault> {
    let id = id(&mut said)?;
    change(&desk, id, said).await
}

pub(super) async fn patch(desk: Desk, Parts(id): Parts<String>, said: Said) -> Result<Json<Document>, Fault> {
    change(&desk, id.into(), said).await
}

async fn change(desk: &Desk, id: ModelId, mut said: Said) -> Result<Json<Document>, Fault> {
    let found = desk.store.get::<StoredModel>(&id, &desk.scope).await?;
    let before = Owned::stored(desk, found.value.owner.as_ref()).await?;
    // Everybody's models are there to see, and not to change.
    desk.check_place(&before.place())?;
    desk.check_members(Kind::Model, &said.members, &before.place())?;
    let members = said.members.clone();
    let wanted = Wanted::read(&mut said)?;
    said.end();
    let moves = wanted.owner.is_some();
    let owned = match wanted.owner.clone() {
        None => before,
        Some((team, organization)) => Owned::of(desk, team, organization).await?,
    };
    desk.check_members(Kind::Model, &members, &owned.place())?;
    let mut changed = found.value.clone();
    changed.owner = owned.owner.clone();
    let name = wanted.name.as_deref().unwrap_or_else(|| public_name(&found.value));
    changed.model_name = full_name(name, owned.owner.as_ref());
    changed.blocked = wanted.blocked.unwrap_or(changed.blocked);
    for (name, value) in params::own_info(wanted.info.unwrap_or_default()) {
        changed.model_info.insert(name, value);
    }
    params::remove(&mut changed, &wanted.removed, wanted.params.as_ref())?;
    let said_params = wanted.params.unwrap_or_default();
    let elsewhere =
        owned.is_tenants(desk) && params::leads_elsewhere(&found.value, &said_params, &wanted.removed);
    changed.is_admins = match owned.is_tenants(desk) {
        true => changed.is_admins && !elsewhere,
        false => changed.is_admins || params::says_address(&found.value, &said_params),
    };
    params::set(desk, &mut changed, &said_params, &owned)?;
    // A credential is looked up when it is named, when its model comes to somebody else, and when a tenant makes it lead
    // elsewhere: what a proxy admin has lent it does not go there.
    let credential = if moves || elsewhere || params::names_credential(Some(&said_params), &wanted.removed) {
        params::credential(desk, &changed.params, &owned).await?
    } else {
        kept(desk, &changed).await?
    };
    changed.credential_id = credential.as_ref().map(|it| it.credential_id.clone());
    check(desk, &changed, &owned, credential.as_ref())?;
    if changed.model_name != found.value.model_name || changed.owner != found.value.owner {
        check_name(desk, &changed, Some(&found.value)).await?;
    }
    // What was looked at is what is changed: whoever was faster wins.
    let stored = desk.store.update(&changed, found.version, &desk.scope, &desk.by).await?;
    Ok(Json(show(&stored.value)))
}

/// The credential that a model has already, if that is still there.
async fn kept(desk: &Desk, model: &StoredModel) -> Result<Option<StoredCredential>, Fault> {
    let Some(id) = &model.credential_id else { return Ok(None) };
    let found = desk.store.find::<StoredCredential>(id, &Scope::everything()).await?;
    let gone =
        || Fault::invalid("litellm_params.litellm_credential_name", "the credential is not there any more");
    found.map(|it| Some(it.value)).ok_or_else(gone)
}

/// That a model may be written so, and could be served.
fn check(
    desk: &Desk,
    model: &StoredModel,
    owned: &Owned,
    credential: Option<&StoredCredential>,
) -> Result<(), Fault> {
    params::check_model_param(&model.params)?;
    seals::check_shown("model_info", &model.model_info)?;
    desk.manager.check_model(model, &owned.place())?;
    params::check_served(desk, model, credential)
}

/// That nobody else has models of this name: all that go under one name are for the same.
async fn check_name(desk: &Desk, model: &StoredModel, before: Option<&StoredModel>) -> Result<(), Fault> {
    let all = Scope::everything();
    let mut filters = vec![Filter::Is(Field::Name, model.model_name.clone())];
    let total = desk.store.count::<StoredModel>(&filters, &all).await?;
    filters.extend(owner::filters_of(model.owner.as_ref()));
    let same = desk.store.count::<StoredModel>(&filters, &all).await?;
    // Itself, as somebody else's.
    let moved = before.is_some_and(|it| it.model_name == model.model_name && it.owner != model.owner);
    if total == same + u64::from(moved) {
        return Ok(());
    }
    let error = ApiError::new(ErrorKind::Conflict, Layer::Gateway, "models of this name are somebody else's");
    Err(Fault(error.with_param("model_name").with_code("already_exists")))
}

impl Wanted {
    fn read(said: &mut Said) -> Result<Self, Fault> {
        let info: Option<Document> = said.take("model_info")?;
        let of_info = |name: &str| -> Result<Option<String>, Fault> {
            match info.as_ref().and_then(|info| info.get(name)) {
                None | Some(Value::Null) => Ok(None),
                Some(Value::String(id)) => Ok(Some(id.clone())),
                Some(_) => Err(Fault::invalid(&format!("model_info.{name}"), "expected an id")),
            }
        };
        let team = said.take::<TeamId>("team_id")?.or(of_info("team_id")?.map(Into::into));
        let organization = said.take("organization_id")?.or(of_info("organization_id")?.map(Into::into));
        let name: Option<String> = said.take("model_name")?;
        if name.as_deref().is_some_and(str::is_empty) {
            return Err(Fault::missing("model_name"));
        }
        Ok(Self {
            name,
            params: said.take("litellm_params")?,
            removed: said.take("litellm_params_to_remove")?.unwrap_or_default(),
            owner: (team.is_some() || organization.is_some()).then_some((team, organization)),
            blocked: said.take("blocked")?,
            info,
        })
    }
}
