//! Amazon's binary event stream: frames of two lengths, check sums, headers and a payload; read and written.
//!
//! Source: AWS SDK and tools documentation, "Amazon event stream encoding" (smithy.io/2.0/aws/amazon-eventstream.html),
//! read 2026-11: total length, header length and the CRC-32 of both, each of four bytes, big end first; headers;
//! payload; the CRC-32 of all before it.

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::{FrameBuffer, FrameError, SseEvent};

/// Two lengths and their check sum.
const PRELUDE: usize = 12;
/// The check sum at the end.
const TRAILER: usize = 4;
/// The type of a header whose value is a string.
const STRING: u8 = 7;

/// Collects bytes and gives out whole frames.
#[derive(Debug, Default)]
pub struct EventStreamBuffer {
    pending: BytesMut,
}

impl EventStreamBuffer {
    /// Adds bytes; gives all frames that are now complete, as one block. Bytes after them that cannot begin a frame are
    /// the block's end, where their reading fails in its turn: what came before is not lost with them.
    ///
    /// # Errors
    /// [`FrameError`] if a frame's length cannot be one, is past [`FrameBuffer::LIMIT`], or its check sum is wrong, and
    /// nothing sound stands before it.
    pub fn push(&mut self, mut bytes: Bytes) -> Result<Option<Bytes>, FrameError> {
        if self.pending.is_empty() {
            let end = whole_frames(&bytes)?;
            let block = (end > 0).then(|| bytes.split_to(end));
            self.pending.extend_from_slice(&bytes);
            return Ok(block);
        }
        self.pending.extend_from_slice(&bytes);
        let end = whole_frames(&self.pending)?;
        Ok((end > 0).then(|| self.pending.split_to(end).freeze()))
    }

    /// What is left at the end: half a frame.
    pub fn finish(&mut self) -> Bytes {
        self.pending.split().freeze()
    }
}

/// How many bytes at the beginning are whole frames; all of them, if what follows a whole frame can be none.
fn whole_frames(bytes: &[u8]) -> Result<usize, FrameError> {
    let mut end = 0;
    loop {
        match frame_length(&bytes[end..]) {
            Ok(Some(length)) if length <= bytes.len() - end => end += length,
            Ok(_) => return Ok(end),
            Err(error) if end == 0 => return Err(error),
            Err(_) => return Ok(bytes.len()),
        }
    }
}

/// The length of the frame that begins here; `None` if too little of it is there to tell.
fn frame_length(bytes: &[u8]) -> Result<Option<usize>, FrameError> {
    let Some(prelude) = bytes.first_chunk::<PRELUDE>() else { return Ok(None) };
    let [total, headers, sum] = words(prelude);
    if sum != crc32fast::hash(&prelude[..8]) {
        return Err(FrameError::Checksum);
    }
    let (total, headers) = (total as usize, headers as usize);
    if total > FrameBuffer::LIMIT {
        return Err(FrameError::TooLong { limit: FrameBuffer::LIMIT });
    }
    if total < PRELUDE + TRAILER || headers > total - PRELUDE - TRAILER {
        return Err(FrameError::Malformed);
    }
    Ok(Some(total))
}

fn words(prelude: &[u8; PRELUDE]) -> [u32; 3] {
    let [a, b, c, d, e, f, g, h, i, j, k, l] = *prelude;
    [[a, b, c, d], [e, f, g, h], [i, j, k, l]].map(u32::from_be_bytes)
}

/// Takes the first frame from a block of whole frames.
pub(crate) fn next<'a>(block: &mut &'a [u8]) -> Option<&'a [u8]> {
    if block.is_empty() {
        return None;
    }
    // A block is made of whole frames; anything else is handed on whole, and its reading fails.
    let length = frame_length(block).ok().flatten().map_or(block.len(), |length| length.min(block.len()));
    let (frame, rest) = block.split_at(length);
    *block = rest;
    Some(frame)
}

/// Reads a frame. The event's name is `:event-type`; of an exception `:exception-type`; of an error without a payload
/// `:error-code`, with `:error-message` as the data.
pub(crate) fn event(frame: &[u8]) -> Result<SseEvent<'_>, FrameError> {
    let length = frame_length(frame)?.ok_or(FrameError::Malformed)?;
    if length != frame.len() {
        return Err(FrameError::Malformed);
    }
    let (checked, sum) = frame.split_last_chunk::<TRAILER>().ok_or(FrameError::Malformed)?;
    if u32::from_be_bytes(*sum) != crc32fast::hash(checked) {
        return Err(FrameError::Checksum);
    }
    let prelude = frame.first_chunk::<PRELUDE>().ok_or(FrameError::Malformed)?;
    let headers_end = PRELUDE + words(prelude)[1] as usize;
    let payload = &checked[headers_end..];
    let mut name: &[u8] = &[];
    let mut message: &[u8] = &[];
    let mut rest = &checked[PRELUDE..headers_end];
    while !rest.is_empty() {
        let (header, value) = header(&mut rest).ok_or(FrameError::Malformed)?;
        match header {
            b":event-type" | b":exception-type" | b":error-code" => name = value,
            b":error-message" => message = value,
            _ => {}
        }
    }
    let data = if payload.is_empty() { message } else { payload };
    Ok(SseEvent { event: name, data: data.into(), has_data: true })
}

/// One header: its name, and its value if that is a string.
fn header<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let take = |rest: &mut &'a [u8], length: usize| {
        let (taken, left) = rest.split_at_checked(length)?;
        *rest = left;
        Some(taken)
    };
    let length = usize::from(*take(rest, 1)?.first()?);
    let name = take(rest, length)?;
    // The types in their order: true, false, byte, short, integer, long, bytes, string, time, uuid.
    let kind = *take(rest, 1)?.first()?;
    let length = match kind {
        0 | 1 => 0,
        2 => 1,
        3 => 2,
        4 => 4,
        5 | 8 => 8,
        6 | STRING => usize::from(u16::from_be_bytes(*take(rest, 2)?.first_chunk()?)),
        9 => 16,
        _ => return None,
    };
    let value = take(rest, length)?;
    Some((name, if kind == STRING { value } else { &[] }))
}

/// Writes one frame whose headers are strings. Headers and values longer than their length fields can say are cut.
pub fn write_event_stream(headers: &[(&str, &str)], payload: &[u8], out: &mut BytesMut) {
    let short = |text: &str, limit: usize| text.len().min(limit);
    let headers_length: usize = headers
        .iter()
        .map(|(name, value)| 1 + short(name, 255) + 1 + 2 + short(value, usize::from(u16::MAX)))
        .sum();
    let total = PRELUDE + headers_length + payload.len() + TRAILER;
    let begin = out.len();
    out.reserve(total);
    out.put_u32(u32::try_from(total).unwrap_or(u32::MAX));
    out.put_u32(u32::try_from(headers_length).unwrap_or(u32::MAX));
    let sum = crc32fast::hash(&out[begin..]);
    out.put_u32(sum);
    for (name, value) in headers {
        let name = &name.as_bytes()[..short(name, 255)];
        let value = &value.as_bytes()[..short(value, usize::from(u16::MAX))];
        out.put_u8(u8::try_from(name.len()).unwrap_or(u8::MAX));
        out.put_slice(name);
        out.put_u8(STRING);
        out.put_u16(u16::try_from(value.len()).unwrap_or(u16::MAX));
        out.put_slice(value);
    }
    out.put_slice(payload);
    let sum = crc32fast::hash(&out[begin..]);
    out.put_u32(sum);
}

#[cfg(test)]
mod tests;
