//! The segments of a journal and what is known of each: all that its lock guards.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::ops::Range;
use std::sync::Arc;

use super::disk;
use super::error::{FullCause, JournalError, on};
use super::folder::{Folder, Folders};
use super::frame;
use super::recent::Recent;
use super::segment::{Acknowledged, HEAD_BYTES, Segment};
use crate::LegId;

/// Bytes of memory that are kept for records which are written together.
const GATHERED: usize = 256 << 10;

/// Failures that whoever waits for a record may still have to be told of.
const FAILURES: usize = 1_000;

/// An intent that is gathered.
#[derive(Debug)]
pub(crate) struct Gathered {
    /// Where it stands among what is gathered.
    pub(crate) place: Range<usize>,
    pub(crate) leg: LegId,
    /// Bytes set aside for its settlement.
    pub(crate) reserved: u64,
}

/// A segment, and what is known of it.
///
/// A leg's intent and settlement are in one segment, where room for the settlement was set aside with the intent. So a
/// segment can be judged by itself: it may go when none of its legs is open and all its settlements are acknowledged.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) segment: Arc<Segment>,
    /// Bytes that the file has.
    pub(crate) size: u64,
    /// Where the next record goes.
    pub(crate) end: u64,
    /// The last records before that, which are to be written together and are not in the file yet.
    pub(crate) gathered: Vec<u8>,
    /// The intents among those.
    pub(crate) intents: Vec<Gathered>,
    /// How many bytes of those could not be written, as far as was tried.
    pub(crate) failed: usize,
    /// Legs whose intents could not be: nobody is asked for them, and nothing becomes of them.
    pub(crate) refused: Vec<LegId>,
    /// Bytes set aside for settlements.
    pub(crate) reserved: u64,
    /// Legs without settlement.
    pub(crate) open: u64,
    /// Settlements in it, as far as they can be read.
    pub(crate) settled: u64,
    /// Of those, acknowledged.
    pub(crate) done: u64,
    pub(crate) acknowledged: Acknowledged,
    /// Written to since the disk had all of it.
    pub(crate) dirty: bool,
    /// Something is wrong with it: it takes no further intents, and stays until a journal is opened with it.
    pub(crate) suspect: bool,
}

impl Live {
    fn fresh(segment: Segment, size: u64) -> Self {
        Self {
            segment: Arc::new(segment),
            size,
            end: HEAD_BYTES as u64,
            gathered: Vec::new(),
            intents: Vec::new(),
            failed: 0,
            refused: Vec::new(),
            reserved: 0,
            open: 0,
            settled: 0,
            done: 0,
            acknowledged: Acknowledged { offset: HEAD_BYTES as u64, turn: 0 },
            dirty: true,
            suspect: false,
        }
    }

    /// Bytes that nothing is in and nobody has a right to.
    pub(crate) fn free(&self) -> u64 {
        self.size.saturating_sub(self.end).saturating_sub(self.reserved)
    }

    fn takes(&self, bytes: u64) -> bool {
        !self.suspect && self.free() >= bytes
    }

    fn is_done(&self) -> bool {
        !self.suspect && self.open == 0 && self.done == self.settled
    }

    /// Writes frames behind the last.
    pub(crate) fn append(&mut self, frames: &[u8]) -> Result<(), JournalError> {
        self.write_gathered()?;
        if let Err(error) = disk::write_all_at(&self.segment.file, frames, self.end) {
            self.suspect = true;
            // Whatever was written of it is no record; the next one is written in its place.
            let _ = disk::write_all_at(&self.segment.file, &vec![0; frames.len()], self.end);
            return Err(on(&self.segment.path)(error));
        }
        self.end += frames.len() as u64;
        self.dirty = true;
        Ok(())
    }

    /// Puts a frame behind the last, to be written with others.
    pub(crate) fn gather(&mut self, frame: &[u8]) {
        self.gathered.extend_from_slice(frame);
        self.end += frame.len() as u64;
    }

    /// Writes what was gathered. What cannot be written stays, and is tried again.
    fn write_gathered(&mut self) -> Result<(), JournalError> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let place = self.end - self.gathered.len() as u64;
        if let Err(error) = disk::write_all_at(&self.segment.file, &self.gathered, place) {
            self.suspect = true;
            // Whatever was written of it is no record: of the intents none may be found.
            let _ = disk::write_all_at(&self.segment.file, &vec![0; self.gathered.len()], place);
            return Err(on(&self.segment.path)(error));
        }
        self.gathered.clear();
        self.intents.clear();
        self.failed = 0;
        self.gathered.shrink_to(GATHERED);
        self.dirty = true;
        Ok(())
    }

    /// Takes back the intents that are gathered. Whatever is settled keeps its place.
    fn refuse_intents(&mut self) {
        for Gathered { place, leg, reserved } in self.intents.drain(..) {
            let gap = frame::gap(place.len());
            self.gathered[place].copy_from_slice(&gap);
            self.reserved -= reserved;
            self.open -= 1;
            self.refused.push(leg);
        }
    }

    /// Whether a leg was refused. To be asked once.
    pub(crate) fn take_refused(&mut self, leg: LegId) -> bool {
        let place = self.refused.iter().position(|refused| *refused == leg);
        place.map(|place| self.refused.swap_remove(place)).is_some()
    }

    /// Writes what was gathered, or takes the intents among it back. What could not be written before is an error once: others
    /// go on elsewhere.
    fn flush(&mut self) -> Result<(), JournalError> {
        let Err(error) = self.write_gathered() else { return Ok(()) };
        // Here alone, where whoever waits for them is told.
        self.refuse_intents();
        let is_known = self.gathered.len() == self.failed;
        self.failed = self.gathered.len();
        if is_known { Ok(()) } else { Err(error) }
    }
}

/// What the lock of a journal guards.
#[derive(Debug, Default)]
pub(crate) struct Core {
    pub(crate) segments: BTreeMap<u64, Live>,
    /// Where intents go.
    pub(crate) active: Option<u64>,
    /// The next segment's number.
    pub(crate) next: u64,
    /// Whether the last intent was refused.
    pub(crate) is_full: bool,
    /// How many were refused.
    pub(crate) refused: u64,
    /// All bytes of records since the journal was opened, with those that are to be written.
    pub(crate) accepted: u64,
    /// Between which of them some could not be written when it was time: the last that were so.
    pub(crate) failed: VecDeque<Range<u64>>,
    /// Entries that nobody has read yet.
    pub(crate) recent: Recent,
    /// Which folders' lists of names changed since the disk had them.
    pub(crate) dirty_folders: [bool; 2],
}

impl Core {
    /// A segment with room for so many bytes: the active one, a new one, any that has the room, or a new one in the
    /// second folder, in this order.
    pub(crate) fn room(&mut self, folders: &Folders, size: u64, bytes: u64) -> Result<u64, JournalError> {
        if let Some((number, live)) = self.active.and_then(|active| self.segments.get_key_value(&active))
            && live.takes(bytes)
        {
            return Ok(*number);
        }
        self.active = None;
        // Those that cannot be deleted now are tried again with the next acknowledgement.
        let (left, _) = delete(self.take_done());
        self.put_back(left);
        let found = self.find(folders, size, bytes);
        self.is_full = found.is_err();
        self.refused += u64::from(self.is_full);
        self.active = found.as_ref().ok().copied();
        found
    }

    fn find(&mut self, folders: &Folders, size: u64, bytes: u64) -> Result<u64, JournalError> {
        let refused = match self.grow(0, &folders.first, size) {
            Ok(number) => return Ok(number),
            Err(refused) => refused,
        };
        if let Some((number, _)) = self.segments.iter().find(|(_, live)| live.takes(bytes)) {
            return Ok(*number);
        }
        folders.second.as_ref().map_or(Err(refused), |second| self.grow(1, second, size))
    }

    /// A new segment.
    fn grow(&mut self, place: usize, folder: &Folder, size: u64) -> Result<u64, JournalError> {
        let full = |cause| JournalError::Full { folder: folder.path.clone(), cause };
        if self.bytes(place) + size > folder.max_bytes {
            return Err(full(FullCause::Bound));
        }
        let segment = Segment::create((place, &folder.path), self.next, size).map_err(|error| {
            if disk::is_full(&error) { full(FullCause::Disk) } else { on(&folder.path)(error) }
        })?;
        let number = segment.number;
        self.segments.insert(number, Live::fresh(segment, size));
        self.next += 1;
        self.dirty_folders[place] = true;
        Ok(number)
    }

    /// Writes all that was gathered, as far as that can be done. `written` is how much was written or failed before.
    pub(crate) fn flush(&mut self, written: u64) -> Result<(), JournalError> {
        let mut all = Ok(());
        for live in self.segments.values_mut() {
            all = all.and(live.flush());
        }
        if all.is_err() {
            if self.failed.len() == FAILURES {
                self.failed.pop_front();
            }
            self.failed.push_back(written..self.accepted);
        }
        all
    }

    /// Turns away from the second folder, should the first have room again.
    pub(crate) fn turn_back(&mut self) {
        let active = self.active.and_then(|number| self.segments.get(&number));
        if active.is_some_and(|live| live.segment.folder > 0) {
            self.active = None;
        }
    }

    /// Bytes of a folder's segments.
    pub(crate) fn bytes(&self, folder: usize) -> u64 {
        self.segments.values().filter(|live| live.segment.folder == folder).map(|live| live.size).sum()
    }

    /// Takes out the segments that nobody needs.
    pub(crate) fn take_done(&mut self) -> Vec<Live> {
        let active = self.active;
        let done = self.segments.extract_if(.., |number, live| Some(*number) != active && live.is_done());
        done.map(|(_, live)| live).collect()
    }

    /// Puts back those that could not be deleted: another time.
    pub(crate) fn put_back(&mut self, left: Vec<Live>) {
        self.segments.extend(left.into_iter().map(|live| (live.segment.number, live)));
    }
}

/// Deletes segments; those that could not be deleted, and why the last of them could not.
pub(crate) fn delete(done: Vec<Live>) -> (Vec<Live>, Option<JournalError>) {
    let mut failed = None;
    let mut left = Vec::new();
    for live in done {
        match std::fs::remove_file(&live.segment.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                failed = Some(on(&live.segment.path)(error));
                left.push(live);
            }
            _ => {}
        }
    }
    (left, failed)
}
