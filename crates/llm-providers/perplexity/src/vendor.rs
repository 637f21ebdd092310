//! [`Perplexity`]: the vendor itself.

use std::sync::LazyLock;

use llm_provider_core::{Capabilities, Chat, Embeddings, Provider, Translator, VendorInfo};

use crate::chat::PerplexityChat;
use crate::embeddings::Vectors;

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "perplexity".into(),
    name: "Perplexity".into(),
    key_variables: vec!["PERPLEXITYAI_API_KEY".into(), "PERPLEXITY_API_KEY".into()],
    base_url_variables: vec!["PERPLEXITY_API_BASE".into()],
    base_url: crate::route::BASE_URL.into(),
    docs: "https://docs.perplexity.ai/docs/agent-api".into(),
    capabilities: Capabilities {
        streaming: true,
        tools: true,
        images: true,
        documents: false,
        reasoning: true,
        json_schema: true,
        count_tokens: false,
    },
    ..VendorInfo::default()
});

/// Perplexity: chat and vectors.
///
/// Source: Perplexity docs, "Agent API" and "How to migrate from Sonar" (docs.perplexity.ai), and the types of the
/// official Python package perplexityai, read 2026-11.
#[derive(Debug)]
pub struct Perplexity {
    chat: PerplexityChat,
}

impl Perplexity {
    /// The vendor at its own address.
    pub fn new() -> Self {
        Self { chat: PerplexityChat::new() }
    }
}

impl Default for Perplexity {
    fn default() -> Self {
        Self::new()
    }
}

impl Provider for Perplexity {
    fn info(&self) -> &VendorInfo {
        &INFO
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(&self.chat)
    }

    fn embeddings(&self) -> Option<&dyn Translator<Embeddings>> {
        Some(&Vectors)
    }

    fn max_embedding_inputs(&self, _model: &str) -> usize {
        Vectors::MAX_INPUTS
    }
}
