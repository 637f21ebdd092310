//! Making what was written outlive the host, for many writers at once.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use super::core::Live;
use super::{Journal, JournalError, disk};

/// A point in what was written: all before it, in whatever segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Mark(u64);

impl Mark {
    pub(super) fn of(place: &AtomicU64) -> Self {
        Self(place.load(Ordering::Acquire))
    }

    /// Whether one of these ends with it or beyond it, and begins before it.
    pub(super) fn is_within(self, ranges: &VecDeque<Range<u64>>) -> bool {
        ranges.iter().any(|range| range.start < self.0 && self.0 <= range.end)
    }
}

impl Journal {
    /// What was noted down until now. Asked after a record was noted down, it is past that record: the record outlives the
    /// host as soon as [`Journal::synced`] has come up to the mark.
    pub fn mark(&self) -> Mark {
        Mark::of(&self.store.accepted)
    }

    /// What outlives the host already.
    pub fn synced(&self) -> Mark {
        Mark::of(&self.store.synced)
    }

    /// Writes what is not written yet, and makes all that was noted down until now outlive the host; up to where that is. Blocks for as long as the disk
    /// takes, writers do not wait for it.
    ///
    /// To be called in a loop by one thread; whoever wrote waits until it has come past its mark. One call serves all
    /// that wrote before it.
    ///
    /// # Errors
    /// [`JournalError::Unsynced`] once the disk has failed, from then on always: what the system still has of what
    /// was written before is not known, and a second success would not mean that it is there. [`JournalError::Io`] if what
    /// is not written yet cannot be.
    pub fn sync(&self) -> Result<Mark, JournalError> {
        let mut failed = self.store.syncing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = &*failed {
            return Err(JournalError::Unsynced { path: path.clone() });
        }
        let (mark, files, folders) = {
            self.flush()?;
            let mut core = self.core();
            let dirty = |live: &mut Live| std::mem::take(&mut live.dirty).then(|| live.segment.clone());
            let files: Vec<_> = core.segments.values_mut().filter_map(dirty).collect();
            (core.accepted, files, std::mem::take(&mut core.dirty_folders))
        };
        let files = files.iter().map(|segment| (&segment.path, segment.file.sync_data()));
        let dirty = self.store.folders.iter().zip(folders).filter(|(_, dirty)| *dirty);
        let folders = dirty.map(|(folder, _)| (&folder.path, disk::sync_folder(&folder.path)));
        for (path, result) in files.chain(folders) {
            if result.is_err() {
                *failed = Some(path.clone());
                return Err(JournalError::Unsynced { path: path.clone() });
            }
        }
        self.store.synced.fetch_max(mark, Ordering::Release);
        Ok(Mark(mark))
    }
}
