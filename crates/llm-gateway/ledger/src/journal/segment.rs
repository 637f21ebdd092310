//! One file of a journal: its head, and how far it was acknowledged.
//!
//! The head is 128 bytes: a magic, the format's version, the segment's number, a CRC-32; then two slots that are written
//! in turn, each an offset up to which settlements were acknowledged, the number of the turn, a CRC-32. A slot that was
//! not written to its end leaves the other. Records follow.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::disk;
use super::error::{JournalError, on};
use super::folder::{segment_path, unfinished};

/// Where records begin.
pub(crate) const HEAD_BYTES: usize = 128;
/// What is checked of the head.
pub(crate) const MAGIC_BYTES: usize = 24;
const MAGIC: [u8; 8] = *b"llmledg\n";
const VERSION: u32 = 1;
const SLOTS: [usize; 2] = [32, 64];
const SLOT_BYTES: usize = 20;
/// How much of a segment is read at a time.
const PIECE: usize = 64 << 10;

/// One file of a journal.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) number: u64,
    /// Which of the journal's folders it is in.
    pub(crate) folder: usize,
    pub(crate) path: PathBuf,
    pub(crate) file: File,
}

/// Up to where settlements were acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    /// Settlements that begin before this offset.
    pub(crate) offset: u64,
    /// How often this was written.
    pub(crate) turn: u64,
}

/// What a head says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Whether it is as it was written.
    pub(crate) is_sound: bool,
    pub(crate) acknowledged: Acknowledged,
}

impl Segment {
    /// Makes a segment with all its space.
    pub(crate) fn create(folder: (usize, &Path), number: u64, bytes: u64) -> io::Result<Self> {
        let path = segment_path(folder.1, number);
        let beginning = unfinished(&path);
        let file = disk::open(&beginning)?;
        let made = disk::allocate(&file, 0, bytes)
            .and_then(|()| disk::write_all_at(&file, &head(number), 0))
            .and_then(|()| std::fs::rename(&beginning, &path));
        if let Err(error) = made {
            // What there was of it is in the way of others.
            let _ = std::fs::remove_file(&beginning);
            return Err(error);
        }
        Ok(Self { number, folder: folder.0, path, file })
    }

    /// Opens a segment that is there.
    pub(crate) fn open(folder: usize, number: u64, path: &Path) -> io::Result<Self> {
        Ok(Self { number, folder, path: path.to_owned(), file: disk::open(path)? })
    }

    /// All bytes of it, and zeros up to the end of the head if it is shorter than that.
    pub(crate) fn read(&self) -> io::Result<Vec<u8>> {
        let length = usize::try_from(self.file.metadata()?.len()).map_err(io::Error::other)?;
        let mut bytes = vec![0; length.max(HEAD_BYTES)];
        // Most of a segment may be zeros. Memory that is zero from the beginning takes no room until it is written to.
        let (mut piece, mut place) = (vec![0; PIECE], 0);
        for part in bytes[..length].chunks_mut(PIECE) {
            let piece = &mut piece[..part.len()];
            disk::read_exact_at(&self.file, piece, place)?;
            if piece.iter().any(|byte| *byte != 0) {
                part.copy_from_slice(piece);
            }
            place += PIECE as u64;
        }
        Ok(bytes)
    }

    /// Keeps up to where settlements were acknowledged; nothing of the disk is needed for it.
    pub(crate) fn acknowledge(&self, acknowledged: Acknowledged) -> io::Result<()> {
        let mut slot = [0; SLOT_BYTES];
        slot[..8].copy_from_slice(&acknowledged.offset.to_le_bytes());
        slot[8..16].copy_from_slice(&acknowledged.turn.to_le_bytes());
        let crc = crc32fast::hash(&slot[..16]);
        slot[16..].copy_from_slice(&crc.to_le_bytes());
        let place = if acknowledged.turn.is_multiple_of(2) { SLOTS[0] } else { SLOTS[1] };
        disk::write_all_at(&self.file, &slot, place as u64)
    }

    /// Writes the head anew, but for what was acknowledged.
    pub(crate) fn mend_head(&self) -> io::Result<()> {
        disk::write_all_at(&self.file, &head(self.number), 0)
    }
}

/// What the head of a segment says.
pub(crate) fn read_head(path: &Path, bytes: &[u8]) -> Result<Head, JournalError> {
    let short = || on(path)(io::ErrorKind::UnexpectedEof.into());
    let head = bytes.get(..HEAD_BYTES).ok_or_else(short)?;
    let is_sound = u32_at(head, 20) == crc32fast::hash(&head[..20]) && head[..8] == MAGIC;
    let version = u32_at(head, 8);
    if is_sound && version != VERSION {
        return Err(JournalError::Version { path: path.to_owned(), version });
    }
    let slots = SLOTS.iter().filter_map(|place| {
        let slot = &head[*place..place + SLOT_BYTES];
        let is_sound = u32_at(slot, 16) == crc32fast::hash(&slot[..16]);
        is_sound.then(|| Acknowledged { offset: u64_at(slot, 0), turn: u64_at(slot, 8) })
    });
    let first = Acknowledged { offset: HEAD_BYTES as u64, turn: 0 };
    let acknowledged = slots.max_by_key(|slot| slot.turn).unwrap_or(first);
    Ok(Head { is_sound, acknowledged })
}

fn head(number: u64) -> [u8; MAGIC_BYTES] {
    let mut head = [0; MAGIC_BYTES];
    head[..8].copy_from_slice(&MAGIC);
    head[8..12].copy_from_slice(&VERSION.to_le_bytes());
    head[12..20].copy_from_slice(&number.to_le_bytes());
    let crc = crc32fast::hash(&head[..20]);
    head[20..].copy_from_slice(&crc.to_le_bytes());
    head
}

fn u32_at(bytes: &[u8], place: usize) -> u32 {
    bytes[place..].first_chunk().copied().map_or(0, u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], place: usize) -> u64 {
    bytes[place..].first_chunk().copied().map_or(0, u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_acknowledged_last_is_kept_in_turns() {
        let folder = tempfile::tempdir().unwrap();
        let segment = Segment::create((0, folder.path()), 7, 4096).unwrap();
        let acknowledged = |bytes: &[u8]| read_head(&segment.path, bytes).unwrap().acknowledged.offset;
        assert_eq!(acknowledged(&segment.read().unwrap()), 128);
        for turn in 1..6 {
            segment.acknowledge(Acknowledged { offset: 1000 + turn, turn }).unwrap();
            assert_eq!(acknowledged(&segment.read().unwrap()), 1000 + turn);
        }
        // Whatever happens to the last, the one before it is there.
        let sound = segment.read().unwrap();
        for place in SLOTS[1]..SLOTS[1] + SLOT_BYTES {
            let mut bytes = sound.clone();
            bytes[place] ^= 0x10;
            assert_eq!(acknowledged(&bytes), 1004);
        }
    }

    #[test]
    fn what_is_read_is_what_is_there_however_long_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let length = 3 * PIECE as u64 + 40;
        let segment = Segment::create((0, folder.path()), 7, length).unwrap();
        for place in [PIECE as u64 - 3, 2 * PIECE as u64 + 5, length - 4] {
            disk::write_all_at(&segment.file, b"word", place).unwrap();
        }
        let bytes = segment.read().unwrap();
        assert_eq!(bytes, std::fs::read(&segment.path).unwrap());
        assert_eq!(bytes.windows(4).filter(|bytes| bytes == b"word").count(), 3);
        // Shorter than its head.
        segment.file.set_len(10).unwrap();
        assert_eq!(segment.read().unwrap().len(), HEAD_BYTES);
    }

    #[test]
    fn a_head_is_known_and_a_later_one_refused() {
        let path = Path::new("7.journal");
        let mut bytes = head(7).to_vec();
        bytes.resize(HEAD_BYTES, 0);
        assert!(read_head(path, &bytes).unwrap().is_sound);
        for place in 0..MAGIC_BYTES {
            let mut bytes = bytes.clone();
            bytes[place] ^= 0x04;
            assert!(!read_head(path, &bytes).unwrap().is_sound);
        }
        bytes[8] = 2;
        let crc = crc32fast::hash(&bytes[..20]);
        bytes[20..24].copy_from_slice(&crc.to_le_bytes());
        assert_eq!(
            read_head(path, &bytes).unwrap_err().to_string(),
            "7.journal has format 2, which this version does not know"
        );
        assert!(read_head(path, &bytes[..100]).is_err());
    }

    #[test]
    #[cfg(unix)]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let segment = Segment::create((0, folder.path()), 1, 4096).unwrap();
        let mode = std::fs::metadata(&segment.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(segment.path.file_name().unwrap(), "00000000000000000001.journal");
        assert_eq!(segment.file.metadata().unwrap().len(), 4096);
    }
}
