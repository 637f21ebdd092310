//! Server-sent events: bytes cut anywhere into whole frames, and a frame into its fields.
//!
//! Source: WHATWG HTML, "Server-sent events" (html.spec.whatwg.org), read 2026-11: lines end in LF, CR or
//! CRLF, a blank line ends a frame, a byte-order mark at the start is passed over.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use memchr::{memchr2, memrchr2};

/// Bytes that are no frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// A frame longer than the buffer's limit.
    #[error("a frame of the stream is longer than {limit} bytes")]
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// A frame whose check sum is wrong.
    #[error("a frame of the stream has a wrong check sum")]
    Checksum,
    /// A frame whose lengths contradict each other.
    #[error("a frame of the stream is malformed")]
    Malformed,
}

/// Collects bytes and gives out whole frames.
///
/// Frames come as blocks: all that is complete at once, as one slice of what was pushed where possible, so
/// that a burst of events stays one write. [`Frames`] walks a block.
#[derive(Debug)]
pub struct FrameBuffer {
    pending: BytesMut,
    limit: usize,
}

impl Default for FrameBuffer {
    fn default() -> Self {
        Self::with_limit(Self::LIMIT)
    }
}

impl FrameBuffer {
    /// The usual limit of one frame, in bytes: an image in one event fits.
    pub const LIMIT: usize = 32 << 20;

    /// A buffer that refuses frames longer than `limit` bytes.
    pub fn with_limit(limit: usize) -> Self {
        Self { pending: BytesMut::new(), limit }
    }

    /// Adds bytes; gives all frames that are now complete, blank lines included.
    ///
    /// # Errors
    /// [`FrameError`] if an incomplete frame has grown past the limit.
    pub fn push(&mut self, mut chunk: Bytes) -> Result<Option<Bytes>, FrameError> {
        if self.pending.is_empty() {
            let block = last_boundary(&chunk, 0).map(|end| chunk.split_to(end));
            self.keep(&chunk)?;
            return Ok(block);
        }
        // A blank line may straddle the old bytes and the new: three bytes back are enough for CRLFCRLF.
        let from = self.pending.len().saturating_sub(3);
        self.keep(&chunk)?;
        Ok(last_boundary(&self.pending, from).map(|end| self.pending.split_to(end).freeze()))
    }

    /// What is left at the end: a last frame without its blank line, as some servers send it.
    pub fn finish(&mut self) -> Bytes {
        self.pending.split().freeze()
    }

    fn keep(&mut self, rest: &[u8]) -> Result<(), FrameError> {
        if self.pending.len() + rest.len() > self.limit {
            // Complete frames inside `rest` are looked for after this, so allow one chunk beyond.
            if last_boundary(rest, 0).is_none() {
                return Err(FrameError::TooLong { limit: self.limit });
            }
        }
        self.pending.extend_from_slice(rest);
        Ok(())
    }
}

/// The end of the last blank line in `bytes` that ends past `from`.
fn last_boundary(bytes: &[u8], from: usize) -> Option<usize> {
    let mut end = bytes.len();
    while let Some(at) = memrchr2(b'\n', b'\r', &bytes[from..end]).map(|at| at + from) {
        // CRLF is one line end.
        let start = if bytes[at] == b'\n' && at > 0 && bytes[at - 1] == b'\r' { at - 1 } else { at };
        if start > 0 && matches!(bytes[start - 1], b'\n' | b'\r') {
            return Some(at + 1);
        }
        if start <= from {
            return None;
        }
        end = start;
    }
    None
}

/// The frames of a block, one by one, each with its blank line.
#[derive(Debug, Clone)]
pub struct Frames<'a> {
    rest: &'a [u8],
}

impl<'a> Frames<'a> {
    /// Walks a block as [`FrameBuffer::push`] gives it.
    pub const fn new(block: &'a [u8]) -> Self {
        Self { rest: block }
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let mut line_start = 0;
        let mut seen_text = false;
        while let Some(at) = memchr2(b'\n', b'\r', &self.rest[line_start..]).map(|at| at + line_start) {
            let empty = at == line_start;
            let crlf = self.rest[at] == b'\r' && self.rest.get(at + 1) == Some(&b'\n');
            line_start = at + if crlf { 2 } else { 1 };
            if empty && seen_text {
                let (frame, rest) = self.rest.split_at(line_start);
                self.rest = rest;
                return Some(frame);
            }
            seen_text |= !empty;
        }
        // A last frame without its blank line, or blank lines that belong to no frame.
        Some(std::mem::take(&mut self.rest))
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SseEvent<'a> {
    /// The event's name, empty if it has none.
    pub event: &'a [u8],
    /// The data, lines joined by LF; empty if there is none.
    pub data: Cow<'a, [u8]>,
    /// Whether there was any data line: a comment or a bare name is no message.
    pub has_data: bool,
}

impl<'a> SseEvent<'a> {
    /// Reads the fields of a frame. Comments, `id`, `retry` and unknown fields are passed over.
    pub fn parse(frame: &'a [u8]) -> Self {
        let mut event = Self::default();
        let mut rest = frame;
        // Blank lines may belong to this frame or to the one before, as the bytes were cut.
        while let [b'\n' | b'\r', after @ ..] = rest {
            rest = after;
        }
        rest = rest.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(rest);
        while !rest.is_empty() {
            let end = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            let line = &rest[..end];
            rest = rest.get(end + 1..).unwrap_or_default();
            let (name, value) = match memchr::memchr(b':', line) {
                Some(colon) => (&line[..colon], &line[colon + 1..]),
                None => (line, &[][..]),
            };
            let value = value.strip_prefix(b" ").unwrap_or(value);
            match name {
                b"data" if event.has_data => {
                    let data = event.data.to_mut();
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                b"data" => {
                    event.has_data = true;
                    event.data = Cow::Borrowed(value);
                }
                b"event" => event.event = value,
                _ => {}
            }
        }
        event
    }
}

#[cfg(test)]
mod tests;
