#![doc = include_str!("../README.md")]

mod embed;

use std::sync::LazyLock;

use llm_provider_core::{Capabilities, Embeddings, Provider, Translator, VendorInfo};

/// Nomic: vectors for texts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nomic;

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "nomic".into(),
    name: "Nomic".into(),
    key_variables: vec!["NOMIC_API_KEY".into()],
    base_url_variables: vec!["NOMIC_API_BASE".into()],
    base_url: embed::BASE_URL.into(),
    docs: "https://docs.nomic.ai/reference/api/embed-text-v-1-embedding-text-post".into(),
    capabilities: Capabilities::default(),
    ..VendorInfo::default()
});

impl Provider for Nomic {
    fn info(&self) -> &VendorInfo {
        &INFO
    }

    fn embeddings(&self) -> Option<&dyn Translator<Embeddings>> {
        Some(self)
    }
}
