//! Streams whose chunks are OpenAI's, once they are taken out of the vendor's events.

use std::borrow::Cow;

use llm_provider_core::{Interpret, Outbox, SseEvent};
use llm_provider_openai::ChatInterpret;
use llm_types::ChatChunk;
use serde_json::Value;

/// What was in an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Opened {
    /// The event is OpenAI's own, or a failure in words that everybody understands.
    AsItIs,
    /// Chunks in OpenAI's form; none if the event says nothing.
    Chunks(Vec<Value>),
    /// The same, and the stream is over.
    Last(Vec<Value>),
}

impl Opened {
    /// An event that says nothing.
    pub const NOTHING: Self = Self::Chunks(Vec::new());
}

/// Takes chunks out of a vendor's events, one stream long.
pub trait Opener: Send + std::fmt::Debug {
    /// Opens one event.
    fn open(&mut self, event: &SseEvent<'_>) -> Opened;
}

/// The data of an event as a tree; `None` for what is none, such as `[DONE]`.
pub fn json(event: &SseEvent<'_>) -> Option<Value> {
    serde_json::from_slice(&event.data).ok()
}

/// Opens nothing.
#[derive(Debug)]
pub(crate) struct Plain;

impl Opener for Plain {
    fn open(&mut self, _event: &SseEvent<'_>) -> Opened {
        Opened::AsItIs
    }
}

/// Reads what an [`Opener`] gives.
#[derive(Debug)]
pub(crate) struct OpenedInterpret {
    opener: Box<dyn Opener>,
    chat: ChatInterpret,
}

impl OpenedInterpret {
    pub(crate) fn new(opener: Box<dyn Opener>, chat: ChatInterpret) -> Self {
        Self { opener, chat }
    }

    fn say(&mut self, data: Vec<u8>, out: &mut Outbox<ChatChunk>) {
        self.chat.event(&SseEvent { event: &[], data: Cow::Owned(data), has_data: true }, out);
    }
}

impl Interpret for OpenedInterpret {
    type Chunk = ChatChunk;

    fn event(&mut self, event: &SseEvent<'_>, out: &mut Outbox<ChatChunk>) {
        let (chunks, is_last) = match self.opener.open(event) {
            Opened::AsItIs => return self.chat.event(event, out),
            Opened::Chunks(chunks) => (chunks, false),
            Opened::Last(chunks) => (chunks, true),
        };
        for chunk in chunks {
            self.say(chunk.to_string().into_bytes(), out);
        }
        if is_last {
            self.say(b"[DONE]".to_vec(), out);
        }
    }

    fn is_complete(&self) -> bool {
        self.chat.is_complete()
    }
}
