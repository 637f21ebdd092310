//! Where a page ended.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::{Result, StoreError};

/// Where a page ended, as a text that clients hand back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cursor(String);

/// What the last record was sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mark {
    Text(String),
    Number(i64),
}

impl Cursor {
    /// A cursor that a client handed back. What it says is looked at when it is used.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn new(mark: &Mark, id: &str) -> Self {
        let json = match mark {
            Mark::Text(text) => serde_json::json!([text, id]),
            Mark::Number(number) => serde_json::json!([number, id]),
        };
        Self(URL_SAFE_NO_PAD.encode(json.to_string()))
    }

    pub(crate) fn read(&self, text: bool) -> Result<(Mark, String)> {
        let read = || {
            let json = URL_SAFE_NO_PAD.decode(&self.0).ok()?;
            let (mark, id) = if text {
                let (mark, id): (String, String) = serde_json::from_slice(&json).ok()?;
                (Mark::Text(mark), id)
            } else {
                let (mark, id): (i64, String) = serde_json::from_slice(&json).ok()?;
                (Mark::Number(mark), id)
            };
            let clean = !id.contains('\0') && !matches!(&mark, Mark::Text(text) if text.contains('\0'));
            clean.then_some((mark, id))
        };
        read().ok_or_else(|| StoreError::Invalid("this is no cursor of this list".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_as_they_were() {
        for mark in [Mark::Text("ü\"'".to_owned()), Mark::Number(i64::MAX), Mark::Number(-1)] {
            let cursor = Cursor::new(&mark, "id");
            let read = Cursor::from_text(cursor.as_str()).read(matches!(mark, Mark::Text(_)));
            assert_eq!(read.unwrap(), (mark, "id".to_owned()));
        }
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let number = Cursor::new(&Mark::Number(1), "id");
        assert!(number.read(true).is_err(), "of another order");
        let nul = Cursor::new(&Mark::Text("\0".to_owned()), "id");
        for cursor in [nul, Cursor::from_text(""), Cursor::from_text("W10"), Cursor::from_text("' OR 1=1 --")]
        {
            assert!(cursor.read(true).is_err(), "{cursor:?}");
        }
    }
}
