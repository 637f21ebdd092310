#![doc = include_str!("../README.md")]

mod chat;
mod embed;
mod error;
mod head;
mod ingress;
mod lists;
mod media;
mod relay;
mod think;
mod usage;
pub mod wire;

pub use ingress::{OllamaChatIngress, OllamaEmbedIngress, OllamaEmbeddingsIngress, OllamaGenerateIngress};
pub use lists::{ps, show, tags, version};

use std::sync::LazyLock;

use llm_provider_core::{Capabilities, Chat, Dialect, Embeddings, Provider, Relay, Translator, VendorInfo};

/// Ollama, by its own API.
///
/// The address may be the server's root, or end in `/api`, in an endpoint's path or in `/v1`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ollama;

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "ollama".into(),
    aliases: vec!["ollama_chat".into()],
    name: "Ollama".into(),
    key_variables: vec!["OLLAMA_API_KEY".into()],
    key_optional: true,
    base_url_variables: vec!["OLLAMA_API_BASE".into()],
    base_url: head::BASE_URL.into(),
    docs: "https://docs.ollama.com/api".into(),
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

impl Provider for Ollama {
    fn info(&self) -> &VendorInfo {
        &INFO
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(self)
    }

    fn embeddings(&self) -> Option<&dyn Translator<Embeddings>> {
        Some(self)
    }

    /// Ollama takes images as bytes only.
    fn wants_fetched(&self, url: &str) -> bool {
        url.starts_with("https://") || url.starts_with("http://")
    }

    fn relay(&self, dialect: Dialect) -> Option<&dyn Relay> {
        match dialect {
            Dialect::OllamaChat => Some(&relay::CHAT),
            Dialect::OllamaGenerate => Some(&relay::GENERATE),
            _ => None,
        }
    }
}
