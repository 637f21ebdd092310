//! Lists of models, in the shape that the client expects.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header};
use llm_types::{ApiError, ErrorKind, Layer};
use serde_json::{Value, json};

use crate::app::App;
use crate::serving::ListedModel;

/// When a model was made is not known; lists need a number.
///
/// Source: LiteLLM's proxy answers the same constant for every model, read 2026-11.
const CREATED_S: i64 = 1_677_610_602;

/// All models.
///
/// # Errors
/// An authentication error.
pub fn list(app: &App, headers: &HeaderMap) -> Result<Response<Bytes>, ApiError> {
    let serving = app.serving();
    serving.authenticator.authenticate(headers, None)?;
    let body = if headers.contains_key("anthropic-version") {
        let data: Vec<Value> = serving.listed.iter().map(anthropic).collect();
        let end = |item: Option<&ListedModel>| item.map(|model| model.name.to_string());
        json!({
            "data": data,
            "has_more": false,
            "first_id": end(serving.listed.first()),
            "last_id": end(serving.listed.last()),
        })
    } else {
        let data: Vec<Value> = serving.listed.iter().map(openai).collect();
        json!({"object": "list", "data": data})
    };
    Ok(answer(&body))
}

/// One model.
///
/// # Errors
/// An authentication error, or 404.
pub fn show(app: &App, headers: &HeaderMap, name: &str) -> Result<Response<Bytes>, ApiError> {
    let serving = app.serving();
    serving.authenticator.authenticate(headers, None)?;
    let group = serving.resolve(name)?;
    let owner = group.deployments.first().map(|deployment| deployment.provider_name.clone());
    let owner = owner.ok_or_else(|| {
        ApiError::new(ErrorKind::NotFound, Layer::Router, format!("no model {name:?} here"))
    })?;
    let model = ListedModel { name: name.into(), owner };
    Ok(answer(&if headers.contains_key("anthropic-version") { anthropic(&model) } else { openai(&model) }))
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

/// All models in Gemini's shape.
///
/// Source: Gemini API reference, "Models" (ai.google.dev/api/models), read 2026-11.
///
/// # Errors
/// An authentication error.
pub fn list_gemini(app: &App, headers: &HeaderMap, query: Option<&str>) -> Result<Response<Bytes>, ApiError> {
    let serving = app.serving();
    serving.authenticator.authenticate(headers, query)?;
    let models: Vec<Value> = serving.listed.iter().map(|model| gemini(&model.name)).collect();
    Ok(answer(&json!({"models": models})))
}

/// One model in Gemini's shape.
///
/// # Errors
/// An authentication error, or 404.
pub fn show_gemini(
    app: &App,
    headers: &HeaderMap,
    query: Option<&str>,
    name: &str,
) -> Result<Response<Bytes>, ApiError> {
    let serving = app.serving();
    serving.authenticator.authenticate(headers, query)?;
    serving.resolve(name)?;
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
///
/// # Errors
/// An authentication error.
pub fn list_ollama(app: &App, headers: &HeaderMap) -> Result<Response<Bytes>, ApiError> {
    let serving = app.serving();
    serving.authenticator.authenticate(headers, None)?;
    let models: Vec<Value> = serving
        .listed
        .iter()
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
    Ok(answer(&json!({"models": models})))
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
