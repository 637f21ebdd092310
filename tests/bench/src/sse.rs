//! Counting the events of a stream without parsing them.

/// Counts the blank lines that end server-sent events, across frames cut anywhere, and keeps the tail
/// that tells a whole stream from one cut short.
#[derive(Debug, Default)]
pub struct EventCounter {
    events: u64,
    at_line_start: bool,
    tail: Vec<u8>,
}

/// Enough for the last event of either dialect.
const TAIL_BYTES: usize = 64;

impl EventCounter {
    /// Reads the next bytes and returns how many events they completed.
    pub fn push(&mut self, bytes: &[u8]) -> u64 {
        let before = self.events;
        let mut from = 0;
        for at in memchr::memchr_iter(b'\n', bytes) {
            let blank = if at == from { from > 0 || self.at_line_start } else { false };
            self.events += u64::from(blank);
            from = at + 1;
        }
        self.at_line_start =
            if from == 0 { self.at_line_start && bytes.is_empty() } else { from == bytes.len() };
        self.keep_tail(bytes);
        self.events - before
    }

    /// Events so far.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// Whether the stream ended as either dialect ends one.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let ends_in = |word: &[u8]| memchr::memmem::find(&self.tail, word).is_some();
        ends_in(b"[DONE]") || ends_in(b"message_stop")
    }

    fn keep_tail(&mut self, bytes: &[u8]) {
        let new = &bytes[bytes.len().saturating_sub(TAIL_BYTES)..];
        let excess = (self.tail.len() + new.len()).saturating_sub(TAIL_BYTES);
        self.tail.drain(..excess);
        self.tail.extend_from_slice(new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] = b"data: {\"a\":1}\n\nevent: x\ndata: 2\n\n: comment\n\ndata: [DONE]\n\n";

    #[test]
    fn events_are_counted_however_the_stream_is_cut() {
        for cut in 0..=STREAM.len() {
            let mut counter = EventCounter::default();
            let sum = counter.push(&STREAM[..cut]) + counter.push(&[]) + counter.push(&STREAM[cut..]);
            assert_eq!((sum, counter.events()), (4, 4), "cut at {cut}");
            assert!(counter.is_whole(), "cut at {cut}");
        }
    }

    #[test]
    fn events_are_counted_byte_by_byte() {
        let mut counter = EventCounter::default();
        STREAM.chunks(1).for_each(|byte| {
            counter.push(byte);
        });
        assert_eq!(counter.events(), 4);
    }

    #[test]
    fn a_cut_stream_is_not_whole() {
        let mut counter = EventCounter::default();
        counter.push(&STREAM[..STREAM.len() - 12]);
        assert!(!counter.is_whole());
    }
}
