use super::*;

fn record(tag: u8, payload: &str) -> Vec<u8> {
    let mut buffer = vec![0; HEAD];
    buffer.extend_from_slice(payload.as_bytes());
    seal(&mut buffer, tag);
    buffer
}

/// Three records and zeros behind them; where each begins, and where the last ends.
fn segment() -> (Vec<u8>, Vec<usize>) {
    let records = [
        record(INTENT, "{\"a\":1}"),
        record(SETTLEMENT, "{\"bb\":22}"),
        record(CHECKPOINT, "{\"c\":\"ccc\"}"),
    ];
    let mut places = vec![0];
    let mut bytes = Vec::new();
    for record in records {
        bytes.extend(record);
        places.push(bytes.len());
    }
    bytes.resize(bytes.len() + 64, 0);
    (bytes, places)
}

fn tags(bytes: &[u8]) -> Vec<u8> {
    Scan::new(bytes, 0)
        .filter_map(|found| if let Found::Frame(frame) = found { Some(frame.tag) } else { None })
        .collect()
}

#[test]
fn what_is_written_is_found() {
    let (bytes, places) = segment();
    let mut scan = Scan::new(&bytes, 0);
    let first = Frame { start: 0, end: places[1], tag: INTENT, payload: b"{\"a\":1}" };
    assert_eq!(scan.next(), Some(Found::Frame(first)));
    assert_eq!(tags(&bytes), [INTENT, SETTLEMENT, CHECKPOINT]);
    assert_eq!((scan.by_ref().count(), scan.place()), (2, places[3]));
}

#[test]
fn zeros_are_no_record() {
    let mut scan = Scan::new(&[0; 4096], 0);
    assert_eq!((scan.next(), scan.place()), (None, 0));
    assert_eq!(at(&[0; 64], 0), Err(Missing::Broken));
    assert_eq!(at(&[0; 64], 64), Err(Missing::Short(HEAD)));
}

#[test]
fn a_last_record_cut_at_any_length_is_torn_and_no_more() {
    let (bytes, places) = segment();
    let whole = places[2] + HEAD + "{\"c\":\"ccc\"}".len();
    for cut in places[2] + 1..whole {
        // Once the file ends there, once zeros follow.
        let mut zeroed = bytes.clone();
        zeroed[cut..].fill(0);
        for bytes in [&bytes[..cut], &zeroed] {
            let mut scan = Scan::new(bytes, 0);
            let found: Vec<_> = scan.by_ref().skip(2).collect();
            assert!(
                matches!(&*found, [Found::Torn(torn)] if torn.start == places[2]),
                "cut at {cut}: {found:?}"
            );
            assert_eq!(scan.place(), places[2]);
        }
    }
    assert_eq!(
        tags(&bytes[..whole]),
        [INTENT, SETTLEMENT, CHECKPOINT],
        "what fills a frame up may be missing"
    );
}

#[test]
fn a_changed_byte_costs_the_record_it_is_in_and_is_told() {
    let (sound, places) = segment();
    for place in 0..places[3] {
        for change in [0x01, 0x80, 0xff] {
            let mut bytes = sound.clone();
            bytes[place] ^= change;
            let hit = places.iter().rposition(|start| *start <= place).unwrap();
            let found: Vec<_> = Scan::new(&bytes, 0).collect();
            let damage = Found::Damage(places[hit]..places[hit + 1]);
            // The zeros that fill a frame up say nothing, so nothing is lost with them.
            let length = [7, 9, 11][hit];
            if place >= places[hit] + HEAD + length {
                assert_eq!(tags(&bytes), [INTENT, SETTLEMENT, CHECKPOINT]);
                continue;
            }
            assert_eq!(found.len(), 3, "{place}: {found:?}");
            assert_eq!(found[hit], damage, "{place} ^ {change:#x}: {found:?}");
        }
    }
}

#[test]
fn zeros_between_records_are_told() {
    let (mut bytes, places) = segment();
    bytes[places[1]..places[2]].fill(0);
    let found: Vec<_> = Scan::new(&bytes, 0).collect();
    assert_eq!(found[1], Found::Damage(places[1]..places[2]));
    assert_eq!(tags(&bytes), [INTENT, CHECKPOINT]);
}

#[test]
fn a_gap_takes_the_place_of_what_was_damaged() {
    let (mut bytes, places) = segment();
    let (start, end) = (places[1], places[2]);
    bytes[start..end].copy_from_slice(&gap(end - start));
    assert_eq!(tags(&bytes), [INTENT, GAP, CHECKPOINT]);
}

proptest::proptest! {
    #[test]
    fn bytes_of_any_kind_do_no_harm(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        let mut before = 0;
        for found in Scan::new(&bytes, 0) {
            let (start, end) = match found {
                Found::Frame(frame) => (frame.start, frame.end),
                Found::Damage(range) => (range.start, range.end),
                Found::Torn(range) => (range.start, range.end),
            };
            assert!(start == before && end > start);
            before = end;
        }
    }
}
