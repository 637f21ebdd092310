//! Records within a segment: how one is framed, and how the next is found when something between is damaged.
//!
//! A frame is 12 bytes of head, the payload, and zeros up to the next multiple of 8. The head is the payload's length
//! (u32, little endian), its CRC-32, a tag, and 24 bits of the CRC-32 of these nine bytes, so that a length can be
//! believed before the payload is looked at. A segment is zeros where nothing was written yet; no head is all zeros.

use std::ops::Range;

/// Bytes before the payload.
pub(crate) const HEAD: usize = 12;
/// Frames begin at multiples of this.
pub(crate) const ALIGN: usize = 8;
/// No payload is longer; a head that says so is damaged.
const MAX_PAYLOAD: usize = 1 << 20;

/// Says nothing: it stands where something damaged stood.
pub(crate) const GAP: u8 = 0;
/// A vendor is about to be asked.
pub(crate) const INTENT: u8 = 1;
/// How far an answer has come.
pub(crate) const CHECKPOINT: u8 = 2;
/// What became of a leg.
pub(crate) const SETTLEMENT: u8 = 3;

/// What a payload of that many bytes takes.
pub(crate) const fn framed(payload: usize) -> usize {
    (HEAD + payload).next_multiple_of(ALIGN)
}

/// Completes a frame: `buffer` holds [`HEAD`] bytes of anything, then the payload.
pub(crate) fn seal(buffer: &mut Vec<u8>, tag: u8) {
    let payload = buffer.len() - HEAD;
    let crc = crc32fast::hash(&buffer[HEAD..]);
    buffer[..4].copy_from_slice(&u32::try_from(payload).unwrap_or(u32::MAX).to_le_bytes());
    buffer[4..8].copy_from_slice(&crc.to_le_bytes());
    buffer[8] = tag;
    let check = check(&buffer[..9]);
    buffer[9..HEAD].copy_from_slice(&check);
    buffer.resize(framed(payload), 0);
}

/// A frame that says nothing and takes exactly `bytes`: a multiple of 8, at least 16.
pub(crate) fn gap(bytes: usize) -> Vec<u8> {
    let mut buffer = vec![0; bytes];
    seal(&mut buffer, GAP);
    buffer
}

/// A record as it stands in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// Where it begins.
    pub(crate) start: usize,
    /// Where the next one may begin.
    pub(crate) end: usize,
    pub(crate) tag: u8,
    pub(crate) payload: &'a [u8],
}

/// Why there is no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The bytes end before it does: it takes this many.
    Short(usize),
    /// This is no frame.
    Broken,
}

/// The frame at a place.
pub(crate) fn at(bytes: &[u8], start: usize) -> Result<Frame<'_>, Missing> {
    let rest = bytes.get(start..).unwrap_or_default();
    let Some((head, rest)) = rest.split_first_chunk::<HEAD>() else { return Err(Missing::Short(HEAD)) };
    let [l0, l1, l2, l3, c0, c1, c2, c3, tag, check @ ..] = *head;
    let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
    if length > MAX_PAYLOAD || self::check(&head[..9]) != check {
        return Err(Missing::Broken);
    }
    let Some(payload) = rest.get(..length) else { return Err(Missing::Short(framed(length))) };
    if crc32fast::hash(payload) != u32::from_le_bytes([c0, c1, c2, c3]) {
        return Err(Missing::Broken);
    }
    Ok(Frame { start, end: start + framed(length), tag, payload })
}

/// How many bytes there are up to the zeros at the end, most of a segment perhaps.
fn written(bytes: &[u8]) -> usize {
    const ZEROS: &[u8] = &[0; 4096];
    let zeros = bytes.rchunks(ZEROS.len()).take_while(|chunk| **chunk == ZEROS[..chunk.len()]);
    let rest = bytes.len() - zeros.map(<[u8]>::len).sum::<usize>();
    bytes[..rest].iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

fn check(head: &[u8]) -> [u8; 3] {
    let [a, b, c, _] = crc32fast::hash(head).to_le_bytes();
    [a, b, c]
}

/// What stands at a place of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    /// A record.
    Frame(Frame<'a>),
    /// Something that was a record, or never was one.
    Damage(Range<usize>),
    /// The beginning of a record whose writing was cut short, and nothing behind it.
    Torn(Range<usize>),
}

/// Everything in a segment from a place on, up to the zeros at its end.
pub(crate) struct Scan<'a> {
    bytes: &'a [u8],
    place: usize,
}

impl<'a> Scan<'a> {
    /// From `place` on: a multiple of 8.
    pub(crate) fn new(bytes: &'a [u8], place: usize) -> Self {
        // The zeros that fill up a frame belong to it.
        let end = written(bytes).next_multiple_of(ALIGN).min(bytes.len());
        Self { bytes: &bytes[..end], place }
    }

    /// Where the next record may be written.
    pub(crate) fn place(&self) -> usize {
        self.place
    }

    /// Whether what begins here and reaches to the end is one record that was not written to its end.
    fn is_torn(&self) -> bool {
        match at(self.bytes, self.place) {
            Err(Missing::Short(_)) => true,
            // A whole head can be believed; what was not written of the payload is zeros.
            _ => match self.bytes[self.place..].split_first_chunk::<HEAD>() {
                Some((head, payload)) => {
                    let [l0, l1, l2, l3, ..] = *head;
                    let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
                    let sound = head[9..] == check(&head[..9]);
                    let written = written(payload);
                    // Of a head that was cut short, what is missing is zeros as well, and no payload follows.
                    if sound { written < length } else { written == 0 && head.ends_with(&[0]) }
                }
                None => true,
            },
        }
    }
}

impl<'a> Iterator for Scan<'a> {
    type Item = Found<'a>;

    fn next(&mut self) -> Option<Found<'a>> {
        let start = self.place;
        if start >= self.bytes.len() {
            return None;
        }
        if let Ok(frame) = at(self.bytes, start) {
            self.place = frame.end;
            return Some(Found::Frame(frame));
        }
        let next =
            (start..self.bytes.len()).step_by(ALIGN).skip(1).find(|place| at(self.bytes, *place).is_ok());
        if next.is_none() && self.is_torn() {
            // What follows is written over it.
            let torn = start..self.bytes.len();
            self.bytes = &self.bytes[..start];
            return Some(Found::Torn(torn));
        }
        self.place = next.unwrap_or(self.bytes.len().next_multiple_of(ALIGN));
        Some(Found::Damage(start..self.place))
    }
}

#[cfg(test)]
mod tests;
