//! Reading JSON with errors that name the place.

use serde::de::DeserializeOwned;

/// JSON that does not fit, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", if path.is_empty() { String::new() } else { format!("{path}: ") })]
pub struct ParseError {
    /// The place, such as `messages[3].content[0].text`; empty at the root or when the text is no JSON.
    pub path: String,
    /// What is wrong there.
    pub message: String,
}

impl ParseError {
    fn new(error: serde_path_to_error::Error<serde_json::Error>) -> Self {
        let path = match error.path().to_string() {
            path if path == "." => String::new(),
            path => path,
        };
        let inner = error.into_inner();
        let mut message = inner.to_string();
        // Where the text itself is fine, the line of a one-line body tells less than the path does.
        if inner.is_data()
            && let Some(end) = message.rfind(" at line ")
        {
            message.truncate(end);
        }
        Self { path, message }
    }
}

/// Reads a JSON text.
///
/// # Errors
/// [`ParseError`] names the place and what was expected there.
pub fn from_slice<T: DeserializeOwned>(json: &[u8]) -> Result<T, ParseError> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(ParseError::new)?;
    deserializer.end().map_err(|error| ParseError { path: String::new(), message: error.to_string() })?;
    Ok(value)
}

/// Reads a JSON tree.
///
/// # Errors
/// As [`from_slice`].
pub fn from_value<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, ParseError> {
    serde_path_to_error::deserialize(value).map_err(ParseError::new)
}
