#![doc = include_str!("../README.md")]

mod chat;
mod embed;
mod prepare;
mod relay;
mod usage;
pub mod wire;

use std::sync::{Arc, LazyLock};

use http::HeaderMap;
use llm_provider_core::{
    AllowanceHeaders, Allowances, Capabilities, Chat, Dialect, Embeddings, Prefill, Provider, Relay,
    Translator, VendorInfo,
};
use llm_provider_openai::{
    ChatRelay, ChatWire, EmbeddingOptions, EmbeddingWire, OutputLimit, Replay, RequestOptions,
    ThinkingMember, UsageRules, WireOptions,
};
use llm_types::UnixMs;

/// Mistral AI, or its host for code, Codestral.
///
/// Source: Mistral AI API reference (docs.mistral.ai/api), read 2026-11.
#[derive(Debug, Clone)]
pub struct Mistral {
    info: &'static VendorInfo,
    options: Arc<WireOptions>,
    chat: ChatWire,
    relay: relay::MistralRelay,
    embeddings: EmbeddingWire,
}

static MISTRAL: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "mistral".into(),
    name: "Mistral AI".into(),
    key_variables: vec!["MISTRAL_API_KEY".into()],
    base_url_variables: vec!["MISTRAL_API_BASE".into(), "MISTRAL_AZURE_API_BASE".into()],
    base_url: "https://api.mistral.ai/v1".into(),
    docs: "https://docs.mistral.ai/api".into(),
    capabilities: Capabilities {
        streaming: true,
        tools: true,
        images: true,
        documents: true,
        reasoning: true,
        json_schema: true,
        count_tokens: false,
    },
    ..VendorInfo::default()
});

static CODESTRAL: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "codestral".into(),
    name: "Codestral".into(),
    key_variables: vec!["CODESTRAL_API_KEY".into()],
    base_url_variables: vec!["CODESTRAL_API_BASE".into()],
    base_url: "https://codestral.mistral.ai/v1".into(),
    ..MISTRAL.clone()
});

/// Members of OpenAI's and OpenRouter's that Mistral's requests do not have; it refuses what it does not know.
const LACKING: &[&str] = &[
    "audio",
    "include_reasoning",
    "logit_bias",
    "modalities",
    "models",
    "plugins",
    "prompt_cache_retention",
    "provider",
    "route",
    "safety_identifier",
    "store",
    "top_k",
    "transforms",
    "usage",
    "user",
    "verbosity",
    "web_search_options",
];

impl Mistral {
    /// Mistral's platform.
    pub fn new() -> Self {
        Self::at(&MISTRAL)
    }

    /// The host for code, with a key of its own.
    pub fn codestral() -> Self {
        Self::at(&CODESTRAL)
    }

    fn at(info: &'static VendorInfo) -> Self {
        let options = WireOptions {
            base_url: info.base_url.clone().into_owned(),
            path_prefix: "/v1".to_owned(),
            request: RequestOptions {
                limit: OutputLimit::MaxTokens,
                developer_role: false,
                stream_usage: false,
                rich_tool_results: true,
                file_urls: true,
                replay: Replay::Parts,
                thinking: ThinkingMember::Effort,
                drop: LACKING.iter().map(|name| (*name).to_owned()).collect(),
                rename: vec![("seed".to_owned(), "random_seed".to_owned())],
                ..RequestOptions::default()
            },
            answer: llm_provider_openai::AnswerOptions {
                usage: UsageRules {
                    cached_tokens: Some("num_cached_tokens".to_owned()),
                    ..UsageRules::default()
                },
                ..llm_provider_openai::AnswerOptions::default()
            },
            ..WireOptions::default()
        };
        let vectors = EmbeddingOptions {
            base64: true,
            tokens: false,
            input_type: false,
            dimensions: Some("output_dimension"),
            max_inputs: usize::MAX,
        };
        Self {
            info,
            chat: ChatWire::new(options.clone()),
            relay: relay::MistralRelay::new(ChatRelay::new(options.clone())),
            embeddings: EmbeddingWire::new(options.clone(), vectors),
            options: Arc::new(options),
        }
    }
}

impl Default for Mistral {
    fn default() -> Self {
        Self::new()
    }
}

/// What is left of a minute's requests.
///
/// Source: answers of Mistral's API, whose documentation ("Rate limits & usage tiers") tells of limits by the minute and
/// not of headers, read 2026-11.
static REQUESTS: AllowanceHeaders =
    AllowanceHeaders::new("x-ratelimit-remaining-req-minute", "x-ratelimit-limit-req-minute", None);
/// The same of tokens.
static TOKENS: AllowanceHeaders =
    AllowanceHeaders::new("x-ratelimit-remaining-tokens-minute", "x-ratelimit-limit-tokens-minute", None);

impl Provider for Mistral {
    fn info(&self) -> &VendorInfo {
        self.info
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(self)
    }

    fn embeddings(&self) -> Option<&dyn Translator<Embeddings>> {
        Some(self)
    }

    /// The translator marks the last message, if it is the model's, with `prefix`.
    ///
    /// Source: Mistral docs, "Prefix", read 2026-11.
    fn prefill(&self, _model: &str, _base_url: Option<&str>) -> Option<Prefill> {
        Some(Prefill::LastMessage)
    }

    fn allowances(&self, headers: &HeaderMap, now: UnixMs) -> Allowances {
        Allowances { requests: REQUESTS.read(headers, now), tokens: TOKENS.read(headers, now) }
    }

    fn relay(&self, dialect: Dialect) -> Option<&dyn Relay> {
        (dialect == Dialect::OpenAiChat).then_some(&self.relay)
    }
}
