#![doc = include_str!("../README.md")]

mod embed;
mod rank;
mod wire;

use std::sync::LazyLock;

use llm_provider_core::{
    Capabilities, Chat, Dialect, Embeddings, Provider, Relay, Rerank, Translator, VendorInfo,
};

/// NVIDIA NIM: NVIDIA's hosted models, and the same containers on one's own servers.
#[derive(Debug, Clone, Copy, Default)]
pub struct NvidiaNim;

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "nvidia_nim".into(),
    aliases: vec!["nvidia".into()],
    name: "NVIDIA NIM".into(),
    key_variables: vec!["NVIDIA_NIM_API_KEY".into(), "NVIDIA_API_KEY".into()],
    base_url_variables: vec!["NVIDIA_NIM_API_BASE".into()],
    base_url: wire::BASE_URL.into(),
    docs: "https://docs.api.nvidia.com/nim".into(),
    // A server of one's own needs no key.
    key_optional: true,
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

impl Provider for NvidiaNim {
    fn info(&self) -> &VendorInfo {
        &INFO
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(&*wire::CHAT)
    }

    fn embeddings(&self) -> Option<&dyn Translator<Embeddings>> {
        Some(self)
    }

    fn max_embedding_inputs(&self, _model: &str) -> usize {
        wire::EMBEDDINGS.options().max_inputs
    }

    fn rerank(&self) -> Option<&dyn Translator<Rerank>> {
        Some(self)
    }

    fn relay(&self, dialect: Dialect) -> Option<&dyn Relay> {
        (dialect == Dialect::OpenAiChat).then_some(&*wire::RELAY as &dyn Relay)
    }
}
