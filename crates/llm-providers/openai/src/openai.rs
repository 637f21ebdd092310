//! [`OpenAi`]: the vendor itself.

use std::sync::LazyLock;

use http::HeaderMap;
use llm_provider_core::{
    Allowances, Capabilities, Chat, Dialect, Embeddings, Provider, Relay, Translator, VendorInfo,
};
use llm_types::UnixMs;

use crate::{
    ByModel, ByModelRelay, ChatRelay, ChatWire, EmbeddingOptions, EmbeddingWire, ResponsesOptions,
    ResponsesRelay, ResponsesWire, WireOptions,
};

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "openai".into(),
    name: "OpenAI".into(),
    key_variables: vec!["OPENAI_API_KEY".into()],
    base_url_variables: vec!["OPENAI_BASE_URL".into(), "OPENAI_API_BASE".into()],
    base_url: "https://api.openai.com/v1".into(),
    client_headers: vec!["openai-organization".into(), "openai-project".into()],
    docs: "https://platform.openai.com/docs/api-reference/chat".into(),
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

/// OpenAI: chat, translated and passed through; vectors.
///
/// A model named `responses/…` is asked by the Responses API, without the prefix; every other by chat completions. Who
/// speaks the Responses API himself is passed through, whatever the model's name.
///
/// Source: OpenAI API reference, "Chat Completions" (platform.openai.com/docs/api-reference/chat), read
/// 2026-11.
#[derive(Debug, Clone)]
pub struct OpenAi {
    chat: ByModel,
    relay: ByModelRelay,
    responses: ResponsesRelay,
    embeddings: EmbeddingWire,
}

impl OpenAi {
    /// OpenAI at its own address.
    pub fn new() -> Self {
        let wire = WireOptions::default();
        Self {
            chat: ByModel::new(ChatWire::new(wire.clone()), ResponsesWire::new(ResponsesOptions::default())),
            relay: ByModelRelay::new(ChatRelay::new(wire.clone())),
            responses: ResponsesRelay::new(ResponsesOptions::default()),
            embeddings: EmbeddingWire::new(wire, EmbeddingOptions::default()),
        }
    }
}

impl Default for OpenAi {
    fn default() -> Self {
        Self::new()
    }
}

impl Provider for OpenAi {
    fn info(&self) -> &VendorInfo {
        &INFO
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(&self.chat)
    }

    fn embeddings(&self) -> Option<&dyn Translator<Embeddings>> {
        Some(&self.embeddings)
    }

    fn max_embedding_inputs(&self, _model: &str) -> usize {
        self.embeddings.options().max_inputs
    }

    fn allowances(&self, headers: &HeaderMap, now: UnixMs) -> Allowances {
        crate::allowances(headers, now)
    }

    fn relay(&self, dialect: Dialect) -> Option<&dyn Relay> {
        match dialect {
            Dialect::OpenAiChat => Some(&self.relay),
            Dialect::OpenAiResponses => Some(&self.responses),
            _ => None,
        }
    }
}
