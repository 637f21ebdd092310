//! Who can be checked, and by what request.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use llm_provider_core::{Dialect, Provider};
use llm_providers::EmbeddingForm;
use serde_json::{Value, json};

use crate::config::ResolvedDeployment;
use crate::deployment::{Deployment, Heads};
use crate::services::completion::Door;
use crate::serving::Serving;

/// What a check says. No check depends on the answer.
const PROMPT: &str = "Reply with OK.";

/// A deployment that may be checked.
pub(crate) struct Subject {
    /// What is configured.
    pub(crate) resolved: Arc<ResolvedDeployment>,
    /// The deployment, made ready; why it is not.
    pub(crate) deployment: Result<Arc<Deployment>, String>,
}

impl Subject {
    /// The request that finds out how it is; why there is none.
    pub(crate) fn probe(&self) -> Result<Probe, String> {
        match &self.deployment {
            Err(why) => Err(why.clone()),
            Ok(_) if self.is_open() => Err(OPEN.to_owned()),
            Ok(deployment) => probe(&self.resolved, deployment),
        }
    }

    /// Whether it stands for many models, and nobody says which one to check.
    pub(crate) fn is_open(&self) -> bool {
        let info = &self.resolved.model_info.health;
        self.resolved.model_name.contains('*') && info.health_check_model.is_none()
    }
}

/// Why a pattern is not checked.
const OPEN: &str = "a pattern stands for many models: model_info.health_check_model says which one to check";

/// A request that finds out whether a deployment is well.
pub(crate) struct Probe {
    /// The deployment, with the model that is asked.
    pub(super) deployment: Arc<Deployment>,
    pub(super) dialect: Dialect,
    pub(super) door: Door,
    pub(super) body: Bytes,
    /// How long it may take.
    pub(super) timeout: Duration,
}

/// Every deployment of the configuration, in its order.
pub(crate) fn subjects(serving: &Serving) -> Vec<Subject> {
    let resolved = &serving.config.resolved;
    resolved.deployments().map(|deployment| subject(serving, deployment)).collect()
}

fn subject(serving: &Serving, resolved: &Arc<ResolvedDeployment>) -> Subject {
    let info = &resolved.model_info.health;
    let is_pattern = resolved.model_name.contains('*');
    let deployment = match (&info.health_check_model, is_pattern) {
        (None, true) => known(serving, resolved).ok_or_else(|| OPEN.to_owned()),
        (Some(model), true) => ready(serving, resolved, &resolved.model_name.replacen('*', bare(model), 1)),
        (_, false) => ready(serving, resolved, &resolved.model_name),
    };
    Subject { resolved: resolved.clone(), deployment }
}

/// What stands behind the vendor's name.
fn bare(model: &str) -> &str {
    model.split_once('/').map_or(model, |(_, bare)| bare)
}

/// The deployment as requests for this name get it.
fn ready(serving: &Serving, resolved: &ResolvedDeployment, name: &str) -> Result<Arc<Deployment>, String> {
    let group = serving.resolve(name).map_err(|error| error.message)?;
    let found = group.deployments.iter().find(|own| own.id == resolved.id).cloned();
    found.ok_or_else(|| "it cannot be asked as it is configured".to_owned())
}

/// The deployment as some request has got it.
fn known(serving: &Serving, resolved: &ResolvedDeployment) -> Option<Arc<Deployment>> {
    let made = serving.made.pin();
    made.values().flat_map(|group| &group.deployments).find(|own| own.id == resolved.id).cloned()
}

fn probe(resolved: &ResolvedDeployment, deployment: &Arc<Deployment>) -> Result<Probe, String> {
    if let Err(why) = &deployment.credential {
        return Err(why.clone());
    }
    let info = &resolved.model_info.health;
    let mode = mode(resolved, deployment);
    let name = "health-check";
    let (dialect, door, mut body) = match mode.as_str() {
        "chat" | "completion" | "responses" => {
            let mut body = json!({"model": name, "messages": [{"role": "user", "content": PROMPT}]});
            if let Some(most) = info.max_tokens(thinks(deployment)) {
                body["max_tokens"] = most.into();
            }
            (Dialect::OpenAiChat, Some(Door::Chat), body)
        }
        "embedding" => {
            let door = llm_providers::embedding_ingress(EmbeddingForm::OpenAi).map(Door::Embeddings);
            (Dialect::OpenAiChat, door, json!({"model": name, "input": PROMPT}))
        }
        "rerank" => {
            let door = llm_providers::rerank_ingress().map(Door::Rerank);
            (Dialect::CohereChat, door, json!({"model": name, "query": PROMPT, "documents": ["OK", "No"]}))
        }
        other => return Err(format!("there is no check for models of the mode {other:?}")),
    };
    if let Value::Object(members) = &mut body {
        members.extend(info.health_check_params.clone());
    }
    let door = door.ok_or_else(|| format!("this build has no requests of the mode {mode:?}"))?;
    let deployment = match &info.health_check_model {
        None => deployment.clone(),
        Some(model) => {
            let model = own_model(deployment.provider.as_ref(), model);
            Arc::new(Deployment {
                model: model.into(),
                heads: Heads::default(),
                ..Deployment::clone(deployment)
            })
        }
    };
    let timeout = Duration::from_millis(info.timeout_ms());
    Ok(Probe { deployment, dialect, door, body: body.to_string().into(), timeout })
}

/// What the model does: what the configuration says, else the table.
pub(crate) fn mode(resolved: &ResolvedDeployment, deployment: &Deployment) -> String {
    let known = || {
        let table = deployment.known_model()?;
        serde_json::to_value(&table).ok()?.get("mode")?.as_str().map(ToOwned::to_owned)
    };
    resolved.model_info.mode.clone().or_else(known).unwrap_or_else(|| "chat".to_owned())
}

fn thinks(deployment: &Deployment) -> bool {
    deployment.facts.first().has.contains(llm_router::Capabilities::REASONING)
}

/// A model without the name of the vendor that it is asked at.
fn own_model<'m>(provider: &dyn Provider, model: &'m str) -> &'m str {
    let info = provider.info();
    match model.split_once('/') {
        Some((vendor, bare)) if vendor == info.id || info.aliases.iter().any(|alias| vendor == alias) => bare,
        _ => model,
    }
}
