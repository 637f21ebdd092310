//! [`Changes`]: what a translation did to a request, and whether the caller puts up with it.

use llm_provider_core::{Call, EncodeError, Note, NoteKind, OnUnsupported};

/// Collects the notes of one translation.
#[derive(Debug)]
pub struct Changes<'a> {
    notes: Vec<Note>,
    refused: Option<EncodeError>,
    strict: bool,
    forward: &'a [String],
}

impl<'a> Changes<'a> {
    /// No changes yet.
    pub fn new(call: &Call<'a>) -> Self {
        Self {
            notes: Vec::new(),
            refused: None,
            strict: call.unsupported == OnUnsupported::Reject,
            forward: call.forward,
        }
    }

    /// Whether the caller wants this member sent as it is.
    pub fn forwards(&self, name: &str) -> bool {
        self.forward.iter().any(|forward| forward == name)
    }

    /// A change that loses nothing that was asked for.
    pub fn note(&mut self, kind: NoteKind, path: impl Into<String>, detail: impl Into<String>) {
        self.notes.push(Note::new(kind, path, detail));
    }

    /// Something that was asked for and cannot be carried; a strict caller gets an error instead.
    pub fn lost(&mut self, kind: NoteKind, path: impl Into<String>, reason: impl Into<String>) {
        let note = Note::new(kind, path, reason);
        if self.strict && self.refused.is_none() {
            self.refused = Some(EncodeError::unsupported(note.path.clone(), note.detail.clone()));
        }
        self.notes.push(note);
    }

    /// All notes.
    ///
    /// # Errors
    /// The first loss, if the caller is strict.
    pub fn finish(self) -> Result<Vec<Note>, EncodeError> {
        self.refused.map_or(Ok(self.notes), Err)
    }
}
