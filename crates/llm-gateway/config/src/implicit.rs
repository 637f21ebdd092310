//! Configs that nobody has written.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::diagnostic::{ConfigErrors, Diagnostics};
use super::environment::Environment;
use super::tree::Node;
use super::vendors::{Vendor, WELL_KNOWN};
use super::{Config, ConfigContext, load};

/// The vendor that answers without a network.
const MOCK: &str = "mock";

/// `llm-gateway --model …`: one model, without a file.
#[derive(Debug, Clone, Default)]
pub struct SingleModel {
    /// `vendor/model`, or a well-known bare name.
    pub model: String,
    /// The name that clients ask for. Default: `model`.
    pub alias: Option<String>,
    /// Further `litellm_params`, such as `api_base` and `api_key`.
    pub params: Map<String, Value>,
}

/// Every vendor whose key is at hand, as `vendor/model` and by its well-known bare names, and the built-in
/// mock.
pub(super) fn embedded(context: &ConfigContext<'_>) -> Result<Config, ConfigErrors> {
    let environment = Environment::new(context.lookup.clone());
    let mut models = Vec::new();
    let mut add = |name: &str, model: &str| {
        models.push(json!({ "model_name": name, "litellm_params": { "model": model } }));
    };
    for vendor in context.vendors {
        let name = vendor.name;
        if name == MOCK {
            add(MOCK, "mock/mock");
        } else if !at_hand(vendor, &environment) {
            continue;
        }
        let all = format!("{name}/*");
        add(&all, &all);
        for (pattern, _) in WELL_KNOWN.iter().filter(|(_, owner)| *owner == name) {
            add(pattern, &format!("{name}/{pattern}"));
        }
    }
    of_json(json!({ "model_list": models }), "built-in config", context)
}

/// Whether the vendor's key is set, or, where it needs none, one of its settings.
fn at_hand(vendor: &Vendor<'_>, environment: &Environment) -> bool {
    // A home is everybody's, and says nothing of any vendor.
    let settings = vendor.parameters.iter().flat_map(|parameter| &parameter.variables);
    let settings = settings.filter(|name| !["HOME", "APPDATA", "USERPROFILE"].contains(&&***name));
    vendor.key_env.is_some_and(|key| environment.get(key).is_some())
        || vendor.key_optional && settings.into_iter().any(|name| environment.get(name).is_some())
}

/// One model.
pub(super) fn single_model(single: SingleModel, context: &ConfigContext<'_>) -> Result<Config, ConfigErrors> {
    let SingleModel { model, alias, mut params } = single;
    let model_name = alias.unwrap_or_else(|| model.clone());
    params.insert("model".to_owned(), model.into());
    let json = json!({ "model_list": [{ "model_name": model_name, "litellm_params": params }] });
    of_json(json, "--model", context)
}

fn of_json(json: Value, source: &str, context: &ConfigContext<'_>) -> Result<Config, ConfigErrors> {
    let hash = Sha256::new_with_prefix(json.to_string().as_bytes());
    let root = Node::from_json(json, &Arc::from(source));
    load::load(&root, Vec::new(), hash, context, Diagnostics::default())
}
