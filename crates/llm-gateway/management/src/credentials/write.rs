//! How credentials are made, changed and deleted.

use std::collections::BTreeMap;

use axum::Json;
use llm_tenancy::management::{Resource, Verb};
use llm_tenancy::{Document, Kind, ModelId, OrganizationId, StoredCredential, StoredModel, TeamId};
use serde_json::{Value, json};

use super::{credential, found, is_credentials};
use crate::desk::Desk;
use crate::fault::Fault;
use crate::member;
use crate::owner::Owned;
use crate::parts::Parts;
use crate::said::{Asked, Said};
use crate::seals::{check_shown, check_tenants, check_tenants_value, is_mask, seal};

pub(super) async fn new(desk: Desk, mut said: Said) -> Result<Json<Value>, Fault> {
    let members = said.members.clone();
    let (team, organization): (Option<TeamId>, Option<OrganizationId>) =
        (said.take("team_id")?, said.take("organization_id")?);
    let owned = Owned::of(&desk, team, organization).await?;
    desk.check_members(Kind::Credential, &members, &owned.place())?;
    let name: String = said.need("credential_name")?;
    if name.is_empty() {
        return Err(Fault::missing("credential_name"));
    }
    let values = values(&desk, &mut said).await?.ok_or_else(|| Fault::missing("credential_values"))?;
    let mut made = StoredCredential {
        credential_id: desk.new_id().into(),
        credential_name: name,
        display_name: None,
        owner: owned.owner.clone(),
        values: BTreeMap::new(),
        info: Document::new(),
        is_admins: !owned.is_tenants(&desk),
        stamp: desk.stamp(),
    };
    said.set(&mut made, &credential())?;
    said.end();
    put(&desk, &mut made, &values, &owned)?;
    check_info(&desk, &made, &owned)?;
    desk.store.create(&made, &desk.by).await?;
    Ok(done("created"))
}

pub(super) async fn update(
    desk: Desk,
    Parts(name): Parts<String>,
    mut asked: Asked,
    mut said: Said,
) -> Result<Json<Value>, Fault> {
    let found = found(&desk, name, &mut asked).await?;
    asked.end();
    let owned = Owned::stored(&desk, found.value.owner.as_ref()).await?;
    desk.check_place(&owned.place())?;
    desk.check_members(Kind::Credential, &said.members, &owned.place())?;
    if said.take::<String>("credential_name")?.is_some_and(|name| name != found.value.credential_name) {
        return Err(Fault::invalid(
            "credential_name",
            "models refer to it by its name, which does not change",
        ));
    }
    let removed: Vec<String> = said.take("credential_values_to_delete")?.unwrap_or_default();
    let values = values(&desk, &mut said).await?.unwrap_or_default();
    if let Some(name) = removed.iter().find(|name| values.contains_key(*name)) {
        let why = format!("{name} cannot be set and deleted at once");
        return Err(Fault::invalid("credential_values_to_delete", why));
    }
    let mut left = Document::new();
    let change = |it: &mut StoredCredential| {
        // May be called again, with the record anew.
        left = said.members.clone();
        let info = it.info.clone();
        member::set(it, &credential(), &mut left)?;
        // What is not said of it stays.
        it.info = info.into_iter().chain(std::mem::take(&mut it.info)).collect();
        it.values.retain(|name, _| !removed.contains(name));
        it.is_admins &= removed.is_empty() || !owned.is_tenants(&desk);
        put(&desk, it, &values, &owned)?;
        check_info(&desk, it, &owned)
    };
    desk.store.change(&found.value.credential_id, &desk.scope, &desk.by, change).await?;
    desk.ignores(left.keys().cloned());
    Ok(done("updated"))
}

pub(super) async fn delete(
    desk: Desk,
    Parts(name): Parts<String>,
    mut asked: Asked,
) -> Result<Json<Value>, Fault> {
    let found = found(&desk, name, &mut asked).await?.value;
    asked.end();
    let owned = Owned::stored(&desk, found.owner.as_ref()).await?;
    desk.check_place(&owned.place())?;
    desk.store.delete::<StoredCredential>(&[found.credential_id], &desk.scope, &desk.by).await?;
    Ok(done("deleted"))
}

fn done(what: &str) -> Json<Value> {
    Json(json!({"success": true, "message": format!("Credential {what} successfully")}))
}

/// The values that a request says, or those of the model that it names.
async fn values(desk: &Desk, said: &mut Said) -> Result<Option<Document>, Fault> {
    let values: Option<Document> = said.take("credential_values")?;
    let Some(id) = said.take::<ModelId>("model_id")? else { return Ok(values) };
    if values.is_some_and(|values| !values.is_empty()) {
        return Err(Fault::invalid("model_id", "say either credential_values or model_id"));
    }
    let scope = desk.scope_of(Resource::Model, Verb::Update);
    let model = desk.store.get::<StoredModel>(&id, &scope).await?.value;
    let mut values = desk.store.unseal_values(Kind::Model, id.as_str(), &model.secrets)?;
    values.extend(model.params.into_iter().filter(|(name, _)| is_credentials(name)));
    Ok(Some(values))
}

/// Seals values into a credential; `null` and masks leave alone what is there.
fn put(desk: &Desk, it: &mut StoredCredential, values: &Document, owned: &Owned) -> Result<(), Fault> {
    let is_tenants = owned.is_tenants(desk);
    for (name, value) in values {
        if value.is_null() || is_mask(value) && it.values.contains_key(name) {
            continue;
        }
        if is_tenants {
            check_tenants_value(name, value)?;
            it.is_admins = false;
        }
        let sealed = seal(&desk.store, Kind::Credential, it.credential_id.as_str(), name, value)?;
        it.values.insert(name.clone(), sealed);
    }
    Ok(())
}

/// `credential_info` is shown: secrets are not for it.
fn check_info(desk: &Desk, it: &StoredCredential, owned: &Owned) -> Result<(), Fault> {
    check_shown("credential_info", &it.info)?;
    for (name, value) in it.info.iter().filter(|_| owned.is_tenants(desk)) {
        check_tenants(&format!("credential_info.{name}"), value)?;
    }
    Ok(())
}
