//! A folder of segments: whose it is, and what is in it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use super::disk;
use super::error::on;
use super::{JournalError, JournalOptions, WhenFull};

/// How segments' names end.
const SEGMENT: &str = "journal";
/// How names of copies of damaged segments end.
pub(crate) const COPY: &str = "damaged";
/// How names end of what is not whole yet.
const UNFINISHED: &str = "new";

/// A folder that is this process's as long as this lives.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    pub(crate) max_bytes: u64,
    /// Locked.
    _lock: File,
}

/// The folders of a journal.
#[derive(Debug)]
pub(crate) struct Folders {
    pub(crate) first: Folder,
    /// Where it goes when the first is full.
    pub(crate) second: Option<Folder>,
}

impl Folders {
    /// Takes them for this process.
    pub(crate) fn take(options: &JournalOptions) -> Result<Self, JournalError> {
        let first = Folder::take(&options.folder, options.max_bytes)?;
        let second = match &options.when_full {
            WhenFull::Refuse => None,
            WhenFull::Overflow { folder, max_bytes } => Some(Folder::take(folder, *max_bytes)?),
        };
        Ok(Self { first, second })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Folder> {
        std::iter::once(&self.first).chain(&self.second)
    }
}

impl Folder {
    /// Makes the folder if need be and takes it for this process.
    fn take(path: &Path, max_bytes: u64) -> Result<Self, JournalError> {
        disk::make_folder(path).map_err(on(path))?;
        let name = path.join("lock");
        let lock = disk::open(&name).map_err(on(&name))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), max_bytes, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(JournalError::InUse { folder: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(JournalError::Io { path: name, source }),
        }
    }

    /// Makes it last that the folder is there.
    pub(crate) fn sync_above(&self) -> Result<(), JournalError> {
        let above = self.path.parent().filter(|above| !above.as_os_str().is_empty());
        let above = above.unwrap_or(Path::new("."));
        disk::sync_folder(above).map_err(on(above))
    }

    /// Removes what was being made when a process died.
    pub(crate) fn tidy(&self) -> Result<(), JournalError> {
        for path in files(&self.path)? {
            if has_extension(&path, UNFINISHED) {
                std::fs::remove_file(&path).map_err(on(&path))?;
            }
        }
        Ok(())
    }

    /// Removes the oldest copies of damaged segments but for those of `kept`, until there are at most so many and they take
    /// at most so many bytes; which those were.
    pub(crate) fn forget_copies(
        &self,
        (max_copies, max_bytes): (usize, u64),
        kept: &[&Path],
    ) -> Result<Vec<PathBuf>, JournalError> {
        let mut copies = Vec::new();
        for path in files(&self.path)?.into_iter().filter(|path| has_extension(path, COPY)) {
            let metadata = path.metadata().map_err(on(&path))?;
            let age = metadata.modified().map_err(on(&path))?;
            copies.push((age, path, disk::space(&metadata)));
        }
        copies.sort_unstable();
        let (mut left, mut bytes) = (copies.len(), copies.iter().map(|(.., bytes)| bytes).sum::<u64>());
        let mut removed = Vec::new();
        for (_, path, own) in copies {
            if left <= max_copies && bytes <= max_bytes {
                break;
            }
            if kept.contains(&&*path) {
                continue;
            }
            std::fs::remove_file(&path).map_err(on(&path))?;
            (left, bytes) = (left - 1, bytes - own);
            removed.push(path);
        }
        Ok(removed)
    }
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|extension| extension == wanted)
}

/// The segments in a folder by their numbers.
pub(crate) fn segments(folder: &Path) -> Result<Vec<(u64, PathBuf)>, JournalError> {
    let mut segments: Vec<_> =
        files(folder)?.into_iter().filter_map(|path| Some((number(&path)?, path))).collect();
    segments.sort_unstable();
    Ok(segments)
}

/// The path of a segment.
pub(crate) fn segment_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:020}.{SEGMENT}"))
}

/// The path of something that is to stand at `path` when it is whole.
pub(crate) fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(UNFINISHED);
    name.into()
}

fn number(path: &Path) -> Option<u64> {
    if !has_extension(path, SEGMENT) {
        return None;
    }
    let digits = path.file_stem()?.to_str()?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, JournalError> {
    let entries = std::fs::read_dir(folder).map_err(on(folder))?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(on(folder))).collect()
}
