#![doc = include_str!("../README.md")]

mod embed;
mod search;
mod wire;

use std::sync::LazyLock;

use llm_provider_core::{Capabilities, Chat, Embeddings, Provider, Rerank, Translator, VendorInfo};
use llm_provider_envelope::EnvelopeWire;

use search::DeepSearch;

/// Jina AI: vectors, rankings, and DeepSearch, which answers by searching and reading the web.
#[derive(Debug)]
pub struct Jina {
    chat: EnvelopeWire<DeepSearch>,
}

impl Jina {
    /// The vendor.
    pub fn new() -> Self {
        Self { chat: EnvelopeWire::new(DeepSearch, wire::chat()) }
    }
}

impl Default for Jina {
    fn default() -> Self {
        Self::new()
    }
}

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "jina_ai".into(),
    aliases: vec!["jina".into()],
    name: "Jina AI".into(),
    key_variables: vec!["JINA_AI_API_KEY".into(), "JINA_API_KEY".into(), "JINA_AI_TOKEN".into()],
    base_url_variables: vec!["JINA_AI_API_BASE".into()],
    base_url: wire::BASE_URL.into(),
    docs: "https://api.jina.ai/redoc".into(),
    capabilities: Capabilities {
        streaming: true,
        tools: false,
        images: true,
        documents: true,
        reasoning: true,
        json_schema: true,
        count_tokens: false,
    },
    ..VendorInfo::default()
});

/// Inputs of one request for vectors, at most.
///
/// Source: Jina AI API reference, "Embeddings", read 2026-11.
const MAX_INPUTS: usize = 2048;

impl Provider for Jina {
    fn info(&self) -> &VendorInfo {
        &INFO
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(&self.chat)
    }

    fn embeddings(&self) -> Option<&dyn Translator<Embeddings>> {
        Some(self)
    }

    fn max_embedding_inputs(&self, _model: &str) -> usize {
        MAX_INPUTS
    }

    fn rerank(&self) -> Option<&dyn Translator<Rerank>> {
        Some(&*wire::RERANK)
    }
}
