//! Reading settled entries from the files, and acknowledging them.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::binary::Payload as _;
use super::core::{Live, delete};
use super::error::on;
use super::frame::{self, ALIGN, Missing, SETTLEMENT};
use super::recovery::Damage;
use super::segment::{Acknowledged, Segment};
use super::{Journal, JournalError, disk};
use crate::Entry;

/// What is read at once.
const WINDOW: usize = 256 << 10;

/// Up to where a reader has come in each segment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Position {
    reached: BTreeMap<u64, Reached>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reached {
    offset: u64,
    /// Settlements before it, as far as they can be read.
    settled: u64,
}

/// Some entries, and the position behind them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Batch {
    /// The entries; none if there are no more now.
    pub entries: Vec<Arc<Entry>>,
    /// The position behind them: to be acknowledged when they are where they belong.
    pub position: Position,
    /// What could not be read. Its segment stays, and is looked at when the journal is opened anew.
    pub damaged: Vec<Damage>,
}

/// Yields settled entries from the first that was not acknowledged when it was made, each once: within a segment in
/// the order in which they were settled, segments side by side.
///
/// The last some thousands wait in memory as well; what is not there any more is read from the files.
#[derive(Debug)]
pub struct Reader {
    journal: Journal,
    position: Position,
    window: Window,
}

impl Reader {
    pub(super) fn new(journal: Journal) -> Self {
        let reached =
            journal.core().segments.iter().map(|(number, live)| (*number, Reached::of(live))).collect();
        Self { journal, position: Position { reached }, window: Window::default() }
    }

    /// The next entries, at most so many and of about so many bytes as they were written; at least one if there is any.
    /// Fewer does not say that there are no more.
    ///
    /// # Errors
    /// [`JournalError::Io`] if a segment cannot be read. Nothing is passed over: the next call tries again.
    pub fn next_batch(&mut self, max_entries: usize, max_bytes: usize) -> Result<Batch, JournalError> {
        // What is given away may be acknowledged, which is meant of what is in the file. Whoever noted it down is told if it
        // cannot be: what is in memory is as true.
        let _whoever_waits_is_told = self.journal.flush();
        let mut batch = Batch { position: self.position.clone(), ..Batch::default() };
        self.take_recent(&mut batch, max_entries.max(1), max_bytes.max(1));
        if batch.entries.is_empty() {
            self.read(&mut batch, max_entries, max_bytes)?;
        }
        self.position.clone_from(&batch.position);
        Ok(batch)
    }

    /// Takes entries that wait in memory, as far as they are the next ones.
    fn take_recent(&self, batch: &mut Batch, max_entries: usize, max_bytes: usize) {
        let mut bytes = 0;
        let mut core = self.journal.core();
        while batch.entries.len() < max_entries && bytes < max_bytes {
            let Some(first) = core.recent.first() else { break };
            let Some(live) = core.segments.get(&first.segment) else {
                core.recent.pop();
                continue;
            };
            let reached = batch.position.reached.entry(first.segment).or_insert_with(|| Reached::of(live));
            match (reached.settled + 1).cmp(&first.settled) {
                Ordering::Less => break,
                // It was read from the file.
                Ordering::Greater => _ = core.recent.pop(),
                Ordering::Equal => {
                    *reached = Reached { offset: first.end, settled: first.settled };
                    bytes += first.bytes;
                    batch.entries.extend(core.recent.pop().map(|first| first.entry));
                }
            }
        }
    }

    /// Reads entries from the files.
    fn read(&mut self, batch: &mut Batch, max_entries: usize, max_bytes: usize) -> Result<(), JournalError> {
        let mut bytes = 0;
        for Waiting { segment, end, from, settled } in self.waiting(&mut batch.position) {
            let mut reached = from;
            while reached.settled < settled
                && batch.entries.len() < max_entries.max(1)
                && bytes < max_bytes.max(1)
            {
                let Some(step) = self.window.step(&segment, reached.offset, end)? else { break };
                let start = std::mem::replace(&mut reached.offset, step.end);
                let entry = match step.tag {
                    Some(SETTLEMENT) => Entry::read(&self.window.bytes[step.payload.clone()]).ok(),
                    Some(_) => continue,
                    None => None,
                };
                if let Some(entry) = entry {
                    reached.settled += 1;
                    bytes += step.payload.len();
                    batch.entries.push(Arc::new(entry));
                } else {
                    batch.damaged.push(self.damage(&segment, start, step.end));
                }
            }
            batch.position.reached.insert(segment.number, reached);
        }
        Ok(())
    }

    /// Segments with settlements that were not read yet. Those that are gone are taken out of the position.
    fn waiting(&self, position: &mut Position) -> Vec<Waiting> {
        let core = self.journal.core();
        position.reached.retain(|number, _| core.segments.contains_key(number));
        let reached = |number: &u64, live: &Live| {
            position.reached.get(number).copied().unwrap_or_else(|| Reached::of(live))
        };
        let segments = core.segments.iter().filter_map(|(number, live)| {
            let from = reached(number, live);
            let (segment, end, settled) = (live.segment.clone(), live.end, live.settled);
            (from.settled < settled && from.offset < end).then_some(Waiting { segment, end, from, settled })
        });
        segments.collect()
    }

    fn damage(&self, segment: &Segment, start: u64, end: u64) -> Damage {
        if let Some(live) = self.journal.core().segments.get_mut(&segment.number) {
            live.suspect = true;
        }
        Damage { segment: segment.number, offset: start, bytes: end - start, copy: None }
    }
}

impl Journal {
    /// Keeps that all entries before a position are where they belong, and deletes segments that nobody needs any
    /// more. To be called after they are there for good: entries that are not acknowledged when a process dies are
    /// read once more.
    ///
    /// # Errors
    /// [`JournalError::Io`] if it cannot be kept, or a segment cannot be deleted. Nothing is lost: what is not kept is
    /// read once more when the journal is opened anew, and segments are deleted another time.
    pub fn acknowledge(&self, position: &Position) -> Result<(), JournalError> {
        let mut core = self.core();
        for (number, reached) in &position.reached {
            let Some(live) = core.segments.get_mut(number) else { continue };
            if reached.offset <= live.acknowledged.offset {
                continue;
            }
            let acknowledged = Acknowledged { offset: reached.offset, turn: live.acknowledged.turn + 1 };
            live.segment.acknowledge(acknowledged).map_err(on(&live.segment.path))?;
            live.acknowledged = acknowledged;
            live.done = reached.settled;
        }
        core.turn_back();
        let done = core.take_done();
        drop(core);
        let (left, failed) = delete(done);
        if let Some(error) = failed {
            self.core().put_back(left);
            return Err(error);
        }
        Ok(())
    }
}

struct Waiting {
    segment: Arc<Segment>,
    end: u64,
    from: Reached,
    settled: u64,
}

impl Reached {
    fn of(live: &Live) -> Self {
        Self { offset: live.acknowledged.offset, settled: live.done }
    }
}

/// Part of a segment, in memory.
#[derive(Debug, Default)]
struct Window {
    segment: u64,
    start: u64,
    bytes: Vec<u8>,
}

/// What was passed.
struct Step {
    /// The record's tag; `None` for what is none.
    tag: Option<u8>,
    /// Where in the window its payload is.
    payload: Range<usize>,
    /// Where the next one begins.
    end: u64,
}

impl Window {
    /// What stands at an offset of a segment that is written up to `end`; `None` if that is the end.
    fn step(&mut self, segment: &Segment, offset: u64, end: u64) -> Result<Option<Step>, JournalError> {
        if offset >= end {
            return Ok(None);
        }
        let loaded = self.start..self.start + self.bytes.len() as u64;
        if self.segment != segment.number || !loaded.contains(&offset) {
            self.load(segment, offset, end, WINDOW)?;
        }
        if let Err(Missing::Short(bytes)) = frame::at(&self.bytes, self.place(offset)) {
            self.load(segment, offset, end, bytes.max(WINDOW))?;
        }
        if let Ok(found) = frame::at(&self.bytes, self.place(offset)) {
            let payload = found.start + frame::HEAD..found.start + frame::HEAD + found.payload.len();
            return Ok(Some(Step { tag: Some(found.tag), payload, end: self.start + found.end as u64 }));
        }
        // Damaged since it was written: what follows may be far away.
        self.load(segment, offset, end, usize::MAX)?;
        let next =
            (0..self.bytes.len()).step_by(ALIGN).skip(1).find(|place| frame::at(&self.bytes, *place).is_ok());
        let end = next.map_or(end, |place| self.start + place as u64);
        Ok(Some(Step { tag: None, payload: 0..0, end }))
    }

    fn place(&self, offset: u64) -> usize {
        usize::try_from(offset - self.start).unwrap_or(usize::MAX)
    }

    fn load(&mut self, segment: &Segment, offset: u64, end: u64, bytes: usize) -> Result<(), JournalError> {
        let bytes = usize::try_from(end - offset).unwrap_or(usize::MAX).min(bytes);
        self.bytes.clear();
        self.bytes.resize(bytes, 0);
        (self.segment, self.start) = (segment.number, offset);
        let read = disk::read_exact_at(&segment.file, &mut self.bytes, offset);
        if read.is_err() {
            self.bytes.clear();
        }
        read.map_err(on(&segment.path))
    }
}
