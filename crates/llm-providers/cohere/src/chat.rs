//! Chat in Cohere's form, both ways.

pub(crate) mod decode;
mod encode;
mod stream;

use http::Request;
use llm_provider_core::{
    Call, Chat, Decoded, Decoder, EncodeError, Encoded, Payload, StreamDecoder, Translator, UpstreamError,
};
use llm_types::{ChatRequest, ChatResponse};

use crate::head::{Endpoint, head};
use crate::{Cohere, error};

/// The member of `provider_specific_fields` of a message that keeps Cohere's documents: of a tool's result, or of
/// the request as a whole in the instructions that tell them to other vendors.
pub(crate) const DOCUMENTS: &str = "documents";

impl Translator<Chat> for Cohere {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let (wire, notes) = encode::encode(request, call)?;
        let body = serde_json::to_vec(&wire).map_err(|why| EncodeError::invalid("", why.to_string()))?;
        let parts = head(Endpoint::Chat, call)?;
        Ok(Encoded { request: Request::from_parts(parts, Payload::from(body)), notes })
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        if !response.status().is_success() {
            return Err(error::read(&response));
        }
        decode::decode(&response).map(Decoded::Answer)
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        Box::new(StreamDecoder::sse(stream::ChatInterpret::default()))
    }
}
