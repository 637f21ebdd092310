//! Lists of models, in the shape that the client expects.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use llm_tenancy::Owner;
use llm_types::{ApiError, ErrorKind, Layer, UnixMs};
use serde_json::{Value, json};

mod pages;
mod params;

pub use pages::{groups, info, page};
pub use params::params;

use super::visit::Visit;
use crate::config::shown;
use crate::config::{ResolvedDeployment, VendorChoice};
use crate::services::health::{self, Subject, Verdict};
use crate::serving::{Group, ListedModel, Serving};

/// When a model was made is not known; lists need a number.
///
/// Source: LiteLLM's proxy answers the same constant for every model, read 2026-11.
const CREATED_S: i64 = 1_677_610_602;

/// The header by which Google's clients are known, whatever version of the API their path names.
const GOOGLE: &str = "x-goog-api-key";

/// All models that whoever asks may call.
pub fn list(visit: &Visit) -> Response<Bytes> {
    if visit.headers.contains_key(GOOGLE) {
        return list_gemini(visit);
    }
    let listed = listed(visit);
    let body = if visit.headers.contains_key("anthropic-version") {
        let data: Vec<Value> = listed.iter().copied().map(anthropic).collect();
        let end = |item: Option<&&ListedModel>| item.map(|model| model.name.to_string());
        json!({
            "data": data,
            "has_more": false,
            "first_id": end(listed.first()),
            "last_id": end(listed.last()),
        })
    } else {
        let data: Vec<Value> = listed.iter().copied().map(openai).collect();
        json!({"object": "list", "data": data})
    };
    answer(&body)
}

/// The models of lists: all that may be asked, or those of them of which a deployment is well, as configured.
fn listed(visit: &Visit) -> Vec<&ListedModel> {
    let Visit { app, serving, .. } = visit;
    let may_ask = |model: &&ListedModel| serving.shows(&model.name, visit.access());
    if !serving.config.settings.health.lists_healthy_only {
        return serving.listed.iter().filter(may_ask).collect();
    }
    let now = app.runtime.now();
    let subjects = health::subjects(serving);
    let is_well = |subject: &&Subject| health::verdict(app, serving, subject, now) != Verdict::Down;
    let well: HashSet<&str> =
        subjects.iter().filter(is_well).map(|subject| subject.resolved.model_name.as_str()).collect();
    let group = |name: &str| serving.config.resolved.route(name).map(|route| route.group.to_owned());
    let shown = |model: &&ListedModel| match group(&model.name) {
        Some(group) => well.contains(group.as_str()),
        // What stands for several groups is there as long as one of them is.
        None => serving
            .config
            .settings
            .router
            .members(&model.name)
            .is_none_or(|members| members.iter().any(|member| well.contains(member.as_str()))),
    };
    serving.listed.iter().filter(may_ask).filter(shown).collect()
}

/// One model.
///
/// # Errors
/// 404, or 403 for what may not be asked.
pub fn show(visit: &Visit, name: &str) -> Result<Response<Bytes>, ApiError> {
    if visit.headers.contains_key(GOOGLE) {
        return show_gemini(visit, name);
    }
    let group = found(visit, name)?;
    let owner = group.deployments.first().map(|deployment| deployment.provider_name.clone());
    let owner = owner.ok_or_else(|| {
        ApiError::new(ErrorKind::NotFound, Layer::Router, format!("no model {name:?} here"))
    })?;
    let model = ListedModel { name: name.into(), owner };
    Ok(answer(&if visit.headers.contains_key("anthropic-version") {
        anthropic(&model)
    } else {
        openai(&model)
    }))
}

/// What stands behind a name for whoever asks.
fn found(visit: &Visit, name: &str) -> Result<Arc<Group>, ApiError> {
    let meant = visit.serving.admit(name.into(), visit.access())?;
    visit.serving.resolve_for(&meant, visit.access())
}

fn openai(model: &ListedModel) -> Value {
    json!({"id": *model.name, "object": "model", "created": CREATED_S, "owned_by": *model.owner})
}

fn anthropic(model: &ListedModel) -> Value {
    json!({
        "type": "model",
        "id": *model.name,
        "display_name": *model.name,
        "created_at": "2023-02-28T18:56:42Z",
    })
}

/// Every deployment that whoever asks may know of, and what is known of its model, in LiteLLM's shape: the table's facts
/// under those of the configuration. Of parameters only the model and the address are told.
fn deployments(visit: &Visit) -> impl Iterator<Item = Value> {
    let (serving, now) = (&visit.serving, visit.app.runtime.now());
    let may_ask = move |deployment: &&Arc<ResolvedDeployment>| {
        let vendors = visit.access().filter(|access| access.bounds_vendors());
        let is_allowed = vendors.is_none_or(|access| match &deployment.vendor {
            VendorChoice::Named(vendor) => access.allows_vendor(vendor),
            VendorChoice::ByRequest => true,
        });
        is_allowed && serving.shows(&deployment.model_name, visit.access())
    };
    let deployments = serving.config.resolved.deployments().filter(may_ask);
    deployments.map(move |deployment| deployment_info(serving, deployment, now))
}

fn deployment_info(serving: &Serving, deployment: &ResolvedDeployment, now: UnixMs) -> Value {
    let vendor = match &deployment.vendor {
        VendorChoice::Named(vendor) => vendor.as_str(),
        VendorChoice::ByRequest => "",
    };
    let own = &deployment.model_info;
    let known = deployment.known().and_then(|known| serde_json::to_value(known).ok());
    let Value::Object(mut info) = known.unwrap_or_else(|| json!({})) else { return Value::Null };
    info.insert("id".to_owned(), deployment.id.as_str().into());
    let of_api = deployment.origin.file.starts_with("database");
    info.insert("db_model".to_owned(), of_api.into());
    info.insert("origin".to_owned(), deployment.origin.to_string().into());
    if let Some(owner) = serving.catalog.owner(&deployment.model_name) {
        match owner {
            Owner::Team(team) => info.insert("team_id".to_owned(), team.as_str().into()),
            Owner::Organization(id) => info.insert("organization_id".to_owned(), id.as_str().into()),
        };
    }
    for (name, value) in [
        ("base_model", own.base_model.clone().map(Value::from)),
        ("mode", own.mode.clone().map(Value::from)),
        ("max_input_tokens", own.max_input_tokens.map(Value::from)),
        ("max_output_tokens", own.max_output_tokens.map(Value::from)),
    ] {
        info.extend(value.map(|value| (name.to_owned(), value)));
    }
    if let Ok(Value::Object(checks)) = serde_json::to_value(&own.health) {
        info.extend(checks);
    }
    info.extend(own.extra.clone());
    // Those that hold now, which are not always those that stand first.
    if let Ok(Value::Object(prices)) = serde_json::to_value(deployment.prices.at(now)) {
        info.extend(prices);
    }
    let named = match vendor {
        "" => deployment.upstream_model.clone(),
        vendor => format!("{vendor}/{}", deployment.upstream_model),
    };
    let mut params = json!({"model": named});
    if let Some(api_base) = &deployment.api_base {
        params["api_base"] = shown(api_base).into();
    }
    json!({"model_name": deployment.model_name, "litellm_params": params, "model_info": info})
}

/// All models in Gemini's shape.
///
/// Source: Gemini API reference, "Models" (ai.google.dev/api/models), read 2026-11.
pub fn list_gemini(visit: &Visit) -> Response<Bytes> {
    let models: Vec<Value> = listed(visit).into_iter().map(|model| gemini(&model.name)).collect();
    answer(&json!({"models": models}))
}

/// One model in Gemini's shape.
///
/// # Errors
/// 404, or 403 for what may not be asked.
pub fn show_gemini(visit: &Visit, name: &str) -> Result<Response<Bytes>, ApiError> {
    found(visit, name)?;
    Ok(answer(&gemini(name)))
}

fn gemini(name: &str) -> Value {
    json!({
        "name": format!("models/{name}"),
        "baseModelId": name,
        "version": "1",
        "displayName": name,
        "supportedGenerationMethods": ["generateContent", "streamGenerateContent", "countTokens", "embedContent"],
    })
}

/// All models in Ollama's shape.
///
/// Source: Ollama API documentation, "List local models" (docs.ollama.com/api/tags), read 2026-11.
pub fn list_ollama(visit: &Visit) -> Response<Bytes> {
    let models: Vec<Value> = listed(visit)
        .into_iter()
        .map(|model| {
            json!({
                "name": *model.name,
                "model": *model.name,
                "modified_at": "2023-02-28T18:56:42Z",
                "size": 0,
                "digest": "",
                "details": {
                    "parent_model": "",
                    "format": "",
                    "family": *model.owner,
                    "families": [*model.owner],
                    "parameter_size": "",
                    "quantization_level": "",
                },
            })
        })
        .collect();
    answer(&json!({"models": models}))
}

/// The version that Ollama's clients ask for: the gateway's own.
pub fn version() -> Response<Bytes> {
    answer(&json!({"version": env!("CARGO_PKG_VERSION")}))
}

/// A JSON answer.
pub fn answer(body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
