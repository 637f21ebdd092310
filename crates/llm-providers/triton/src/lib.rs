#![doc = include_str!("../README.md")]

mod chat;
mod embed;
mod wire;

use std::sync::LazyLock;

use llm_provider_core::{
    Call, Capabilities, Chat, Decoded, Decoder, Embeddings, EncodeError, Encoded, Provider, Translator,
    UpstreamError, VendorInfo,
};
use llm_provider_envelope::EnvelopeWire;
use llm_provider_words::AtEnd;
use llm_types::{ChatRequest, ChatResponse};

use chat::Generate;

/// A Triton Inference Server: text in, text out.
#[derive(Debug)]
pub struct Triton {
    chat: EnvelopeWire<Generate>,
}

impl Triton {
    /// The vendor.
    pub fn new() -> Self {
        Self { chat: EnvelopeWire::new(Generate, wire::wire()) }
    }
}

impl Default for Triton {
    fn default() -> Self {
        Self::new()
    }
}

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| {
    VendorInfo {
    id: "triton".into(),
    name: "NVIDIA Triton Inference Server".into(),
    key_variables: vec!["TRITON_API_KEY".into()],
    base_url_variables: vec!["TRITON_API_BASE".into()],
    docs: "https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/extension_generate.html"
        .into(),
    key_optional: true,
    capabilities: Capabilities { streaming: true, ..Capabilities::default() },
    ..VendorInfo::default()
}
});

impl Provider for Triton {
    fn info(&self) -> &VendorInfo {
        &INFO
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(self)
    }

    fn embeddings(&self) -> Option<&dyn Translator<Embeddings>> {
        Some(self)
    }
}

impl Translator<Chat> for Triton {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        self.chat.encode(request, call)
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        self.chat.decode(response)
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        Box::new(AtEnd::new(self.chat.decoder()))
    }
}
