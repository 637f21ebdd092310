//! Byte patches: the few changes made to a body that otherwise passes through as it is.

use std::borrow::Cow;

use bytes::Bytes;

use crate::{Note, NoteKind, Peek};

/// One change to a member at the top level of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// The member gets this value, given as JSON text; it is added if it is not there.
    Set {
        /// The member.
        name: Cow<'static, str>,
        /// Its new value, as JSON text.
        json: String,
    },
    /// The member gets another name.
    Rename {
        /// The member.
        name: Cow<'static, str>,
        /// Its new name.
        to: Cow<'static, str>,
    },
    /// The member is left out.
    Remove {
        /// The member.
        name: Cow<'static, str>,
        /// Why; for the note.
        reason: Cow<'static, str>,
    },
}

impl Edit {
    /// Sets a member to a string.
    pub fn set_text(name: &'static str, text: &str) -> Self {
        Self::Set { name: name.into(), json: serde_json::Value::from(text).to_string() }
    }

    /// The member it changes.
    pub fn name(&self) -> &str {
        match self {
            Self::Set { name, .. } | Self::Rename { name, .. } | Self::Remove { name, .. } => name,
        }
    }

    /// What a client is told of it; `None` for changes that no client needs to know.
    pub fn note(&self) -> Option<Note> {
        match self {
            Self::Set { .. } => None,
            Self::Rename { name, to } => {
                Some(Note::new(NoteKind::Renamed, name.clone().into_owned(), to.clone().into_owned()))
            }
            Self::Remove { name, reason } => {
                Some(Note::dropped(name.clone().into_owned(), reason.clone().into_owned()))
            }
        }
    }
}

/// The body with the edits made. Bytes that no edit touches stay as they are, spaces and order included.
pub fn apply(body: &Bytes, peek: &Peek<'_>, edits: &[Edit]) -> Bytes {
    if edits.is_empty() {
        return body.clone();
    }
    let text = peek.body();
    let mut out = Vec::with_capacity(text.len() + 128);
    let mut written = 0_usize;
    // Everything before the first member: space and the brace.
    let open = text.as_bytes().iter().position(|byte| *byte == b'{').map_or(0, |at| at + 1);
    out.extend_from_slice(&text.as_bytes()[..open]);
    let mut before = open;
    for (index, member) in peek.members().iter().enumerate() {
        let span = peek.span(member.value);
        // Between two values stand a comma, the name and a colon, with space around them.
        let start = match index {
            0 => open,
            _ => text.as_bytes()[before..]
                .iter()
                .position(|byte| *byte == b',')
                .map_or(before, |at| before + at + 1),
        };
        let gap = before..start;
        before = span.end;
        let edit = edits.iter().find(|edit| edit.name() == member.name);
        if matches!(edit, Some(Edit::Remove { .. })) {
            continue;
        }
        if written > 0 {
            out.extend_from_slice(&text.as_bytes()[gap]);
        }
        written += 1;
        match edit {
            Some(Edit::Set { json, .. }) => {
                out.extend_from_slice(&text.as_bytes()[start..span.start]);
                out.extend_from_slice(json.as_bytes());
            }
            Some(Edit::Rename { to, .. }) => {
                write_name(&mut out, to);
                out.extend_from_slice(member.value.as_bytes());
            }
            _ => out.extend_from_slice(&text.as_bytes()[start..span.end]),
        }
    }
    for edit in edits {
        if let Edit::Set { name, json } = edit
            && peek.raw(name).is_none()
        {
            if written > 0 {
                out.push(b',');
            }
            written += 1;
            write_name(&mut out, name);
            out.extend_from_slice(json.as_bytes());
        }
    }
    out.extend_from_slice(&text.as_bytes()[before..]);
    out.into()
}

fn write_name(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(serde_json::Value::from(name).to_string().as_bytes());
    out.push(b':');
}

#[cfg(test)]
mod tests;
