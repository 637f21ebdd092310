//! What a journal finds when it is opened: what is settled, what was interrupted, what is damaged.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::binary::{self, Payload as _, Unreadable};
use super::core::Live;
use super::disk;
use super::error::{JournalError, on};
use super::folder::{COPY, unfinished};
use super::frame::{self, CHECKPOINT, Found, Frame, INTENT, SETTLEMENT, Scan};
use super::record;
use super::segment::{Acknowledged, HEAD_BYTES, MAGIC_BYTES, Segment, read_head};
use crate::{Checkpoint, Entry, Intent, LegId};

/// What was found when a journal was opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Recovered {
    /// Segments that were there.
    pub segments: u64,
    /// Settled entries that were never acknowledged, with those of interrupted legs.
    pub waiting: u64,
    /// Legs that were never settled, each now settled as [`Status::Interrupted`](crate::Status::Interrupted).
    pub interrupted: u64,
    /// Last records whose writing had been cut short; whoever wrote them was never told that they were written.
    pub torn: u64,
    /// What could not be read.
    pub damaged: Vec<Damage>,
    /// Copies of segments damaged before, removed because there were too many, the oldest first.
    pub removed_copies: Vec<PathBuf>,
}

/// Part of a segment that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Damage {
    /// The segment's number.
    pub segment: u64,
    /// Where in it the part begins.
    pub offset: u64,
    /// How long the part is.
    pub bytes: u64,
    /// The copy of the segment that was put aside; `None` if none could be made. The segment then stays as it is.
    pub copy: Option<PathBuf>,
}

/// A segment as it was found, read from its beginning to its end.
pub(crate) struct Survey<'a> {
    /// Intents without settlement, each with the last checkpoint.
    unsettled: HashMap<LegId, (Frame<'a>, Option<Checkpoint>)>,
    settled: u64,
    done: u64,
    /// No records.
    damaged: Vec<Range<usize>>,
    /// Records of which nothing can be made.
    unreadable: Vec<Range<usize>>,
    torn: Option<Range<usize>>,
    end: usize,
}

impl<'a> Survey<'a> {
    pub(crate) fn of(bytes: &'a [u8], acknowledged: u64) -> Self {
        let mut survey = Self {
            unsettled: HashMap::new(),
            settled: 0,
            done: 0,
            damaged: Vec::new(),
            unreadable: Vec::new(),
            torn: None,
            end: 0,
        };
        let mut scan = Scan::new(bytes, HEAD_BYTES);
        for found in scan.by_ref() {
            match found {
                Found::Frame(frame) => {
                    if survey.take(frame, acknowledged).is_err() {
                        survey.unreadable.push(frame.start..frame.end);
                    }
                }
                Found::Damage(range) => survey.damaged.push(range),
                Found::Torn(range) => survey.torn = Some(range),
            }
        }
        survey.end = scan.place();
        survey
    }

    fn take(&mut self, frame: Frame<'a>, acknowledged: u64) -> Result<(), Unreadable> {
        match frame.tag {
            INTENT => {
                self.unsettled.insert(binary::id(frame.payload)?, (frame, None));
            }
            CHECKPOINT => {
                let checkpoint = Checkpoint::read(frame.payload)?;
                if let Some((_, last)) = self.unsettled.get_mut(&checkpoint.id) {
                    *last = Some(checkpoint);
                }
            }
            SETTLEMENT => {
                // Of what was acknowledged nobody reads more than the name.
                let is_done = (frame.start as u64) < acknowledged;
                let id = if is_done { binary::id(frame.payload)? } else { Entry::read(frame.payload)?.id };
                self.settled += 1;
                self.done += u64::from(is_done);
                self.unsettled.remove(&id);
            }
            _ => {}
        }
        Ok(())
    }

    /// The entries of legs that were never settled, in order.
    pub(crate) fn interrupted(&mut self) -> Vec<Entry> {
        let mut entries = Vec::with_capacity(self.unsettled.len());
        for (_, (frame, last)) in self.unsettled.drain() {
            match Intent::read(frame.payload) {
                Ok(intent) => entries.push(intent.interrupted(last.as_ref())),
                Err(_) => self.unreadable.push(frame.start..frame.end),
            }
        }
        entries.sort_unstable_by_key(|entry| entry.id);
        entries
    }
}

/// Reads a segment, puts a copy aside if something in it is damaged, and settles what was interrupted. `None`, and no
/// such file any more, if nothing was ever written to it.
///
/// What is written here is written behind the last record in one piece, so it may be cut short and done again: a leg
/// is settled or it is not.
pub(crate) fn recover(segment: Segment, recovered: &mut Recovered) -> Result<Option<Live>, JournalError> {
    let io = |error| on(&segment.path)(error);
    let bytes = segment.read().map_err(io)?;
    if bytes.iter().all(|byte| *byte == 0) {
        std::fs::remove_file(&segment.path).map_err(io)?;
        return Ok(None);
    }
    let head = read_head(&segment.path, &bytes)?;
    let mut survey = Survey::of(&bytes, head.acknowledged.offset);
    let interrupted = survey.interrupted();
    let is_whole = mend(&segment, &bytes, &survey, head.is_sound, recovered)?;

    let mut acknowledged = head.acknowledged;
    if acknowledged.offset > survey.end as u64 {
        // Records were lost that had been acknowledged; those written in their place are not.
        acknowledged = Acknowledged { offset: survey.end as u64, turn: acknowledged.turn + 1 };
        segment.acknowledge(acknowledged).map_err(io)?;
    }
    let mut frames = Vec::new();
    for entry in &interrupted {
        record::push(&mut frames, SETTLEMENT, entry);
    }
    let (end, needed) = (survey.end as u64, frames.len() as u64);
    let mut size = (bytes.len() as u64).min(disk::limit());
    if end + needed > size {
        // Only where something was damaged, the file is shorter than it was, or the process may write less.
        disk::allocate(&segment.file, size, end + needed).map_err(io)?;
        size = end + needed;
    }
    let mut live = Live {
        segment: Arc::new(segment),
        size,
        end,
        gathered: Vec::new(),
        intents: Vec::new(),
        failed: 0,
        refused: Vec::new(),
        reserved: 0,
        open: 0,
        settled: survey.settled + interrupted.len() as u64,
        done: survey.done,
        acknowledged,
        dirty: true,
        suspect: !is_whole,
    };
    if needed > 0 {
        live.append(&frames)?;
    }
    recovered.segments += 1;
    recovered.interrupted += interrupted.len() as u64;
    recovered.waiting += live.settled - live.done;
    Ok(Some(live))
}

/// Reports what is damaged and makes the segment whole, so that it is reported once. Whether it is whole now.
fn mend(
    segment: &Segment,
    bytes: &[u8],
    survey: &Survey<'_>,
    is_head_sound: bool,
    recovered: &mut Recovered,
) -> Result<bool, JournalError> {
    let io = |error| on(&segment.path)(error);
    let write =
        |bytes: &[u8], place: usize| disk::write_all_at(&segment.file, bytes, place as u64).map_err(io);
    if let Some(torn) = &survey.torn {
        recovered.torn += 1;
        write(&vec![0; torn.len()], torn.start)?;
    }
    let head = (!is_head_sound).then_some(0..MAGIC_BYTES);
    let mut ranges: Vec<_> =
        head.into_iter().chain(survey.damaged.iter().chain(&survey.unreadable).cloned()).collect();
    if ranges.is_empty() {
        return Ok(true);
    }
    let copy = put_aside(&segment.path, bytes).ok();
    ranges.sort_unstable_by_key(|range| range.start);
    recovered.damaged.extend(ranges.into_iter().map(|range| Damage {
        segment: segment.number,
        offset: range.start as u64,
        bytes: range.len() as u64,
        copy: copy.clone(),
    }));
    if copy.is_none() {
        return Ok(false);
    }
    if !is_head_sound {
        segment.mend_head().map_err(io)?;
    }
    let (gaps, smaller): (Vec<_>, Vec<_>) =
        survey.damaged.iter().chain(&survey.unreadable).partition(|range| range.len() >= frame::framed(0));
    for range in gaps {
        write(&frame::gap(range.len()), range.start)?;
    }
    Ok(smaller.is_empty())
}

/// A copy of a damaged segment beside it. One that is there from before is left as it is.
fn put_aside(path: &Path, bytes: &[u8]) -> std::io::Result<PathBuf> {
    let copy = (0_u32..)
        .map(|number| path.with_extension(if number == 0 { COPY.into() } else { format!("{number}.{COPY}") }))
        .find(|copy| !copy.exists());
    let copy = copy.unwrap_or_else(|| path.with_extension(COPY));
    let beginning = unfinished(&copy);
    let file = disk::open(&beginning)?;
    // What was never written to is a hole: copies are kept until somebody has looked, and disks have an end.
    let written = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let made = disk::allocate(&file, 0, written as u64)
        .and_then(|()| disk::write_all_at(&file, &bytes[..written], 0))
        .and_then(|()| disk::lengthen(&file, bytes.len() as u64))
        .and_then(|()| std::fs::rename(&beginning, &copy));
    if made.is_err() {
        let _ = std::fs::remove_file(&beginning);
    }
    made.map(|()| copy)
}
