//! Streams may be cut anywhere, end too early, and hold what nobody knows.

use std::fmt::Debug;

use bytes::Bytes;
use llm_provider_core::{Decoder, Frames, Operation, StreamError};
use serde_json::Value;

use crate::Random;

/// Streams up to this many bytes are cut at every byte, longer ones around their line ends and at as many
/// places chosen by a seed.
const EVERY_BYTE: usize = 2 << 10;

/// Frames that mean nothing in any dialect over server-sent events.
pub const COMMENTS: &[&str] =
    &[": keep-alive\n\n", "\n", "event: nothing\n\n", "id: 7\nretry: 100\n\n", ":\r\n\r\n"];

/// Reads a whole stream in one piece.
pub fn read<O: Operation>(
    make_decoder: impl Fn() -> Box<dyn Decoder<O>>,
    stream: &[u8],
) -> Vec<Result<O::Chunk, StreamError>> {
    read_cut(make_decoder, stream, &[])
}

/// Reads a stream cut at these places, which are in order.
pub fn read_cut<O: Operation>(
    make_decoder: impl Fn() -> Box<dyn Decoder<O>>,
    stream: &[u8],
    cuts: &[usize],
) -> Vec<Result<O::Chunk, StreamError>> {
    let mut decoder = make_decoder();
    let mut items = Vec::new();
    let mut start = 0;
    for &cut in cuts.iter().chain([&stream.len()]) {
        items.extend(decoder.push(Bytes::copy_from_slice(&stream[start..cut])));
        start = cut;
    }
    items.extend(decoder.finish());
    items
}

/// Reads a stream that must be sound.
///
/// # Panics
/// If the stream fails.
#[track_caller]
pub fn chunks<O: Operation>(make_decoder: impl Fn() -> Box<dyn Decoder<O>>, stream: &[u8]) -> Vec<O::Chunk> {
    read(make_decoder, stream)
        .into_iter()
        .map(|item| item.unwrap_or_else(|error| panic!("the stream fails: {error}")))
        .collect()
}

/// Wherever a stream is cut on its way, it gives the same chunks: cut at every byte, at pairs and triples
/// chosen by a seed, and one byte at a time.
///
/// # Panics
/// If it does not hold.
#[track_caller]
pub fn cut_anywhere<O: Operation>(make_decoder: impl Fn() -> Box<dyn Decoder<O>>, stream: &[u8])
where
    O::Chunk: PartialEq + Debug,
{
    let whole = read(&make_decoder, stream);
    let check = |cuts: &[usize]| {
        let cut = read_cut(&make_decoder, stream, cuts);
        assert!(
            cut == whole,
            "cut at {cuts:?}, the stream reads otherwise\n whole: {whole:#?}\n cut: {cut:#?}"
        );
    };
    for cut in places(stream) {
        check(&[cut]);
    }
    let mut random = Random::new(stream.len() as u64);
    let rounds = (32 * EVERY_BYTE / stream.len().max(1)).clamp(4, 32);
    for count in [2, 3, 8] {
        for _ in 0..rounds {
            let mut cuts: Vec<_> = (0..count).map(|_| random.below(stream.len() + 1)).collect();
            cuts.sort_unstable();
            check(&cuts);
        }
    }
    check(&(1..stream.len()).collect::<Vec<_>>());
}

/// The offset just past the last place where `marker` stands: for [`truncation`].
///
/// # Panics
/// If the marker stands nowhere.
#[track_caller]
pub fn after_last(stream: &[u8], marker: &str) -> usize {
    let marker = marker.as_bytes();
    let at = stream.windows(marker.len()).rposition(|window| window == marker);
    at.unwrap_or_else(|| panic!("`{}` stands nowhere in the stream", marker.escape_ascii())) + marker.len()
}

/// A stream that ends before `complete_after` ends in [`StreamError::Truncated`] (or in the vendor's own
/// failure), and what it gave before is what the whole stream gives: nothing is made up, no finish reason
/// above all. From `complete_after` on it ends well.
///
/// # Panics
/// If it does not hold.
#[track_caller]
pub fn truncation<O: Operation>(
    make_decoder: impl Fn() -> Box<dyn Decoder<O>>,
    stream: &[u8],
    complete_after: usize,
) where
    O::Chunk: PartialEq + Debug,
{
    let whole = read(&make_decoder, stream);
    for end in places(stream).into_iter().chain([0, complete_after, stream.len()]) {
        let mut items = read(&make_decoder, &stream[..end]);
        if end < complete_after {
            let last = items.pop();
            assert!(
                matches!(last, Some(Err(StreamError::Truncated | StreamError::Upstream(_)))),
                "ended at {end} of {complete_after}, the stream must end in `Truncated`, not in {last:#?}"
            );
        }
        let so_far = whole.get(..items.len());
        assert!(
            so_far == Some(&items),
            "ended at {end}, the stream gives what the whole does not\n whole: {whole:#?}\n short: {items:#?}"
        );
    }
}

/// Frames that nobody knows, put before and after every frame, change nothing; where they are handed on, they come out again
/// in `provider_specific_fields`, in a chunk of their own if no other follows.
///
/// # Panics
/// If it does not hold.
#[track_caller]
pub fn unknown_events_harmless<O: Operation>(
    make_decoder: impl Fn() -> Box<dyn Decoder<O>>,
    stream: &[u8],
    junk_frames: &[&str],
) where
    O::Chunk: serde::Serialize,
{
    let whole = plain(read(&make_decoder, stream));
    let frames: Vec<_> = frames(stream);
    let all = junk_frames.concat();
    for junk in junk_frames.iter().copied().chain([all.as_str()]) {
        let mut longer = junk.as_bytes().to_vec();
        for frame in &frames {
            longer.extend_from_slice(frame);
            longer.extend_from_slice(junk.as_bytes());
        }
        let items = without_added(plain(read(&make_decoder, &longer)), &whole);
        assert!(items == whole, "`{junk}` changes the stream\n before: {whole:#?}\n after: {items:#?}");
    }
}

/// What a stream gives, as JSON.
fn plain<C: serde::Serialize>(items: Vec<Result<C, StreamError>>) -> Vec<Value> {
    let items = items.into_iter().map(|item| match item {
        Ok(chunk) => serde_json::to_value(&chunk).unwrap(),
        // A failure keeps the vendor's body, in which what nobody knows may stand.
        Err(error) => Value::from(error.to_string()),
    });
    items.collect()
}

/// Chunks without the vendor's own fields that those `before` do not have, and without those that had nothing else.
fn without_added(items: Vec<Value>, before: &[Value]) -> Vec<Value> {
    const FIELDS: &str = "provider_specific_fields";
    let mut rest = before.iter().peekable();
    let mut kept = Vec::new();
    for mut item in items {
        let of_before = rest.peek().and_then(|before| before[FIELDS].as_object());
        let mut is_added = false;
        if let Some(fields) = item.get_mut(FIELDS).and_then(Value::as_object_mut) {
            let len = fields.len();
            fields.retain(|name, _| of_before.is_some_and(|before| before.contains_key(name)));
            is_added = fields.len() < len;
            if is_added && fields.is_empty() {
                item.as_object_mut().map(|item| item.remove(FIELDS));
            }
        }
        let is_empty = item["choices"].as_array().is_some_and(Vec::is_empty) && item["usage"].is_null();
        if is_added && is_empty && rest.peek() != Some(&&item) {
            continue;
        }
        rest.next();
        kept.push(item);
    }
    kept
}

/// A member that nobody knows, added to every JSON object at the top of an event, changes nothing; where
/// unknown members are handed on, it may come out again.
///
/// # Panics
/// If it does not hold.
#[track_caller]
pub fn unknown_members_harmless<O: Operation>(make_decoder: impl Fn() -> Box<dyn Decoder<O>>, stream: &[u8])
where
    O::Chunk: serde::Serialize,
{
    const UNKNOWN: &str = "x_nobody_knows";
    let mut longer = Vec::new();
    for frame in frames(stream) {
        for line in frame.split_inclusive(|&byte| byte == b'\n') {
            match line.strip_prefix(b"data: {") {
                Some(rest) if !rest.trim_ascii().starts_with(b"}") => {
                    longer.extend_from_slice(format!("data: {{\"{UNKNOWN}\":{{\"a\":[1,null]}},").as_bytes());
                    longer.extend_from_slice(rest);
                }
                _ => longer.extend_from_slice(line),
            }
        }
    }
    let known = |stream: &[u8]| {
        let mut items = plain(read(&make_decoder, stream));
        items.iter_mut().for_each(|item| remove(item, UNKNOWN));
        items
    };
    assert_eq!(known(&longer), known(stream), "an unknown member changes the stream");
}

/// Removes a member wherever it stands, with the objects that hold nothing else.
fn remove(value: &mut Value, name: &str) {
    match value {
        Value::Object(members) => {
            members.remove(name);
            members.retain(|_, value| {
                let held_it = value.get(name).is_some();
                remove(value, name);
                !(held_it && value.as_object().is_some_and(serde_json::Map::is_empty))
            });
        }
        Value::Array(items) => items.iter_mut().for_each(|item| remove(item, name)),
        _ => {}
    }
}

/// The frames of a whole stream; the last one is closed, so that something may follow it.
fn frames(stream: &[u8]) -> Vec<Vec<u8>> {
    let mut frames: Vec<Vec<u8>> = Frames::new(stream).map(<[u8]>::to_vec).collect();
    if let Some(last) = frames.last_mut() {
        while !last.ends_with(b"\n\n") && !last.ends_with(b"\r\r") && !last.ends_with(b"\r\n\r\n") {
            last.push(b'\n');
        }
    }
    frames
}

/// Where to cut: at every byte, or, in a long stream, around line ends and at places chosen by a seed.
fn places(stream: &[u8]) -> Vec<usize> {
    if stream.len() <= EVERY_BYTE {
        return (0..stream.len()).collect();
    }
    let mut random = Random::new(stream.len() as u64);
    // A long stream costs more each time it is read: fewer places keep the sum about the same.
    let budget = EVERY_BYTE * EVERY_BYTE / stream.len();
    let line_ends: Vec<_> = stream
        .iter()
        .enumerate()
        .filter(|(_, byte)| matches!(byte, b'\n' | b'\r'))
        .map(|(at, _)| at)
        .collect();
    let mut places: Vec<_> = (0..budget)
        .map(|turn| match turn % 2 {
            0 if !line_ends.is_empty() => (random.pick(&line_ends) + random.below(4)).saturating_sub(1),
            _ => random.below(stream.len()),
        })
        .map(|place| place.min(stream.len() - 1))
        .collect();
    places.sort_unstable();
    places.dedup();
    places
}

#[cfg(test)]
mod tests;
