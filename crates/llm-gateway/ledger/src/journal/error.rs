//! What can go wrong with a journal.

use std::io;
use std::path::{Path, PathBuf};

/// Why a journal could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The options contradict themselves.
    #[error("journal {folder}: {reason}")]
    Options {
        /// The journal's folder.
        folder: PathBuf,
        /// What is wrong.
        reason: &'static str,
    },
    /// Another process keeps its journal in the folder, or this one does already.
    #[error("journal {folder} is in use by another process")]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// A segment was written by a later version.
    #[error("{path} has format {version}, which this version does not know")]
    Version {
        /// The segment.
        path: PathBuf,
        /// Its format.
        version: u32,
    },
    /// No further intent is taken. Legs that were taken can be settled nonetheless.
    #[error("journal {folder} is full: {cause}")]
    Full {
        /// The folder that was tried last.
        folder: PathBuf,
        /// What it has run out of.
        cause: FullCause,
    },
    /// A file or folder could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Something written before could not be made lasting, so nothing after it counts as lasting either: what the
    /// system keeps of it is unknown until the journal is opened anew.
    #[error("{path} could not be written to the disk, so nothing since is sure")]
    Unsynced {
        /// The file or folder.
        path: PathBuf,
    },
    /// The leg was opened in another journal.
    #[error("the leg was opened in another journal")]
    Foreign,
}

/// What a full journal has run out of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FullCause {
    /// Its bound is reached.
    Bound,
    /// The disk, a quota, or the largest file that the process may write.
    Disk,
}

impl std::fmt::Display for FullCause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Bound => "its bound is reached",
            Self::Disk => "the disk has no space for another segment",
        })
    }
}

/// Names the path of an error of the system.
pub(crate) fn on(path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    |source| JournalError::Io { path: path.to_owned(), source }
}
