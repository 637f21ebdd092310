//! `model_list` and `credential_list`.

use std::fmt;

use indexmap::IndexMap;
use llm_router::Seconds;
use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use serde_json::{Map, Value};

use super::cache_point::CachePoint;
use super::health::HealthCheckInfo;
#[cfg(feature = "schemars")]
use super::health::{with_health_keys, with_routing_keys};
#[cfg(feature = "schemars")]
use super::price_changes::with_price_keys;
use super::secret::SecretRef;

/// One deployment. Entries that share a `model_name` form a model group.
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schemars", schemars(deny_unknown_fields))]
#[expect(dead_code, reason = "stands for its JSON Schema; the loader reads its parts one by one")]
pub(super) struct ModelEntry {
    /// The name that clients ask for. `*` in it stands for any text; of several names that match, the
    /// longest wins.
    pub(super) model_name: String,
    /// Where requests go, and how.
    pub(super) litellm_params: LitellmParams,
    /// What is known of the model.
    #[cfg_attr(feature = "schemars", schemars(default))]
    pub(super) model_info: ModelInfo,
}

/// `litellm_params`. Keys that are not listed here are parameters for the vendor: each is added to requests
/// that do not set it themselves.
#[derive(Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schemars", schemars(transform = with_routing_keys))]
pub(super) struct LitellmParams {
    /// `vendor/model`, or the bare name of a well-known model (`gpt-4o`, `claude-…`). `*` in it becomes what
    /// the `*` of `model_name` stood for.
    pub(super) model: String,
    /// The vendor, where `model` does not name it. Default: what stands before the slash in `model`.
    #[serde(default)]
    pub(super) custom_llm_provider: Option<String>,
    /// The vendor's key. Default: the vendor's usual environment variable.
    #[serde(default)]
    pub(super) api_key: Option<SecretRef>,
    /// Where the vendor's API is, as far as the vendor's page says. Default: the vendor's own address.
    #[serde(default, alias = "base_url")]
    pub(super) api_base: Option<String>,
    /// The version of the vendor's API. Default: the vendor's.
    #[serde(default)]
    pub(super) api_version: Option<String>,
    /// The organisation that pays, for vendors that have such; of several in a list each is a deployment of its own.
    /// Default: none.
    #[serde(default)]
    #[cfg_attr(feature = "schemars", schemars(extend("type" = ["string", "array", "null"])))]
    pub(super) organization: Option<String>,
    /// The `credential_name` of an entry of `credential_list`, whose values hold where this map is silent.
    /// Default: none.
    #[serde(default)]
    #[expect(dead_code, reason = "the named values are filled in before this is read")]
    pub(super) litellm_credential_name: Option<String>,
    /// Seconds until a request is given up. Default: `router_settings.timeout`.
    #[serde(default)]
    pub(super) timeout: Option<Seconds>,
    /// The same for streamed requests. Default: `router_settings.stream_timeout`, else `timeout`.
    #[serde(default)]
    pub(super) stream_timeout: Option<Seconds>,
    /// Whether parameters that the vendor does not have are left out instead of refused. Default:
    /// `litellm_settings.drop_params`.
    #[serde(default)]
    pub(super) drop_params: Option<bool>,
    /// Parameters that are always left out, as paths with dots (`tools[*].strict`). Default: none.
    #[serde(default)]
    pub(super) additional_drop_params: Vec<String>,
    /// Parameters that are sent even though the vendor is not known to have them. Default: none.
    #[serde(default)]
    pub(super) allowed_openai_params: Vec<String>,
    /// What requests may bring along instead of what stands here: `api_key`, and `api_base` with it. Default: nothing, or
    /// both with `general_settings.allow_client_side_credentials`.
    #[serde(default)]
    pub(super) configurable_clientside_auth_params: Vec<ClientCredential>,
    /// Whether conversations that the vendor would refuse are put right before they are sent. Default:
    /// `litellm_settings.modify_params`.
    #[serde(default)]
    pub(super) modify_params: Option<bool>,
    /// Where marks of the prompt cache are put into requests. A request's own list takes the place of this one.
    /// Default: none.
    #[serde(default)]
    pub(super) cache_control_injection_points: Vec<CachePoint>,
    /// Headers added to each request. Default: none.
    #[serde(default)]
    pub(super) extra_headers: IndexMap<String, SecretRef>,
    /// Members added to the body of each request, over those of the client. Default: none.
    #[serde(default)]
    pub(super) extra_body: Map<String, Value>,
    /// Answer with this instead of asking the vendor. Default: none.
    #[serde(default)]
    pub(super) mock_response: Option<Value>,
    /// Whether to speak HTTP/2 with the vendor. Default: `llm_gateway.transport.http2`.
    #[serde(default)]
    pub(super) http2: Option<bool>,
}

/// What a request may bring along to be let in at the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClientCredential {
    /// The vendor's key.
    ApiKey,
    /// Where the vendor's API is. Only with a key: that of the configuration is sent nowhere else.
    #[serde(alias = "base_url")]
    ApiBase,
}

/// `model_info`. Keys that are not listed here are kept and returned by `GET /v1/models`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
#[cfg_attr(feature = "schemars", schemars(transform = with_health_keys))]
#[cfg_attr(feature = "schemars", schemars(transform = with_price_keys))]
pub struct ModelInfo {
    /// The deployment's id, a text or a whole number. Default: made from the entry's content.
    #[serde(deserialize_with = "text_or_whole_number")]
    #[cfg_attr(feature = "schemars", schemars(extend("type" = ["string", "integer", "null"])))]
    pub id: Option<String>,
    /// The model whose facts hold for this deployment, where its own name does not say. Default: none.
    pub base_model: Option<String>,
    /// What the model does: `chat`, `embedding`, … Default: `chat`.
    pub mode: Option<String>,
    /// Tokens that a prompt may have. Default: unknown.
    pub max_input_tokens: Option<u64>,
    /// Tokens that an answer may have. Default: unknown.
    pub max_output_tokens: Option<u64>,
    /// How it is checked.
    #[serde(skip)]
    pub health: HealthCheckInfo,
    /// Everything else that the entry says.
    #[serde(skip)]
    pub extra: Map<String, Value>,
}

/// Reads a text, or a whole number as one: LiteLLM takes either for an id.
fn text_or_whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    struct TextOrNumber;

    impl<'de> Visitor<'de> for TextOrNumber {
        type Value = Option<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("text or a whole number")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Some(text.to_owned()))
        }

        fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
            Ok(Some(number.to_string()))
        }

        fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
            Ok(Some(number.to_string()))
        }
    }

    deserializer.deserialize_any(TextOrNumber)
}

impl ModelInfo {
    /// Whether the entry says nothing of the model.
    pub fn is_empty(&self) -> bool {
        let anonymous = Self { id: None, ..self.clone() };
        anonymous == Self::default()
    }
}

/// One entry of `credential_list`.
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schemars", schemars(deny_unknown_fields))]
#[expect(dead_code, reason = "stands for its JSON Schema; its values are read where they are used")]
pub(super) struct CredentialEntry {
    /// The name, for `litellm_credential_name`.
    pub(super) credential_name: String,
    /// `litellm_params` of every deployment that names this entry and does not set them itself.
    #[cfg_attr(feature = "schemars", schemars(default))]
    pub(super) credential_values: Map<String, Value>,
    /// What you want to remember about it; not used.
    #[cfg_attr(feature = "schemars", schemars(default))]
    pub(super) credential_info: Map<String, Value>,
}
