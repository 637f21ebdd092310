//! Chat in Ollama's form, both ways.

pub(crate) mod decode;
mod encode;
pub(crate) mod options;
mod stream;

use http::Request;
use llm_provider_core::{
    Call, Chat, Decoded, Decoder, EncodeError, Encoded, Framing, Payload, StreamDecoder, Translator,
    UpstreamError,
};
use llm_types::{ChatRequest, ChatResponse};

use crate::head::{Endpoint, head};
use crate::{Ollama, error};

impl Translator<Chat> for Ollama {
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
        Box::new(StreamDecoder::new(Framing::Lines, stream::ChatInterpret::default()))
    }
}
