//! Frames as the documentation gives them, cut, spoilt and written.

use super::*;

fn written(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    write_event_stream(headers, payload, &mut out);
    out.to_vec()
}

fn two_events() -> Vec<u8> {
    let mut bytes = written(&[(":event-type", "messageStart"), (":message-type", "event")], b"{\"role\":1}");
    bytes.extend(written(&[(":exception-type", "throttlingException")], b"{}"));
    bytes
}

#[test]
fn an_empty_message_has_the_check_sums_of_the_encoding() {
    // No headers, no payload: 16 bytes. The sums are those that any implementation of CRC-32 gives for them.
    assert_eq!(written(&[], b""), [0, 0, 0, 16, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff]);
}

#[test]
fn frames_are_the_same_wherever_they_are_cut() {
    let bytes = two_events();
    for cut in 0..=bytes.len() {
        let mut buffer = EventStreamBuffer::default();
        let mut whole = Vec::new();
        for piece in [&bytes[..cut], &bytes[cut..]] {
            if let Some(block) = buffer.push(Bytes::copy_from_slice(piece)).unwrap() {
                let mut rest = &block[..];
                while let Some(frame) = next(&mut rest) {
                    let event = event(frame).unwrap();
                    whole.push((event.event.to_vec(), event.data.to_vec()));
                }
            }
        }
        assert_eq!(
            whole,
            [
                (b"messageStart".to_vec(), b"{\"role\":1}".to_vec()),
                (b"throttlingException".to_vec(), b"{}".to_vec())
            ],
            "cut at {cut}"
        );
        assert!(buffer.finish().is_empty());
    }
}

#[test]
fn every_flipped_bit_is_noticed() {
    let good = written(&[(":event-type", "x")], b"{\"a\":1}");
    for at in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[at / 8] ^= 1 << (at % 8);
        let pushed = EventStreamBuffer::default().push(Bytes::from(bad.clone()));
        let noticed = match pushed {
            Err(_) | Ok(None) => true,
            Ok(Some(block)) => event(&block).is_err(),
        };
        assert!(noticed, "bit {at}");
    }
}

#[test]
fn sound_frames_before_a_spoilt_one_are_read() {
    let mut bytes = two_events();
    let second = u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
    bytes[second + 5] ^= 1;
    let block = EventStreamBuffer::default().push(Bytes::from(bytes)).unwrap().unwrap();
    let mut rest = &block[..];
    assert_eq!(event(next(&mut rest).unwrap()).unwrap().event, b"messageStart");
    assert_eq!(event(next(&mut rest).unwrap()), Err(FrameError::Checksum));
    assert_eq!(next(&mut rest), None);
}

#[test]
fn headers_of_all_types_are_passed_over() {
    let mut headers = Vec::new();
    let values: [(u8, &[u8]); 9] = [
        (0, &[]),
        (1, &[]),
        (2, &[1]),
        (3, &[1, 2]),
        (4, &[0; 4]),
        (5, &[0; 8]),
        (6, &[0, 2, 9, 9]),
        (8, &[0; 8]),
        (9, &[0; 16]),
    ];
    for (kind, value) in values {
        headers.extend([1, b'h', kind]);
        headers.extend(value);
    }
    headers.extend([11]);
    headers.extend(b":event-type");
    headers.extend([7, 0, 1, b'x']);
    let total = (PRELUDE + headers.len() + TRAILER) as u32;
    let mut frame = total.to_be_bytes().to_vec();
    frame.extend((headers.len() as u32).to_be_bytes());
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    frame.extend(&headers);
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    assert_eq!(event(&frame).unwrap().event, b"x");
}

#[test]
fn an_error_without_payload_gives_its_message() {
    let frame = written(&[(":error-code", "internalFailure"), (":error-message", "sorry")], b"");
    let event = event(&frame).unwrap();
    assert_eq!((event.event, &*event.data), (&b"internalFailure"[..], &b"sorry"[..]));
}
