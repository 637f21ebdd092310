//! A streamed answer: each event is a whole `GenerateContentResponse` with what is new.
//!
//! Nothing in the stream says that it is over but a reason to stop, and some models give one with every event; what
//! was used is told anew each time. So the ends of the choices and the usage are told when the body ends.
//!
//! What has no place in a chunk goes into `provider_specific_fields` of its delta, in its turn: `part`, a whole part,
//! and `thought_signature`, the signature over the text beside it. The last delta has what a whole answer has there.
//!
//! Source: Gemini API reference, "streamGenerateContent" (ai.google.dev/api/generate-content), read 2026-11.

use bytes::Bytes;
use llm_provider_core::{
    Chat, Decoder, Interpret, Items, Operation, Outbox, SseEvent, StreamDecoder, StreamError,
};
use llm_types::{ChatChunk, ChunkChoice, Delta, Extra, FinishReason, Nullable, Role, ServiceTier, Usage};
use serde_json::Value;

use super::decode::{blocked, nothing, seed_of};
use crate::ending::Ending;
use crate::turn::{Turn, some};
use crate::wire::{Candidate, GenerateContentResponse};
use crate::{error, logprobs, usage};

/// Decodes one streamed answer.
#[derive(Debug)]
pub(crate) struct GenerateDecoder {
    events: StreamDecoder<Events>,
    answer: Answer,
    /// What goes out next.
    out: StreamDecoder<Queue>,
    queue: Shelf,
    failed: bool,
}

impl Default for GenerateDecoder {
    fn default() -> Self {
        let queue = Shelf::default();
        Self {
            events: StreamDecoder::sse(Events::default()),
            answer: Answer::default(),
            out: StreamDecoder::sse(Queue(queue.clone())),
            queue,
            failed: false,
        }
    }
}
