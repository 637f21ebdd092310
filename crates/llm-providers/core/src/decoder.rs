//! Streams: bytes cut anywhere into chunks.

use bytes::Bytes;

use crate::{Framer, Framing, Operation, SseEvent, StreamError};

/// Reads one streamed answer.
pub trait Decoder<O: Operation>: Send {
    /// Adds bytes cut anywhere; gives what is now complete.
    fn push(&mut self, bytes: Bytes) -> Items<'_, O::Chunk>;

    /// The body ended. Without the vendor's own last event this gives [`StreamError::Truncated`].
    fn finish(&mut self) -> Items<'_, O::Chunk>;
}

/// What a decoder gives out.
#[derive(Debug)]
pub struct Items<'a, C>(std::vec::Drain<'a, Result<C, StreamError>>);

impl<C> Iterator for Items<'_, C> {
    type Item = Result<C, StreamError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

/// Where an [`Interpret`] puts what it reads.
#[derive(Debug)]
pub struct Outbox<C>(Vec<Result<C, StreamError>>);

impl<C> Outbox<C> {
    /// A chunk.
    pub fn chunk(&mut self, chunk: C) {
        self.0.push(Ok(chunk));
    }

    /// How many there are, failures too.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The chunks behind the first so many: for who adds to what another wrote.
    pub fn behind(&mut self, count: usize) -> impl Iterator<Item = &mut C> {
        self.0.iter_mut().skip(count).flatten()
    }

    /// A failure; nothing after it counts.
    pub fn fail(&mut self, error: impl Into<StreamError>) {
        self.0.push(Err(error.into()));
    }
}

/// A vendor's reading of its own events: one event in, none or many chunks out, state inside.
pub trait Interpret: Send {
    /// What comes out.
    type Chunk: Send + Unpin;

    /// Reads one event that has data.
    fn event(&mut self, event: &SseEvent<'_>, out: &mut Outbox<Self::Chunk>);

    /// The body ended: whether the vendor had said its last word.
    fn is_complete(&self) -> bool;
}

/// Drives an [`Interpret`] over the frames of a stream; owns the rules for cut-off, oversized and corrupt frames.
#[derive(Debug)]
pub struct StreamDecoder<I: Interpret> {
    framing: Framing,
    framer: Framer,
    interpret: I,
    outbox: Outbox<I::Chunk>,
    failed: bool,
}

impl<I: Interpret> StreamDecoder<I> {
    /// A decoder for one stream of server-sent events.
    pub fn sse(interpret: I) -> Self {
        Self::new(Framing::Sse, interpret)
    }

    /// A decoder for one stream.
    pub fn new(framing: Framing, interpret: I) -> Self {
        Self { framing, framer: framing.framer(), interpret, outbox: Outbox(Vec::new()), failed: false }
    }

    fn read(&mut self, mut block: &[u8]) {
        while !self.failed
            && let Some(frame) = self.framing.next(&mut block)
        {
            match self.framing.event(frame) {
                Ok(event) if event.has_data => {
                    let before = self.outbox.0.len();
                    self.interpret.event(&event, &mut self.outbox);
                    let failure = self.outbox.0[before..].iter().position(Result::is_err);
                    if let Some(at) = failure {
                        self.failed = true;
                        // What an event says after a failure does not count.
                        self.outbox.0.truncate(before + at + 1);
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    self.failed = true;
                    self.outbox.fail(StreamError::Corrupt(error.to_string()));
                }
            }
        }
    }
}

impl<I: Interpret, O: Operation<Chunk = I::Chunk>> Decoder<O> for StreamDecoder<I> {
    fn push(&mut self, bytes: Bytes) -> Items<'_, O::Chunk> {
        if !self.failed {
            match self.framer.push(bytes) {
                Ok(Some(block)) => self.read(&block),
                Ok(None) => {}
                Err(error) => {
                    self.failed = true;
                    self.outbox.fail(StreamError::Corrupt(error.to_string()));
                }
            }
        }
        Items(self.outbox.0.drain(..))
    }

    fn finish(&mut self) -> Items<'_, O::Chunk> {
        if !self.failed {
            let rest = self.framer.finish();
            // A cut may fall inside a frame. What cannot be read then is a cut, not corruption.
            let before = self.outbox.0.len();
            self.read(&rest);
            if self.failed && !self.outbox.0.iter().any(|item| matches!(item, Err(StreamError::Upstream(_))))
            {
                self.outbox.0.truncate(before);
                self.failed = false;
            }
            if !self.failed && !self.interpret.is_complete() {
                self.failed = true;
                self.outbox.fail(StreamError::Truncated);
            }
        }
        Items(self.outbox.0.drain(..))
    }
}

/// Reads the stream of an operation that has none.
#[derive(Debug)]
pub struct NeverStreams<C>(std::marker::PhantomData<C>);

impl<C> Default for NeverStreams<C> {
    fn default() -> Self {
        Self(std::marker::PhantomData)
    }
}

impl<C: Send + Unpin> Interpret for NeverStreams<C> {
    type Chunk = C;

    fn event(&mut self, _event: &SseEvent<'_>, out: &mut Outbox<C>) {
        out.fail(StreamError::Corrupt("this operation has no stream".to_owned()));
    }

    fn is_complete(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests;
