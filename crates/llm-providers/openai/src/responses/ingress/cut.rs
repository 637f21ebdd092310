//! The end of a stream that passed through, where it goes on no further.

use bytes::Bytes;
use llm_provider_core::{Reply, SseEvent};
use llm_types::Usage;
use serde_json::{Value, json};

use super::answer::Head;
use crate::responses::usage;
use crate::responses::wire::Status;

/// The event `response.incomplete`, of the answer that the stream began with. Items that are open stay open: their words
/// are known to the client alone.
pub(super) fn write(frames: &[Bytes], took: &Usage, reply: &Reply) -> Bytes {
    let (mut answer, mut number) = (Value::Null, 0);
    for frame in frames {
        let event = SseEvent::parse(frame);
        let Ok(mut told) = serde_json::from_slice::<Value>(&event.data) else { continue };
        number = told["sequence_number"].as_u64().unwrap_or(number);
        if answer.is_null() {
            answer = told["response"].take();
        }
    }
    if !answer.is_object() {
        let head = Head {
            id: reply.request_id.clone(),
            model: reply.model.clone(),
            created: reply.created_s.into(),
            tier: None,
        };
        answer = serde_json::to_value(head.response(Status::Incomplete, Vec::new())).unwrap_or_default();
    }
    answer["status"] = "incomplete".into();
    answer["incomplete_details"] = json!({"reason": "max_output_tokens"});
    answer["usage"] = serde_json::to_value(usage::to_wire(took)).unwrap_or_default();
    let event = json!({"type": "response.incomplete", "response": answer, "sequence_number": number.saturating_add(1)});
    format!("event: response.incomplete\ndata: {event}\n\n").into()
}
