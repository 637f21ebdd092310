//! The pace of a stream: which frame comes when, and where it goes wrong.

use bytes::Bytes;

use crate::answer::Block;
use crate::plan::Step;
use crate::script::{ErrorScript, Script};
use crate::text::Cutter;

/// Puts the events of a stream into one wire's frames. An empty frame is skipped.
pub(crate) trait Frames {
    /// What comes before the first block.
    fn open(&self) -> Bytes;
    /// What announces a block.
    fn start(&self, index: usize, block: &Block) -> Bytes;
    /// A chunk of a block.
    fn delta(&self, index: usize, block: &Block, chunk: &str) -> Bytes;
    /// What ends a block.
    fn stop(&self, index: usize, block: &Block) -> Bytes;
    /// What comes after the last block, with the terminator.
    fn close(&self) -> Bytes;
    /// An error in mid-stream.
    fn error(&self, error: &ErrorScript) -> Bytes;
}

/// A stream as steps, rendered as they are asked for.
#[derive(Debug)]
pub(crate) struct Paced<F> {
    frames: F,
    blocks: Vec<Block>,
    pace: Pace,
    at: At,
    /// Chunks sent.
    sent: u64,
    /// A frame whose wait has just been handed out.
    waiting: Option<Bytes>,
}

#[derive(Debug)]
struct Pace {
    first_chunk_ms: u64,
    chunk_ms: u64,
    endless: bool,
    stall_after: Option<u64>,
    stall_ms: Option<u64>,
    error_after: Option<u64>,
    error: ErrorScript,
    cut_after: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
enum At {
    Head,
    Open,
    Start(usize),
    Deltas(usize, Cutter),
    Stop(usize),
    Close,
    End,
}

impl<F: Frames> Paced<F> {
    pub(crate) fn new(frames: F, blocks: Vec<Block>, script: &Script) -> Self {
        let pace = Pace {
            first_chunk_ms: script.first_chunk_ms,
            chunk_ms: script.chunk_ms,
            endless: script.endless,
            stall_after: script.stall_after_chunks,
            stall_ms: script.stall_ms,
            error_after: script.error_in_stream_after_chunks,
            error: script.error.clone().unwrap_or_else(|| ErrorScript::new(500)),
            cut_after: script.cut_after_chunks,
        };
        Self { frames, blocks, pace, at: At::Head, sent: 0, waiting: None }
    }

    /// What goes wrong at this point of the stream, if anything. A stall that ends happens once.
    fn fault(&mut self) -> Option<Step> {
        let now = Some(self.sent);
        if self.pace.stall_after == now {
            self.pace.stall_after = None;
            return Some(self.pace.stall_ms.map_or(Step::Stall, Step::Wait));
        }
        if self.pace.error_after == now {
            self.pace.error_after = None;
            self.at = At::End;
            return Some(Step::Bytes(self.frames.error(&self.pace.error)));
        }
        (self.pace.cut_after == now).then_some(Step::Cut)
    }

    /// The next frame and its place in the stream; an empty frame where there is nothing to send.
    fn frame(&mut self) -> Bytes {
        match self.at {
            At::Head | At::End => Bytes::new(),
            At::Open => {
                self.at = self.block(0);
                self.frames.open()
            }
            At::Start(index) => {
                let Some(block) = self.blocks.get(index) else { return Bytes::new() };
                self.at = At::Deltas(index, Cutter::new(block.split, &block.body));
                self.frames.start(index, block)
            }
            At::Deltas(index, mut cutter) => {
                let Some(block) = self.blocks.get(index) else { return Bytes::new() };
                let mut chunk = cutter.next(&block.body);
                if chunk.is_none() && self.pace.endless && block.is_text() {
                    cutter = Cutter::new(block.split, &block.body);
                    chunk = cutter.next(&block.body);
                }
                let Some(chunk) = chunk else {
                    self.at = At::Stop(index);
                    return Bytes::new();
                };
                self.at = At::Deltas(index, cutter);
                self.sent += 1;
                self.frames.delta(index, block, chunk)
            }
            At::Stop(index) => {
                let Some(block) = self.blocks.get(index) else { return Bytes::new() };
                let frame = self.frames.stop(index, block);
                self.at = self.block(index + 1);
                frame
            }
            At::Close => {
                self.at = At::End;
                self.frames.close()
            }
        }
    }

    fn block(&self, index: usize) -> At {
        if index < self.blocks.len() { At::Start(index) } else { At::Close }
    }
}

impl<F: Frames> Iterator for Paced<F> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        if let Some(frame) = self.waiting.take() {
            return Some(Step::Bytes(frame));
        }
        loop {
            if matches!(self.at, At::End) {
                return Some(Step::End);
            }
            if let Some(fault) = self.fault() {
                return Some(fault);
            }
            if matches!(self.at, At::Head) {
                self.at = At::Open;
                if self.pace.first_chunk_ms > 0 {
                    return Some(Step::Wait(self.pace.first_chunk_ms));
                }
            }
            let sent_before = self.sent;
            let frame = self.frame();
            if frame.is_empty() {
                continue;
            }
            if self.pace.chunk_ms > 0 && sent_before > 0 && self.sent > sent_before {
                self.waiting = Some(frame);
                return Some(Step::Wait(self.pace.chunk_ms));
            }
            return Some(Step::Bytes(frame));
        }
    }
}
