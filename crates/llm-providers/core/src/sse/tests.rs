//! Framing: line ends of all kinds, cuts at every byte.

use super::*;

const STREAM: &str = "\u{FEFF}event: a\ndata: one\n\n: a comment\n\ndata:two\r\ndata: more\r\n\r\n\
                      id: 7\rdata: three\r\rretry: 5\n\ndata: last é\n\n";

fn read(stream: &[u8], cuts: &[usize]) -> Vec<(String, String)> {
    let mut buffer = FrameBuffer::default();
    let mut events = Vec::new();
    let mut take = |block: &[u8]| {
        for frame in Frames::new(block) {
            let event = SseEvent::parse(frame);
            if event.has_data {
                events.push((
                    String::from_utf8(event.event.to_vec()).unwrap(),
                    String::from_utf8(event.data.to_vec()).unwrap(),
                ));
            }
        }
    };
    let mut start = 0;
    for &cut in cuts.iter().chain([&stream.len()]) {
        if let Some(block) = buffer.push(Bytes::copy_from_slice(&stream[start..cut])).unwrap() {
            take(&block);
        }
        start = cut;
    }
    take(&buffer.finish());
    events
}

fn expected() -> Vec<(String, String)> {
    [("a", "one"), ("", "two\nmore"), ("", "three"), ("", "last é")]
        .map(|(event, data)| (event.to_owned(), data.to_owned()))
        .to_vec()
}

#[test]
fn all_line_ends() {
    assert_eq!(read(STREAM.as_bytes(), &[]), expected());
}

#[test]
fn cut_at_every_byte_and_at_every_pair() {
    let stream = STREAM.as_bytes();
    for first in 0..stream.len() {
        assert_eq!(read(stream, &[first]), expected(), "cut at {first}");
        for second in first..stream.len() {
            assert_eq!(read(stream, &[first, second]), expected(), "cut at {first} and {second}");
        }
    }
}

#[test]
fn one_byte_at_a_time() {
    let stream = STREAM.as_bytes();
    assert_eq!(read(stream, &(1..stream.len()).collect::<Vec<_>>()), expected());
}

#[test]
fn blocks_hold_every_byte() {
    let stream = STREAM.as_bytes();
    for cut in 0..stream.len() {
        let mut buffer = FrameBuffer::default();
        let mut all = Vec::new();
        for part in [&stream[..cut], &stream[cut..]] {
            if let Some(block) = buffer.push(Bytes::copy_from_slice(part)).unwrap() {
                let walked: Vec<u8> = Frames::new(&block).flatten().copied().collect();
                assert_eq!(walked, block);
                all.extend_from_slice(&block);
            }
        }
        all.extend_from_slice(&buffer.finish());
        assert_eq!(all, stream);
    }
}

#[test]
fn a_frame_past_the_limit_is_refused() {
    let mut buffer = FrameBuffer::with_limit(16);
    assert_eq!(
        buffer.push(Bytes::from_static(b"data: 0123456789abcdef")),
        Err(FrameError::TooLong { limit: 16 })
    );
}

#[test]
fn a_mark_after_a_cut_blank_line_is_passed_over_all_the_same() {
    let stream = "data: a\r\n\r\n\u{FEFF}event: b\r\ndata: c\r\n\r\n".as_bytes();
    let whole = read(stream, &[]);
    assert_eq!(whole[1], ("b".to_owned(), "c".to_owned()));
    for cut in 0..stream.len() {
        assert_eq!(read(stream, &[cut]), whole, "cut at {cut}");
    }
}
