//! `GET /utils/supported_openai_params`: which members of OpenAI's chat requests a model takes.

use bytes::Bytes;
use http::{HeaderMap, Response};
use llm_provider_core::{Call, OnUnsupported, Provider};
use llm_types::{ApiError, ErrorKind, Layer};
use serde_json::{Value, json};

use super::pages::pairs;
use super::{answer, found};
use crate::deployment::Deployment;
use crate::http::visit::Visit;
use crate::prepare::is_refused;

/// The members that a model takes, in LiteLLM's shape: none of them is left out whichever of its deployments is asked. Of a
/// model that is not configured, those that its vendor takes.
///
/// Source: LiteLLM's OpenAPI document, `GET /utils/supported_openai_params`, read 2026-11.
///
/// # Errors
/// 400 without a model, 404 for one that nobody has, 403 for what may not be asked.
pub fn params(visit: &Visit) -> Result<Response<Bytes>, ApiError> {
    let query = pairs(visit.query.as_deref().unwrap_or_default())?;
    let model = query.into_iter().find(|(name, model)| name == "model" && !model.is_empty());
    let (_, model) = model.ok_or_else(|| {
        let message = "model is missing: ?model= names one";
        ApiError::new(ErrorKind::InvalidRequest, Layer::Client, message).with_param("model")
    })?;
    let taken = match found(visit, &model) {
        Ok(group) => {
            let now = visit.app.runtime.now();
            let headers = HeaderMap::new();
            let mut taken = None;
            for deployment in &group.deployments {
                let call = deployment.call(&headers, OnUnsupported::Drop, now);
                if is_known(&*deployment.provider, &call) {
                    let taken = taken.get_or_insert_with(|| Vec::from(members()));
                    taken.retain(|member| takes(&*deployment.provider, &call, member));
                    taken.retain(|(name, _)| !is_dropped(deployment, name));
                }
            }
            taken.ok_or_else(|| unknown(&model))?
        }
        Err(error) if error.kind == ErrorKind::NotFound => of_vendor(&model).ok_or(error)?,
        Err(error) => return Err(error),
    };
    let names: Vec<&str> = taken.iter().map(|(name, _)| *name).collect();
    Ok(answer(&json!({ "supported_openai_params": names })))
}

/// No deployment has what its translator needs to write anything at all.
fn unknown(model: &str) -> ApiError {
    let message = format!("what {model:?} takes is not known: settings of its vendor are missing");
    ApiError::new(ErrorKind::InvalidRequest, Layer::Gateway, message).with_param("model")
}

/// What a vendor takes for a model of its own, by `vendor/model` or the name of a well-known one.
fn of_vendor(name: &str) -> Option<Vec<Member>> {
    let vendor = |(id, model): (&str, &str)| Some((llm_providers::find(id)?, model.to_owned()));
    let (provider, model) = match name.split_once('/').and_then(vendor) {
        Some(found) => found,
        None => (llm_providers::find(llm_providers::bare_name_vendor(name)?)?, name.to_owned()),
    };
    let headers = HeaderMap::new();
    let call = Call::new(&model, &headers);
    if !is_known(&*provider, &call) {
        return None;
    }
    Some(members().into_iter().filter(|member| takes(&*provider, &call, member)).collect())
}

fn takes(provider: &dyn Provider, call: &Call<'_>, (name, sample): &Member) -> bool {
    provider.chat().is_some_and(|chat| is_refused(chat, call, name, sample) == Some(false))
}

/// Whether a translator can be asked: it writes a plain request, or there is none.
fn is_known(provider: &dyn Provider, call: &Call<'_>) -> bool {
    provider.chat().is_none_or(|chat| is_refused(chat, call, "", &json!({})).is_some())
}

/// Whether the configuration takes it out.
fn is_dropped(deployment: &Deployment, name: &str) -> bool {
    deployment.drop_params.iter().any(|dropped| dropped == name)
}

/// A member, and a request's members that show it at work.
type Member = (&'static str, Value);

/// The members of OpenAI's chat requests, but for model and messages.
///
/// Source: OpenAI API reference, "Create chat completion", read 2026-11.
fn members() -> [Member; 33] {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let function = json!({"name": "weather", "description": "The weather of a city", "parameters": schema});
    let tools = json!([{"type": "function", "function": function}]);
    let alone = |name: &'static str, value: Value| (name, json!({ name: value }));
    [
        ("audio", json!({"audio": {"voice": "alloy", "format": "wav"}, "modalities": ["text", "audio"]})),
        alone("frequency_penalty", json!(0.5)),
        ("function_call", json!({"function_call": "auto", "functions": [function]})),
        alone("functions", json!([function])),
        alone("logit_bias", json!({"50256": -100})),
        alone("logprobs", json!(true)),
        alone("max_completion_tokens", json!(100)),
        alone("max_tokens", json!(100)),
        alone("metadata", json!({"label": "one"})),
        alone("modalities", json!(["text"])),
        alone("n", json!(2)),
        ("parallel_tool_calls", json!({"parallel_tool_calls": false, "tools": tools})),
        alone("prediction", json!({"type": "content", "content": "Hello"})),
        alone("presence_penalty", json!(0.5)),
        alone("prompt_cache_key", json!("group")),
        alone("reasoning_effort", json!("low")),
        alone("response_format", json!({"type": "json_object"})),
        alone("safety_identifier", json!("somebody")),
        alone("seed", json!(1)),
        alone("service_tier", json!("auto")),
        alone("stop", json!(["END"])),
        alone("store", json!(false)),
        alone("stream", json!(true)),
        ("stream_options", json!({"stream": true, "stream_options": {"include_usage": true}})),
        alone("temperature", json!(0.5)),
        alone("thinking", json!({"type": "enabled", "budget_tokens": 1024})),
        ("tool_choice", json!({"tool_choice": "auto", "tools": tools})),
        alone("tools", tools.clone()),
        ("top_logprobs", json!({"logprobs": true, "top_logprobs": 2})),
        alone("top_p", json!(0.5)),
        alone("user", json!("somebody")),
        alone("verbosity", json!("low")),
        alone("web_search_options", json!({})),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Vec<&'static str> {
        of_vendor(name).unwrap().into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn vendors_take_what_their_translators_write() {
        let (openai, anthropic) = (of("gpt-4o"), of("anthropic/claude-sonnet-4-5"));
        assert_eq!(openai, of("openai/gpt-4o"));
        for name in ["tools", "response_format", "max_tokens", "temperature", "stop", "stream"] {
            assert!(openai.contains(&name) && anthropic.contains(&name), "{name}");
        }
        for name in ["n", "logprobs", "logit_bias", "seed"] {
            assert!(openai.contains(&name) && !anthropic.contains(&name), "{name}");
        }
        assert!(of_vendor("nobody/nothing").is_none());
    }

    #[test]
    fn every_sample_is_a_request() {
        for (name, sample) in members() {
            assert!(sample.get(name).is_some(), "{name}");
            let mut body = json!({"model": "m", "messages": []});
            body.as_object_mut().unwrap().extend(sample.as_object().unwrap().clone());
            serde_json::from_value::<llm_types::ChatRequest>(body)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}
