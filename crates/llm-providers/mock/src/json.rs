//! Writing JSON into a growing frame.

use serde::Serialize;

/// Appends `before`, the text as a JSON string, `after`.
pub(crate) fn push_member(out: &mut Vec<u8>, before: &str, text: &str, after: &str) {
    out.extend_from_slice(before.as_bytes());
    push_json(out, text);
    out.extend_from_slice(after.as_bytes());
}

/// Appends a value as JSON. Writing to memory does not fail, and what is written here has string keys only.
pub(crate) fn push_json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    let written = serde_json::to_writer(&mut *out, value);
    debug_assert!(written.is_ok());
}
