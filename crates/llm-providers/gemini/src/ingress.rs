//! Clients that speak Gemini, to any model.

mod embed;
mod error;
mod foreign;
pub(crate) mod hosted;
mod read;
mod stream;
mod write;

use bytes::{Bytes, BytesMut};
use llm_provider_core::{
    ChunkWriter, CountTokens, Dialect, Incoming, Ingress, IngressError, Outgoing, Reply, TokenCount,
    WholeIngress,
};
use llm_types::{ApiError, ChatRequest, ChatResponse};
use serde::Serialize;

pub use embed::{BatchEmbedContentsIngress, EmbedContentIngress};
#[cfg(test)]
pub(crate) use foreign::seal;
use stream::{Form, GenerateWriter};

/// Reads `generateContent` requests into the canonical form and writes canonical answers as Gemini's; streams are
/// server-sent events.
///
/// # Requests
///
/// Model, and whether to stream, stand in the address: the caller sets both. Names in snake case are read as well.
/// [`Ingress::read`] keeps everything that the canonical form has a place for, and Gemini's own members in `extra`,
/// where the Gemini translator finds them. Schemas in the subset of OpenAPI's become JSON Schema. Parts that have no
/// canonical form are parts of type `gemini_part`; a turn of the model's that holds more than thoughts, text, pictures
/// and calls in this order is kept under `provider_specific_fields.parts`.
///
/// Calls without a name get one, and their results the same by the order of the calls. The Gemini translator does not
/// send such names.
///
/// # Answers
///
/// What another vendor wants back is sealed ([`Kept`](llm_provider_core::Kept)) in a `thoughtSignature`, and read from
/// there when it comes back: thinking in that of a thought; members of a call in that of the call; members of the message
/// in that of an empty text at the end. Code that another vendor ran itself is told as Gemini's own is, between the texts, and
/// what it looked for and read beside the answer; when that comes back, it is left out, as the vendor's own words are
/// sealed. Calls come whole, as Gemini has them. The last event of a stream has the reason to stop and the
/// usage.
#[derive(Debug, Clone, Copy, Default)]
pub struct GeminiIngress;

/// The same, with streams as one JSON array: `streamGenerateContent` without `alt=sse`.
#[derive(Debug, Clone, Copy, Default)]
pub struct GeminiArrayIngress;

impl Ingress for GeminiIngress {
    fn dialect(&self) -> Dialect {
        Dialect::Gemini
    }

    fn read(&self, body: &[u8]) -> Result<Incoming, IngressError> {
        read::read(body)
    }

    fn write(&self, response: &ChatResponse, reply: &Reply) -> Outgoing {
        let (answer, notes) = write::write(response, reply);
        Outgoing { body: to_bytes(&answer), notes }
    }

    fn writer(&self, reply: &Reply) -> Box<dyn ChunkWriter> {
        Box::new(GenerateWriter::new(Form::Events, reply))
    }

    fn error(&self, error: &ApiError, _reply: &Reply) -> Bytes {
        to_bytes(&error::response(error))
    }

    fn error_event(&self, error: &ApiError, _reply: &Reply) -> Bytes {
        let mut out = BytesMut::new();
        Form::Events.write(&error::response(error), true, &mut out);
        out.freeze()
    }
}

impl Ingress for GeminiArrayIngress {
    fn dialect(&self) -> Dialect {
        Dialect::GeminiArray
    }

    fn read(&self, body: &[u8]) -> Result<Incoming, IngressError> {
        read::read(body)
    }

    fn stream_content_type(&self) -> &'static str {
        "application/json; charset=utf-8"
    }

    /// Space means nothing around the items of an array.
    fn keepalive(&self) -> Option<&'static [u8]> {
        Some(b"\n")
    }

    fn write(&self, response: &ChatResponse, reply: &Reply) -> Outgoing {
        Ingress::write(&GeminiIngress, response, reply)
    }

    fn writer(&self, reply: &Reply) -> Box<dyn ChunkWriter> {
        Box::new(GenerateWriter::new(Form::Array, reply))
    }

    fn error(&self, error: &ApiError, _reply: &Reply) -> Bytes {
        to_bytes(&[error::response(error)])
    }

    fn error_event(&self, error: &ApiError, _reply: &Reply) -> Bytes {
        let mut out = BytesMut::new();
        Form::Array.write(&error::response(error), false, &mut out);
        Form::Array.end(&mut out);
        out.freeze()
    }
}

/// `POST /v1beta/models/{model}:countTokens`
impl WholeIngress<CountTokens> for GeminiIngress {
    fn read(&self, body: &[u8]) -> Result<Incoming, IngressError> {
        read::read_count(body)
    }

    fn write(&self, _request: &ChatRequest, count: &TokenCount, _reply: &Reply) -> Outgoing {
        Outgoing { body: format!("{{\"totalTokens\":{}}}", count.input_tokens).into(), notes: Vec::new() }
    }
}

/// JSON text. Maps with text as names, numbers and strings always have one.
fn to_bytes<T: Serialize>(value: &T) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}
