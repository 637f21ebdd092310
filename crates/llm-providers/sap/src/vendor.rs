//! [`Sap`]: the vendor itself.

use std::sync::LazyLock;

use llm_provider_core::{
    Capabilities, Chat, Embeddings, Login, ParameterInfo, Parameters, Provider, Secret, Translator,
    VendorInfo,
};
use llm_provider_envelope::EnvelopeWire;
use llm_provider_openai::{DoneMarker, RequestOptions, WireOptions};

use crate::chat::Orchestration;
use crate::login;

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "sap".into(),
    name: "SAP AI Core".into(),
    key_variables: vec!["AICORE_SERVICE_KEY".into()],
    base_url_variables: vec!["AICORE_DEPLOYMENT_URL".into()],
    base_url: "".into(),
    parameters: vec![
        ParameterInfo::new(
            "deployment_url",
            &["AICORE_DEPLOYMENT_URL"],
            "the orchestration deployment's address",
        ),
        ParameterInfo::new("resource_group", &["AICORE_RESOURCE_GROUP"], "the resource group"),
        ParameterInfo::new("aicore_auth_url", &["AICORE_AUTH_URL"], "where tokens are handed out"),
        ParameterInfo::new("aicore_client_id", &["AICORE_CLIENT_ID"], "the client's id"),
        ParameterInfo::new("aicore_client_secret", &["AICORE_CLIENT_SECRET"], "the client's secret"),
        ParameterInfo::new("model_version", &[], "the model's version, by default the latest"),
    ],
    docs: "https://help.sap.com/docs/sap-ai-core/generative-ai/orchestration".into(),
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

/// SAP AI Core: chat and vectors through its orchestration service.
///
/// Source: SAP AI Core docs, "Orchestration", version 2 of its API (help.sap.com/docs/sap-ai-core), read 2026-11.
#[derive(Debug)]
pub struct Sap {
    chat: EnvelopeWire<Orchestration>,
}

impl Sap {
    /// The vendor; its address comes with each call.
    pub fn new() -> Self {
        Self { chat: EnvelopeWire::new(Orchestration, options()) }
    }
}

/// In what its messages differ from OpenAI's.
pub(crate) fn options() -> WireOptions {
    let mut options = WireOptions {
        base_url: String::new(),
        request: RequestOptions { stream_usage: true, cache_control: true, ..RequestOptions::default() },
        ..WireOptions::default()
    };
    options.answer.done = DoneMarker::Optional;
    options
}

impl Default for Sap {
    fn default() -> Self {
        Self::new()
    }
}

impl Provider for Sap {
    fn info(&self) -> &VendorInfo {
        &INFO
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(&self.chat)
    }

    fn embeddings(&self) -> Option<&dyn Translator<Embeddings>> {
        Some(&crate::embeddings::Vectors)
    }

    fn login(&self, parameters: &Parameters, key: Option<&Secret>) -> Result<Option<Box<dyn Login>>, String> {
        login::login(parameters, key)
    }
}
