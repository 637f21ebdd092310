//! The end of a stream that passed through, where it goes on no further.

use bytes::{Bytes, BytesMut};
use llm_provider_core::{ChunkWriter as _, Reply, SseEvent};
use llm_types::{ChatChunk, ChunkChoice, FinishReason, Nullable, Usage};

use super::writer::Writer;

/// Ends every choice that was heard of as one that is as long as it may be, under the names of the stream's own.
pub(super) fn write(frames: &[Bytes], took: &Usage, reply: &Reply) -> Bytes {
    let mut ending = ChatChunk::new(&reply.request_id, reply.created_s, &reply.model, Vec::new());
    let (mut is_named, mut last) = (false, 0);
    for frame in frames {
        let event = SseEvent::parse(frame);
        let Ok(chunk) = serde_json::from_slice::<ChatChunk>(&event.data) else { continue };
        let indices = chunk.choices().iter().filter_map(|choice| choice.index.get());
        last = indices.copied().max().unwrap_or(0).max(last);
        if !is_named && chunk.id.is_value() {
            is_named = true;
            (ending.id, ending.created, ending.model) = (chunk.id, chunk.created, chunk.model);
        }
    }
    let (mut writer, mut out) = (Writer::new(reply.clone()), BytesMut::new());
    let ended = (0..=last).map(|index| ChunkChoice::ended(index, FinishReason::Length));
    ending.choices = Nullable::Value(ended.collect());
    writer.chunk(&ending, &mut out);
    ending.choices = Nullable::Value(Vec::new());
    ending.usage = Nullable::Value(took.clone());
    writer.chunk(&ending, &mut out);
    writer.end(&mut out);
    out.freeze()
}
