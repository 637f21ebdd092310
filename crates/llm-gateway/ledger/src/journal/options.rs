//! How a journal is kept.

use std::path::PathBuf;

use super::JournalError;

/// How a journal is kept. Made by [`JournalOptions::new`], then changed member by member.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JournalOptions {
    /// The folder. It is made if it is not there; nobody but its owner may look into it.
    pub folder: PathBuf,
    /// Bytes of one segment, taken from the disk as a whole; 256 KiB at least.
    ///
    /// A segment is deleted when all in it is settled and acknowledged, so a leg that stays open keeps one.
    pub segment_bytes: u64,
    /// Bytes of all segments in the folder together; one segment at least.
    pub max_bytes: u64,
    /// What happens when no further segment can be made.
    pub when_full: WhenFull,
    /// What a record outlives.
    pub durability: Durability,
    /// Copies of damaged segments that stay in a folder from one opening to the next.
    pub max_copies: usize,
    /// Bytes of the disk that those copies take together.
    ///
    /// When a journal is opened the oldest go until both bounds hold. What is put aside at that opening stays whatever it
    /// takes, so that nothing goes before it has been told once.
    pub max_copy_bytes: u64,
}

/// What happens when no further segment can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhenFull {
    /// Intents are refused with [`JournalError::Full`].
    Refuse,
    /// Segments are made in a second folder, such as on another disk; when that is full as well, intents are refused.
    ///
    /// Whatever lies there is only known to a journal that is opened with it.
    Overflow {
        /// The second folder.
        folder: PathBuf,
        /// Bytes of all segments in it together; one segment at least.
        max_bytes: u64,
    },
}

/// What a record outlives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// The process: a record is the system's as soon as it is written.
    #[default]
    Process,
    /// The host as well: who writes waits until [`Journal::sync`](super::Journal::sync) has come past it.
    Host,
}

impl JournalOptions {
    /// The least bytes of a segment.
    pub const MIN_SEGMENT_BYTES: u64 = 256 << 10;

    /// A journal in a folder: segments of 16 MiB, 1 GiB in all, then refusals; outlives the process. Of copies of damaged
    /// segments 16 stay, 256 MiB in all.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            segment_bytes: 16 << 20,
            max_bytes: 1 << 30,
            when_full: WhenFull::Refuse,
            durability: Durability::Process,
            max_copies: 16,
            max_copy_bytes: 256 << 20,
        }
    }

    pub(crate) fn check(&self) -> Result<(), JournalError> {
        let wrong = |reason| Err(JournalError::Options { folder: self.folder.clone(), reason });
        if self.segment_bytes < Self::MIN_SEGMENT_BYTES {
            return wrong("a segment has at least 256 KiB");
        }
        if self.segment_bytes > 1 << 30 {
            return wrong("a segment has at most 1 GiB");
        }
        if self.max_bytes < self.segment_bytes {
            return wrong("its bound is less than one segment");
        }
        match &self.when_full {
            WhenFull::Overflow { max_bytes, .. } if *max_bytes < self.segment_bytes => {
                wrong("the bound of its second folder is less than one segment")
            }
            WhenFull::Overflow { folder, .. } if *folder == self.folder => {
                wrong("its second folder is its first")
            }
            _ => Ok(()),
        }
    }
}
