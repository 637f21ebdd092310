//! [`AtEnd`]: the end of a stream whose vendor says nothing at its end.

use bytes::Bytes;
use llm_provider_core::{Chat, Decoder, Items};
use llm_types::ChatChunk;

/// What an opener is told at the end of the body, as the last event's data.
pub const END: &[u8] = b"[END]";

/// Tells the opener of a stream of events that the body ended after a whole event.
///
/// HTTP knows whether a body is whole, so a connection that broke is a failure before this is asked.
pub struct AtEnd {
    events: Box<dyn Decoder<Chat>>,
    /// Whether nothing or a whole event came last.
    is_whole: bool,
}

impl AtEnd {
    /// Reads the events of this decoder.
    pub fn new(events: Box<dyn Decoder<Chat>>) -> Self {
        Self { events, is_whole: true }
    }
}

impl Decoder<Chat> for AtEnd {
    fn push(&mut self, bytes: Bytes) -> Items<'_, ChatChunk> {
        if let Some(last) = bytes.last() {
            self.is_whole = *last == b'\n';
        }
        self.events.push(bytes)
    }

    fn finish(&mut self) -> Items<'_, ChatChunk> {
        if self.is_whole {
            // Without a line's end it waits to be the last event.
            let mut end = b"data: ".to_vec();
            end.extend_from_slice(END);
            drop(self.events.push(Bytes::from(end)));
        }
        self.events.finish()
    }
}
