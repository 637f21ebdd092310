//! [`GigaChat`]: the vendor itself.

use std::sync::LazyLock;

use llm_provider_core::{
    Capabilities, Chat, Embeddings, Login, ParameterInfo, Parameters, Provider, Secret, Translator,
    VendorInfo,
};
use llm_provider_envelope::EnvelopeWire;
use llm_provider_openai::{DoneMarker, OutputLimit, RequestOptions, ThinkingMember, WireOptions};

use crate::chat::Functions;
use crate::login;

/// The usual address.
pub(crate) const BASE_URL: &str = "https://gigachat.devices.sberbank.ru/api/v1";

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "gigachat".into(),
    name: "GigaChat".into(),
    key_variables: vec!["GIGACHAT_CREDENTIALS".into(), "GIGACHAT_API_KEY".into()],
    base_url_variables: vec!["GIGACHAT_API_BASE".into(), "GIGACHAT_BASE_URL".into()],
    base_url: BASE_URL.into(),
    parameters: vec![
        ParameterInfo::new("gigachat_scope", &["GIGACHAT_SCOPE"], "what the token is for"),
        ParameterInfo::new("gigachat_auth_url", &["GIGACHAT_AUTH_URL"], "where tokens are handed out"),
        ParameterInfo::new("gigachat_access_token", &["GIGACHAT_ACCESS_TOKEN"], "a token in hand"),
    ],
    docs: "https://developers.sber.ru/docs/ru/gigachat/api/reference/rest/gigachat-api".into(),
    key_optional: true,
    capabilities: Capabilities {
        streaming: true,
        tools: true,
        images: false,
        documents: false,
        reasoning: true,
        json_schema: true,
        count_tokens: false,
    },
    ..VendorInfo::default()
});

/// GigaChat: chat and vectors.
///
/// Source: GigaChat API reference (developers.sber.ru/docs/ru/gigachat/api/reference/rest) and the official Python
/// package gigachat, read 2026-11.
#[derive(Debug)]
pub struct GigaChat {
    chat: EnvelopeWire<Functions>,
}

impl GigaChat {
    /// The vendor at its own address.
    pub fn new() -> Self {
        Self { chat: EnvelopeWire::new(Functions, options()) }
    }
}

/// In what its chat differs from OpenAI's.
pub(crate) fn options() -> WireOptions {
    let mut options = WireOptions {
        base_url: BASE_URL.to_owned(),
        request: RequestOptions {
            limit: OutputLimit::MaxTokens,
            developer_role: false,
            stream_usage: false,
            thinking: ThinkingMember::Effort,
            ..RequestOptions::default()
        },
        ..WireOptions::default()
    };
    options.answer.done = DoneMarker::Required;
    options
}

impl Default for GigaChat {
    fn default() -> Self {
        Self::new()
    }
}

impl Provider for GigaChat {
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
        Ok(login::login(parameters, key))
    }
}
