//! Mutations of inputs.

use serde::de::IgnoredAny;

use super::forms::{add_member, reform, rename_member};
use crate::Random;

/// No input grows past this many bytes.
const LIMIT: usize = 16 << 10;

/// What is put in: pieces of JSON and of server-sent events, numbers at their limits, broken text.
const TOKENS: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\",
    b":",
    b",",
    b"null",
    b"true",
    b"false",
    b"0",
    b"-1",
    b"-0",
    b"0.1",
    b"1e3",
    b"1e999",
    b"4294967296",
    b"18446744073709551615",
    b"18446744073709551616",
    b"-9223372036854775809",
    b"\"\"",
    b"{}",
    b"[]",
    b"\"type\":",
    b"\"type\":\"text\",",
    b"\"index\":7,",
    b"\"x\":null,",
    b"\\u0000",
    b"\\ud800",
    b"\\udc00",
    b"\xFF",
    b"\xC3",
    b"\xED\xA0\x80",
    b"\xEF\xBB\xBF",
    b"\xE2\x80\xA8",
    b"\0",
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"\r\n\r\n",
    b"data: ",
    b"data:",
    b"data",
    b"event: ",
    b"event: error\n",
    b": ",
    b"id: 1\n",
    b"[DONE]",
    b"data: [DONE]\n\n",
    b"data: {}\n\n",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
];

/// One of the inputs, changed in one to six places.
///
/// # Panics
/// If there are no inputs.
pub fn mutate(corpus: &[&[u8]], random: &mut Random) -> Vec<u8> {
    let mut input = random.pick(corpus).to_vec();
    for _ in 0..=random.below(6) {
        mutate_once(&mut input, corpus, random);
    }
    input.truncate(LIMIT);
    input
}

/// One of the inputs, which are JSON, with one to three of its members changed: another name, a value of another form, or
/// a member beside them that nobody knows. It is JSON still.
///
/// # Panics
/// If there are no inputs.
pub fn change(corpus: &[&[u8]], random: &mut Random) -> Vec<u8> {
    let mut input = random.pick(corpus).to_vec();
    for _ in 0..=random.below(3) {
        let change = *random.pick(&[reform, add_member, add_member, rename_member]);
        let mut changed = input.clone();
        change(&mut changed, random);
        // What stands in a text looks like a member.
        if serde_json::from_slice::<IgnoredAny>(&changed).is_ok() {
            input = changed;
        }
    }
    input
}

/// JSON with one to three more members than anybody knows, or members of another name. It is JSON still.
pub fn add_members(input: &[u8], random: &mut Random) -> Vec<u8> {
    let mut input = input.to_vec();
    for _ in 0..=random.below(3) {
        let change = *random.pick(&[add_member, add_member, rename_member]);
        let mut changed = input.clone();
        change(&mut changed, random);
        // What stands in a text looks like a member.
        if serde_json::from_slice::<IgnoredAny>(&changed).is_ok() {
            input = changed;
        }
    }
    input
}

fn mutate_once(input: &mut Vec<u8>, corpus: &[&[u8]], random: &mut Random) {
    let at = random.below(input.len() + 1);
    let some = piece(input.len(), random);
    match random.below(14) {
        // A bit turns over.
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        // The end is missing.
        1 => input.truncate(at),
        // The beginning is missing.
        2 => drop(input.drain(..at)),
        // A piece is missing.
        3 => drop(input.drain(some)),
        // A piece stands twice, or elsewhere.
        4 => {
            let piece = input[some].to_vec();
            input.splice(at..at, piece);
        }
        // A piece of another input stands here.
        5 => {
            let other = random.pick(corpus);
            let piece = other[piece(other.len(), random)].to_vec();
            let end = (at + random.below(16)).min(input.len());
            input.splice(at..end, piece);
        }
        // A token stands here.
        6 => drop(input.splice(at..at, random.pick(TOKENS).iter().copied())),
        // A token stands instead of another character of JSON, or of a line end.
        7 => replace(input, random, |byte| b"{}[]\",:\\\n".contains(&byte)),
        // A token stands instead of a number's digit.
        8 => replace(input, random, |byte| byte.is_ascii_digit() || byte == b'-'),
        // A value of another form stands here.
        9 | 10 => reform(input, random),
        // A member more than anybody knows, or one of another name.
        11 => add_member(input, random),
        12 => rename_member(input, random),
        // Any byte.
        _ => input.insert(at, random.below(256) as u8),
    }
}

/// A short stretch.
fn piece(length: usize, random: &mut Random) -> std::ops::Range<usize> {
    let start = random.below(length + 1);
    start..(start + 1 + random.below(64)).min(length).max(start)
}

fn replace(input: &mut Vec<u8>, random: &mut Random, is_wanted: impl Fn(u8) -> bool) {
    let start = random.below(input.len() + 1);
    if let Some(at) = input[start..].iter().position(|&byte| is_wanted(byte)) {
        let token = random.pick(TOKENS);
        input.splice(start + at..=start + at, token.iter().copied());
    }
}
