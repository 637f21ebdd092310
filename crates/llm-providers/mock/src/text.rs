//! Text: counting words, making filler, cutting into chunks.

use crate::script::Script;

const FILLER: [&str; 16] = [
    "the", "quick", "mock", "answers", "without", "any", "model", "so", "that", "tests", "stay", "fast",
    "and", "always", "the", "same",
];

/// Words between white space; what this vendor calls a token.
pub(crate) fn count_words(text: &str) -> u64 {
    let Some((first, next)) = text.as_bytes().split_first() else { return 0 };
    let starts = |before: u8, at: u8| u8::from(before <= b' ') & u8::from(at > b' ');
    // Sums of a byte's width let the compiler use the whole vector; 255 positions cannot overflow them.
    let rest = text.as_bytes().chunks(255).zip(next.chunks(255)).map(|(before, at)| {
        let words: u8 = before.iter().zip(at).map(|(before, at)| starts(*before, *at)).sum();
        u64::from(words)
    });
    u64::from(starts(b' ', *first)) + rest.sum::<u64>()
}

/// So many words of fixed text.
pub(crate) fn filler_words(count: u64) -> String {
    let mut text = String::with_capacity(usize::try_from(count).unwrap_or_default().saturating_mul(7));
    for (position, word) in (0..count).zip(FILLER.iter().cycle()) {
        if position > 0 {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

/// Takes off what comes after so many words; whether anything did.
pub(crate) fn cut_to_words(text: &mut String, most: u64) -> bool {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let is_start = |(at, byte): &(usize, u8)| {
        *byte > b' '
            && at.checked_sub(1).and_then(|before| text.as_bytes().get(before)).is_none_or(|b| *b <= b' ')
    };
    let Some((next, _)) = text.bytes().enumerate().filter(is_start).nth(most) else { return false };
    let end = text.get(..next).map_or(next, |kept| kept.trim_end_matches(|c| c <= ' ').len());
    text.truncate(end);
    true
}

/// Appends filler until `text` has at least so many bytes.
pub(crate) fn pad(text: &mut String, bytes: u64) {
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    text.reserve(bytes.saturating_sub(text.len()) + 16);
    let mut words = FILLER.iter().cycle();
    while text.len() < bytes {
        text.push(' ');
        text.push_str(words.next().copied().unwrap_or_default());
    }
}

/// How text is cut into chunks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Split {
    /// One chunk.
    Whole,
    /// A word each, with the white space before it.
    Words,
    /// So many characters each.
    Chars(u64),
    /// So many chunks, alike in length, none empty.
    Even(u64),
}

impl Split {
    pub(crate) fn of(script: &Script) -> Self {
        match (script.chunks, script.chunk_size) {
            (Some(chunks), _) => Self::Even(chunks),
            (None, Some(size)) => Self::Chars(size),
            (None, None) => Self::Words,
        }
    }
}

/// A walk over a text in chunks; holds no borrow, so that it can live beside the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cutter {
    split: Split,
    at: usize,
    chars: u64,
    done: u64,
}

impl Cutter {
    pub(crate) fn new(split: Split, text: &str) -> Self {
        let chars = if matches!(split, Split::Even(_)) { text.chars().count() as u64 } else { 0 };
        Self { split, at: 0, chars, done: 0 }
    }

    /// The next chunk of `text`, which must be the text given to `new`.
    pub(crate) fn next<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let rest = text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let length = match self.split {
            Split::Whole => rest.len(),
            Split::Words => word_end(rest),
            Split::Chars(size) => char_end(rest, size.max(1)),
            Split::Even(chunks) => {
                let chunks = chunks.min(self.chars).max(1);
                let cut = |n: u64| u128::from(n) * u128::from(self.chars) / u128::from(chunks);
                char_end(rest, u64::try_from(cut(self.done + 1) - cut(self.done)).unwrap_or(u64::MAX))
            }
        };
        self.at += length;
        self.done += 1;
        rest.get(..length)
    }
}

/// Where the first word ends; white space at the very end belongs to the last word.
fn word_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let start = bytes.iter().position(|b| *b > b' ').unwrap_or(bytes.len());
    let end = bytes.iter().skip(start).position(|b| *b <= b' ').map_or(bytes.len(), |length| start + length);
    if bytes.iter().skip(end).all(|b| *b <= b' ') { bytes.len() } else { end }
}

fn char_end(text: &str, chars: u64) -> usize {
    let chars = usize::try_from(chars).unwrap_or(usize::MAX);
    if text.is_ascii() {
        return chars.min(text.len());
    }
    text.char_indices().nth(chars).map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(split: Split, text: &str) -> Vec<&str> {
        let mut cutter = Cutter::new(split, text);
        std::iter::from_fn(|| cutter.next(text)).collect()
    }

    #[test]
    fn chunks_follow_the_split() {
        assert_eq!(cut(Split::Words, "Hello,  wide world. "), ["Hello,", "  wide", " world. "]);
        assert_eq!(cut(Split::Chars(2), "grün!"), ["gr", "ün", "!"]);
        assert_eq!(cut(Split::Even(3), "abcdefgh"), ["ab", "cde", "fgh"]);
        assert_eq!(cut(Split::Even(9), "äb"), ["ä", "b"]);
        assert_eq!(cut(Split::Whole, "a b"), ["a b"]);
        for split in [Split::Words, Split::Chars(1), Split::Even(4), Split::Whole] {
            assert!(cut(split, "").is_empty());
            assert_eq!(cut(split, " \n ü x\t").concat(), " \n ü x\t");
        }
    }

    #[test]
    fn words_filler_and_padding_are_counted() {
        assert_eq!(count_words(" two\n words "), 2);
        assert_eq!(count_words(""), 0);
        for count in [1, 36, 37, 100, 5_000] {
            assert_eq!(count_words(&filler_words(count)), count);
        }
        assert_eq!(cut(Split::Words, &filler_words(100)).len(), 100);
        for (most, kept) in [(0, ""), (1, " two"), (2, " two\n words "), (9, " two\n words ")] {
            let mut text = " two\n words ".to_owned();
            assert_eq!(cut_to_words(&mut text, most), most < 2);
            assert_eq!(text, kept);
        }
        let mut text = "short".to_owned();
        pad(&mut text, 1_000);
        assert!((1_000..1_016).contains(&text.len()), "{}", text.len());
    }
}
