//! `litellm_params`: what of them is sealed, and how they change.

use llm_store::{Field, Filter, Query};
use llm_tenancy::management::{Resource, Verb, has_reference};
use llm_tenancy::{Document, Kind, StoredCredential, StoredModel};
use serde_json::Value;

use crate::desk::Desk;
use crate::fault::Fault;
use crate::owner::{self, Owned};
use crate::seals::{check_tenants, is_mask, is_secret, seal};
use crate::wire::Wire;

/// What says where a model leads.
const WAY: [&str; 5] = ["model", "custom_llm_provider", "api_base", "base_url", CREDENTIAL];

/// Names a stored credential.
const CREDENTIAL: &str = "litellm_credential_name";

/// Puts members of `litellm_params` into a model; `null` and masks leave alone what is there.
pub(super) fn set(
    desk: &Desk,
    model: &mut StoredModel,
    params: &Document,
    owned: &Owned,
) -> Result<(), Fault> {
    let is_tenants = owned.is_tenants(desk);
    for (name, value) in params {
        let place = format!("litellm_params.{name}");
        if value.is_null() || is_mask(value) && model.secrets.contains_key(name) {
            continue;
        }
        if is_tenants {
            check_tenants(&place, value)?;
        }
        if is_secret(name, value) {
            let sealed = seal(&desk.store, Kind::Model, model.model_id.as_str(), name, value)?;
            model.params.shift_remove(name);
            model.secrets.insert(name.clone(), sealed);
        } else {
            model.secrets.remove(name);
            model.params.insert(name.clone(), value.clone());
        }
    }
    Ok(())
}

/// Takes members of `litellm_params` out of a model.
///
/// # Errors
/// 400 for `model`, without which there is none, and for what is set by the same request.
pub(super) fn remove(
    model: &mut StoredModel,
    names: &[String],
    params: Option<&Document>,
) -> Result<(), Fault> {
    for name in names {
        if name == "model" {
            return Err(Fault::invalid(
                "litellm_params_to_remove",
                "a model cannot be without litellm_params.model",
            ));
        }
        if params.is_some_and(|params| params.contains_key(name)) {
            let why = format!("litellm_params.{name} cannot be set and removed at once");
            return Err(Fault::invalid("litellm_params_to_remove", why));
        }
        model.params.shift_remove(name);
        model.secrets.remove(name);
    }
    Ok(())
}

/// The credential that a model of this owner means by a name. A tenant means its own alone: what is above it would be
/// sent to whatever address the tenant says.
///
/// # Errors
/// 400, if a tenant has none of this name.
pub(super) async fn credential(
    desk: &Desk,
    params: &Document,
    owned: &Owned,
) -> Result<Option<StoredCredential>, Fault> {
    let Some(name) = params.get(CREDENTIAL).filter(|name| !name.is_null()) else { return Ok(None) };
    let place = format!("litellm_params.{CREDENTIAL}");
    let name = String::read(name.clone()).map_err(|error| error.at(&place))?;
    let scope = desk.scope_of(Resource::Credential, Verb::Read);
    let mut owners = owned.chain();
    if owned.is_tenants(desk) {
        owners.truncate(1);
    }
    for owner in owners {
        let mut filters = owner::filters_of(owner.as_ref());
        filters.push(Filter::Is(Field::Name, name.clone()));
        let query = Query { filters, size: 1, ..Query::default() };
        let found = desk.store.list::<StoredCredential>(&query, &scope).await?.records.into_iter().next();
        if let Some(found) = found {
            return Ok(Some(found.value));
        }
    }
    if owned.is_tenants(desk) {
        return Err(Fault::invalid(&place, "there is no such credential for this model"));
    }
    // One of the configuration's, or none: that is the gateway's to know.
    Ok(None)
}

/// Whether a request makes a model lead elsewhere.
pub(super) fn leads_elsewhere(model: &StoredModel, params: &Document, removed: &[String]) -> bool {
    let is_other = |name: &&str| match params.get(*name) {
        None | Some(Value::Null) => removed.iter().any(|removed| removed == name),
        Some(value) if is_mask(value) => !model.secrets.contains_key(*name),
        Some(value) => model.params.get(*name) != Some(value),
    };
    WAY.iter().any(is_other)
}

/// Whether a request says an address that a model does not have yet.
pub(super) fn says_address(model: &StoredModel, params: &Document) -> bool {
    let said = |name: &&str| params.get(*name).is_some_and(|value| !value.is_null() && !is_mask(value));
    let mut addresses = ["api_base", "base_url"].iter().filter(|name| said(name));
    addresses.any(|name| model.params.get(*name) != params.get(*name))
}

/// That the gateway could serve a model with its secrets, and those of its credential.
pub(super) fn check_served(
    desk: &Desk,
    model: &StoredModel,
    credential: Option<&StoredCredential>,
) -> Result<(), Fault> {
    let mut secrets = match credential {
        None => Document::new(),
        Some(it) => desk.store.unseal_values(Kind::Credential, it.credential_id.as_str(), &it.values)?,
    };
    // What a model says itself goes before what its credential says.
    secrets.retain(|name, _| !model.params.contains_key(name));
    secrets.extend(desk.store.unseal_values(Kind::Model, model.model_id.as_str(), &model.secrets)?);
    // What belongs to a tenant makes the gateway read nothing of its own, whoever has written it.
    let mut all = model.params.iter().chain(&secrets).filter(|_| model.owner.is_some());
    if let Some((name, _)) = all.find(|(_, value)| has_reference(value)) {
        let place = format!("litellm_params.{name}");
        let why =
            "a tenant's model must not refer to the gateway's environment or files: say the value itself";
        return Err(Fault::invalid(&place, why));
    }
    Ok(desk.host.check_model(model, &secrets, model.is_tenants(credential))?)
}

/// Whether requests name another credential, or none any more.
pub(super) fn names_credential(params: Option<&Document>, removed: &[String]) -> bool {
    params.is_some_and(|params| params.get(CREDENTIAL).is_some_and(|name| !name.is_null()))
        || removed.iter().any(|name| name == CREDENTIAL)
}

/// `model_info` without what the gateway says of a model itself.
pub(super) fn own_info(mut info: Document) -> Document {
    const OURS: [&str; 9] = [
        "id",
        "db_model",
        "team_id",
        "organization_id",
        "team_public_model_name",
        "created_at",
        "created_by",
        "updated_at",
        "updated_by",
    ];
    info.retain(|name, _| !OURS.contains(&name.as_str()));
    info
}

/// That a model says which one it is.
pub(super) fn check_model_param(params: &Document) -> Result<(), Fault> {
    match params.get("model") {
        None | Some(Value::Null) => Err(Fault::missing("litellm_params.model")),
        Some(Value::String(name)) if !name.is_empty() => Ok(()),
        Some(_) => Err(Fault::invalid("litellm_params.model", "expected the name of a model")),
    }
}
