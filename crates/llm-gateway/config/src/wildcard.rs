//! Patterns of model names, and what they capture.

use std::borrow::Cow;

use serde::Serialize;

/// A name in which each `*` stands for any text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Pattern<'a>(Cow<'a, str>);

impl<'a> Pattern<'a> {
    /// The pattern of this text.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What each `*` stands for in `name`, or `None` if `name` does not match. A `*` takes as little as
    /// it can, but the last one takes the rest.
    pub fn matches<'n>(&self, name: &'n str) -> Option<Vec<&'n str>> {
        let Some((head, pieces)) = self.0.split_once('*') else {
            return (*self.0 == *name).then(Vec::new);
        };
        let mut rest = name.strip_prefix(head)?;
        let mut captures = Vec::new();
        let mut pieces = pieces.split('*').peekable();
        while let Some(piece) = pieces.next() {
            if pieces.peek().is_none() {
                captures.push(rest.strip_suffix(piece)?);
                break;
            }
            let (captured, after) = rest.split_once(piece)?;
            captures.push(captured);
            rest = after;
        }
        Some(captures)
    }

    /// What orders patterns that match the same name: the longest first, and of those the one with the
    /// most stars.
    pub fn specificity(&self) -> (usize, usize) {
        (self.0.len(), self.0.matches('*').count())
    }
}

/// Puts captures in the place of the `*` in `template`, one after the other; the last one again if there
/// are more stars than captures.
pub(super) fn substitute<'a>(template: &'a str, captures: &[&str]) -> Cow<'a, str> {
    if captures.is_empty() || !template.contains('*') {
        return Cow::Borrowed(template);
    }
    let mut pieces = template.split('*');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for (place, piece) in pieces.enumerate() {
        text.push_str(captures[place.min(captures.len() - 1)]);
        text.push_str(piece);
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_capture() {
        for (pattern, name, expected) in [
            ("gpt-4o", "gpt-4o", Some(vec![])),
            ("gpt-4o", "gpt-4", None),
            ("*", "anything/at/all", Some(vec!["anything/at/all"])),
            ("*", "", Some(vec![""])),
            ("openai/*", "openai/gpt-4o", Some(vec!["gpt-4o"])),
            ("openai/*", "openapi/gpt-4o", None),
            ("*-mini", "o3-mini", Some(vec!["o3"])),
            ("*-mini", "o3-mini-high", None),
            ("us/*/v*", "us/claude/v2/v3", Some(vec!["claude", "2/v3"])),
            ("a*a", "a", None),
            ("a*a", "aa", Some(vec![""])),
        ] {
            assert_eq!(Pattern::new(pattern).matches(name), expected, "{pattern} against {name}");
        }
    }

    #[test]
    fn captures_are_put_in_order() {
        assert_eq!(substitute("openai/*", &["gpt-4o"]), "openai/gpt-4o");
        assert_eq!(substitute("*/x/*", &["a", "b"]), "a/x/b");
        assert_eq!(substitute("*-*", &["a"]), "a-a");
        assert_eq!(substitute("fixed", &["a"]), "fixed");
        assert_eq!(substitute("openai/*", &[]), "openai/*");
    }
}
