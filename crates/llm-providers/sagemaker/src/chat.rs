//! Endpoints whose containers speak OpenAI's chat.

use http::{Response, Uri, request};
use llm_provider_core::{Call, EncodeError, Framing, SseEvent, UpstreamError};
use llm_provider_envelope::{Envelope, Opened, Opener};
use llm_types::{ChatRequest, Extra};

use crate::records::Records;
use crate::{error, head};

/// OpenAI's chat behind an endpoint.
#[derive(Debug)]
pub(crate) struct ChatEndpoint;

impl Envelope for ChatEndpoint {
    fn address(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Uri, EncodeError> {
        head::uri(request.streams(), call)
    }

    fn wrap(&self, mut body: Extra, _: &ChatRequest, call: &Call<'_>) -> Result<Extra, EncodeError> {
        // The endpoint is in the address; a container knows its model by another name, if by any.
        body.shift_remove("model");
        if let Some(name) = call.parameter("hf_model_name") {
            body.insert("model".to_owned(), name.into());
        }
        Ok(body)
    }

    fn seal(&self, parts: &mut request::Parts, body: &[u8], call: &Call<'_>) -> Result<(), EncodeError> {
        let streams = parts.uri.path().ends_with("-response-stream");
        head::seal(parts, streams, body, call)
    }

    fn refusal(&self, response: &Response<&[u8]>) -> Option<UpstreamError> {
        error::refusal(response)
    }

    fn opener(&self) -> Box<dyn Opener> {
        Box::new(Chunks::default())
    }

    fn framing(&self) -> Framing {
        Framing::EventStream
    }
}

/// The chunks of one stream.
#[derive(Debug, Default)]
struct Chunks(Records);

impl Opener for Chunks {
    fn open(&mut self, event: &SseEvent<'_>) -> Opened {
        self.0.open(event, |chunk| vec![chunk])
    }
}
