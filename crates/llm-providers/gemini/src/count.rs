//! Counting tokens: the whole request, as it would be answered.
//!
//! Source: Gemini API reference, "models.countTokens" (ai.google.dev/api/tokens), read 2026-11.

use http::Request;
use llm_provider_core::{
    Call, CountTokens, Decoded, Decoder, EncodeError, Encoded, NeverStreams, StreamDecoder, TokenCount,
    Translator, UpstreamError,
};
use llm_types::{ChatRequest, Nullable};

use crate::chat::encode;
use crate::generate::{self, Platform};
use crate::head::{Action, head, resource};
use crate::wire::{CountTokensRequest, CountTokensResponse};
use crate::{Gemini, error};

impl Translator<CountTokens> for Gemini {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let (mut wire, notes) = generate::request(request, call, Platform::AiStudio)?;
        wire.model = Nullable::Value(resource(call.model)?);
        let count = CountTokensRequest {
            generate_content_request: Nullable::Value(wire),
            ..CountTokensRequest::default()
        };
        let body = encode::to_bytes(&count)?;
        Ok(Encoded { request: Request::from_parts(head(Action::CountTokens, call)?, body.into()), notes })
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<TokenCount>, UpstreamError> {
        read(&response).map(Decoded::Answer)
    }

    fn decoder(&self) -> Box<dyn Decoder<CountTokens>> {
        Box::new(StreamDecoder::sse(NeverStreams::default()))
    }
}

/// Reads a count of any status.
pub(crate) fn read(response: &http::Response<&[u8]>) -> Result<TokenCount, UpstreamError> {
    if !response.status().is_success() {
        return Err(error::read(response));
    }
    let count: CountTokensResponse = llm_types::from_slice(response.body())
        .map_err(|why| UpstreamError::unreadable(response.status(), response.body(), why))?;
    // A zero is left out in Google's JSON.
    Ok(TokenCount::new(count.total_tokens.into_option().unwrap_or(0)))
}
