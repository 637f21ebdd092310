//! [`ChatWire`]: chat in OpenAI's form, both ways.

mod calls;
mod decode;
mod details;
pub(crate) mod encode;
mod finish;
mod foreign;
pub(crate) mod messages;
mod parts;
mod repair;
pub(crate) mod server_tools;
mod stream;
mod think;

use std::sync::Arc;

use llm_provider_core::{
    Call, Chat, Decoded, Decoder, EncodeError, Encoded, StreamDecoder, Translator, UpstreamError,
};
use llm_types::{ChatRequest, ChatResponse};

use crate::{Changes, WireOptions};

pub(crate) use finish::{Verdict, failure};
pub use stream::ChatInterpret;

/// Chat over one OpenAI-like wire.
#[derive(Debug, Clone)]
pub struct ChatWire {
    options: Arc<WireOptions>,
}

impl ChatWire {
    /// A translator for a wire.
    pub fn new(options: WireOptions) -> Self {
        Self { options: Arc::new(options) }
    }

    /// The wire.
    pub fn options(&self) -> &WireOptions {
        &self.options
    }

    /// What reads the events of one streamed answer.
    pub(crate) fn interpret(&self) -> ChatInterpret {
        ChatInterpret::new(Arc::clone(&self.options))
    }

    /// Writes a request that has been changed already.
    ///
    /// # Errors
    /// As [`Translator::encode`].
    pub fn encode_changed(
        &self,
        request: &ChatRequest,
        call: &Call<'_>,
        changes: Changes<'_>,
    ) -> Result<Encoded, EncodeError> {
        encode::encode(request, call, &self.options, changes)
    }
}

impl Translator<Chat> for ChatWire {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        self.encode_changed(request, call, Changes::new(call))
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        decode::decode(&response, &self.options.answer).map(Decoded::Answer)
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        Box::new(StreamDecoder::sse(self.interpret()))
    }
}
