//! The translation by itself, for vendors that speak the same wire at other addresses.

use http::Response;
use llm_provider_core::{Call, Chat, Decoder, Edit, EncodeError, Note, Peek, TokenCount, UpstreamError};
use llm_types::{ChatRequest, ChatResponse, EmbeddingRequest, EmbeddingResponse};

use crate::chat::{decode, encode, stream};
use crate::relay::{GenerateListener, foreign};
use crate::wire::{EmbedRequest, GenerateContentRequest};
use crate::{count, embeddings, error, media};

/// Who speaks the wire: they differ in a few members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// The Gemini API.
    AiStudio,
    /// Vertex AI: takes `labels`.
    Vertex,
}

/// A canonical request as `generateContent` takes it.
///
/// # Errors
/// As [`Translator::encode`](llm_provider_core::Translator::encode).
pub fn request(
    request: &ChatRequest,
    call: &Call<'_>,
    platform: Platform,
) -> Result<(GenerateContentRequest, Vec<Note>), EncodeError> {
    encode::encode(request, call, platform)
}

/// A whole answer of any status.
///
/// # Errors
/// As [`Translator::decode`](llm_provider_core::Translator::decode).
pub fn answer(response: &Response<&[u8]>) -> Result<ChatResponse, UpstreamError> {
    if response.status().is_success() { decode::decode(response) } else { Err(error::read(response)) }
}

/// A fresh decoder for one streamed answer.
pub fn decoder() -> Box<dyn Decoder<Chat>> {
    Box::new(stream::GenerateDecoder::default())
}

/// Reads an answer that is no success: `google.rpc.Status`.
pub fn failure(response: &Response<&[u8]>) -> UpstreamError {
    error::read(response)
}

/// The edits that a request needs that is passed through to `model`: what other vendors signed is taken out.
pub fn edits(peek: &Peek<'_>, model: &str) -> Vec<Edit> {
    foreign::edits(peek, model)
}

/// A fresh listener to one answer that is passed through.
pub fn listener() -> Box<dyn llm_provider_core::Listener> {
    Box::<GenerateListener>::default()
}

/// The number of tokens, from an answer of any status.
///
/// # Errors
/// As [`Translator::decode`](llm_provider_core::Translator::decode).
pub fn token_count(response: &Response<&[u8]>) -> Result<TokenCount, UpstreamError> {
    count::read(response)
}

/// One request for each input that is to become a vector.
///
/// # Errors
/// As [`Translator::encode`](llm_provider_core::Translator::encode).
pub fn embed_requests(
    request: &EmbeddingRequest,
    call: &Call<'_>,
) -> Result<(Vec<EmbedRequest>, Vec<Note>), EncodeError> {
    let mut notes = Vec::new();
    embeddings::requests(request, call, &mut notes).map(|requests| (requests, notes))
}

/// Vectors, from an answer of any status.
///
/// # Errors
/// As [`Translator::decode`](llm_provider_core::Translator::decode).
pub fn vectors(response: &Response<&[u8]>) -> Result<EmbeddingResponse, UpstreamError> {
    embeddings::read(response)
}

/// Whether what is at this address must come as bytes in the request.
pub fn wants_fetched(url: &str) -> bool {
    media::wants_fetched(url)
}

/// Whether Google can read what is at this address itself, where it cannot be had as bytes.
pub fn reads_address(url: &str) -> bool {
    media::reads_address(url)
}
