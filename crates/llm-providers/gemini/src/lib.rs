#![doc = include_str!("../README.md")]

mod chat;
mod count;
mod embeddings;
mod ending;
mod error;
pub mod generate;
mod head;
mod ingress;
mod logprobs;
mod media;
mod model;
mod partial;
mod relay;
mod schema;
mod turn;
mod usage;
pub mod wire;

pub use head::Action;
pub use ingress::{BatchEmbedContentsIngress, EmbedContentIngress, GeminiArrayIngress, GeminiIngress};

use std::sync::LazyLock;

use llm_provider_core::{
    Capabilities, Chat, CountTokens, Demands, Dialect, Embeddings, Provider, Relay, Translator, VendorInfo,
};

/// Gemini, by Google's Gemini API (AI Studio).
///
/// The address may end before the version, after it, or in the model.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gemini;

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "gemini".into(),
    name: "Google Gemini".into(),
    key_variables: vec![
        "GEMINI_API_KEY".into(),
        "GOOGLE_API_KEY".into(),
        "GOOGLE_GENERATIVE_AI_API_KEY".into(),
    ],
    base_url_variables: vec!["GEMINI_API_BASE".into(), "GOOGLE_GEMINI_BASE_URL".into()],
    base_url: head::BASE_URL.into(),
    docs: "https://ai.google.dev/api/generate-content".into(),
    capabilities: Capabilities {
        streaming: true,
        tools: true,
        images: true,
        documents: true,
        reasoning: true,
        json_schema: true,
        count_tokens: true,
    },
    ..VendorInfo::default()
});

/// What `generateContent` refuses conversations for.
///
/// Source: Gemini API docs, "Context caching" (a request with `cachedContent` has no instructions and no tools), read
/// 2026-11.
pub const DEMANDS: Demands = Demands {
    a_message: false,
    user_first: false,
    user_last: false,
    turns: false,
    paired_calls: false,
    instead_of_blank: None,
    thinking_before_calls: false,
    cache_brings_all: true,
};

impl Provider for Gemini {
    fn info(&self) -> &VendorInfo {
        &INFO
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(self)
    }

    fn count_tokens(&self) -> Option<&dyn Translator<CountTokens>> {
        Some(self)
    }

    fn embeddings(&self) -> Option<&dyn Translator<Embeddings>> {
        Some(self)
    }

    fn max_embedding_inputs(&self, _model: &str) -> usize {
        embeddings::MAX_INPUTS
    }

    fn wants_fetched(&self, url: &str) -> bool {
        media::wants_fetched(url)
    }

    fn reads_address(&self, url: &str) -> bool {
        media::reads_address(url)
    }

    fn demands(&self, _model: &str) -> Demands {
        DEMANDS
    }

    fn relay(&self, dialect: Dialect) -> Option<&dyn Relay> {
        (dialect == Dialect::Gemini).then_some(self as &dyn Relay)
    }
}
