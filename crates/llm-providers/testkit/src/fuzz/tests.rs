//! The bodies that need no vendor, over the corpus.

use super::*;
use crate::corpus::corpus;

fn requests() -> Vec<&'static [u8]> {
    corpus().iter().map(|case| case.json.as_bytes()).collect()
}

const STREAMS: &[&[u8]] = &[
    b"data: {\"a\":1}\n\ndata: {\"b\":2}\n\ndata: [DONE]\n\n",
    b"\xEF\xBB\xBFevent: start\r\ndata: one\r\ndata: two\r\n\r\n: comment\r\n\r\nevent: end\r\ndata\r\n\r\n",
    b"data: a\r\rid: 5\rretry: 7\rdata:b\r\r\r\rdata: c",
];

#[test]
fn sse_frames_hold() {
    run(sse_frames, STREAMS, SEED, iterations(20_000));
}

#[test]
fn chat_requests_hold() {
    run(chat_request, &requests(), SEED, iterations(10_000));
}

#[test]
fn peeks_and_patches_hold() {
    run(peek_and_patch, &requests(), SEED, iterations(10_000));
}

#[test]
fn a_failure_tells_seed_turn_and_input() {
    let fails = |data: &[u8]| assert!(!data.contains(&0), "a zero");
    let panic = catch_unwind(|| run_from(1, mutate, fails, &[b"abc"], 100_000)).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.starts_with("a zero\n\nseed 0x1, turn "), "{message}");
    assert!(message.contains("\\x00"), "{message}");
}

#[test]
fn the_same_seed_gives_the_same_mutations() {
    let all =
        |seed: u64| (0..50).map(|turn| mutate(STREAMS, &mut Random::new(seed + turn))).collect::<Vec<_>>();
    assert_eq!(all(3), all(3));
    assert_ne!(all(3), all(4));
}

#[test]
fn members_are_added_and_renamed() {
    let text = br#"{"a":{},"b":"\"c\":"}"#;
    let made: Vec<Value> = (0..200)
        .flat_map(|turn| {
            [forms::add_member, forms::rename_member].map(|change| {
                let mut text = text.to_vec();
                change(&mut text, &mut Random::new(turn));
                serde_json::from_slice(&text).expect("it is still JSON")
            })
        })
        .collect();
    for found in [
        serde_json::json!({"a": {"novelty": 800_002}, "b": "\"c\":"}),
        serde_json::json!({"novelty": [{"inner": 800_003}], "a": {}, "b": "\"c\":"}),
        serde_json::json!({"ax": {}, "b": "\"c\":"}),
        serde_json::json!({"a": {}, "bx": "\"c\":"}),
    ] {
        assert!(made.contains(&found), "{found}");
    }
}

#[test]
fn what_is_changed_stays_json() {
    let all = requests();
    for turn in 0..500 {
        let changed = change(&all, &mut Random::new(turn));
        assert!(serde_json::from_slice::<Value>(&changed).is_ok(), "{}", changed.escape_ascii());
    }
}

#[test]
fn every_value_takes_every_other_form() {
    let texts: Vec<String> = other_forms(b"data: {\"a\": [1]}\n\n", usize::MAX)
        .map(|text| String::from_utf8(text).unwrap())
        .collect();
    // The whole, the list, its number.
    assert_eq!(texts.len() % 3, 0, "{texts:?}");
    for expected in ["data: []\n\n", "data: {\"a\": \"x\"}\n\n", "data: {\"a\": [{}]}\n\n"] {
        assert!(texts.iter().any(|text| text == expected), "{expected:?} in {texts:?}");
    }
    assert_eq!(other_forms(b"{\"a\":1,\"b\":2}", 5).count(), 5);
    assert_eq!(other_forms(b"", 5).count(), 0);
}
