//! [`Framing`]: how the bytes of a stream are cut into frames, and frames read as events.

use bytes::{Bytes, BytesMut};
use memchr::{memchr, memrchr};

use crate::event_stream::{self, EventStreamBuffer};
use crate::{FrameBuffer, FrameError, SseEvent};

/// How a stream is cut into frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Framing {
    /// Server-sent events: `data: …` and a blank line.
    #[default]
    Sse,
    /// One JSON text a line.
    Lines,
    /// Amazon's binary event stream: lengths, headers, payload, check sums.
    EventStream,
}

impl Framing {
    /// What collects bytes into frames.
    pub fn framer(self) -> Framer {
        match self {
            Self::Sse => Framer::Sse(FrameBuffer::default()),
            Self::Lines => Framer::Lines(LineBuffer::default()),
            Self::EventStream => Framer::EventStream(EventStreamBuffer::default()),
        }
    }

    /// Takes the first frame from a block of whole frames, as [`Framer::push`] gives it.
    pub fn next<'a>(self, block: &mut &'a [u8]) -> Option<&'a [u8]> {
        match self {
            Self::Sse => {
                let frame = crate::Frames::new(block).next()?;
                *block = &block[frame.len()..];
                Some(frame)
            }
            Self::Lines => {
                if block.is_empty() {
                    return None;
                }
                let end = memchr(b'\n', block).map_or(block.len(), |at| at + 1);
                let (line, rest) = block.split_at(end);
                *block = rest;
                Some(line)
            }
            Self::EventStream => event_stream::next(block),
        }
    }

    /// Reads a frame.
    ///
    /// # Errors
    /// [`FrameError`] for a frame whose check sum is wrong.
    pub fn event(self, frame: &[u8]) -> Result<SseEvent<'_>, FrameError> {
        match self {
            Self::Sse => Ok(SseEvent::parse(frame)),
            Self::Lines => {
                let data = frame.trim_ascii();
                Ok(SseEvent { event: &[], data: data.into(), has_data: !data.is_empty() })
            }
            Self::EventStream => event_stream::event(frame),
        }
    }

    /// The media type of such a stream.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Sse => "text/event-stream; charset=utf-8",
            Self::Lines => "application/x-ndjson",
            Self::EventStream => "application/vnd.amazon.eventstream",
        }
    }
}

/// Collects bytes and gives out whole frames.
#[derive(Debug)]
pub enum Framer {
    /// Server-sent events.
    Sse(FrameBuffer),
    /// Lines.
    Lines(LineBuffer),
    /// Amazon's binary event stream.
    EventStream(EventStreamBuffer),
}

impl Framer {
    /// Adds bytes; gives all frames that are now complete, as one block.
    ///
    /// # Errors
    /// [`FrameError`] if a frame is too long, or its length is none.
    pub fn push(&mut self, bytes: Bytes) -> Result<Option<Bytes>, FrameError> {
        match self {
            Self::Sse(buffer) => buffer.push(bytes),
            Self::Lines(buffer) => buffer.push(bytes),
            Self::EventStream(buffer) => buffer.push(bytes),
        }
    }

    /// What is left at the end: a last frame without its end, as some servers send it.
    pub fn finish(&mut self) -> Bytes {
        match self {
            Self::Sse(buffer) => buffer.finish(),
            Self::Lines(buffer) => buffer.finish(),
            Self::EventStream(buffer) => buffer.finish(),
        }
    }
}

/// Collects bytes and gives out whole lines.
#[derive(Debug, Default)]
pub struct LineBuffer {
    pending: BytesMut,
}

impl LineBuffer {
    /// Adds bytes; gives all lines that are now complete, line ends included.
    ///
    /// # Errors
    /// [`FrameError`] if a line without an end has grown past [`FrameBuffer::LIMIT`].
    pub fn push(&mut self, mut bytes: Bytes) -> Result<Option<Bytes>, FrameError> {
        let Some(end) = memrchr(b'\n', &bytes).map(|at| at + 1) else {
            if self.pending.len() + bytes.len() > FrameBuffer::LIMIT {
                return Err(FrameError::TooLong { limit: FrameBuffer::LIMIT });
            }
            self.pending.extend_from_slice(&bytes);
            return Ok(None);
        };
        let whole = bytes.split_to(end);
        let block = if self.pending.is_empty() {
            whole
        } else {
            let mut block = self.pending.split();
            block.extend_from_slice(&whole);
            block.freeze()
        };
        self.pending.extend_from_slice(&bytes);
        Ok(Some(block))
    }

    /// A last line without its end.
    pub fn finish(&mut self) -> Bytes {
        self.pending.split().freeze()
    }
}

#[cfg(test)]
mod tests;
