//! Secrets of models and credentials: sealed before they are stored, and never shown.

use std::collections::BTreeMap;

use llm_store::{MASK, Place, Store, StoreError};
use llm_tenancy::management::{has_reference, is_reference, is_tenants_parameter};
use llm_tenancy::{Document, Kind, Sealed, is_secret_name};
use serde_json::Value;

use crate::fault::Fault;

/// Parameters whose members have names of the client's choice, and are all taken for secrets.
const HEADERS: [&str; 3] = ["extra_headers", "headers", "default_headers"];

/// Whether a member of a document is kept sealed: by its name, or by what it holds. A bare reference to a variable or a
/// file is no secret itself.
pub(crate) fn is_secret(name: &str, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) if is_reference(text) && !text.contains(char::is_whitespace) => false,
        Value::Object(_) if HEADERS.contains(&name) => true,
        Value::Array(items) => is_secret_name(name) || items.iter().any(|item| is_secret("", item)),
        Value::Object(members) => {
            is_secret_name(name) || members.iter().any(|(name, value)| is_secret(name, value))
        }
        Value::String(text) => is_secret_name(name) || names_password(text),
    }
}

/// Whether a text is an address with a password in it.
fn names_password(text: &str) -> bool {
    let authority = text.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#']).next());
    authority.is_some_and(|authority| authority.contains('@'))
}

/// Whether a client says by a value that a secret stays as it is.
pub(crate) fn is_mask(value: &Value) -> bool {
    value.as_str() == Some(MASK)
}

/// That a tenant's value refers to nothing of the gateway's.
///
/// # Errors
/// 403
pub(crate) fn check_tenants(place: &str, value: &Value) -> Result<(), Fault> {
    if has_reference(value) {
        let fault = Fault::forbidden(format!("{place} must not refer to the gateway's environment or files"));
        return Err(Fault(fault.0.with_param(place)));
    }
    Ok(())
}

/// That a tenant's credential brings nothing that a tenant's model must not have.
///
/// # Errors
/// 403
pub(crate) fn check_tenants_value(name: &str, value: &Value) -> Result<(), Fault> {
    let place = format!("credential_values.{name}");
    if !is_tenants_parameter(name) {
        let fault = Fault::forbidden(format!("{place} is for a proxy admin to set"));
        return Err(Fault(fault.0.with_param(&place)));
    }
    check_tenants(&place, value)
}

/// That there is no secret in a document that answers show.
///
/// # Errors
/// 400
pub(crate) fn check_shown(place: &str, shown: &Document) -> Result<(), Fault> {
    match shown.iter().find(|(name, value)| is_secret(name, value)) {
        None => Ok(()),
        Some((name, _)) => {
            Err(Fault::invalid(&format!("{place}.{name}"), "this is no place for secrets: answers show it"))
        }
    }
}

/// Seals a value under its name in a record.
///
/// # Errors
/// 400, if the gateway has no key to seal with.
pub(crate) fn seal(
    store: &Store,
    kind: Kind,
    id: &str,
    name: &str,
    value: &Value,
) -> Result<Sealed, StoreError> {
    store.seal_value(Place { kind, id, name }, value)
}

/// What is shown of sealed values.
pub(crate) fn masked(sealed: &BTreeMap<String, Sealed>) -> Document {
    sealed.keys().map(|name| (name.clone(), MASK.into())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_told_by_name_and_by_what_they_hold() {
        for (name, value, expected) in [
            ("api_key", json!("sk-1"), true),
            ("api_key", json!("os.environ/OPENAI_API_KEY"), false),
            ("api_key", json!("file:/run/secrets/key"), false),
            ("api_key", json!("os.environ/A sk-1"), true),
            ("vertex_credentials", json!({"type": "service_account"}), true),
            ("extra_headers", json!({"X-Tenant": "a"}), true),
            ("extra_body", json!({"auth": [{"client_secret": "s"}]}), true),
            ("api_base", json!("https://example.com/v1"), false),
            ("api_base", json!("https://anna:pass@example.com/v1"), true),
            ("api_base", json!("https://example.com/@me"), false),
            ("input_cost_per_token", json!("0.1"), false),
            ("max_tokens", json!(5), false),
            ("api_key", json!(null), false),
        ] {
            assert_eq!(is_secret(name, &value), expected, "{name} {value}");
        }
    }
}
