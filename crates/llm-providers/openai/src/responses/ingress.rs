//! [`ResponsesIngress`]: clients that speak the Responses API, to any model.

mod answer;
mod cut;
mod hosted;
mod read;
mod stream;
mod write;

use bytes::Bytes;
use llm_provider_core::{ChunkWriter, Dialect, Incoming, Ingress, IngressError, Outgoing, Reply};
use llm_types::{ApiError, ChatResponse, Usage};
use serde_json::json;

/// Reads requests of the Responses API into the canonical form and writes canonical answers as this API's.
///
/// # Requests
///
/// Stored state is not available here: `previous_response_id`, `conversation`, `background`, `prompt` and references
/// to stored items are refused, and `store: true` is passed over with a note.
///
/// - What the model did in a row, thinking, text and calls, becomes one message. Where it did more than that or in
///   another order, its items are kept whole under `provider_specific_fields.output_items`, where the translator for
///   this API finds them.
/// - Functions in a namespace become functions named `namespace_-_name`; tools that take free text become functions
///   with one text, `input`, named `name_-_`. Calls of them are told to the client as they were asked for.
/// - A search of the web becomes `web_search_options`. Other tools of OpenAI's own stay in its words: the vendor's
///   translator says them as what that vendor has instead, or leaves them out. Calls of a shell and the like in the
///   history become calls of functions.
/// - `text.format` becomes `response_format`, `reasoning.effort` `reasoning_effort`, `instructions` a system message.
/// - Members that this API does not know mean what they mean in the canonical form.
///
/// # Answers
///
/// Thinking comes first, then text, then calls. Thinking that its vendor signed has the signature in
/// `encrypted_content`, with a mark; when the client sends it back, the block goes to its vendor byte for byte. The
/// same way go signatures of calls and whatever else a vendor must have back: in an item of thinking at the end.
/// Tools that another vendor ran itself are told as this API's own are, between the texts: `web_search_call`,
/// `code_interpreter_call`, `file_search_call`, `mcp_call`. Their names have a mark; when they come back they are left
/// out, as the vendor's own words are in the item at the end.
/// What a vendor says beside is in `provider_specific_fields` of the answer.
///
/// Names of items are made from the answer's, and are the same in every event.
#[derive(Debug, Clone, Copy, Default)]
pub struct ResponsesIngress;

impl Ingress for ResponsesIngress {
    fn dialect(&self) -> Dialect {
        Dialect::OpenAiResponses
    }

    fn read(&self, body: &[u8]) -> Result<Incoming, IngressError> {
        read::read(body)
    }

    fn write(&self, response: &ChatResponse, reply: &Reply) -> Outgoing {
        let (wire, notes) = write::write(response, reply);
        Outgoing { body: serde_json::to_vec(&wire).unwrap_or_default().into(), notes }
    }

    fn writer(&self, reply: &Reply) -> Box<dyn ChunkWriter> {
        Box::new(stream::Writer::new(reply))
    }

    fn error(&self, error: &ApiError, _: &Reply) -> Bytes {
        crate::ingress::error_body(error).into()
    }

    fn error_event(&self, error: &ApiError, _: &Reply) -> Bytes {
        // How many events came before is not known where bytes pass through.
        error_event(error, 0).into()
    }

    fn broken(&self, frames: &[Bytes], error: &ApiError, reply: &Reply) -> Bytes {
        cut::broken(frames, error, reply)
    }

    fn cut_short(&self, frames: &[Bytes], usage: &Usage, reply: &Reply) -> Bytes {
        cut::write(frames, usage, reply)
    }
}

/// The event `error`. What it says stands there twice: as the reference has it, and under `error`, where OpenAI's own
/// libraries look for it.
fn error_value(error: &ApiError) -> serde_json::Value {
    let body = crate::ingress::error_body(error);
    let mut event: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let told = event["error"].take();
    json!({
        "type": "error",
        "code": told["code"],
        "message": told["message"],
        "param": told["param"],
        "error": told,
    })
}

/// The same as a frame.
fn error_event(error: &ApiError, sequence_number: u64) -> Vec<u8> {
    let mut event = error_value(error);
    event["sequence_number"] = sequence_number.into();
    format!("event: error\ndata: {event}\n\n").into_bytes()
}
