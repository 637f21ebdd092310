//! Clients that speak Anthropic Messages, to any model.

pub(crate) mod cited;
mod cut;
mod ending;
mod error;
pub(crate) mod hosted;
mod kept;
mod names;
mod read;
mod stream;
mod usage;
mod write;

use bytes::{Bytes, BytesMut};
use llm_provider_core::{
    ChunkWriter, CountTokens, Dialect, Incoming, Ingress, IngressError, Outgoing, Reply, TokenCount,
    WholeIngress,
};
use llm_types::{ApiError, ChatRequest, ChatResponse, Usage};
use serde::Serialize;

/// Reads Messages requests into the canonical form and writes canonical answers as Messages answers.
///
/// # Requests
///
/// [`Ingress::read`] keeps everything that the canonical form has a place for, and Anthropic's own members in
/// `extra`. The Anthropic translator makes the same request of it again, but for this:
///
/// - `null` members and empty contents vanish, and so does `type: custom` of tools, which says nothing.
/// - Messages of one speaker in a row become one; results of tools come before what else the user says; a
///   prompt-cache marker inside a result moves to the result.
/// - Claude Code's `x-anthropic-billing-header:` block is dropped, with a note.
/// - Thinking without a signature stays in `reasoning_content` only: Anthropic takes none back.
/// - What the answer sealed for other vendors, see below, stands in its members again.
///
/// Content that is a string stays one, and a list stays a list: vendors that take strings only have to be told
/// so. Text beside thinking, calls or results is a string, as it is in a list by itself again.
///
/// A message of the model's that holds more than thinking, text and calls in this order, such as searches that
/// ran at Anthropic, is kept whole under `provider_specific_fields.content_blocks`, where the Anthropic
/// translator finds it.
///
/// `output_config.effort` is said as `reasoning_effort` too, and so is a budget of thinking: as the effort of
/// `low` (1024 tokens), `medium` (2048) or `high` (4096) that is nearest.
///
/// # Answers
///
/// Thinking comes first, then text, then calls; blocks that Anthropic gave and that were kept come as they
/// were. What another vendor wants back, and Messages have no place for, is sealed
/// ([`Kept`](llm_provider_core::Kept)): a block of thinking as its `signature`; members of a call as `redacted_thinking`
/// before it; members of the message as `redacted_thinking` at the end. Text that is empty or of spaces only is left out, as Anthropic would refuse it when it is sent back.
/// Tools that another vendor ran itself are told as blocks that ask and blocks that tell what came of it, between the
/// texts; their names have a mark, and when they come back they are left out, as the vendor's own words are sealed.
/// Arguments that are no JSON object become `{"arguments": "…"}`; in a stream they pass as they are.
///
/// In a stream, `provider_specific_fields` of a delta may hold `content_block`, a block that Anthropic alone
/// has or the beginning of a text that is a block of its own, and `citation`, a source of the text around it.
/// They are told in their turn. Members of `provider_specific_fields` of the answer as a whole are told as the
/// answer's, unless their names mean something here.
#[derive(Debug, Clone, Copy, Default)]
pub struct MessagesIngress;

/// `POST /v1/messages/count_tokens`
impl WholeIngress<CountTokens> for MessagesIngress {
    fn read(&self, body: &[u8]) -> Result<Incoming, IngressError> {
        read::read(body)
    }

    fn write(&self, _request: &ChatRequest, count: &TokenCount, _reply: &Reply) -> Outgoing {
        let body = format!("{{\"input_tokens\":{}}}", count.input_tokens).into();
        Outgoing { body, notes: Vec::new() }
    }
}

impl Ingress for MessagesIngress {
    fn dialect(&self) -> Dialect {
        Dialect::AnthropicMessages
    }

    fn read(&self, body: &[u8]) -> Result<Incoming, IngressError> {
        read::read(body)
    }

    fn write(&self, response: &ChatResponse, reply: &Reply) -> Outgoing {
        let (message, notes) = write::write(response, reply);
        Outgoing { body: to_bytes(&message), notes }
    }

    fn writer(&self, reply: &Reply) -> Box<dyn ChunkWriter> {
        Box::new(stream::MessagesWriter::new(reply))
    }

    fn error(&self, error: &ApiError, reply: &Reply) -> Bytes {
        to_bytes(&error::response(error, reply))
    }

    fn error_status(&self, error: &ApiError) -> u16 {
        error::status(error)
    }

    /// The SDKs show it as `_request_id` of an answer and as `request_id` of an error.
    fn request_id_header(&self) -> Option<http::HeaderName> {
        Some(http::HeaderName::from_static("request-id"))
    }

    fn error_event(&self, error: &ApiError, reply: &Reply) -> Bytes {
        let mut out = BytesMut::new();
        error::write_event(error, reply, &mut out);
        out.freeze()
    }

    fn cut_short(&self, frames: &[Bytes], usage: &Usage, _reply: &Reply) -> Bytes {
        let mut out = BytesMut::new();
        cut::write(frames, usage, &mut out);
        out.freeze()
    }
}

/// JSON text. Maps with text as names, numbers and strings always have one.
fn to_bytes<T: Serialize>(value: &T) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}
