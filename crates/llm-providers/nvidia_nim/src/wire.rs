//! Chat, and what the three operations have in common.
//!
//! Source: NVIDIA "NIM for LLMs", API reference (docs.nvidia.com/nim/large-language-models/latest/api-reference.html)
//! and NVIDIA API catalogue (docs.api.nvidia.com/nim/reference/llm-apis), read 2026-11.

use std::sync::LazyLock;

use llm_provider_openai::{
    AnswerOptions, ChatRelay, ChatWire, EmbeddingOptions, EmbeddingWire, OutputLimit, RequestOptions,
    ThinkingMember, WireOptions,
};

/// The address of the hosted models.
pub(crate) const BASE_URL: &str = "https://integrate.api.nvidia.com/v1";

/// Members of OpenAI's that NIM has no place for.
const REFUSED: [&str; 15] = [
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "n",
    "store",
    "modalities",
    "audio",
    "prediction",
    "service_tier",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "web_search_options",
    "functions",
    "function_call",
];

pub(crate) static WIRE: LazyLock<WireOptions> = LazyLock::new(|| WireOptions {
    base_url: BASE_URL.to_owned(),
    request: RequestOptions {
        limit: OutputLimit::MaxTokens,
        developer_role: false,
        thinking: ThinkingMember::Effort,
        top_k: true,
        drop: REFUSED.map(str::to_owned).to_vec(),
        ..RequestOptions::default()
    },
    answer: AnswerOptions { think_tags: true, ..AnswerOptions::default() },
    ..WireOptions::default()
});

pub(crate) static CHAT: LazyLock<ChatWire> = LazyLock::new(|| ChatWire::new(WIRE.clone()));

pub(crate) static RELAY: LazyLock<ChatRelay> = LazyLock::new(|| ChatRelay::new(WIRE.clone()));

/// The members that chat lacks are no members of a request for vectors.
pub(crate) static EMBEDDINGS: LazyLock<EmbeddingWire> = LazyLock::new(|| {
    let wire = WireOptions { base_url: BASE_URL.to_owned(), ..WireOptions::default() };
    let options = EmbeddingOptions { tokens: false, input_type: true, ..EmbeddingOptions::default() };
    EmbeddingWire::new(wire, options)
});
