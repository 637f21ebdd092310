#![doc = include_str!("../README.md")]

mod chat;

use std::sync::LazyLock;

use llm_provider_core::{Capabilities, Chat, ParameterInfo, Provider, Translator, VendorInfo};
use llm_provider_envelope::EnvelopeWire;

use chat::Deployment;

/// Predibase: deployments of open models, and the adapters that are trained for them.
#[derive(Debug)]
pub struct Predibase {
    chat: EnvelopeWire<Deployment>,
}

impl Predibase {
    /// The vendor.
    pub fn new() -> Self {
        Self { chat: EnvelopeWire::new(Deployment, chat::wire()) }
    }
}

impl Default for Predibase {
    fn default() -> Self {
        Self::new()
    }
}

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "predibase".into(),
    name: "Predibase".into(),
    key_variables: vec!["PREDIBASE_API_KEY".into(), "PREDIBASE_API_TOKEN".into()],
    base_url_variables: vec!["PREDIBASE_API_BASE".into()],
    base_url: chat::BASE_URL.into(),
    parameters: vec![
        ParameterInfo::new(
            "tenant_id",
            &["PREDIBASE_TENANT_ID"],
            "the tenant that the deployments belong to",
        ),
        ParameterInfo::new("predibase_tenant_id", &[], "another name of `tenant_id`"),
    ],
    docs: "https://docs.predibase.com/api-reference".into(),
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

impl Provider for Predibase {
    fn info(&self) -> &VendorInfo {
        &INFO
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(&self.chat)
    }
}
