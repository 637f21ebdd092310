//! Values of another form: a list where an object stands, a number where a text does; members of another name, and more
//! members than anybody knows.

use std::ops::Range;

use serde::de::IgnoredAny;

use crate::Random;

/// One of each form that JSON has, and some that look like another: a list may be read as an object with its members in
/// order.
const FORMS: &[&[u8]] = &[
    b"null",
    b"true",
    b"-1",
    b"1.5",
    b"\"x\"",
    b"\"\"",
    b"[]",
    b"[null]",
    b"[[null],[null]]",
    b"{}",
    b"{\"x\":{}}",
];

/// Every text that differs from this one in one value of JSON, which has another form; at most `most` of them, spread
/// evenly. The text is JSON, or has JSON in its lines.
pub fn other_forms(text: &[u8], most: usize) -> impl Iterator<Item = Vec<u8>> {
    let places: Vec<Range<usize>> = (0..text.len()).filter_map(|at| value_at(text, at)).collect();
    let all = places.len() * FORMS.len();
    let step = all.div_ceil(most.max(1)).max(1);
    // A step that shares nothing with the number of forms meets each of them.
    let step = if step > 1 && step.is_multiple_of(FORMS.len()) { step + 1 } else { step };
    (0..all).step_by(step).map(move |number| {
        let (place, form) = (&places[number / FORMS.len()], FORMS[number % FORMS.len()]);
        [&text[..place.start], form, &text[place.end..]].concat()
    })
}

/// Puts a value of another form somewhere.
pub(super) fn reform(input: &mut Vec<u8>, random: &mut Random) {
    let start = random.below(input.len() + 1);
    if let Some(place) = (start..input.len()).find_map(|at| value_at(input, at)) {
        input.splice(place, random.pick(FORMS).iter().copied());
    }
}

/// Members that nobody knows, each with a value that stands nowhere else.
const NOVELTIES: &[&[u8]] = &[
    b"\"novelty\":\"new-800001\"",
    b"\"novelty\":800002",
    b"\"novelty\":[{\"inner\":800003}]",
    b"\"novelty\":null",
];

/// Gives some object a member that nobody knows.
pub(super) fn add_member(input: &mut Vec<u8>, random: &mut Random) {
    let start = random.below(input.len() + 1);
    if let Some(at) = (start..input.len()).find(|&at| input[at] == b'{') {
        let next = input[at + 1..].iter().find(|byte| !byte.is_ascii_whitespace());
        let comma: &[u8] = if next == Some(&b'}') { b"" } else { b"," };
        let member = [random.pick(NOVELTIES), comma].concat();
        input.splice(at + 1..at + 1, member);
    }
}

/// Gives some member a longer name.
pub(super) fn rename_member(input: &mut Vec<u8>, random: &mut Random) {
    let start = random.below(input.len() + 1);
    // A quote behind a backslash ends no name.
    let ends_name = |at: &usize| input[*at..].starts_with(b"\":") && input[..*at].last() != Some(&b'\\');
    if let Some(at) = (start..input.len()).find(ends_name) {
        input.insert(at, b'x');
    }
}

/// The value of JSON that begins here, where one may: at the start of a line, or after what comes before values.
fn value_at(text: &[u8], at: usize) -> Option<Range<usize>> {
    if text[at].is_ascii_whitespace() {
        return None;
    }
    let before = text[..at].iter().rev().find(|byte| **byte != b' ');
    if !before.is_none_or(|byte| b":[,\n\r".contains(byte)) {
        return None;
    }
    let mut values = serde_json::Deserializer::from_slice(&text[at..]).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    Some(at..at + values.byte_offset())
}
