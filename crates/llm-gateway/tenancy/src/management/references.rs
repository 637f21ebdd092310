//! What tenants must not make the gateway read: its environment, its files, its own identity.

use serde_json::Value;

use super::{Forbidden, Manager, Place, Rank};
use crate::{Document, Owner, StoredModel};

/// Whether a text makes whoever reads it look something up: a variable, a file, a token of the machine's.
pub fn is_reference(text: &str) -> bool {
    let text = text.trim_start();
    text.contains("os.environ/") || text.starts_with("file:") || text.starts_with("oidc/")
}

/// Whether there is a reference anywhere in a value.
pub fn has_reference(value: &Value) -> bool {
    match value {
        Value::String(text) => is_reference(text),
        Value::Array(items) => items.iter().any(has_reference),
        Value::Object(members) => {
            members.iter().any(|(name, value)| is_reference(name) || has_reference(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether there is a reference anywhere in a document.
pub(super) fn refers(document: &Document) -> bool {
    document.values().any(has_reference)
}

/// The parameters that a tenant's model may have. Others may name files of the gateway's, or make it ask with what it is
/// itself: profiles, roles, service accounts, metadata servers.
const PARAMETERS: &[&str] = &[
    "model",
    "custom_llm_provider",
    "api_key",
    "api_base",
    "base_url",
    "api_version",
    "organization",
    "timeout",
    "stream_timeout",
    "max_retries",
    "rpm",
    "tpm",
    "max_parallel_requests",
    "weight",
    "order",
    "tags",
    "drop_params",
    "additional_drop_params",
    "input_cost_per_token",
    "output_cost_per_token",
    "input_cost_per_second",
    "output_cost_per_second",
    "cache_read_input_token_cost",
    "cache_creation_input_token_cost",
    "max_budget",
    "budget_duration",
    "temperature",
    "top_p",
    "max_tokens",
    "seed",
    "stop",
    "extra_headers",
    "modify_params",
    "merge_reasoning_content_in_choices",
    "use_in_pass_through",
    "litellm_credential_name",
];

/// Whether a tenant's model may have a parameter, itself or by its credential.
pub fn is_tenants_parameter(name: &str) -> bool {
    PARAMETERS.contains(&name)
}

impl Manager {
    /// Whether a model may be added, or changed, at its owner's place. What is sealed in it cannot be looked into: whoever
    /// seals it asks [`has_reference`] first. Nor is it known here whose the credential is that it names: whoever looks it
    /// up takes none but the tenant's own.
    ///
    /// A tenant's model belongs to the tenant, brings its own key, and makes the gateway read nothing of its own.
    ///
    /// # Errors
    /// [`Forbidden`]
    pub fn check_model(&self, model: &StoredModel, place: &Place<'_>) -> Result<(), Forbidden> {
        let wrong = |field: &str, why| Err(Forbidden::Field { field: field.to_owned(), why });
        if !is_owners(model.owner.as_ref(), place) {
            return wrong("team_id", "is not where the model is");
        }
        match self.rank(place) {
            Rank::ProxyAdmin => return Ok(()),
            Rank::OrgAdmin | Rank::TeamAdmin => {}
            Rank::Own | Rank::Stranger => return wrong("team_id", "is not a team of yours to manage"),
        }
        let names = model.params.keys().chain(model.secrets.keys());
        if let Some(name) = names.into_iter().find(|name| !is_tenants_parameter(name)) {
            return wrong(&format!("litellm_params.{name}"), "is for a proxy admin to set");
        }
        let brings_key = model.secrets.contains_key("api_key") || model.credential_id.is_some();
        if !brings_key {
            return wrong("litellm_params.api_key", "is needed: a model of your own brings its own key");
        }
        if refers(&model.params) || refers(&model.model_info) {
            return wrong("litellm_params", "must not refer to the gateway's environment or files");
        }
        Ok(())
    }
}

/// Whether a place is an owner's.
fn is_owners(owner: Option<&Owner>, place: &Place<'_>) -> bool {
    match owner {
        None => *place == Place::default(),
        Some(Owner::Team(team)) => place.team == Some(team),
        Some(Owner::Organization(organization)) => {
            place.team.is_none() && place.organization == Some(organization)
        }
    }
}
