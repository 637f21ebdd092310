//! What answers tell in their headers of how they came about.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use llm_provider_core::{Note, header_text};
use smallvec::SmallVec;

use crate::exchange::Exchange;
use crate::headers::{self, Values};

/// How long it took until the answer, and what went wrong before it.
pub(crate) fn tell_legs(exchange: &Exchange, values: &mut Values, map: &mut HeaderMap) {
    let record = exchange.record();
    if record.retries + record.fallbacks > 0 || !map.contains_key(&headers::ATTEMPTED_RETRIES) {
        map.insert(headers::ATTEMPTED_RETRIES, values.whole(record.retries));
        map.insert(headers::ATTEMPTED_FALLBACKS, values.whole(record.fallbacks));
    }
    let age = exchange.age();
    map.insert(headers::RESPONSE_DURATION, milliseconds(age, values));
    map.insert(headers::OVERHEAD_DURATION, milliseconds(age.saturating_sub(record.waited(age)), values));
    if !record.queued.is_zero() {
        map.insert(headers::QUEUE_DURATION, milliseconds(record.queued, values));
    }
}

fn milliseconds(duration: Duration, values: &mut Values) -> HeaderValue {
    let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    // From the last digit on: three behind the point, at least one before it.
    const POINT: usize = 20;
    let (mut text, mut at, mut left) = ([b'.'; POINT + 4], POINT + 4, us);
    while left > 0 || at >= POINT {
        at -= if at == POINT + 1 { 2 } else { 1 };
        text[at] = b'0' + (left % 10) as u8;
        left /= 10;
    }
    values.bytes(&text[at..])
}

/// The vendor's headers: its limits as they are, the others under `llm_provider-`.
pub(crate) fn tell_vendor_headers(from: &HeaderMap, to: &mut HeaderMap) {
    for (name, value) in from {
        let text = name.as_str();
        if text.starts_with("x-ratelimit-") {
            to.append(name.clone(), value.clone());
            continue;
        }
        let ours = matches!(
            text,
            "content-type"
                | "content-length"
                | "transfer-encoding"
                | "connection"
                | "keep-alive"
                | "date"
                | "server"
                | "set-cookie"
                | "vary"
                | "cache-control"
                | "content-encoding"
                | "strict-transport-security"
                | "alt-svc"
                | "trailer"
                | "upgrade"
        );
        if !ours {
            let mut name = SmallVec::<[u8; 64]>::from_slice(b"llm_provider-");
            name.extend_from_slice(text.as_bytes());
            if let Ok(name) = HeaderName::from_bytes(&name) {
                to.append(name, value.clone());
            }
        }
    }
}

/// What translation changed.
pub(crate) fn tell_notes(notes: &[Note], asked: &HeaderMap, map: &mut HeaderMap) {
    const SHORT: usize = 1024;
    const LONG: usize = 8192;
    if notes.is_empty() {
        return;
    }
    let mut short = String::new();
    for (index, note) in notes.iter().enumerate() {
        let piece = format!("{} {}", note.kind.label(), note.path);
        if short.len() + piece.len() > SHORT {
            short.push_str(&format!("; and {} more", notes.len() - index));
            break;
        }
        if index > 0 {
            short.push_str("; ");
        }
        short.push_str(&piece);
    }
    map.insert(headers::NOTES, printable(&short));
    if header_text(asked, headers::EXPLAIN).is_some_and(|what| what.contains("notes")) {
        let mut kept = notes.len();
        loop {
            let list: Vec<_> = notes[..kept].iter().map(note_json).collect();
            let text = ascii_json(&serde_json::Value::Array(list).to_string());
            if text.len() <= LONG || kept == 0 {
                map.insert(headers::NOTES_JSON, printable(&text));
                return;
            }
            kept /= 2;
        }
    }
}

/// A note as JSON.
pub(crate) fn note_json(note: &Note) -> serde_json::Value {
    serde_json::json!({"kind": note.kind.label(), "path": note.path, "detail": note.detail})
}

/// A header value from text; what cannot stand in one becomes `?`.
pub(super) fn printable(text: &str) -> HeaderValue {
    let plain: String =
        text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect();
    HeaderValue::from_str(&plain).unwrap_or_else(|_| HeaderValue::from_static("?"))
}

/// JSON text in ASCII.
fn ascii_json(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    text
}
