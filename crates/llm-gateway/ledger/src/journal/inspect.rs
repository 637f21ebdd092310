//! Reading a journal's folder without opening it: for tools, whoever has the journal open.

use std::path::Path;

use super::error::{JournalError, on};
use super::folder::segments;
use super::frame::{Found, Scan};
use super::record::Record;
use super::recovery::Damage;
use super::segment::{HEAD_BYTES, Segment, read_head};

/// Reads all records of a folder, segment by segment, as they were written, acknowledged ones as well; hands each to
/// `each` with its segment's number. Nothing is changed. What is damaged is told; a last record that is cut short, as
/// it may be in a journal that is being written, is not.
///
/// # Errors
/// [`JournalError::Io`] if a file cannot be read, [`JournalError::Version`] if a later version wrote it.
pub fn read_folder(folder: &Path, mut each: impl FnMut(u64, Record)) -> Result<Vec<Damage>, JournalError> {
    let mut damaged = Vec::new();
    for (number, path) in segments(folder)? {
        let segment = Segment::open(0, number, &path).map_err(on(&path))?;
        let bytes = segment.read().map_err(on(&path))?;
        if bytes.iter().all(|byte| *byte == 0) {
            continue;
        }
        read_head(&path, &bytes)?;
        let mut damage = |start: usize, end: usize| {
            let (offset, bytes) = (start as u64, (end - start) as u64);
            damaged.push(Damage { segment: number, offset, bytes, copy: None });
        };
        for found in Scan::new(&bytes, HEAD_BYTES) {
            match found {
                Found::Frame(frame) => match Record::of(&frame) {
                    Some(Ok(record)) => each(number, record),
                    Some(Err(_)) => damage(frame.start, frame.end),
                    None => {}
                },
                Found::Damage(range) => damage(range.start, range.end),
                Found::Torn(_) => {}
            }
        }
    }
    Ok(damaged)
}
