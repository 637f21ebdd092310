//! Entries of `model_list` whose model is `auto_router/…`: no deployments, but names for several models of which the
//! prompt chooses one.
//!
//! Source: LiteLLM docs, Auto Routing and Semantic Auto Router, read 2026-11.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use llm_router::RouterSettings;
use llm_router::settings::{MeaningRoute, MeaningSettings, RoutingGroup, VirtualModel};
use serde::Deserialize;
use serde_json::Value as Json;

use super::super::diagnostic::Mark;
use super::super::names::Level;
use super::super::read::Reader;
use super::super::tree::{Node, Value};
use super::list;

/// What the names of such models begin with.
const PREFIX: &str = "auto_router/";
/// The one that goes by how hard the prompt is.
const COMPLEXITY: &str = "auto_router/complexity_router";

/// Where each of them was configured, by its name.
pub(super) type Places = IndexMap<String, (String, Mark)>;

/// The keys of `litellm_params` that they have.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Params {
    auto_router_config: Option<Json>,
    auto_router_config_path: Option<PathBuf>,
    auto_router_default_model: Option<String>,
    auto_router_embedding_model: Option<String>,
    auto_router_max_input_chars: Option<u32>,
    complexity_router_config: Option<Complexity>,
    complexity_router_default_model: Option<String>,
}

const KEYS: [&str; 8] = [
    "model",
    "auto_router_config",
    "auto_router_config_path",
    "auto_router_default_model",
    "auto_router_embedding_model",
    "auto_router_max_input_chars",
    "complexity_router_config",
    "complexity_router_default_model",
];

/// `complexity_router_config`, as far as we have it.
#[derive(Debug, Deserialize)]
struct Complexity {
    tiers: IndexMap<String, Tier>,
    #[serde(default)]
    default_model: Option<String>,
    #[serde(default)]
    classifier_type: Option<String>,
    #[serde(flatten)]
    other: IndexMap<String, Json>,
}

/// One model, or several that share a tier.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Tier {
    One(String),
    Many(Vec<String>),
}

/// What a semantic router is configured with.
#[derive(Debug, Deserialize)]
struct Semantic {
    routes: Vec<Route>,
}

#[derive(Debug, Deserialize)]
struct Route {
    name: String,
    utterances: Vec<String>,
    #[serde(default)]
    score_threshold: Option<f64>,
}

/// Whether an entry is one of these.
pub(super) fn is_one(entry: &Node) -> bool {
    let model = entry.at_path(&["litellm_params", "model"]);
    matches!(model, Some(Node { value: Value::Text(model), .. }) if model.starts_with(PREFIX))
}

/// Makes virtual models of them.
pub(super) fn take(root: &Node, router: &mut RouterSettings, base: &Path, reader: &Reader<'_>) -> Places {
    let mut places = Places::new();
    // A fault in the list itself is told where its deployments are read.
    let Some(Node { value: Value::List(_), .. }) = root.get("model_list") else { return places };
    for (index, entry) in
        list(root, "model_list", reader).iter().enumerate().filter(|(_, entry)| is_one(entry))
    {
        let path = format!("model_list[{index}]");
        let Some(name) = entry.get("model_name") else {
            reader.error(&entry.at, format!("{path}: \"model_name\" is missing"));
            continue;
        };
        let Some(name) = reader.read::<String>(name, &format!("{path}.model_name"), Level::Ours) else {
            continue;
        };
        let path = format!("{path}.litellm_params");
        if router.virtual_models.contains_key(&name) {
            let what = format!("{path}: `{name}` stands in router_settings.virtual_models too");
            reader.error(&entry.at, what);
            continue;
        }
        let made =
            entry.get("litellm_params").and_then(|params| one(params, &path, &name, router, base, reader));
        if let Some(model) = made {
            router.virtual_models.insert(name.clone(), model);
            places.insert(name, (path, entry.at.clone()));
        }
    }
    places
}

fn one(
    params: &Node,
    path: &str,
    name: &str,
    router: &mut RouterSettings,
    base: &Path,
    reader: &Reader<'_>,
) -> Option<VirtualModel> {
    for entry in params.entries().iter().filter(|entry| !KEYS.contains(&&*entry.key)) {
        let what = format!("{path}: \"{}\" means nothing for an auto router; it is ignored", entry.key);
        reader.warning(&entry.at, what);
    }
    let is_complexity = matches!(
        params.get("model"), Some(Node { value: Value::Text(model), .. }) if model == COMPLEXITY
    );
    let mut own = params.clone();
    if let Value::Map(entries) = &mut own.value {
        entries.retain(|entry| KEYS.contains(&&*entry.key) && entry.key != "model");
    }
    let read: Params = reader.read(&own, path, Level::Ours)?;
    if is_complexity {
        complexity(read, params, path, name, router, reader)
    } else {
        semantic(read, params, path, base, reader)
    }
}

/// By how hard the prompt is.
fn complexity(
    params: Params,
    node: &Node,
    path: &str,
    name: &str,
    router: &mut RouterSettings,
    reader: &Reader<'_>,
) -> Option<VirtualModel> {
    let path = format!("{path}.complexity_router_config");
    let at = node.get("complexity_router_config").map_or(&node.at, |node| &node.at);
    let Some(config) = params.complexity_router_config else {
        reader.error(at, format!("{path}: is missing"));
        return None;
    };
    if let Some(classifier) = config.classifier_type.filter(|kind| kind != "heuristic") {
        let what = format!("{path}.classifier_type: this version has `heuristic` alone, not `{classifier}`");
        reader.warning(at, what);
    }
    for key in config.other.keys() {
        let what =
            format!("{path}: \"{key}\" is a LiteLLM setting that this version does not have; it is ignored");
        reader.warning(at, what);
    }
    let mut by_complexity = IndexMap::new();
    for (tier, models) in config.tiers {
        let tier = tier.to_lowercase();
        let model = match models {
            Tier::One(model) => model,
            Tier::Many(mut models) if models.len() == 1 => models.remove(0),
            Tier::Many(models) => {
                let group_name = format!("{name}/{tier}");
                let group = RoutingGroup {
                    group_name: group_name.clone(),
                    models,
                    routing_strategy: None,
                    routing_strategy_args: None,
                    model_priorities: IndexMap::new(),
                };
                router.routing_groups.push(group);
                group_name
            }
        };
        by_complexity.insert(tier, model);
    }
    let default = params.complexity_router_default_model.or(config.default_model);
    Some(VirtualModel { by_complexity, default, ..VirtualModel::default() })
}

/// By what the prompt is about.
fn semantic(
    params: Params,
    node: &Node,
    path: &str,
    base: &Path,
    reader: &Reader<'_>,
) -> Option<VirtualModel> {
    let missing = |key: &str| reader.error(&node.at, format!("{path}: \"{key}\" is missing"));
    let (config, key) = match (params.auto_router_config, params.auto_router_config_path) {
        (Some(config), _) => (config, "auto_router_config"),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(base.join(&file));
            match text {
                Ok(text) => (Json::String(text), "auto_router_config_path"),
                Err(error) => {
                    let what = format!("{path}.auto_router_config_path: {}: {error}", file.display());
                    reader.error(&node.at, what);
                    return None;
                }
            }
        }
        (None, None) => {
            missing("auto_router_config");
            return None;
        }
    };
    let read: Result<Semantic, String> = match config {
        Json::String(text) => serde_json::from_str(&text).map_err(|error| error.to_string()),
        config => llm_types::from_value(config).map_err(|error| error.to_string()),
    };
    let semantic = read.map_err(|error| {
        let at = node.get(key).map_or(&node.at, |node| &node.at);
        reader.error(at, format!("{path}.{key}: {error}"));
    });
    if params.auto_router_embedding_model.is_none() {
        missing("auto_router_embedding_model");
    }
    let (semantic, embedding_model) = (semantic.ok()?, params.auto_router_embedding_model?);
    let route = |Route { name, utterances, score_threshold }| MeaningRoute {
        model: name,
        utterances,
        score_threshold,
    };
    Some(VirtualModel {
        by_meaning: Some(MeaningSettings {
            embedding_model,
            routes: semantic.routes.into_iter().map(route).collect(),
            max_input_chars: params.auto_router_max_input_chars,
        }),
        default: params.auto_router_default_model,
        ..VirtualModel::default()
    })
}
