//! [`RerankWire`]: rankings in the form that vendors have taken over from Cohere, and in what they differ from it.
//!
//! Source: Together AI, Fireworks AI, SiliconFlow, DeepInfra and Alibaba Model Studio API references, "Rerank"
//! (docs.together.ai/reference/rerank-1, docs.fireworks.ai/api-reference/rerank-documents,
//! docs.siliconflow.com/en/api-reference/rerank/create-rerank, deepinfra.com/docs/rerank,
//! help.aliyun.com/zh/model-studio/text-rerank-api), read 2026-11.

mod ask;
mod read;

use std::sync::Arc;

use llm_provider_core::{
    Call, Decoded, Decoder, EncodeError, Encoded, NeverStreams, Rerank, StreamDecoder, Translator,
    UpstreamError,
};
use llm_provider_openai::{WireOptions, read_error};
use llm_types::{RerankRequest, RerankResponse};
use serde::{Deserialize, Serialize};

pub use read::read_ranking;

/// In what a vendor's rankings differ from `POST …/rerank` with Cohere's members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct RerankOptions {
    /// What stands after the address, unless the address ends in it; `{model}` stands for the model's name.
    pub path: String,
    /// The end of an address that the path takes the place of; empty for none.
    pub replaces: String,
    /// What is asked and answered.
    pub form: RerankForm,
    /// The name of the number of documents to give back.
    pub top_n: String,
    /// Whether documents may be texts only.
    pub texts: bool,
    /// Members that the vendor refuses.
    pub drop: Vec<String>,
}

impl Default for RerankOptions {
    fn default() -> Self {
        Self {
            path: "/rerank".to_owned(),
            replaces: String::new(),
            form: RerankForm::Ranking,
            top_n: "top_n".to_owned(),
            texts: false,
            drop: Vec::new(),
        }
    }
}

/// What is asked and answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RerankForm {
    /// Cohere's: `query` and `documents`, answered by `results` with the best first.
    #[default]
    Ranking,
    /// `queries` and `documents`, answered by one number for each document, in their order.
    Scores,
}

/// Rankings over one OpenAI-like wire.
#[derive(Debug, Clone)]
pub struct RerankWire {
    wire: Arc<WireOptions>,
    options: RerankOptions,
}

impl RerankWire {
    /// A translator for a wire.
    pub fn new(wire: WireOptions, options: RerankOptions) -> Self {
        Self { wire: Arc::new(wire), options }
    }

    /// In what it differs from Cohere's.
    pub const fn options(&self) -> &RerankOptions {
        &self.options
    }
}

impl Translator<Rerank> for RerankWire {
    fn encode(&self, request: &RerankRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        ask::encode(request, call, &self.wire, &self.options)
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<RerankResponse>, UpstreamError> {
        if !response.status().is_success() {
            return Err(read_error(&response, &self.wire));
        }
        read_ranking(response.body())
            .map(Decoded::Answer)
            .map_err(|why| UpstreamError::unreadable(response.status(), response.body(), why))
    }

    fn decoder(&self) -> Box<dyn Decoder<Rerank>> {
        Box::new(StreamDecoder::sse(NeverStreams::default()))
    }
}
