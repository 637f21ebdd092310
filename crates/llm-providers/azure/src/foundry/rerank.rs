//! Rankings by Cohere's models, in Cohere's form, which is the canonical one too.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request};
use llm_provider_core::{
    Call, Decoded, Decoder, EncodeError, Encoded, NeverStreams, Payload, Rerank, StreamDecoder, Translator,
    UpstreamError,
};
use llm_provider_openai::read_error;
use llm_types::{RerankRequest, RerankResponse};

use super::family;
use crate::azure::wire;

/// Rankings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ranking;

impl Translator<Rerank> for Ranking {
    fn encode(&self, request: &RerankRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let prepared = family::ranking(call)?;
        let body = RerankRequest { model: prepared.deployment.to_owned(), ..request.clone() };
        let body = serde_json::to_vec(&body).map_err(|error| EncodeError::Setup(error.to_string()))?;
        let mut sent = Request::post(&prepared.base)
            .body(Payload::from(body))
            .map_err(|error| EncodeError::Setup(format!("`{}` is no address: {error}", prepared.base)))?;
        *sent.headers_mut() = prepared.headers;
        sent.headers_mut().entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        Ok(Encoded { request: sent, notes: Vec::new() })
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<RerankResponse>, UpstreamError> {
        if !response.status().is_success() {
            return Err(read_error(&response, &wire()));
        }
        let answer = llm_types::from_slice(response.body())
            .map_err(|why| UpstreamError::unreadable(response.status(), response.body(), why))?;
        Ok(Decoded::Answer(answer))
    }

    fn decoder(&self) -> Box<dyn Decoder<Rerank>> {
        Box::new(StreamDecoder::sse(NeverStreams::default()))
    }
}
