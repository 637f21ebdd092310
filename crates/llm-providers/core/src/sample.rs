//! [`Sample`]: the beginning of what a model wrote.

use std::borrow::Cow;

/// The beginning of what a model wrote: enough to find out with a tokenizer how many tokens the whole is, where the vendor
/// does not say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sample {
    bytes: Vec<u8>,
    /// Whether it stands as in JSON, with escapes.
    is_escaped: bool,
}

impl Sample {
    /// Bytes of it at most.
    pub const MOST: usize = 2 << 10;

    /// Adds what comes next, as far as there is room. All pieces are escaped as in JSON, or none is.
    pub(crate) fn add(&mut self, piece: &[u8], is_escaped: bool) {
        let room = Self::MOST - self.bytes.len();
        self.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        self.is_escaped = is_escaped;
    }

    /// How many bytes it is, counted as [`Seen::content_bytes`](crate::Seen::content_bytes) are.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The text. What cannot be unescaped stands as it came.
    pub fn text(&self) -> Cow<'_, str> {
        let raw = String::from_utf8_lossy(&self.bytes);
        if !self.is_escaped || !raw.contains('\\') {
            return raw;
        }
        // The last escape may be cut in the middle.
        let whole = |text: &str| serde_json::from_str::<String>(&format!("\"{text}\"")).ok();
        let cut = raw.rfind('\\').map(|at| &raw[..at]);
        whole(&raw).or_else(|| cut.and_then(whole)).map_or(raw, Cow::Owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pieces: &[&str], is_escaped: bool) -> Sample {
        let mut sample = Sample::default();
        pieces.iter().for_each(|piece| sample.add(piece.as_bytes(), is_escaped));
        sample
    }

    #[test]
    fn escapes_are_read_where_there_are_any() {
        assert_eq!(of(&["say ", r#"\"hi\""#, r"\n\u00e9"], true).text(), "say \"hi\"\n\u{e9}");
        assert_eq!(of(&[r"a \n stays"], false).text(), r"a \n stays");
        assert_eq!(of(&[r"half \u00"], true).text(), "half ", "the end is cut off");
        assert_eq!(of(&[r"\x is none \x"], true).text(), r"\x is none \x");
    }

    #[test]
    fn it_is_bounded() {
        let mut sample = of(&["x".repeat(Sample::MOST - 1).as_str(), "\u{e9}"], false);
        assert_eq!(sample.len(), Sample::MOST);
        assert!(sample.text().ends_with('\u{fffd}'));
        sample.add(b"more", false);
        assert_eq!(sample.len(), Sample::MOST);
        assert!(!sample.is_empty());
    }
}
