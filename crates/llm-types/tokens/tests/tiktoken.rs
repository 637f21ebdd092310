//! Token for token what tiktoken gives, and texts that would be slow if anything were quadratic.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use llm_tokens::Encoding;
use proptest::prelude::*;
use serde_json::Value;

/// Texts and their tokens, by tiktoken 0.14.0.
const KNOWN: &str = include_str!("known.json");

fn check(case: &Value) {
    let text = case["text"].as_str().unwrap();
    for encoding in Encoding::ALL {
        let expected: Vec<u32> = case[encoding.name()]
            .as_array()
            .unwrap()
            .iter()
            .map(|token| token.as_u64().unwrap() as u32)
            .collect();
        assert_eq!(encoding.encode(text), expected, "{}: {text:?}", encoding.name());
        assert_eq!(encoding.count(text), expected.len());
    }
}

#[test]
fn known_texts() {
    let cases: Vec<Value> = serde_json::from_str(KNOWN).unwrap();
    assert!(cases.len() > 40);
    cases.iter().for_each(check);
}

#[test]
fn hostile_texts_take_no_longer() {
    for unit in ["a", "ab", "🦀", "é", " ", "\n", "'", "Aa", "0", "a\u{301}"] {
        let text = unit.repeat(60_000 / unit.len());
        for encoding in Encoding::ALL {
            assert!(encoding.count(&text) > 100, "{unit:?}");
        }
    }
}

proptest! {
    #[test]
    fn every_text_is_some_tokens(text in any::<String>()) {
        for encoding in Encoding::ALL {
            let count = encoding.count(&text);
            prop_assert!(count <= text.len());
            prop_assert_eq!(count == 0, text.is_empty());
            prop_assert_eq!(encoding.encode(&text).len(), count);
        }
    }
}
