//! Chat in Anthropic's form, both ways.

pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod stream;

use http::Request;
use llm_provider_core::{
    Call, Chat, Decoded, Decoder, EncodeError, Encoded, StreamDecoder, Translator, UpstreamError,
};
use llm_types::{ChatRequest, ChatResponse};

use crate::head::{Endpoint, head};
use crate::{Anthropic, error};

/// The tool by which an answer in a given form is got from models that have no other way.
pub(crate) const FORM_TOOL: &str = "json_tool_call";

/// The name of a schema that nobody named: OpenAI's need one, Anthropic's have none. It says nothing, so it is
/// not told to the model.
pub(crate) const UNNAMED_FORM: &str = "answer";

/// Who called a tool, the model itself or code that it wrote: a member of calls in both forms.
pub(crate) const CALLER: &str = "caller";

impl Translator<Chat> for Anthropic {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let encoded = encode::encode(request, call)?;
        let body = encode::to_bytes(&encoded.wire)?;
        let parts = head(Endpoint::Messages, call, &encoded.betas)?;
        Ok(Encoded { request: Request::from_parts(parts, body.into()), notes: encoded.notes })
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
