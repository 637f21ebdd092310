#![doc = include_str!("../README.md")]

mod embed;
mod wire;

use std::sync::LazyLock;

use llm_provider_core::{
    Call, Capabilities, Decoded, Decoder, Embeddings, EncodeError, Encoded, Provider, Rerank, Translator,
    UpstreamError, VendorInfo,
};
use llm_types::{RerankRequest, RerankResponse};

/// Voyage AI: vectors and rankings.
///
/// Keys that begin with `al-` are MongoDB Atlas's and go to its host; all others go to Voyage's own.
#[derive(Debug, Clone, Copy, Default)]
pub struct Voyage;

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "voyage".into(),
    aliases: vec!["voyageai".into(), "voyage_ai".into()],
    name: "Voyage AI".into(),
    key_variables: vec!["VOYAGE_API_KEY".into(), "VOYAGE_AI_API_KEY".into(), "VOYAGE_AI_TOKEN".into()],
    base_url_variables: vec!["VOYAGE_API_BASE".into()],
    base_url: wire::BASE_URL.into(),
    docs: "https://docs.voyageai.com/reference/embeddings-api".into(),
    capabilities: Capabilities::default(),
    ..VendorInfo::default()
});

/// Inputs of one request, at most, at each of the three endpoints.
///
/// Source: Voyage AI API references "Text embedding models", "Contextualized chunk embedding models" and "Multimodal
/// embedding models", read 2026-11.
const MAX_INPUTS: usize = 1000;

impl Provider for Voyage {
    fn info(&self) -> &VendorInfo {
        &INFO
    }

    fn embeddings(&self) -> Option<&dyn Translator<Embeddings>> {
        Some(self)
    }

    fn max_embedding_inputs(&self, _model: &str) -> usize {
        MAX_INPUTS
    }

    fn rerank(&self) -> Option<&dyn Translator<Rerank>> {
        Some(self)
    }
}

impl Translator<Rerank> for Voyage {
    fn encode(&self, request: &RerankRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        wire::RERANK.encode(request, &wire::at_home(call))
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<RerankResponse>, UpstreamError> {
        wire::RERANK.decode(response)
    }

    fn decoder(&self) -> Box<dyn Decoder<Rerank>> {
        wire::RERANK.decoder()
    }
}
