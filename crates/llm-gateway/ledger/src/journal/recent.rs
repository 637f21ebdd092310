//! Entries that were settled lately, so that whoever brings them on need not read what is known.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::Entry;

/// The most of them. What is past it is read from the files.
const MOST: usize = 16_384;
/// The most bytes of their records.
const BYTES: usize = 16 << 20;

/// An entry, and where it stands.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) segment: u64,
    /// The settlements of its segment up to and with it.
    pub(crate) settled: u64,
    /// Where its record ends.
    pub(crate) end: u64,
    /// Bytes of its record.
    pub(crate) bytes: usize,
    pub(crate) entry: Arc<Entry>,
}

/// Those of a segment are in the order of their records. Some may be missing.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    entries: VecDeque<Settled>,
    bytes: usize,
}

impl Recent {
    /// Takes one more, if there is room.
    pub(crate) fn push(&mut self, settled: Settled) {
        if self.entries.len() < MOST && self.bytes < BYTES {
            self.bytes += settled.bytes;
            self.entries.push_back(settled);
        }
    }

    /// The first.
    pub(crate) fn first(&self) -> Option<&Settled> {
        self.entries.front()
    }

    /// Gives the first away.
    pub(crate) fn pop(&mut self) -> Option<Settled> {
        let first = self.entries.pop_front()?;
        self.bytes -= first.bytes;
        Some(first)
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}
