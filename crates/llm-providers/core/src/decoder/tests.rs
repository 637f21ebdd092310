//! The rules for whole, cut-off, corrupt and oversized streams, with a tiny vendor.

use llm_types::{ChatChunk, ErrorKind};

use super::*;
use crate::{Chat, UpstreamError};

/// A vendor whose events are `say <name>`, `twice <name>`, `fail` and `end`; others are unknown.
#[derive(Default)]
struct Tiny {
    complete: bool,
}

impl Interpret for Tiny {
    type Chunk = ChatChunk;

    fn event(&mut self, event: &SseEvent<'_>, out: &mut Outbox<ChatChunk>) {
        let Ok(data) = std::str::from_utf8(&event.data) else {
            return out.fail(StreamError::Corrupt("not UTF-8".to_owned()));
        };
        match data.split_once(' ').unwrap_or((data, "")) {
            ("say", name) => out.chunk(ChatChunk::new(name, 0, "m", Vec::new())),
            ("twice", name) => (0..2).for_each(|_| out.chunk(ChatChunk::new(name, 0, "m", Vec::new()))),
            ("fail", _) => out.fail(UpstreamError::new(ErrorKind::Unavailable, 529, "Overloaded")),
            ("end", _) => self.complete = true,
            ("unknown", _) => {}
            (other, _) => out.fail(StreamError::Corrupt(format!("`{other}`"))),
        }
    }

    fn is_complete(&self) -> bool {
        self.complete
    }
}

fn decoder() -> Box<dyn Decoder<Chat>> {
    Box::new(StreamDecoder::sse(Tiny::default()))
}

/// What each piece and the end give: names of chunks, or the failure.
fn read(pieces: &[&str]) -> Vec<String> {
    let mut decoder = decoder();
    let mut all = Vec::new();
    let mut take = |items: Items<'_, ChatChunk>| {
        all.extend(items.map(|item| {
            item.map_or_else(|error| format!("{error:?}"), |chunk| chunk.id.into_option().unwrap())
        }));
        all.push("|".to_owned());
    };
    for piece in pieces {
        take(decoder.push(Bytes::copy_from_slice(piece.as_bytes())));
    }
    take(decoder.finish());
    all
}

#[test]
fn chunks_come_as_soon_as_their_frame_is_whole() {
    assert_eq!(
        read(&["data: say a\n\nda", "ta: twice b\n", "\ndata: end\n\n"]),
        ["a", "|", "|", "b", "b", "|", "|"]
    );
}

#[test]
fn frames_without_data_and_unknown_events_give_nothing() {
    assert_eq!(read(&[": hi\n\nevent: end\n\nid: 4\n\n\n\ndata: unknown\n\ndata: end\n\n"]), ["|", "|"]);
}

#[test]
fn a_last_frame_may_lack_its_blank_line() {
    assert_eq!(read(&["data: say a\n\ndata: end"]), ["a", "|", "|"]);
    assert_eq!(read(&["data: end\n\ndata: say a"]), ["|", "a", "|"]);
}

#[test]
fn without_the_last_event_the_stream_is_cut_off() {
    assert_eq!(read(&[]), ["Truncated", "|"]);
    assert_eq!(read(&["data: say a\n\n"]), ["a", "|", "Truncated", "|"]);
    // A cut inside a frame: what cannot be read is no corruption, and gives nothing.
    assert_eq!(read(&["data: say a\n\ndata: sa"]), ["a", "|", "Truncated", "|"]);
    assert_eq!(read(&["data: en"]), ["|", "Truncated", "|"]);
}

#[test]
fn rubbish_after_the_last_event_is_no_failure() {
    assert_eq!(read(&["data: end\n\ndata: gibber"]), ["|", "|"]);
}

#[test]
fn a_frame_that_cannot_be_read_ends_the_stream() {
    assert_eq!(
        read(&["data: say a\n\ndata: gibberish\n\ndata: say b\n\n", "data: say c\n\ndata: end\n\n"]),
        ["a", "Corrupt(\"`gibberish`\")", "|", "|", "|"]
    );
}

#[test]
fn a_vendors_failure_ends_the_stream_and_is_told_once() {
    for stream in ["data: say a\n\ndata: fail\n\ndata: say b\n\ndata: fail\n\n", "data: say a\n\ndata: fail"]
    {
        let mut decoder = decoder();
        let mut items: Vec<_> = decoder.push(Bytes::from_static(stream.as_bytes())).collect();
        items.extend(decoder.finish());
        items.extend(decoder.push(Bytes::from_static(b"data: say c\n\n")));
        items.extend(decoder.finish());
        assert_eq!(items.len(), 2, "{items:?}");
        assert!(matches!(&items[1], Err(StreamError::Upstream(error)) if error.status == 529), "{items:?}");
    }
}

#[test]
fn an_oversized_frame_ends_the_stream() {
    let mut decoder = decoder();
    let big = Bytes::from(vec![b'x'; crate::FrameBuffer::LIMIT + 1]);
    let items: Vec<_> = decoder.push(big).collect();
    assert!(matches!(items.as_slice(), [Err(StreamError::Corrupt(_))]), "{}", items.len());
    assert_eq!(decoder.push(Bytes::from_static(b"\n\ndata: say a\n\n")).count(), 0);
    assert_eq!(decoder.finish().count(), 0);
}

/// Fails twice in every event, with words between.
struct FailsTwice;

impl Interpret for FailsTwice {
    type Chunk = ChatChunk;

    fn event(&mut self, _event: &SseEvent<'_>, out: &mut Outbox<ChatChunk>) {
        out.fail(StreamError::Corrupt("first".to_owned()));
        out.fail(StreamError::Corrupt("second".to_owned()));
    }

    fn is_complete(&self) -> bool {
        true
    }
}

#[test]
fn nothing_after_a_failure_counts() {
    let mut decoder = StreamDecoder::sse(FailsTwice);
    let decoder: &mut dyn Decoder<Chat> = &mut decoder;
    let mut all: Vec<_> = decoder.push(Bytes::from_static(b"data: a\n\ndata: b\n\n")).collect();
    all.extend(decoder.finish());
    assert!(matches!(&all[..], [Err(StreamError::Corrupt(why))] if why == "first"), "{all:?}");
}
