//! [`Note`]: what a translation changed or could not carry. Nothing is lost in silence.

use std::fmt;

/// What happened to a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NoteKind {
    /// The other side has no place for it; it was left out.
    Dropped,
    /// It has another name over there; nothing is lost.
    Renamed,
    /// Its value was beyond what the other side takes.
    Clamped,
    /// It was said in another form that means nearly the same.
    Converted,
    /// It was absent and the other side needs it.
    Defaulted,
    /// It stands elsewhere over there, or in another order.
    Moved,
    /// The configuration left it out or put it in, as whoever wrote it wanted.
    Configured,
}

impl NoteKind {
    /// A name for headers and logs.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Dropped => "dropped",
            Self::Renamed => "renamed",
            Self::Clamped => "clamped",
            Self::Converted => "converted",
            Self::Defaulted => "defaulted",
            Self::Moved => "moved",
            Self::Configured => "configured",
        }
    }

    /// Whether the client may get something else than it asked for.
    pub const fn is_lossy(self) -> bool {
        matches!(self, Self::Dropped | Self::Clamped | Self::Converted)
    }
}

/// What happened to one member of a request or an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What happened.
    pub kind: NoteKind,
    /// Where, such as `messages[2].content[0]`.
    pub path: String,
    /// Why, or what stands there now; may be empty.
    pub detail: String,
}

impl Note {
    /// A note on the member at `path`.
    pub fn new(kind: NoteKind, path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { kind, path: path.into(), detail: detail.into() }
    }

    /// A member that was left out.
    pub fn dropped(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(NoteKind::Dropped, path, detail)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.label(), self.path)?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, ": {}", self.detail) }
    }
}
