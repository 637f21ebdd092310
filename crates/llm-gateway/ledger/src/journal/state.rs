//! How a journal stands, for those who watch it.

use std::sync::atomic::Ordering;

use super::Store;
use super::core::Core;

/// How a journal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct JournalState {
    /// Bytes that its segments take from the disk, in both folders.
    pub bytes: u64,
    /// Its bound: that of both folders.
    pub max_bytes: u64,
    /// Its segments.
    pub segments: u64,
    /// Legs without settlement, with those that were dropped.
    pub open: u64,
    /// Settled entries that were not acknowledged.
    pub unacknowledged: u64,
    /// Whether the last intent was refused.
    pub is_full: bool,
    /// How many intents were refused since it was opened.
    pub refused: u64,
    /// Whether there are segments in the second folder.
    pub is_overflowing: bool,
    /// Their bytes.
    pub overflow_bytes: u64,
    /// Legs that were dropped without settlement and not swept yet.
    pub dropped: u64,
    /// Segments in which something is wrong; they stay until the journal is opened anew.
    pub suspect: u64,
    /// Bytes of records that a dying host may take with it.
    pub unsynced_bytes: u64,
}

impl JournalState {
    pub(super) fn of(core: &Core, store: &Store) -> Self {
        let segments = core.segments.values();
        Self {
            bytes: segments.clone().map(|live| live.size).sum(),
            max_bytes: store.folders.iter().map(|folder| folder.max_bytes).sum(),
            segments: core.segments.len() as u64,
            open: segments.clone().map(|live| live.open).sum(),
            unacknowledged: segments.clone().map(|live| live.settled - live.done).sum(),
            is_full: core.is_full,
            refused: core.refused,
            is_overflowing: core.bytes(1) > 0,
            overflow_bytes: core.bytes(1),
            dropped: store.dropped.count(),
            suspect: segments.filter(|live| live.suspect).count() as u64,
            unsynced_bytes: core.accepted.saturating_sub(store.synced.load(Ordering::Relaxed)),
        }
    }
}
