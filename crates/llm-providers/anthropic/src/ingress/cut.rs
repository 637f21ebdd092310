//! The end of a stream that passed through, where it goes on no further.

use bytes::{Bytes, BytesMut};
use llm_provider_core::SseEvent;
use llm_types::{Nullable, Usage};
use serde::Deserialize;

use super::stream::events::Event;
use super::usage;
use crate::wire::{MessageDeltaBody, StopReason};

/// What an event says of blocks.
#[derive(Deserialize)]
struct Place<'a> {
    #[serde(borrow)]
    r#type: std::borrow::Cow<'a, str>,
    index: Option<u32>,
}

/// Ends the block that is open, and the message as one that is as long as it may be.
pub(super) fn write(frames: &[Bytes], took: &Usage, out: &mut BytesMut) {
    let mut open = None;
    for frame in frames {
        let event = SseEvent::parse(frame);
        let Ok(place) = serde_json::from_slice::<Place<'_>>(&event.data) else { continue };
        match &*place.r#type {
            "content_block_start" | "content_block_delta" => open = place.index,
            "content_block_stop" => open = None,
            _ => {}
        }
    }
    if let Some(index) = open {
        Event::ContentBlockStop { index }.write(out);
    }
    let delta = MessageDeltaBody {
        stop_reason: Nullable::Value(StopReason::MaxTokens),
        stop_sequence: Nullable::Null,
        ..MessageDeltaBody::default()
    };
    let usage = usage::to_wire(Some(took), None);
    Event::MessageDelta { delta: &delta, usage: &usage, context_management: None }.write(out);
    Event::MessageStop.write(out);
}
