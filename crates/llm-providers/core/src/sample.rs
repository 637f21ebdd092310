//! [`Sample`]: the beginning of what a model wrote.

use std::borrow::Cow;

/// The beginning of what a model wrote: enough to find out with a tokenizer how many tokens the whole is, where the vendor
/// does not say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sample {
    bytes: Vec<u8>,
    /// Whether it stands as in JSON, with escapes.
    is_escaped: bool,
    /// Whether something did not fit any more: nothing follows then.
    is_full: bool,
}

/// The end of the last word is looked for in so many bytes.
const WORD: usize = 64;

impl Sample {
    /// Bytes of it at most.
    pub const MOST: usize = 2 << 10;

    /// Adds what comes next, as far as there is room for whole words, or whole characters where there are no words. All
    /// pieces are escaped as in JSON, or none is.
    pub(crate) fn add(&mut self, piece: &[u8], is_escaped: bool) {
        if self.is_full {
            return;
        }
        self.is_escaped = is_escaped;
        let room = Self::MOST - self.bytes.len();
        let Some((fits, next)) = piece.split_at_checked(room).filter(|(_, rest)| !rest.is_empty()) else {
            self.bytes.extend_from_slice(piece);
            return;
        };
        self.bytes.extend_from_slice(fits);
        self.is_full = true;
        if next[0] != b' ' {
            self.bytes.truncate(self.whole());
        }
    }

    /// Up to where words are whole: half a word is more tokens than it is of one.
    fn whole(&self) -> usize {
        let from = self.bytes.len().saturating_sub(WORD);
        let tail = &self.bytes[from..];
        if let Some(space) = tail.iter().rposition(|byte| *byte == b' ') {
            return from + space;
        }
        // The last character begins with what does not go on with one.
        let last = tail.iter().rposition(|byte| byte & 0xc0 != 0x80).unwrap_or(0);
        let is_whole = std::str::from_utf8(&tail[last..]).is_ok();
        from + if is_whole { tail.len() } else { last }
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
    fn it_is_bounded_and_ends_with_a_word() {
        let beginning = "x".repeat(Sample::MOST - 1);
        let mut sample = of(&[&beginning, "\u{e9}"], false);
        assert_eq!(sample.text(), beginning, "no half of a character");
        sample.add(b"more", false);
        assert_eq!(sample.len(), Sample::MOST - 1, "nothing follows what did not fit");
        assert!(!sample.is_empty());

        let whole = "x".repeat(Sample::MOST);
        let mut sample = of(&[&whole], false);
        sample.add(b"", false);
        assert_eq!(sample.text(), whole, "all of it fits");
        sample.add(b" more", false);
        assert_eq!(sample.text(), whole, "the next word begins behind it");

        let words = " words".repeat(Sample::MOST);
        let sample = of(&[&words], false);
        assert_eq!(sample.text(), &words[..Sample::MOST / 6 * 6]);
        let sample = of(&["word", &words], false);
        assert_eq!(sample.text(), format!("word{}", &words[..(Sample::MOST - 4) / 6 * 6]));
    }
}
