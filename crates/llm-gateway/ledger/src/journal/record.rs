//! Records as bytes, and back.

use std::cell::Cell;
use std::sync::Arc;

use super::JournalError;
use super::binary::{Payload, Unreadable};
use super::frame::{self, CHECKPOINT, Frame, HEAD, INTENT, SETTLEMENT};
use crate::{Checkpoint, Entry, Flag, Intent};

/// What a settlement may take more than the intent of its leg: its numbers, an error, details, and texts that became
/// longer.
const GROWTH: usize = 1024 + Entry::TEXT_BYTES + Entry::DETAILS_BYTES + 512;

/// One record of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Record {
    /// A vendor is about to be asked.
    Intent(Box<Intent>),
    /// How far its answer has come.
    Checkpoint(Checkpoint),
    /// What became of the leg.
    Settlement(Box<Entry>),
}

impl Record {
    /// What a frame holds; `None` for what later versions know, and for what says nothing.
    pub(crate) fn of(frame: &Frame<'_>) -> Option<Result<Self, Unreadable>> {
        let payload = frame.payload;
        Some(match frame.tag {
            INTENT => Intent::read(payload).map(|intent| Self::Intent(Box::new(intent))),
            CHECKPOINT => Checkpoint::read(payload).map(Self::Checkpoint),
            SETTLEMENT => Entry::read(payload).map(|entry| Self::Settlement(Box::new(entry))),
            _ => return None,
        })
    }
}

thread_local! {
    /// The thread's, so that none is made for each record.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Hands a record to `write` as the bytes of its frame.
pub(crate) fn with<T>(
    tag: u8,
    value: &impl Payload,
    write: impl FnOnce(&[u8]) -> Result<T, JournalError>,
) -> Result<T, JournalError> {
    let mut buffer = BUFFER.take();
    encode(&mut buffer, tag, value);
    let written = write(&buffer);
    BUFFER.set(buffer);
    written
}

/// Hands a settlement to `write` as the bytes of its frame, and itself, which it may take.
pub(crate) fn with_settlement(
    entry: &mut Option<Arc<Entry>>,
    write: impl FnOnce(&[u8], &mut Option<Arc<Entry>>) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let mut buffer = BUFFER.take();
    if let Some(entry) = entry.as_deref() {
        encode(&mut buffer, SETTLEMENT, entry);
    }
    let written = write(&buffer, entry);
    BUFFER.set(buffer);
    written
}

/// Hands an intent on, within its bounds.
pub(crate) fn with_intent<T>(
    intent: &Intent,
    write: impl FnOnce(&[u8]) -> Result<T, JournalError>,
) -> Result<T, JournalError> {
    match intent.entry.bounded() {
        std::borrow::Cow::Borrowed(_) => with(INTENT, intent, write),
        std::borrow::Cow::Owned(entry) => with(INTENT, &Intent { entry, ..intent.clone() }, write),
    }
}

/// Adds a record's frame to others.
pub(crate) fn push(frames: &mut Vec<u8>, tag: u8, value: &impl Payload) {
    let mut frame = Vec::new();
    encode(&mut frame, tag, value);
    frames.append(&mut frame);
}

/// The room that is set aside for the settlement of an intent whose frame takes `intent` bytes.
pub(crate) fn reserve(intent: usize) -> u64 {
    frame::framed(intent + GROWTH) as u64
}

/// The frame of a settlement that takes at most `room` bytes. What must be there always fits the room that was set
/// aside for it; what does not is left out, the charges last.
pub(crate) fn squeezed(entry: &Entry, room: u64) -> (Entry, Vec<u8>) {
    let mut buffer = Vec::new();
    let mut fits = |entry: &Entry| {
        encode(&mut buffer, SETTLEMENT, entry);
        buffer.len() as u64 <= room
    };
    let mut entry = entry.clone();
    entry.details = "".into();
    entry.flags = entry.flags.with(Flag::Shortened);
    if !fits(&entry) {
        entry = entry.bare();
        while !fits(&entry) && entry.charges.pop().is_some() {}
    }
    (entry, buffer)
}

fn encode(buffer: &mut Vec<u8>, tag: u8, value: &impl Payload) {
    buffer.clear();
    buffer.resize(HEAD, 0);
    value.write(buffer);
    frame::seal(buffer, tag);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Charge, LegId, RequestId, SmolStr, Status};

    #[test]
    fn what_must_be_there_fits_any_room_set_aside() {
        let id = LegId { request: RequestId::new(uuid::Uuid::max()), leg: u32::MAX };
        let least = serde_json::json!({"r": id.request, "l": id.leg, "s": Status::Interrupted});
        let entry: Entry = serde_json::from_value(least).unwrap();
        let intent = Intent { entry: entry.clone(), prompt_tokens: 0, input_rate: 0, output_rate: 0 };
        let room = with_intent(&intent, |bytes| Ok(reserve(bytes.len()))).unwrap();

        let long: SmolStr = "\"".repeat(250).into();
        let mut entry = entry;
        for text in [&mut entry.model, &mut entry.user, &mut entry.error, &mut entry.session_id] {
            *text = long.clone();
        }
        entry.details = "\\".repeat(Entry::DETAILS_BYTES / 2).into();
        entry.charges = vec![Charge { account: long.as_str().into(), window: 7 }; 30];
        let bounded = entry.bounded().into_owned();
        assert_eq!(bounded, entry, "it is within its bounds, and yet more than the intent let expect");
        let (_, frame) = squeezed(&bounded, room);
        assert!(frame.len() as u64 <= room);
        let frame = frame::at(&frame, 0).unwrap();
        let Some(Ok(Record::Settlement(kept))) = Record::of(&frame) else { panic!("a settlement") };
        assert_eq!((kept.id, kept.flags.has(Flag::Shortened)), (id, true));
        assert!(kept.charges.len() >= 8 && kept.charges[..] == entry.charges[..kept.charges.len()]);

        // Details go first.
        let (_, frame) = squeezed(&bounded, 1 << 20);
        let frame = frame::at(&frame, 0).unwrap();
        let Some(Ok(Record::Settlement(kept))) = Record::of(&frame) else { panic!("a settlement") };
        assert_eq!((kept.charges.len(), &*kept.details, kept.model.len()), (30, "", 250));
    }

    #[test]
    fn tags_of_later_versions_are_passed_over() {
        let frame = Frame { start: 0, end: 16, tag: 77, payload: b"\xff" };
        assert!(Record::of(&frame).is_none());
    }
}
