//! The end of a stream that passed through, where it goes on no further.

use bytes::{Bytes, BytesMut};
use llm_provider_core::{Beside, Framing};
use llm_types::{Extra, Nullable, Usage};
use serde::Deserialize;
use serde_json::json;

use super::stream::event;
use super::write::metrics;
use crate::usage;
use crate::wire::{MessageStop, Metadata, StopReason};

/// Where an event belongs.
#[derive(Deserialize)]
struct Place {
    #[serde(rename = "contentBlockIndex")]
    index: Option<u32>,
}

/// Ends the block that is open, and the message as one that is as long as it may be.
pub(super) fn write(frames: &[Bytes], took: &Usage, out: &mut BytesMut) {
    let mut open = None;
    for frame in frames {
        let Ok(told) = Framing::EventStream.event(frame) else { continue };
        match told.event {
            b"contentBlockStart" | b"contentBlockDelta" => {
                let place = serde_json::from_slice::<Place>(&told.data).ok();
                open = place.and_then(|place| place.index);
            }
            b"contentBlockStop" => open = None,
            _ => {}
        }
    }
    if let Some(index) = open {
        event("contentBlockStop", &json!({ "contentBlockIndex": index }), out);
    }
    let stop = MessageStop {
        stop_reason: StopReason::MaxTokens,
        additional_model_response_fields: Nullable::Absent,
        extra: Extra::new(),
    };
    event("messageStop", &stop, out);
    let metadata = Metadata {
        usage: Nullable::Value(usage::to_wire(Some(took))),
        metrics: Nullable::Value(metrics(&mut Beside::default())),
        ..Metadata::default()
    };
    event("metadata", &metadata, out);
}
