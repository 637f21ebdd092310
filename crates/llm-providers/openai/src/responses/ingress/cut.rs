//! The end of a stream that passed through, where it goes on no further.

use bytes::Bytes;
use llm_provider_core::{Reply, SseEvent};
use llm_types::{ApiError, Usage};
use serde_json::{Value, json};

use super::answer::{self, Head};
use crate::responses::items::Items;
use crate::responses::usage;
use crate::responses::wire::Status;

/// What is known of a stream.
struct Begun {
    /// The answer that it began with.
    answer: Value,
    items: Items,
    /// The number of its last event.
    number: u64,
    out: Vec<u8>,
}

impl Begun {
    fn of(frames: &[Bytes], status: Status, reply: &Reply) -> Self {
        let mut begun = Self { answer: Value::Null, items: Items::default(), number: 0, out: Vec::new() };
        for frame in frames {
            let event = SseEvent::parse(frame);
            if let Some(items) = Items::read(&event) {
                begun.items = items;
                continue;
            }
            let Ok(mut told) = serde_json::from_slice::<Value>(&event.data) else { continue };
            begun.number = told["sequence_number"].as_u64().unwrap_or(begun.number);
            if begun.answer.is_null() {
                begun.answer = told["response"].take();
            }
        }
        if !begun.answer.is_object() {
            let head = Head {
                id: reply.request_id.clone(),
                model: reply.model.clone(),
                created: reply.created_s.into(),
                tier: None,
            };
            begun.answer = serde_json::to_value(head.response(status, Vec::new())).unwrap_or_default();
        }
        begun
    }

    fn tell(&mut self, mut event: Value) {
        self.number = self.number.saturating_add(1);
        event["sequence_number"] = self.number.into();
        let kind = event["type"].as_str().unwrap_or_default();
        self.out.extend_from_slice(format!("event: {kind}\ndata: {event}\n\n").as_bytes());
    }

    /// Closes the items that are open; the answer has all of them.
    fn close_items(&mut self) {
        let items = std::mem::take(&mut self.items).close(|event| self.tell(event));
        self.answer["output"] = items.into();
    }

    fn end(mut self, kind: &str) -> Bytes {
        let answer = self.answer.take();
        self.tell(json!({"type": kind, "response": answer}));
        self.out.into()
    }
}

/// The ends of the items that are open, and the event `response.incomplete`, of the answer that the stream began with.
pub(super) fn write(frames: &[Bytes], took: &Usage, reply: &Reply) -> Bytes {
    let mut begun = Begun::of(frames, Status::Incomplete, reply);
    begun.close_items();
    begun.answer["status"] = "incomplete".into();
    begun.answer["incomplete_details"] = json!({"reason": "max_output_tokens"});
    begun.answer["usage"] = serde_json::to_value(usage::to_wire(took)).unwrap_or_default();
    begun.end("response.incomplete")
}

/// The event `error`, the ends of the items that are open, and the event `response.failed`.
pub(super) fn broken(frames: &[Bytes], error: &ApiError, reply: &Reply) -> Bytes {
    let mut begun = Begun::of(frames, Status::Failed, reply);
    begun.tell(super::error_value(error));
    begun.close_items();
    begun.answer["status"] = "failed".into();
    begun.answer["error"] = json!({"code": answer::failure_code(error.kind), "message": error.message});
    begun.end("response.failed")
}
