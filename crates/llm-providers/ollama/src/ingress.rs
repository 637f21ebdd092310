//! Clients that speak Ollama's dialect, to any model.

mod embed;
mod generate;
mod read;
mod stream;
mod write;

use bytes::{Bytes, BytesMut};
use llm_provider_core::{
    ChunkWriter, Dialect, Framing, Incoming, Ingress, IngressError, Outgoing, Peek, Reply,
};
use llm_types::{ApiError, ChatResponse};
use serde::Serialize;
use serde_json::json;

pub use embed::{OllamaEmbedIngress, OllamaEmbeddingsIngress};

/// `POST /api/chat`: reads requests into the canonical form and writes canonical answers as Ollama's.
///
/// # Requests
///
/// Without `stream`, the answer is streamed. Images become `data:` URLs, calls get names where they have none, and
/// results find their calls by the tool's name. Options that OpenAI has are said in its words; those that run a model
/// (`num_ctx` and the like) mean nothing to others and are left out, with notes.
///
/// # Answers
///
/// Lines of JSON. Calls come whole, in one line, as Ollama's do. The last line has the counts, and the durations that
/// another Ollama measured; otherwise those are zero.
#[derive(Debug, Clone, Copy, Default)]
pub struct OllamaChatIngress;

/// `POST /api/generate`: a prompt as a conversation of one message.
///
/// `suffix`, `template` and `context` have no place in a conversation and are left out, with notes; a `raw` prompt is
/// a message all the same.
#[derive(Debug, Clone, Copy, Default)]
pub struct OllamaGenerateIngress;

/// Which of the two forms an answer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Chat,
    Generate,
}

macro_rules! ingress {
    ($name:ident, $dialect:ident, $form:ident, $read:path) => {
        impl Ingress for $name {
            fn dialect(&self) -> Dialect {
                Dialect::$dialect
            }

            fn read(&self, body: &[u8]) -> Result<Incoming, IngressError> {
                $read(body)
            }

            fn wants_stream(&self, peek: &Peek<'_>) -> Result<bool, IngressError> {
                Ok(peek.get::<bool>("stream")?.unwrap_or(true))
            }

            fn stream_content_type(&self) -> &'static str {
                Framing::Lines.content_type()
            }

            fn keepalive(&self) -> Option<&'static [u8]> {
                None
            }

            fn write(&self, response: &ChatResponse, reply: &Reply) -> Outgoing {
                write::write(Form::$form, response, reply)
            }

            fn writer(&self, reply: &Reply) -> Box<dyn ChunkWriter> {
                Box::new(stream::LineWriter::new(Form::$form, reply))
            }

            fn error(&self, error: &ApiError, _: &Reply) -> Bytes {
                error_body(error)
            }

            fn error_event(&self, error: &ApiError, _: &Reply) -> Bytes {
                let mut out = BytesMut::new();
                stream::write_error(error, &mut out);
                out.freeze()
            }
        }
    };
}

ingress!(OllamaChatIngress, OllamaChat, Chat, read::read);
ingress!(OllamaGenerateIngress, OllamaGenerate, Generate, generate::read);

/// `{"error": "…"}`
fn error_body(error: &ApiError) -> Bytes {
    to_bytes(&json!({ "error": error.message }))
}

/// JSON text. Maps with text as names, numbers and strings always have one.
fn to_bytes<T: Serialize>(value: &T) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}
