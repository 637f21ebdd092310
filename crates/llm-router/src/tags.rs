//! Labels that requests ask for.

use serde::Serialize;

/// The labels of one request: `eu` asks for it, `&eu` insists on it, `!eu` keeps out of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Tags<'a>(pub &'a [&'a str]);

impl Tags<'_> {
    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

/// What one label says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Directive<'a> {
    /// `label`: deployments with it fit.
    Any(&'a str),
    /// `&label`: only deployments with it fit.
    With(&'a str),
    /// `!label`: deployments with it do not.
    Without(&'a str),
}

impl<'a> Directive<'a> {
    /// The label that it asks for, without insisting.
    pub(crate) fn label(self) -> Option<&'a str> {
        match self {
            Self::Any(label) => Some(label),
            Self::With(_) | Self::Without(_) => None,
        }
    }
}

/// What the labels say that begin with `prefix`; the others are none of the router's business.
pub(crate) fn directives<'a>(tags: Tags<'a>, prefix: &'a str) -> impl Iterator<Item = Directive<'a>> {
    tags.0.iter().filter_map(move |tag| {
        let tag = tag.strip_prefix(prefix)?;
        Some(match tag.as_bytes().first() {
            Some(b'!') => Directive::Without(&tag[1..]),
            Some(b'&') => Directive::With(&tag[1..]),
            _ => Directive::Any(tag),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_says_what_it_is_by_its_first_character() {
        let tags = Tags(&["route:eu", "route:!free", "route:&paid", "team-7", "route:"]);
        let read: Vec<_> = directives(tags, "route:").collect();
        assert_eq!(
            read,
            [Directive::Any("eu"), Directive::Without("free"), Directive::With("paid"), Directive::Any("")]
        );
        assert_eq!(directives(tags, "").count(), 5);
    }
}
