#![doc = include_str!("../README.md")]

mod chat;
mod embed;
mod error;
mod head;
mod ingress;
mod relay;
mod rerank;
mod usage;
pub mod wire;

pub use ingress::{CohereEmbedIngress, CohereIngress, CohereRerankIngress};

use std::sync::LazyLock;

use llm_provider_core::{
    Capabilities, Chat, Dialect, Embeddings, Provider, Relay, Rerank, Translator, VendorInfo,
};

/// Cohere, by the second version of its API.
///
/// The address may be the vendor's root, end in `/v2`, or be the whole path of an endpoint.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cohere;

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "cohere".into(),
    aliases: vec!["cohere_chat".into()],
    name: "Cohere".into(),
    key_variables: vec!["COHERE_API_KEY".into(), "CO_API_KEY".into()],
    base_url_variables: vec!["COHERE_API_BASE".into(), "CO_API_URL".into()],
    base_url: head::BASE_URL.into(),
    docs: "https://docs.cohere.com/reference/chat".into(),
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

/// Texts, images or mixed inputs of one embed request, at most.
///
/// Source: Cohere API reference, "Embed API (v2)", read 2026-11.
const MAX_EMBED_INPUTS: usize = 96;

impl Provider for Cohere {
    fn info(&self) -> &VendorInfo {
        &INFO
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(self)
    }

    fn embeddings(&self) -> Option<&dyn Translator<Embeddings>> {
        Some(self)
    }

    fn max_embedding_inputs(&self, _model: &str) -> usize {
        MAX_EMBED_INPUTS
    }

    fn rerank(&self) -> Option<&dyn Translator<Rerank>> {
        Some(self)
    }

    fn relay(&self, dialect: Dialect) -> Option<&dyn Relay> {
        (dialect == Dialect::CohereChat).then_some(self as &dyn Relay)
    }
}
