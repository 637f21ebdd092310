//! Chat, through whichever door the model's name says.

use http::HeaderMap;
use llm_provider_core::{
    Call, Chat, Decoded, Decoder, EncodeError, Encoded, Framing, Interpret, Outbox, SseEvent, StreamDecoder,
    Translator, UpstreamError,
};
use llm_types::{ChatChunk, ChatRequest, ChatResponse};

use crate::converse::stream::ConverseInterpret;
use crate::head::{self, Endpoint};
use crate::model::{Door, Model};
use crate::{Bedrock, converse, error, invoke};

impl Translator<Chat> for Bedrock {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let model = Model::of(call.model);
        if model.door == Door::Invoke {
            return invoke::encode(request, model, call);
        }
        let encoded = converse::encode::encode(request, model, call)?;
        let body = converse::encode::to_bytes(&encoded.wire)?;
        let endpoint = if request.streams() { Endpoint::ConverseStream } else { Endpoint::Converse };
        let request = head::request(endpoint, &model, call, &HeaderMap::new(), body)?;
        Ok(Encoded { request, notes: encoded.notes })
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        if !response.status().is_success() {
            return Err(error::read(&response));
        }
        let answer = match invoke::Words::of(response.body()) {
            None => converse::decode::decode(&response),
            Some(words) => invoke::decode(words, &response),
        };
        answer.map(Decoded::Answer)
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        Box::new(StreamDecoder::new(Framing::EventStream, ChatInterpret::default()))
    }
}

/// Reads the events of either door.
#[derive(Default)]
struct ChatInterpret {
    converse: ConverseInterpret,
    invoked: invoke::stream::ChunkInterpret,
}

impl Interpret for ChatInterpret {
    type Chunk = ChatChunk;

    fn event(&mut self, event: &SseEvent<'_>, out: &mut Outbox<ChatChunk>) {
        match event.event {
            b"chunk" => self.invoked.chunk(&event.data, out),
            _ => self.converse.event(event, out),
        }
    }

    fn is_complete(&self) -> bool {
        self.converse.is_complete() || self.invoked.is_complete()
    }
}
