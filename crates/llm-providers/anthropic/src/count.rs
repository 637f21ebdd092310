//! Counting tokens: the same request without what only an answer needs.
//!
//! Source: Anthropic API reference, "Count tokens in a Message", read 2026-11.

use http::Request;
use llm_provider_core::{
    Call, CountTokens, Decoded, Decoder, EncodeError, Encoded, NeverStreams, StreamDecoder, TokenCount,
    Translator, UpstreamError,
};
use llm_types::{ChatRequest, Nullable};

use crate::chat::encode;
use crate::head::{Endpoint, head};
use crate::wire::CountTokensResponse;
use crate::{Anthropic, error};

impl Translator<CountTokens> for Anthropic {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut encoded = encode::encode(request, call)?;
        let wire = &mut encoded.wire;
        wire.max_tokens = Nullable::Absent;
        wire.stream = Nullable::Absent;
        wire.stop_sequences = Nullable::Absent;
        wire.temperature = Nullable::Absent;
        wire.top_p = Nullable::Absent;
        wire.top_k = Nullable::Absent;
        wire.metadata = Nullable::Absent;
        wire.service_tier = Nullable::Absent;
        wire.container = Nullable::Absent;
        wire.inference_geo = Nullable::Absent;
        encoded.notes.retain(|note| note.path != "max_tokens");
        let body = encode::to_bytes(wire)?;
        let parts = head(Endpoint::CountTokens, call, &encoded.betas)?;
        Ok(Encoded { request: Request::from_parts(parts, body.into()), notes: encoded.notes })
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<TokenCount>, UpstreamError> {
        if !response.status().is_success() {
            return Err(error::read(&response));
        }
        let count: CountTokensResponse = llm_types::from_slice(response.body())
            .map_err(|why| UpstreamError::unreadable(response.status(), response.body(), why))?;
        Ok(Decoded::Answer(TokenCount::new(count.input_tokens)))
    }

    fn decoder(&self) -> Box<dyn Decoder<CountTokens>> {
        Box::new(StreamDecoder::sse(NeverStreams::default()))
    }
}
