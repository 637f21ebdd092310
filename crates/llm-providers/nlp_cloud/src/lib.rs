#![doc = include_str!("../README.md")]

mod chat;

use std::sync::LazyLock;

use llm_provider_core::{Capabilities, Chat, Provider, Translator, VendorInfo};
use llm_provider_envelope::EnvelopeWire;

use chat::Generation;

/// NLP Cloud: chat and generation of text.
#[derive(Debug)]
pub struct NlpCloud {
    chat: EnvelopeWire<Generation>,
}

impl NlpCloud {
    /// The vendor.
    pub fn new() -> Self {
        Self { chat: EnvelopeWire::new(Generation, chat::wire()) }
    }
}

impl Default for NlpCloud {
    fn default() -> Self {
        Self::new()
    }
}

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "nlp_cloud".into(),
    name: "NLP Cloud".into(),
    key_variables: vec!["NLP_CLOUD_API_KEY".into()],
    base_url_variables: vec!["NLP_CLOUD_API_BASE".into()],
    base_url: chat::BASE_URL.into(),
    docs: "https://docs.nlpcloud.com/#generation".into(),
    capabilities: Capabilities::default(),
    ..VendorInfo::default()
});

impl Provider for NlpCloud {
    fn info(&self) -> &VendorInfo {
        &INFO
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(&self.chat)
    }
}
