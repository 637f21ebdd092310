//! Names that Anthropic's clients expect and other vendors give otherwise, or not at all.

use std::borrow::Cow;

/// An answer's name: `msg_…`.
pub(super) fn message(vendors: &str, request_id: &str) -> String {
    match vendors {
        "" => format!("msg_{}", letters(request_id)),
        named if named.starts_with("msg_") => named.to_owned(),
        other => format!("msg_{}", letters(other)),
    }
}

/// What the names of calls begin with that the vendor gave none; the call's number follows.
pub(super) fn call_prefix(request_id: &str) -> String {
    format!("toolu_{}_", letters(request_id))
}

/// Only what Anthropic takes in a name: clients send it back.
fn letters(name: &str) -> Cow<'_, str> {
    let is_taken = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    if name.chars().all(is_taken) {
        return Cow::Borrowed(name);
    }
    name.chars().map(|letter| if is_taken(letter) { letter } else { '_' }).collect()
}
