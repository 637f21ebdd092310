//! Chat: OpenAI's wire, with what Mistral says otherwise changed before and after.

use std::borrow::Cow;
use std::sync::Arc;

use llm_provider_core::{
    Call, Chat, Decoded, Decoder, EncodeError, Encoded, Interpret, Note, Outbox, SseEvent, StreamDecoder,
    Translator, UpstreamError,
};
use llm_provider_openai::{Changes, ChatInterpret};
use llm_types::{ChatChunk, ChatRequest, ChatResponse};

use crate::{Mistral, prepare, usage};

impl Translator<Chat> for Mistral {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut changes = Changes::new(call);
        let prepared = prepare::prepare(request, &mut changes)?;
        let mut notes = changes.finish()?;
        let encoded = self.chat.encode_changed(&prepared.request, call, Changes::new(call));
        let mut encoded = encoded.map_err(|error| match error {
            EncodeError::Unsupported { path, reason } => {
                EncodeError::unsupported(prepared.place(path), reason)
            }
            EncodeError::Invalid { path, reason } => EncodeError::invalid(prepared.place(path), reason),
            other => other,
        })?;
        notes.extend(encoded.notes.into_iter().map(|note| Note { path: prepared.place(note.path), ..note }));
        encoded.notes = notes;
        Ok(encoded)
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        let (parts, body) = response.into_parts();
        let body = usage::mended(body);
        self.chat.decode(http::Response::from_parts(parts, &body))
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        let inner = ChatInterpret::new(Arc::clone(&self.options));
        Box::new(StreamDecoder::sse(MistralInterpret(inner)))
    }
}

/// Reads events as OpenAI's, once their usage is spelled as OpenAI's.
struct MistralInterpret(ChatInterpret);

impl Interpret for MistralInterpret {
    type Chunk = ChatChunk;

    fn event(&mut self, event: &SseEvent<'_>, out: &mut Outbox<ChatChunk>) {
        match usage::mended(&event.data) {
            Cow::Borrowed(_) => self.0.event(event, out),
            data => self.0.event(&SseEvent { event: event.event, data, has_data: true }, out),
        }
    }

    fn is_complete(&self) -> bool {
        self.0.is_complete()
    }
}
