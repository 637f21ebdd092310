//! Reading JSON with errors that name the place.

use serde::de::DeserializeOwned;

mod place;

/// JSON that does not fit, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", if path.is_empty() { String::new() } else { format!("{path}: ") })]
pub struct ParseError {
    /// The place, such as `messages[3].content[0].text`; empty at the root.
    pub path: String,
    /// What is wrong there.
    pub message: String,
}

impl ParseError {
    /// Kept apart from what is generic: it is the same for all types.
    #[cold]
    fn new(json: &[u8], error: &serde_json::Error) -> Self {
        let mut message = error.to_string();
        // Where the text itself is fine, the line of a one-line body tells less than the path does.
        if error.is_data()
            && let Some(end) = message.rfind(" at line ")
        {
            message.truncate(end);
        }
        let path = place::path(json, error, &message);
        match message.strip_prefix(WITHIN).and_then(|inner| inner.split_once(END)) {
            Some((inner, message)) => {
                Self { path: joined(path, inner), message: in_words(message.to_owned()) }
            }
            None => Self { path, message: in_words(message) },
        }
    }

    /// The same fault, told by a type that read a part of its own by itself.
    pub fn within<E: serde::de::Error>(&self) -> E {
        if self.path.is_empty() {
            return E::custom(&self.message);
        }
        E::custom(format_args!("{WITHIN}{}{END}{}", self.path, self.message))
    }

    /// The same fault in a member of that name.
    #[must_use]
    pub fn at(self, member: &str) -> Self {
        Self { path: joined(member.to_owned(), &self.path), message: self.message }
    }
}

/// A message of serde's in which what was expected is told in words for people, and not as a type of Rust's.
#[must_use]
pub fn in_words(message: String) -> String {
    let words = match message.rsplit_once(", expected ") {
        Some((before, "u8" | "u16" | "u32" | "u64" | "usize")) => Some((before, "a whole number, 0 or more")),
        Some((before, "i8" | "i16" | "i32" | "i64" | "isize")) => Some((before, "a whole number")),
        Some((before, "f32" | "f64")) => Some((before, "a number")),
        Some((before, kind)) if kind.starts_with("struct ") => Some((before, "an object")),
        _ => None,
    };
    match words {
        Some((before, expected)) => format!("{before}, expected {expected}"),
        None => message,
    }
}

/// How [`ParseError::within`] words a place.
const WITHIN: &str = "at `";
const END: &str = "`: ";

fn joined(mut path: String, inner: &str) -> String {
    if !path.is_empty() && !inner.is_empty() && !inner.starts_with('[') {
        path.push('.');
    }
    path + inner
}

/// Reads a JSON text.
///
/// # Errors
/// [`ParseError`] names the place and what was expected there.
pub fn from_slice<T: DeserializeOwned>(json: &[u8]) -> Result<T, ParseError> {
    serde_json::from_slice(json).map_err(|error| ParseError::new(json, &error))
}

/// Reads a JSON tree, by its text: so there is one way to read a type, not two that may differ.
///
/// # Errors
/// As [`from_slice`].
#[expect(clippy::needless_pass_by_value, reason = "stands where `serde_json::from_value` would")]
pub fn from_value<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, ParseError> {
    from_slice(&text(&value))
}

/// Apart from what is generic, as above.
fn text(value: &serde_json::Value) -> Vec<u8> {
    value.to_string().into_bytes()
}
