//! The rules by which a text is cut into pieces before its tokens are looked for.
//!
//! They are regular expressions where they are published, with alternatives of which the first that fits counts:
//!
//! ```text
//! o200k_base   [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//!              [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//!              \p{N}{1,3}
//!               ?[^\s\p{L}\p{N}]+[\r\n/]*
//!              \s*[\r\n]+
//!              \s+(?!\S)
//!              \s+
//! cl100k_base  '(?i:[sdmt]|ll|ve|re)
//!              [^\r\n\p{L}\p{N}]?+\p{L}++
//!              \p{N}{1,3}+
//!               ?[^\s\p{L}\p{N}]++[\r\n]*+
//!              \s++$
//!              \s*[\r\n]
//!              \s+(?!\S)
//!              \s
//! ```
//!
//! Written out by hand they need no engine, whose size would be that of a vocabulary, and no more than one look back.
//!
//! Source: tiktoken 0.14, `openai_public.py` (github.com/openai/tiktoken), read 2026-11.

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;

/// What a character is to the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `\p{Lu}`, `\p{Lt}`
    Upper,
    /// `\p{Ll}`
    Lower,
    /// `\p{Lm}`, `\p{Lo}`
    Letter,
    /// `\p{M}`
    Mark,
    /// `\p{N}`
    Number,
    /// `\s`
    Space,
    /// Everything else.
    Other,
}

impl Kind {
    fn of(c: char) -> Self {
        match c {
            'a'..='z' => return Self::Lower,
            'A'..='Z' => return Self::Upper,
            '0'..='9' => return Self::Number,
            _ if c.is_whitespace() => return Self::Space,
            _ if c.is_ascii() => return Self::Other,
            _ => {}
        }
        match CodePointMapData::<GeneralCategory>::new().get(c) {
            GeneralCategory::UppercaseLetter | GeneralCategory::TitlecaseLetter => Self::Upper,
            GeneralCategory::LowercaseLetter => Self::Lower,
            GeneralCategory::ModifierLetter | GeneralCategory::OtherLetter => Self::Letter,
            GeneralCategory::NonspacingMark
            | GeneralCategory::SpacingMark
            | GeneralCategory::EnclosingMark => Self::Mark,
            GeneralCategory::DecimalNumber | GeneralCategory::LetterNumber | GeneralCategory::OtherNumber => {
                Self::Number
            }
            _ => Self::Other,
        }
    }

    /// `\p{L}`
    const fn is_letter(self) -> bool {
        matches!(self, Self::Upper | Self::Lower | Self::Letter)
    }

    /// What a word may begin with: `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`
    const fn begins_word(self) -> bool {
        matches!(self, Self::Upper | Self::Letter | Self::Mark)
    }

    /// What a word may end with: `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`
    const fn ends_word(self) -> bool {
        matches!(self, Self::Lower | Self::Letter | Self::Mark)
    }

    /// `[^\s\p{L}\p{N}]`
    const fn is_symbol(self) -> bool {
        matches!(self, Self::Mark | Self::Other)
    }
}

/// The pieces of a text for `o200k_base`, one after the other, without a gap.
pub(crate) fn o200k(text: &str) -> impl Iterator<Item = &str> {
    pieces(text, |rest| {
        word(rest)
            .or_else(|| numbers(rest))
            .or_else(|| symbols(rest, |c| matches!(c, '\r' | '\n' | '/')))
            .unwrap_or_else(|| spaces_o200k(rest))
    })
}

/// The pieces of a text for `cl100k_base`, one after the other, without a gap.
pub(crate) fn cl100k(text: &str) -> impl Iterator<Item = &str> {
    pieces(text, |rest| {
        contraction(rest)
            .or_else(|| letters(rest))
            .or_else(|| numbers(rest))
            .or_else(|| symbols(rest, |c| matches!(c, '\r' | '\n')))
            .unwrap_or_else(|| spaces_cl100k(rest))
    })
}

/// Cuts a text; `length` gives the bytes of the piece that a text begins with.
fn pieces(text: &str, length: impl Fn(&str) -> usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        // No rule gives nothing; if one did, this would still come to an end.
        let (piece, after) = rest.split_at(length(rest).max(first.len_utf8()));
        rest = after;
        Some(piece)
    })
}

/// How far characters of a kind go, from `from` on.
fn run(text: &str, from: usize, belongs: impl Fn(char) -> bool) -> usize {
    text[from..].find(|c| !belongs(c)).map_or(text.len(), |length| from + length)
}

/// `[^\r\n\p{L}\p{N}]`, where a piece begins with it: its bytes.
fn lead(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    let kind = Kind::of(first);
    let fits = !matches!(first, '\r' | '\n') && !kind.is_letter() && kind != Kind::Number;
    fits.then(|| first.len_utf8())
}

/// The first two rules of `o200k_base`: a word in lower case, perhaps after upper case, or one in upper case.
fn word(text: &str) -> Option<usize> {
    let starts = || lead(text).into_iter().chain([0]);
    let lower = |from: usize| {
        let upper_end = run(text, from, |c| Kind::of(c).begins_word());
        let end = run(text, upper_end, |c| Kind::of(c).ends_word());
        if end > upper_end {
            return Some(end);
        }
        // The last of what could be either counts as the end of the word.
        let word = &text[from..upper_end];
        let last = word.char_indices().rev().find(|(_, c)| Kind::of(*c).ends_word());
        last.map(|(at, c)| from + at + c.len_utf8())
    };
    let upper = |from: usize| {
        let end = run(text, from, |c| Kind::of(c).begins_word());
        (end > from).then_some(end)
    };
    let end = starts().find_map(lower).or_else(|| starts().find_map(upper))?;
    Some(end + contraction(&text[end..]).unwrap_or(0))
}

/// `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll`, `'d` in any case; the long s is an s.
fn contraction(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('\'')?;
    let mut chars = rest.chars();
    let first = chars.next()?;
    match first.to_ascii_lowercase() {
        's' | 't' | 'm' | 'd' | 'ſ' => Some(1 + first.len_utf8()),
        first => {
            let second = chars.next()?.to_ascii_lowercase();
            matches!((first, second), ('r' | 'v', 'e') | ('l', 'l')).then_some(3)
        }
    }
}

/// `[^\r\n\p{L}\p{N}]?\p{L}+`
fn letters(text: &str) -> Option<usize> {
    let from = lead(text).unwrap_or(0);
    let end = run(text, from, |c| Kind::of(c).is_letter());
    (end > from).then_some(end)
}

/// `\p{N}{1,3}`
fn numbers(text: &str) -> Option<usize> {
    let digits = text.chars().take_while(|c| Kind::of(*c) == Kind::Number).take(3);
    let length: usize = digits.map(char::len_utf8).sum();
    (length > 0).then_some(length)
}

/// ` ?[^\s\p{L}\p{N}]+`, and what may trail it.
fn symbols(text: &str, trails: impl Fn(char) -> bool) -> Option<usize> {
    let from = usize::from(text.starts_with(' '));
    let end = run(text, from, |c| Kind::of(c).is_symbol());
    (end > from).then(|| run(text, end, trails))
}

/// `\s*[\r\n]+|\s+(?!\S)|\s+`
fn spaces_o200k(text: &str) -> usize {
    let spaces = &text[..run(text, 0, char::is_whitespace)];
    match spaces.rfind(['\r', '\n']) {
        Some(last) => last + 1,
        None => before_word(text, spaces),
    }
}

/// `\s++$|\s*[\r\n]|\s+(?!\S)|\s`
fn spaces_cl100k(text: &str) -> usize {
    let spaces = &text[..run(text, 0, char::is_whitespace)];
    if spaces.len() == text.len() {
        return text.len();
    }
    match spaces.rfind(['\r', '\n']) {
        Some(last) => last + 1,
        None => before_word(text, spaces),
    }
}

/// Spaces before something else leave it the last of them, unless there is but one.
fn before_word(text: &str, spaces: &str) -> usize {
    match spaces.char_indices().next_back() {
        Some((last, _)) if last > 0 && spaces.len() < text.len() => last,
        _ => spaces.len(),
    }
}
