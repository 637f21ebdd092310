//! Frames, however the bytes are cut.

use super::*;

fn frames(framing: Framing, pieces: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut framer = framing.framer();
    let mut frames = Vec::new();
    for piece in pieces {
        if let Some(block) = framer.push(Bytes::copy_from_slice(piece)).unwrap() {
            let mut rest = &block[..];
            while let Some(frame) = framing.next(&mut rest) {
                frames.push(frame.to_vec());
            }
        }
    }
    let rest = framer.finish();
    if !rest.is_empty() {
        frames.push(rest.to_vec());
    }
    frames
}

#[test]
fn lines_are_the_same_wherever_they_are_cut() {
    let text = b"{\"a\":1}\n{\"b\":2}\r\n\n{\"c\":3}";
    let whole = frames(Framing::Lines, &[text]);
    assert_eq!(whole.len(), 4);
    for cut in 0..text.len() {
        assert_eq!(frames(Framing::Lines, &[&text[..cut], &text[cut..]]), whole, "cut at {cut}");
    }
    let bytes: Vec<&[u8]> = text.chunks(1).collect();
    assert_eq!(frames(Framing::Lines, &bytes), whole);
}

#[test]
fn a_line_is_read_without_its_end() {
    let event = Framing::Lines.event(b"{\"b\":2}\r\n").unwrap();
    assert_eq!((&*event.data, event.has_data), (&b"{\"b\":2}"[..], true));
    assert!(!Framing::Lines.event(b"\n").unwrap().has_data, "an empty line says nothing");
}

#[test]
fn an_endless_line_is_refused() {
    let mut framer = Framing::Lines.framer();
    let piece = Bytes::from(vec![b'x'; FrameBuffer::LIMIT / 2 + 1]);
    assert!(framer.push(piece.clone()).is_ok());
    assert!(matches!(framer.push(piece), Err(FrameError::TooLong { .. })));
}

#[test]
fn server_sent_events_come_one_by_one() {
    let text = b"data: 1\n\nevent: x\ndata: 2\n\n";
    assert_eq!(
        frames(Framing::Sse, &[text]),
        [&b"data: 1\n\n"[..], b"event: x\ndata: 2\n\n"].map(<[u8]>::to_vec)
    );
}
