//! Records as bytes, and back.

use std::cell::Cell;

use serde::{Deserialize, Serialize};

use super::JournalError;
use super::frame::{self, CHECKPOINT, Frame, HEAD, INTENT, SETTLEMENT};
use crate::{Checkpoint, Entry, Flag, Intent, LegId};

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
    pub(crate) fn of(frame: &Frame<'_>) -> Option<Result<Self, serde_json::Error>> {
        let payload = frame.payload;
        Some(match frame.tag {
            INTENT => serde_json::from_slice(payload).map(Self::Intent),
            CHECKPOINT => serde_json::from_slice(payload).map(Self::Checkpoint),
            SETTLEMENT => serde_json::from_slice(payload).map(Self::Settlement),
            _ => return None,
        })
    }
}

/// Whose intent a payload is.
pub(crate) fn intent_id(payload: &[u8]) -> Result<LegId, serde_json::Error> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "n")]
        entry: LegId,
    }
    serde_json::from_slice::<Named>(payload).map(|named| named.entry)
}

/// Hands a record to `write` as the bytes of its frame. The buffer is the thread's, so that none is made each time.
pub(crate) fn with<T>(
    tag: u8,
    value: &impl Serialize,
    write: impl FnOnce(&[u8]) -> Result<T, JournalError>,
) -> Result<T, JournalError> {
    thread_local! {
        static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    let mut buffer = BUFFER.take();
    let written = encode(&mut buffer, tag, value).and_then(|()| write(&buffer));
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
pub(crate) fn push(frames: &mut Vec<u8>, tag: u8, value: &impl Serialize) -> Result<(), JournalError> {
    with(tag, value, |bytes| {
        frames.extend_from_slice(bytes);
        Ok(())
    })
}

/// The room that is set aside for the settlement of an intent whose frame takes `intent` bytes.
pub(crate) fn reserve(intent: usize) -> u64 {
    frame::framed(intent + GROWTH) as u64
}

/// The frame of a settlement that takes at most `room` bytes. What must be there always fits the room that was set
/// aside for it; what does not is left out, the charges last.
pub(crate) fn squeezed(entry: &Entry, room: u64) -> Result<Vec<u8>, JournalError> {
    let mut buffer = Vec::new();
    let mut fits = |entry: &Entry| {
        encode(&mut buffer, SETTLEMENT, entry)?;
        Ok::<_, JournalError>(buffer.len() as u64 <= room)
    };
    let mut entry = entry.clone();
    entry.details = "".into();
    entry.flags = entry.flags.with(Flag::Shortened);
    if !fits(&entry)? {
        entry = entry.bare();
        while !fits(&entry)? && entry.charges.pop().is_some() {}
    }
    Ok(buffer)
}

fn encode(buffer: &mut Vec<u8>, tag: u8, value: &impl Serialize) -> Result<(), JournalError> {
    buffer.clear();
    buffer.resize(HEAD, 0);
    serde_json::to_writer(&mut *buffer, value)?;
    frame::seal(buffer, tag);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Charge, RequestId, Status};

    #[test]
    fn what_must_be_there_fits_any_room_set_aside() {
        let id = LegId { request: RequestId::new(uuid::Uuid::max()), leg: u32::MAX };
        let least = serde_json::json!({"r": id.request, "l": id.leg, "s": Status::Interrupted});
        let entry: Entry = serde_json::from_value(least).unwrap();
        let intent = Intent { entry: entry.clone(), prompt_tokens: 0, input_rate: 0, output_rate: 0 };
        let room = with_intent(&intent, |bytes| Ok(reserve(bytes.len()))).unwrap();

        let long: Box<str> = "\"".repeat(250).into();
        let mut entry = entry;
        for text in [&mut entry.model, &mut entry.user, &mut entry.error, &mut entry.session_id] {
            *text = long.clone();
        }
        entry.details = "\\".repeat(Entry::DETAILS_BYTES / 2).into();
        entry.charges = vec![Charge { account: long, window: 7 }; 30];
        let bounded = entry.bounded().into_owned();
        assert_eq!(bounded, entry, "it is within its bounds, and yet more than the intent let expect");
        let frame = squeezed(&bounded, room).unwrap();
        assert!(frame.len() as u64 <= room);
        let frame = frame::at(&frame, 0).unwrap();
        let Some(Ok(Record::Settlement(kept))) = Record::of(&frame) else { panic!("a settlement") };
        assert_eq!((kept.id, kept.flags.has(Flag::Shortened)), (id, true));
        assert!(kept.charges.len() >= 8 && kept.charges[..] == entry.charges[..kept.charges.len()]);

        // Details go first.
        let frame = squeezed(&bounded, 1 << 20).unwrap();
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
