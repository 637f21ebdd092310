//! The JSON Schema of a config file, made from the types that read it.

use indexmap::IndexMap;
use llm_router::RouterSettings;
use schemars::JsonSchema;

use super::gateway_settings::GatewaySettings;
use super::litellm_settings::{GeneralSettings, LitellmSettings};
use super::model_list::{CredentialEntry, ModelEntry};
use super::shared_state::RedisKeys;

/// The config of llm-gateway: LiteLLM's `config.yaml`, and a section of our own.
///
/// Every text may hold `os.environ/NAME`, which stands for that environment variable.
#[derive(JsonSchema)]
#[schemars(title = "llm-gateway config", deny_unknown_fields)]
#[expect(dead_code, reason = "stands for its JSON Schema; the loader reads its sections one by one")]
struct ConfigFile {
    /// The deployments. Entries that share a `model_name` form a model group. Default: none.
    #[schemars(default)]
    model_list: Vec<ModelEntry>,
    /// How requests are spread over the deployments of a model.
    #[schemars(default)]
    router_settings: Option<RouterSection>,
    /// What holds for all models.
    #[schemars(default)]
    litellm_settings: Option<LitellmSettings>,
    /// What holds for the gateway itself.
    #[schemars(default)]
    general_settings: Option<GeneralSettings>,
    /// Variables that stand in front of the process's environment wherever this file refers to one.
    /// Default: none.
    #[schemars(default)]
    environment_variables: IndexMap<String, String>,
    /// Sets of `litellm_params` that deployments may name. Default: none.
    #[schemars(default)]
    credential_list: Vec<CredentialEntry>,
    /// Files to merge into this one, relative to it. Lists are appended and maps merged. Default: none.
    #[schemars(default)]
    include: Vec<String>,
    /// Settings for which LiteLLM has no keys.
    #[schemars(default)]
    llm_gateway: Option<GatewaySettings>,
}

/// `router_settings`: how requests are spread over the deployments of a model.
#[derive(JsonSchema)]
#[schemars(rename = "RouterSettings", deny_unknown_fields)]
#[expect(dead_code, reason = "stands for its JSON Schema; both parts are read apart")]
struct RouterSection {
    #[schemars(flatten)]
    router: RouterSettings,
    #[schemars(flatten)]
    redis: RedisKeys,
}

/// The JSON Schema (2020-12) of a config file.
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(ConfigFile).to_value()
}
