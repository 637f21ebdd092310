//! `model_list` and `router_settings`.

use std::fmt;

use llm_providers::core::Secret;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::settings::{DeploymentSettings, RouterSettings, Seconds};

/// What a [`Router`](super::Router) is made from: the two sections of LiteLLM's configuration that concern it.
#[derive(Debug, Clone, Default)]
pub struct RouterConfig {
    /// The deployments; those with the same `model_name` form a group.
    pub model_list: Vec<ModelEntry>,
    /// How requests are spread over them.
    pub router_settings: RouterSettings,
}

/// One deployment.
#[derive(Debug, Clone)]
pub struct ModelEntry {
    /// The name that requests ask for.
    pub model_name: String,
    /// Whom to ask, and how.
    pub litellm_params: ModelParams,
    /// What is known of the model.
    pub model_info: ModelInfo,
}

/// `litellm_params`: whom to ask, and how.
#[derive(Clone, Deserialize)]
pub struct ModelParams {
    /// `vendor/model`.
    pub model: String,
    /// The vendor, where the model's name does not say. Default: what stands before the first `/`.
    #[serde(default)]
    pub custom_llm_provider: Option<String>,
    /// The key, or `os.environ/NAME`. Default: the vendor's usual variable.
    #[serde(default, deserialize_with = "secret")]
    pub api_key: Option<Secret>,
    /// The vendor's address, or `os.environ/NAME`. Default: the vendor's own.
    #[serde(default, alias = "base_url")]
    pub api_base: Option<String>,
    /// Seconds until an attempt is given up. Default: `router_settings.timeout`.
    #[serde(default)]
    pub timeout: Option<Seconds>,
    /// The same for streamed requests. Default: `router_settings.stream_timeout`, else `timeout`.
    #[serde(default)]
    pub stream_timeout: Option<Seconds>,
    /// Answer with this instead of asking the vendor: a text or a script. Needs the feature `mock`. Default: none.
    #[serde(default)]
    pub mock_response: Option<Value>,
    /// USD for a token of the prompt, for choices by cost. Default: what [`RouterBuilder::facts`] says.
    ///
    /// [`RouterBuilder::facts`]: super::RouterBuilder::facts
    #[serde(default)]
    pub input_cost_per_token: Option<f64>,
    /// USD for a token of the prompt that the vendor's cache has. Default: as any other.
    #[serde(default)]
    pub cache_read_input_token_cost: Option<f64>,
    /// USD for a token of the answer. Default: 0.
    #[serde(default)]
    pub output_cost_per_token: Option<f64>,
    /// The keys that concern routing.
    #[serde(flatten)]
    pub routing: DeploymentSettings,
    /// The vendor's settings, by their names; everything else is a member of every request that does not set it.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// `model_info`: what is known of a model.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ModelInfo {
    /// The deployment's id. Default: its name and its place in the list.
    pub id: Option<String>,
    /// Tokens that a prompt may have. Default: unknown.
    pub max_input_tokens: Option<u64>,
    /// Tokens that an answer may have. Default: unknown.
    pub max_output_tokens: Option<u64>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl ModelEntry {
    /// A deployment of `vendor/model` under a name.
    pub fn new(model_name: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            model_name: model_name.into(),
            litellm_params: ModelParams {
                model: model.into(),
                custom_llm_provider: None,
                api_key: None,
                api_base: None,
                timeout: None,
                stream_timeout: None,
                mock_response: None,
                input_cost_per_token: None,
                cache_read_input_token_cost: None,
                output_cost_per_token: None,
                routing: DeploymentSettings::default(),
                other: Map::new(),
            },
            model_info: ModelInfo::default(),
        }
    }
}

/// What may be a secret is not shown.
impl fmt::Debug for ModelParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelParams")
            .field("model", &self.model)
            .field("api_base", &self.api_base)
            .field("routing", &self.routing)
            .field("other", &self.other.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
}

/// As it is written, before `default_litellm_params` are filled in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    model_list: Vec<WrittenEntry>,
    #[serde(default)]
    router_settings: RouterSettings,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenEntry {
    model_name: String,
    litellm_params: Map<String, Value>,
    #[serde(default)]
    model_info: ModelInfo,
}

impl<'de> Deserialize<'de> for RouterConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written { model_list, router_settings } = Written::deserialize(deserializer)?;
        let mut entries = Vec::with_capacity(model_list.len());
        for (place, WrittenEntry { model_name, mut litellm_params, model_info }) in
            model_list.into_iter().enumerate()
        {
            for (name, value) in &router_settings.default_litellm_params {
                litellm_params.entry(name).or_insert_with(|| value.clone());
            }
            let litellm_params =
                ModelParams::deserialize(Value::Object(litellm_params)).map_err(|error| {
                    serde::de::Error::custom(format_args!("model_list[{place}].litellm_params: {error}"))
                })?;
            entries.push(ModelEntry { model_name, litellm_params, model_info });
        }
        Ok(Self { model_list: entries, router_settings })
    }
}
