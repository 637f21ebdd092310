//! Chat in Gemini's form, both ways.

pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod stream;

use http::Request;
use llm_provider_core::{Call, Chat, Decoded, Decoder, EncodeError, Encoded, Translator, UpstreamError};
use llm_types::{ChatRequest, ChatResponse};

use crate::Gemini;
use crate::generate::{self, Platform};
use crate::head::{Action, head};

impl Translator<Chat> for Gemini {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let (wire, notes) = generate::request(request, call, Platform::AiStudio)?;
        let action = if request.streams() { Action::Stream } else { Action::Generate };
        let body = encode::to_bytes(&wire)?;
        Ok(Encoded { request: Request::from_parts(head(action, call)?, body.into()), notes })
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        generate::answer(&response).map(Decoded::Answer)
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        generate::decoder()
    }
}
