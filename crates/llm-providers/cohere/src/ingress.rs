//! Clients that speak Cohere's dialect, to any model.

mod cut;
mod embed;
mod read;
mod rerank;
mod stream;
mod write;

use bytes::{Bytes, BytesMut};
use llm_provider_core::{ChunkWriter, Dialect, Incoming, Ingress, IngressError, Outgoing, Reply};
use llm_types::{ApiError, ChatResponse, ErrorKind, Usage};
use serde::Serialize;

use crate::error::{BLOCKED, NOT_IMPLEMENTED};

pub use embed::CohereEmbedIngress;
pub use rerank::CohereRerankIngress;

use crate::wire::ErrorBody;

/// `POST /v2/chat`: reads requests into the canonical form and writes canonical answers as Cohere's.
///
/// # Requests
///
/// What Cohere says in words of its own is said in OpenAI's: `p` is `top_p`, `k` is `top_k`, `stop_sequences` is
/// `stop`, `strict_tools` makes every tool strict, `REQUIRED` and `NONE` are choices, a budget of thinking is an effort
/// too. `documents` become instructions in words, and a tool's documents text; beside them they stay as they are, for
/// Cohere itself. `citation_options`, `safety_mode` and `priority` mean nothing to others and are left out, with notes.
///
/// # Answers
///
/// Thinking comes first, then text, then calls. Pages that a model names (`annotations`) are citations of documents.
/// A stream that breaks ends in `message-end` with the reason `ERROR` and the words beside it.
#[derive(Debug, Clone, Copy, Default)]
pub struct CohereIngress;

impl Ingress for CohereIngress {
    fn dialect(&self) -> Dialect {
        Dialect::CohereChat
    }

    fn read(&self, body: &[u8]) -> Result<Incoming, IngressError> {
        read::read(body)
    }

    fn write(&self, response: &ChatResponse, reply: &Reply) -> Outgoing {
        let (answer, notes) = write::write(response, reply);
        Outgoing { body: to_bytes(&answer), notes }
    }

    fn writer(&self, reply: &Reply) -> Box<dyn ChunkWriter> {
        Box::new(stream::ChatWriter::new(reply))
    }

    fn error(&self, error: &ApiError, reply: &Reply) -> Bytes {
        to_bytes(&ErrorBody::new(error.message.as_str(), Some(reply.request_id.clone())))
    }

    /// Cohere's own status for what it blocked and for what it has not, which its clients know.
    fn error_status(&self, error: &ApiError) -> u16 {
        let own = [(ErrorKind::ContentPolicy, BLOCKED), (ErrorKind::Unsupported, NOT_IMPLEMENTED)];
        let is_own = |(kind, status): &&(ErrorKind, u16)| {
            error.kind == *kind && error.vendor_status == Some(*status) && error.configured_status.is_none()
        };
        own.iter().find(is_own).map_or_else(|| error.status(), |(_, status)| *status)
    }

    fn error_event(&self, error: &ApiError, reply: &Reply) -> Bytes {
        let mut out = BytesMut::new();
        stream::write_error(error, &reply.request_id, &mut out);
        out.freeze()
    }

    fn cut_short(&self, frames: &[Bytes], usage: &Usage, reply: &Reply) -> Bytes {
        let mut out = BytesMut::new();
        cut::write(frames, usage, reply, &mut out);
        out.freeze()
    }
}

/// JSON text. Maps with text as names, numbers and strings always have one.
fn to_bytes<T: Serialize>(value: &T) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}
