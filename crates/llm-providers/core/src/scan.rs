//! [`Scan`]: the members of a JSON object that somebody else has written and somebody else will read.
//!
//! What passes through as bytes is not validated here; the few members that matter are found without reading the
//! others. A request, whose sender is to be told of every fault, goes through [`Peek`](crate::Peek) instead.

use memchr::memchr2;
use memchr::memmem::Finder;
use serde_json::Number;

/// Walks the members of a JSON object: each name and each value as it is written.
///
/// It ends at the closing brace, or early where the text is cut off or no object; [`Scan::is_whole`] tells which.
///
/// ```
/// use llm_provider_core::Scan;
///
/// let mut scan = Scan::new(br#" {"a": [1, {"b": "}"}], "c": null} "#);
/// let members: Vec<_> = scan.by_ref().collect();
/// assert_eq!(members, [(&b"a"[..], &br#"[1, {"b": "}"}]"#[..]), (b"c", b"null")]);
/// assert!(scan.is_whole());
/// ```
#[derive(Debug, Clone)]
pub struct Scan<'a> {
    rest: &'a [u8],
    whole: bool,
}

/// A name and a value, as they are written.
type Member<'a> = (&'a [u8], &'a [u8]);

impl<'a> Scan<'a> {
    /// Walks `text`, which begins with an object.
    pub fn new(text: &'a [u8]) -> Self {
        let rest = text.trim_ascii_start().strip_prefix(b"{").unwrap_or_default();
        let inner = rest.trim_ascii_start();
        match inner.strip_prefix(b"}") {
            Some(after) => Self { rest: &[], whole: after.trim_ascii_start().is_empty() },
            None => Self { rest: inner, whole: false },
        }
    }

    /// After the last member: whether the object was closed and nothing followed it.
    pub const fn is_whole(&self) -> bool {
        self.whole
    }

    /// One of the last members of the object, found from its end: the text before it, and the text from its value on.
    ///
    /// `name` looks for the name with its quotation marks and the colon, which no text inside a string has. Whether the
    /// member stands at the top level is for [`Scan::ends`] to tell of what follows its value.
    pub fn last(text: &'a [u8], name: &Finder<'_>) -> Option<(&'a [u8], &'a [u8])> {
        // Searches forwards are the fast ones: the end goes first, and the whole only where the name is not there.
        const END: usize = 1 << 10;
        let end = text.len().saturating_sub(END);
        let in_end = name.find_iter(&text[end..]).last().map(|at| end + at);
        let at = in_end.or_else(|| name.find_iter(text).last())?;
        // Not the end of a longer name with an escaped quotation mark in it.
        let begins = matches!(text[..at].trim_ascii_end().last(), Some(b'{' | b','));
        let is_object = text.trim_ascii_start().starts_with(b"{");
        (begins && is_object).then(|| (&text[..at], text[at + name.needle().len()..].trim_ascii_start()))
    }

    /// Whether `text`, which follows a value, is the rest of one object and nothing else.
    pub fn ends(text: &[u8]) -> bool {
        Scan::after(text).is_some_and(|mut others| {
            others.by_ref().for_each(drop);
            others.whole
        })
    }

    /// Walks the object that begins `text`, in one pass with those inside it; the text behind it, or `None` if it is cut
    /// off or no object.
    ///
    /// `visit` gets each name, and the text from its value on. What it has read it gives back the text behind; for
    /// anything else `None`, and the value is passed over.
    pub fn walk(
        text: &'a [u8],
        mut visit: impl FnMut(&'a [u8], &'a [u8]) -> Option<&'a [u8]>,
    ) -> Option<&'a [u8]> {
        let mut rest = text.trim_ascii_start().strip_prefix(b"{")?.trim_ascii_start();
        if let Some(after) = rest.strip_prefix(b"}") {
            return Some(after);
        }
        loop {
            let (name, value) = name(rest)?;
            let behind = match visit(name, value) {
                Some(behind) => behind,
                None => &value[value_end(value)?..],
            };
            match behind.trim_ascii_start().split_first()? {
                (b',', others) => rest = others.trim_ascii_start(),
                (b'}', after) => return Some(after),
                _ => return None,
            }
        }
    }

    /// The value that begins `text`, and what follows it.
    pub fn leading(text: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        Some(text.split_at(value_end(text)?))
    }

    /// The number that begins `text`, and what follows it; `None` instead of the number if it is something else.
    pub fn leading_number(text: &'a [u8]) -> Option<(Option<Number>, &'a [u8])> {
        // Nearly all are counts, which are read in one pass.
        let (mut sum, mut digits) = (0_u64, 0);
        while let Some(digit @ b'0'..=b'9') = text.get(digits)
            && digits < 18
        {
            sum = sum * 10 + u64::from(digit - b'0');
            digits += 1;
        }
        if let Some(b',' | b'}') = text.get(digits)
            && (digits == 1 || digits > 1 && text[0] != b'0')
        {
            return Some((Some(sum.into()), &text[digits..]));
        }
        let (value, behind) = text.split_at(value_end(text)?);
        Some((Self::number(value), behind))
    }

    /// The members after a value.
    fn after(text: &'a [u8]) -> Option<Self> {
        match text.trim_ascii_start().split_first()? {
            (b',', rest) => Some(Self { rest: rest.trim_ascii_start(), whole: false }),
            (b'}', rest) => Some(Self { rest: &[], whole: rest.trim_ascii_start().is_empty() }),
            _ => None,
        }
    }

    /// A value that is a number; `None` if it is something else.
    pub fn number(value: &[u8]) -> Option<Number> {
        serde_json::from_slice(value).ok()
    }

    /// The next member, and those after it; `None` if the text does not go on as an object does.
    fn member(&self) -> Option<(Member<'a>, Self)> {
        let (name, rest) = name(self.rest)?;
        let (value, after) = rest.split_at(value_end(rest)?);
        Some(((name, value), Self::after(after)?))
    }
}

impl<'a> Iterator for Scan<'a> {
    type Item = Member<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let Some((member, rest)) = self.member() else {
            self.rest = &[];
            return None;
        };
        *self = rest;
        Some(member)
    }
}

/// A member's name, and the text from its value on.
fn name(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, rest) = text.strip_prefix(b"\"").and_then(|text| Some(text.split_at(string_end(text)?)))?;
    Some((name, rest[1..].trim_ascii_start().strip_prefix(b":")?.trim_ascii_start()))
}

/// Where a string ends, without its quotation marks: `text` begins behind the first.
fn string_end(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + quote_or_backslash(text.get(from..)?)?;
        if text[at] == b'"' {
            return Some(at);
        }
        from = at + 2;
    }
}

/// As `memchr2` does it, but names and many values are shorter than the call to a search is worth: the first words are
/// looked at here.
fn quote_or_backslash(text: &[u8]) -> Option<usize> {
    const WORDS: usize = 4;
    let (words, _) = text.as_chunks::<8>();
    for (index, word) in words.iter().take(WORDS).enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = zeros(word ^ every(b'"')) | zeros(word ^ every(b'\\'));
        if found != 0 {
            return Some(index * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let from = words.len().min(WORDS) * 8;
    memchr2(b'"', b'\\', &text[from..]).map(|at| from + at)
}

/// A word of eight times this byte.
const fn every(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The highest bit of each byte that is zero, up to the first one; bits past that may be wrong.
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(every(1)) & !word & every(0x80)
}

/// How long the value at the beginning of `text` is.
fn value_end(text: &[u8]) -> Option<usize> {
    match text.first()? {
        b'"' => Some(string_end(&text[1..])? + 2),
        b'{' | b'[' => {
            let (mut at, mut depth) = (1, 1_usize);
            while depth > 0 {
                match text.get(at)? {
                    b'"' => at += string_end(&text[at + 1..])? + 1,
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
            }
            Some(at)
        }
        _ => {
            let end = text
                .iter()
                .position(|byte| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace())?;
            (end > 0).then_some(end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> (Vec<(&str, &str)>, bool) {
        let mut scan = Scan::new(text.as_bytes());
        let as_text = |bytes| std::str::from_utf8(bytes).unwrap();
        let members = scan.by_ref().map(|(name, value)| (as_text(name), as_text(value))).collect();
        (members, scan.is_whole())
    }

    #[test]
    fn every_kind_of_value() {
        let text =
            "\n{ \"s\" : \"a\\\"}\\\\\" ,\"n\":-1.5e3,\"o\":{\"x\":[\"]\"]},\"l\":[ {} , 2 ],\"t\":true }\n";
        let members = [
            ("s", r#""a\"}\\""#),
            ("n", "-1.5e3"),
            ("o", r#"{"x":["]"]}"#),
            ("l", "[ {} , 2 ]"),
            ("t", "true"),
        ];
        assert_eq!(scan(text), (members.to_vec(), true));
        assert_eq!(scan("{}"), (vec![], true));
        assert_eq!(scan(" { } "), (vec![], true));
    }

    #[test]
    fn numbers_are_read_as_json_has_them() {
        for text in ["0", "7", "999999999999999999", "18446744073709551615", "-3", "2.5", "1e3"] {
            let expected: Number = serde_json::from_str(text).unwrap();
            assert_eq!(Scan::number(text.as_bytes()), Some(expected), "{text}");
        }
        for text in ["", "null", "\"1\"", "01", "1x", "{}", "-"] {
            assert_eq!(Scan::number(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_member_from_the_end_stands_at_the_top() {
        let name = Finder::new("\"usage\":");
        let last = |text: &'static str| {
            let (before, from) = Scan::last(text.as_bytes(), &name)?;
            let (value, rest) = Scan::leading(from)?;
            Scan::ends(rest)
                .then(|| (std::str::from_utf8(before).unwrap(), std::str::from_utf8(value).unwrap()))
        };
        assert_eq!(last(r#"{"a":1,"usage":{"b":2}}"#), Some((r#"{"a":1,"#, r#"{"b":2}"#)));
        assert_eq!(last("{\"usage\": {} , \"c\" : [{}] }\n"), Some(("{", "{}")));
        for without in [
            r#"{"a":1}"#,
            r#"{"a":{"usage":{}}}"#,
            r#"{"a":[{"usage":{}},{"b":1}],"c":2}"#,
            r#"{"a":"\"usage\":{}"}"#,
            r#"{"a\"usage":{}}"#,
            r#"{"usage":{}"#,
            r#""usage":{}}"#,
            r#"{"usage":{}}}"#,
        ] {
            assert_eq!(last(without), None, "{without}");
        }
    }

    #[test]
    fn what_is_cut_off_or_no_object_is_not_whole() {
        let text = r#"{"a":{"b":"c\""},"d":[1,2],"e":3}"#;
        for end in 0..text.len() {
            assert!(!scan(&text[..end]).1, "{}", &text[..end]);
        }
        for wrong in [
            "",
            "[]",
            "null",
            "<html>",
            "{}{}",
            "{\"a\":1}x",
            "{\"a\" 1}",
            "{a:1}",
            "{\"a\":}",
            "{\"a\":1 \"b\":2}",
        ] {
            assert!(!scan(wrong).1, "{wrong}");
        }
    }
}
