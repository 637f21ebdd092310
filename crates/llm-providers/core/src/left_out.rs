//! [`LeftOut`]: a request without the tools that a platform refuses of a vendor whose models it has.

use std::borrow::Cow;

use llm_types::{ChatRequest, Nullable, Tool};

use crate::{Call, EncodeError, Note, OnUnsupported, ServerTool};

/// A request without some of its tools, and what was told of them.
#[derive(Debug)]
pub struct LeftOut<'a> {
    /// The request.
    pub request: Cow<'a, ChatRequest>,
    /// What was left out.
    pub notes: Vec<Note>,
    /// The places in the client's request of the tools that are left.
    kept: Vec<usize>,
    strict: bool,
}

impl<'a> LeftOut<'a> {
    /// Leaves out the tools of which `is_lacking` says so. `allowed_openai_params: [tools]` sends them all the same.
    ///
    /// # Errors
    /// [`EncodeError::Unsupported`] if something is left out and the caller is strict.
    pub fn new(
        request: &'a ChatRequest,
        call: &Call<'_>,
        is_lacking: impl Fn(&ServerTool) -> bool,
    ) -> Result<Self, EncodeError> {
        let strict = call.unsupported == OnUnsupported::Reject;
        let mut made = Self { request: Cow::Borrowed(request), notes: Vec::new(), kept: Vec::new(), strict };
        let is_forwarded = call.forward.iter().any(|name| name == "tools");
        let why = |tool: &Tool| lacking(tool, &is_lacking).filter(|_| !is_forwarded);
        let tools = request.tools.get().map(Vec::as_slice).unwrap_or_default();
        for (index, tool) in tools.iter().enumerate() {
            match why(tool) {
                Some(reason) => made.lose(format!("tools[{index}]"), reason)?,
                None => made.kept.push(index),
            }
        }
        if made.kept.len() < tools.len() {
            let changed = made.request.to_mut();
            if let Some(tools) = changed.tools.get_mut() {
                tools.retain(|tool| why(tool).is_none());
                if tools.is_empty() {
                    changed.tools = Nullable::Absent;
                }
            }
            if ServerTool::chosen(request).is_some_and(|tool| is_lacking(&tool)) {
                changed.tool_choice = Nullable::Absent;
                made.notes.push(Note::dropped("tool_choice", "the tool is left out"));
            }
        }
        Ok(made)
    }

    /// Leaves out a member beside the canonical ones, unless it is forwarded.
    ///
    /// # Errors
    /// [`EncodeError::Unsupported`] if the caller is strict.
    pub fn without(&mut self, name: &str, call: &Call<'_>, reason: &str) -> Result<(), EncodeError> {
        let is_said = self.request.extra.get(name).is_some_and(|value| !value.is_null());
        if is_said && !call.forward.iter().any(|forward| forward == name) {
            self.request.to_mut().extra.shift_remove(name);
            self.lose(name.to_owned(), reason.to_owned())?;
        }
        Ok(())
    }

    /// Notes something that is left out, or refuses it.
    ///
    /// # Errors
    /// [`EncodeError::Unsupported`] if the caller is strict.
    pub fn lose(&mut self, path: String, reason: String) -> Result<(), EncodeError> {
        if self.strict {
            return Err(EncodeError::unsupported(path, reason));
        }
        self.notes.push(Note::dropped(path, reason));
        Ok(())
    }

    /// All that is noted, in places as the client counts them.
    pub fn notes(&mut self, later: Vec<Note>) -> Vec<Note> {
        let mut notes = std::mem::take(&mut self.notes);
        notes.extend(later.into_iter().map(|note| self.as_asked(note)));
        notes
    }

    fn as_asked(&self, mut note: Note) -> Note {
        if let Some((index, rest)) = note.path.strip_prefix("tools[").and_then(|rest| rest.split_once(']'))
            && let Some(place) = index.parse::<usize>().ok().and_then(|index| self.kept.get(index))
        {
            note.path = format!("tools[{place}]{rest}");
        }
        note
    }
}

/// Why a tool is left out, if it is.
fn lacking(tool: &Tool, is_lacking: impl Fn(&ServerTool) -> bool) -> Option<String> {
    let Tool::Unknown(map) = tool else { return None };
    let known = ServerTool::all(map);
    let reasons: Vec<String> = known.iter().filter(|tool| is_lacking(tool)).map(ServerTool::reason).collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}
