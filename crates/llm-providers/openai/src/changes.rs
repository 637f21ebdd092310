//! [`Changes`]: what a translation did to a request, and whether the caller puts up with it.

use llm_provider_core::{Call, EncodeError, Note, NoteKind, OnUnsupported};

/// Collects the notes of one translation.
#[derive(Debug)]
pub struct Changes<'a> {
    notes: Vec<Note>,
    refused: Option<EncodeError>,
    strict: bool,
    forward: &'a [String],
    moves: Vec<Move>,
}

/// An element that came into a list, or left it. Whoever works on the request after that counts otherwise than the
/// client, to whom the notes speak.
#[derive(Debug)]
struct Move {
    list: String,
    index: usize,
    came: bool,
}

impl Move {
    /// The place, as it was counted before this.
    fn undo(&self, path: &mut String) {
        let Some(rest) = path.strip_prefix(&*self.list).and_then(|rest| rest.strip_prefix('[')) else {
            return;
        };
        let Some((index, after)) = rest.split_once(']') else { return };
        let Ok(index) = index.parse::<usize>() else { return };
        let before = match self.came {
            true if index > self.index => index - 1,
            false if index >= self.index => index + 1,
            _ => return,
        };
        *path = format!("{}[{before}]{after}", self.list);
    }
}

impl<'a> Changes<'a> {
    /// No changes yet.
    pub fn new(call: &Call<'a>) -> Self {
        Self {
            notes: Vec::new(),
            refused: None,
            strict: call.unsupported == OnUnsupported::Reject,
            forward: call.forward,
            moves: Vec::new(),
        }
    }

    /// Whether the caller wants this member sent as it is.
    pub fn forwards(&self, name: &str) -> bool {
        self.forward.iter().any(|forward| forward == name)
    }

    /// An element was put into a list of the request, such as `messages`: notes from now on do not count it.
    pub fn put_in(&mut self, list: impl Into<String>, index: usize) {
        self.moves.push(Move { list: list.into(), index, came: true });
    }

    /// An element was taken out of a list of the request, such as `messages[2].content`: notes from now on count it.
    pub fn taken_out(&mut self, list: impl Into<String>, index: usize) {
        self.moves.push(Move { list: list.into(), index, came: false });
    }

    /// Where the client has what stands at this place now.
    fn as_asked(&self, path: impl Into<String>) -> String {
        let mut path = path.into();
        self.moves.iter().rev().for_each(|moved| moved.undo(&mut path));
        path
    }

    /// A change that loses nothing that was asked for.
    pub fn note(&mut self, kind: NoteKind, path: impl Into<String>, detail: impl Into<String>) {
        self.notes.push(Note::new(kind, self.as_asked(path), detail));
    }

    /// Notes that were made elsewhere, of the request as it stands now.
    pub fn add(&mut self, notes: impl IntoIterator<Item = Note>) {
        for note in notes {
            self.note(note.kind, note.path, note.detail);
        }
    }

    /// Something that was asked for and cannot be carried; a strict caller gets an error instead.
    pub fn lost(&mut self, kind: NoteKind, path: impl Into<String>, reason: impl Into<String>) {
        let note = Note::new(kind, self.as_asked(path), reason);
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

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    #[test]
    fn notes_count_as_the_client_does() {
        let headers = HeaderMap::new();
        let mut changes = Changes::new(&Call::new("m", &headers));
        changes.put_in("messages", 1);
        changes.taken_out("messages[3].content", 0);
        changes.taken_out("messages[3].content", 0);
        for place in
            ["messages[0].name", "messages[3].content[0].x", "messages[4].content[1]", "messages", "n"]
        {
            changes.note(NoteKind::Dropped, place, "");
        }
        let places: Vec<String> = changes.finish().unwrap().into_iter().map(|note| note.path).collect();
        let expected =
            ["messages[0].name", "messages[2].content[2].x", "messages[3].content[1]", "messages", "n"];
        assert_eq!(places, expected);
    }
}
