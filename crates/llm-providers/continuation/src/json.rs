//! JSON that is said again: where it goes beyond what has been said before.

use crate::Contradiction;

/// A sign that means something: spaces outside of texts do not count, and a text's letters are the same however they
/// are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Atom {
    /// Outside of texts, or a quotation mark.
    Mark(char),
    /// In a text, as UTF-16 counts.
    Unit(u16),
}

/// Reads JSON sign by sign.
#[derive(Debug, Clone, Default)]
struct Scan {
    in_text: bool,
    /// An escape sequence that has begun.
    escape: String,
}

impl Scan {
    /// What a character means, which is up to two atoms.
    fn read(&mut self, c: char) -> [Option<Atom>; 2] {
        if !self.in_text {
            self.in_text = c == '"';
            return [(!c.is_ascii_whitespace()).then_some(Atom::Mark(c)), None];
        }
        if self.escape.is_empty() {
            return match c {
                '"' => {
                    self.in_text = false;
                    [Some(Atom::Mark(c)), None]
                }
                '\\' => {
                    self.escape.push(c);
                    [None, None]
                }
                c => {
                    let mut units = [0; 2];
                    let count = c.encode_utf16(&mut units).len();
                    [Some(Atom::Unit(units[0])), (count == 2).then_some(Atom::Unit(units[1]))]
                }
            };
        }
        self.escape.push(c);
        let unit = match (self.escape.as_bytes(), c) {
            ([_, b'u'], _) => return [None, None],
            ([_, b'u', digits @ ..], _) if digits.len() < 4 => return [None, None],
            ([_, b'u', ..], _) => u16::from_str_radix(&self.escape[2..], 16).unwrap_or(0xFFFD),
            (_, 'b') => 8,
            (_, 't') => 9,
            (_, 'n') => 10,
            (_, 'f') => 12,
            (_, 'r') => 13,
            (_, c) => u16::try_from(u32::from(c)).unwrap_or(0xFFFD),
        };
        self.escape.clear();
        [Some(Atom::Unit(unit)), None]
    }
}

/// Waits until all that was said before has been said again.
#[derive(Debug, Clone)]
pub(crate) struct Repetition {
    expected: Vec<Atom>,
    at: usize,
    /// The escape sequence in whose midst the first saying broke off.
    torn: String,
    scan: Scan,
}

impl Repetition {
    /// Of this beginning of a JSON text.
    pub(crate) fn of(said: &str) -> Self {
        let mut scan = Scan::default();
        let expected = said.chars().flat_map(|c| scan.read(c)).flatten().collect();
        Self { expected, at: 0, torn: scan.escape, scan: Scan::default() }
    }

    /// Hears more; once everything has been repeated, what goes beyond, as it continues the first saying.
    ///
    /// # Errors
    /// It says something else.
    pub(crate) fn push(&mut self, more: &str) -> Result<Option<String>, Contradiction> {
        for (place, c) in more.char_indices() {
            if self.is_over() {
                return Ok(Some(more[place..].to_owned()));
            }
            let mut atoms = self.scan.read(c).into_iter().flatten();
            while let Some(atom) = atoms.next() {
                if let Some(expected) = self.expected.get(self.at) {
                    if *expected != atom {
                        return Err(Contradiction::Differs);
                    }
                    self.at += 1;
                    continue;
                }
                let Atom::Unit(unit) = atom else { return Err(Contradiction::Differs) };
                let torn = std::mem::take(&mut self.torn);
                let mut rest = mended(&torn, unit).ok_or(Contradiction::Differs)?;
                for atom in atoms.by_ref() {
                    if let Atom::Unit(unit) = atom {
                        rest.push_str(&escaped(unit));
                    }
                }
                rest.push_str(&more[place + c.len_utf8()..]);
                return Ok(Some(rest));
            }
        }
        Ok(self.is_over().then(String::new))
    }

    fn is_over(&self) -> bool {
        self.at == self.expected.len() && self.torn.is_empty() && self.scan.escape.is_empty()
    }
}

/// What is left to write of a unit whose escape sequence has begun as `torn`.
fn mended(torn: &str, unit: u16) -> Option<String> {
    let short = match unit {
        8 => "\\b",
        9 => "\\t",
        10 => "\\n",
        12 => "\\f",
        13 => "\\r",
        0x22 => "\\\"",
        0x2F => "\\/",
        0x5C => "\\\\",
        _ => "",
    };
    [short.to_owned(), escaped(unit), escaped(unit).to_uppercase().replacen('U', "u", 1)]
        .iter()
        .find_map(|whole| whole.strip_prefix(torn).filter(|rest| !rest.is_empty()))
        .map(ToOwned::to_owned)
}

fn escaped(unit: u16) -> String {
    format!("\\u{unit:04x}")
}

/// Whether two JSON texts say the same.
pub(crate) fn are_equal(one: &str, other: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    one == other || read(one).is_some_and(|one| read(other) == Some(one))
}

/// Whether a JSON text is whole.
pub(crate) fn is_whole(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What goes beyond `said` in `again`, whatever the pieces.
    fn rest(said: &str, again: &str) -> Result<String, Contradiction> {
        let mut results = Vec::new();
        for size in [1, 2, 3, 1000] {
            let mut repetition = Repetition::of(said);
            let chars: Vec<char> = again.chars().collect();
            let mut out: Option<String> = None;
            for piece in chars.chunks(size) {
                let piece: String = piece.iter().collect();
                match &mut out {
                    Some(out) => out.push_str(&piece),
                    None => out = repetition.push(&piece)?,
                }
            }
            results.push(out.unwrap_or_default());
        }
        assert!(results.iter().all(|one| *one == results[0]), "{said} {again}: {results:?}");
        Ok(results.swap_remove(0))
    }

    #[test]
    fn every_prefix_of_a_text_is_continued() {
        let texts = [
            r#"{"city":"Paris","days":[1,2.5,-3e2],"ok":true,"none":null}"#,
            r#"{"a":"\"quoted\" \\ \/ \n \u00e9 é \ud83d\ude00 😀 end"}"#,
            r#"[{"x":{"y":[]}},"",{}]"#,
        ];
        for text in texts {
            for (at, _) in text.char_indices() {
                let (said, left) = text.split_at(at);
                let rest = rest(said, text).unwrap();
                let whole = format!("{said}{rest}");
                assert!(are_equal(&whole, text), "{said} + {rest}, not {left}");
            }
        }
    }

    #[test]
    fn spaces_and_escapes_may_differ() {
        let again = "{ \"city\" : \"S\u{e3}o \\ud83d\\ude00 \\u0041\\n\" , \"n\" : 12 }";
        let first = r#"{"city":"S\u00e3o 😀 A\u000a","n":12}"#;
        for (at, _) in first.char_indices().skip(1) {
            let rest = rest(&first[..at], again).unwrap();
            let whole = format!("{}{rest}", &first[..at]);
            assert!(are_equal(&whole, first), "{whole}");
        }
    }

    #[test]
    fn what_differs_is_no_repetition() {
        for (said, again) in [
            (r#"{"city":"Par"#, r#"{"city":"Rome"}"#),
            (r#"{"city":"Par"#, r#"{"town":"Paris"}"#),
            (r#"{"n":12"#, r#"{"n":1}"#),
            (r#"{"a":"\u00"#, r#"{"a":"Я"}"#),
            (r#"{"a":"x\"#, r#"{"a":"x"}"#),
        ] {
            assert_eq!(rest(said, again), Err(Contradiction::Differs), "{said} {again}");
        }
    }

    #[test]
    fn a_letter_torn_into_its_halves_is_mended() {
        assert_eq!(rest(r#"{"a":"\ud83d"#, r#"{"a":"😀!"}"#).unwrap(), r#"\ude00!"}"#);
        assert_eq!(rest(r#"{"a":"\ud8"#, r#"{"a":"😀!"}"#).unwrap(), r#"3d\ude00!"}"#);
        assert_eq!(rest(r#"{"a":"\u00E"#, r#"{"a":"é"}"#).unwrap(), r#"9"}"#);
    }
}
