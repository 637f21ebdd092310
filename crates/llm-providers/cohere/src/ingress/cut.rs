//! The end of a stream that passed through, where it goes on no further.

use bytes::{Bytes, BytesMut};
use llm_provider_core::{Reply, SseEvent};
use llm_types::{Nullable, Usage};

use super::stream::send;
use crate::usage;
use crate::wire::{EventDelta, EventKind, StreamEvent};

/// Ends what is open, and the message as one that is as long as it may be.
pub(super) fn write(frames: &[Bytes], took: &Usage, reply: &Reply, out: &mut BytesMut) {
    let (mut id, mut open) = (None, None);
    for frame in frames {
        let event = SseEvent::parse(frame);
        let Ok(told) = serde_json::from_slice::<StreamEvent>(&event.data) else { continue };
        id = id.or_else(|| told.id.get().cloned());
        match told.r#type {
            EventKind::ContentStart | EventKind::ContentDelta => {
                open = Some((EventKind::ContentEnd, told.index));
            }
            EventKind::ToolCallStart | EventKind::ToolCallDelta => {
                open = Some((EventKind::ToolCallEnd, told.index));
            }
            EventKind::ContentEnd | EventKind::ToolCallEnd => open = None,
            _ => {}
        }
    }
    if let Some((kind, index)) = open {
        send(&StreamEvent { index, ..StreamEvent::new(kind) }, out);
    }
    let mut end = StreamEvent::new(EventKind::MessageEnd);
    end.id = Nullable::Value(id.unwrap_or_else(|| reply.request_id.clone()));
    end.delta = Nullable::Value(EventDelta {
        finish_reason: Nullable::Value("MAX_TOKENS".to_owned()),
        usage: Nullable::Value(usage::to_wire(took)),
        ..EventDelta::default()
    });
    send(&end, out);
}
