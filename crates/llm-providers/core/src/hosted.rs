//! [`HostedCall`]: what a tool that the vendor ran itself was asked, and what came of it, between the dialects that tell
//! it.
//!
//! The vendor's own words stay in a message's `provider_specific_fields`, where its translator finds them when the
//! conversation comes back; a client's dialect tells the same in its own. What it tells so is known by its name when it
//! comes back, and goes to no vendor: the vendor's own words go instead.

mod read;

use llm_types::Extra;
use serde_json::Value;

/// What stands in the names of calls that were told in another dialect than their vendor's.
const MARK: &str = "_llmgw_";

/// A call of a tool that the vendor ran itself.
#[derive(Debug, Clone, PartialEq)]
pub struct HostedCall {
    /// The vendor's name of it, or one by its place where the vendor gives none.
    pub id: String,
    /// What was asked, and what came of it.
    pub act: HostedAct,
    /// How far it is.
    pub state: HostedState,
}

/// How far a call is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostedState {
    /// Its result is not told yet.
    Running,
    /// It has a result.
    Done,
    /// It has none, for this reason: the vendor's word.
    Failed(String),
}

/// What a tool of a vendor's own was asked, and what came of it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum HostedAct {
    /// A search of the web.
    Search {
        /// What was looked for.
        queries: Vec<String>,
        /// What was found.
        pages: Vec<HostedPage>,
    },
    /// A page was read.
    Open {
        /// Its address.
        url: String,
        /// What was looked for in it.
        pattern: Option<String>,
        /// What it is called.
        title: Option<String>,
        /// Its words.
        text: Option<String>,
    },
    /// Code was run.
    Code {
        /// The code, or the command.
        code: String,
        /// The language: `python` or `bash`, where it is known.
        language: Option<String>,
        /// The name of the place in which it ran.
        container: Option<String>,
        /// What it wrote.
        stdout: String,
        /// What it wrote of errors.
        stderr: String,
        /// What it returned; 0 is success.
        return_code: i64,
        /// Names of the files that it made.
        files: Vec<String>,
        /// Addresses of the images that it made.
        images: Vec<String>,
    },
    /// A search of the caller's files.
    Files {
        /// What was looked for.
        queries: Vec<String>,
        /// What was found: objects with `file_id`, `filename`, `score` and `text`, where the vendor tells them.
        results: Vec<Value>,
    },
    /// A call at an MCP server.
    Mcp {
        /// The server.
        server: String,
        /// The tool.
        name: String,
        /// JSON text.
        arguments: String,
        /// What came of it.
        output: Option<String>,
    },
}

/// A page that a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostedPage {
    /// Its address.
    pub url: String,
    /// What it is called.
    pub title: Option<String>,
    /// How old it is, in the vendor's words.
    pub age: Option<String>,
}

impl HostedCall {
    /// The calls of a whole message, as its `provider_specific_fields` tell them, each with the letters of the text that
    /// come before it. What is not told with its place comes first. The forms are Anthropic's blocks, items of the
    /// Responses API, Gemini's parts and metadata, and Converse's blocks.
    ///
    /// Calls of tools that no other dialect has a word for are left out.
    pub fn all(fields: &Extra) -> Vec<(u64, Self)> {
        let mut found: Vec<(u64, Self)> = Vec::new();
        let mut calls = HostedCalls::default();
        for call in calls.rest(fields) {
            found.push((0, call));
        }
        let list = read::LISTS.iter().find_map(|name| fields.get(*name)?.as_array());
        let mut letters = 0;
        for piece in list.into_iter().flatten() {
            letters += read::letters(piece);
            for call in calls.piece(piece) {
                match found.iter_mut().find(|(_, known)| known.id == call.id) {
                    Some((_, known)) => *known = call,
                    None => found.push((letters, call)),
                }
            }
        }
        found
    }

    /// Whether words, thinking, calls of the client's functions and calls that a dialect `tells` say all that is in a vendor's
    /// own list of what it said: one of those that [`HostedCall::all`] reads.
    pub fn say_all(list: &Value, tells: fn(&HostedAct) -> bool) -> bool {
        let mut calls = HostedCalls::default();
        let pieces = list.as_array().map(Vec::as_slice).unwrap_or_default();
        let mut is_told = |piece: &Value| {
            let found = calls.piece(piece);
            !found.is_empty() && found.iter().all(|call| tells(&call.act))
        };
        !pieces.is_empty() && pieces.iter().all(|piece| read::is_usual(piece) || is_told(piece))
    }

    /// Its name in another dialect, of letters, digits, `_` and `-` alone: `prefix`, a mark, and what tells it from the calls
    /// of other answers than `answer`.
    pub fn name(&self, prefix: &str, answer: &str) -> String {
        let is_taken = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
        let rest = format!("{answer}_{}", self.id);
        let rest: String = rest.chars().map(|letter| if is_taken(letter) { letter } else { '_' }).collect();
        format!("{prefix}{MARK}{rest}")
    }

    /// Whether [`HostedCall::name`] made a name.
    pub fn is_made(name: &str) -> bool {
        name.contains(MARK)
    }

    /// Whether names that [`HostedCall::name`] made may stand in a JSON text; `false` is certain.
    pub fn may_be_in(json: &str) -> bool {
        memchr::memmem::find(json.as_bytes(), MARK.as_bytes()).is_some()
    }

    /// Whether its result is told.
    pub fn is_over(&self) -> bool {
        self.state != HostedState::Running
    }

    /// Why it has no result: the vendor's word.
    pub fn failure(&self) -> Option<&str> {
        match &self.state {
            HostedState::Failed(why) => Some(why),
            HostedState::Running | HostedState::Done => None,
        }
    }
}

/// The calls of a streamed answer.
#[derive(Debug, Default)]
pub struct HostedCalls {
    /// Those that were told, as they were told last.
    told: Vec<HostedCall>,
    /// Calls that their vendor gives no names to, so far.
    nameless: usize,
}

impl HostedCalls {
    /// What a delta's `provider_specific_fields` tell: calls that begin, and calls that are over. A call may be told over
    /// without a beginning.
    pub fn hear(&mut self, fields: &Extra) -> Vec<HostedCall> {
        let in_turn = read::IN_TURN.iter().find_map(|name| fields.get(*name));
        if let Some(piece) = in_turn {
            return self.piece(piece);
        }
        let mut heard = self.rest(fields);
        // What was not told in its turn is told at the end, if at all.
        let known: Vec<String> = self.told.iter().map(|call| call.id.clone()).collect();
        if read::LISTS.iter().any(|name| fields.contains_key(*name)) {
            let all = HostedCall::all(fields).into_iter().map(|(_, call)| call);
            let new = all.filter(|call| !known.contains(&call.id));
            let new: Vec<HostedCall> =
                new.filter(|call| heard.iter().all(|other| other.id != call.id)).collect();
            self.told.extend(new.iter().cloned());
            heard.extend(new);
        }
        heard
    }

    /// What a block, an item or a part tells.
    fn piece(&mut self, piece: &Value) -> Vec<HostedCall> {
        let read = read::piece(piece, &self.told, &mut self.nameless);
        self.tell(read.into_iter().collect())
    }

    /// What metadata of the answer tell.
    fn rest(&mut self, fields: &Extra) -> Vec<HostedCall> {
        self.tell(read::metadata(fields))
    }

    fn tell(&mut self, calls: Vec<HostedCall>) -> Vec<HostedCall> {
        for call in &calls {
            match self.told.iter_mut().find(|known| known.id == call.id) {
                Some(known) => known.clone_from(call),
                None => self.told.push(call.clone()),
            }
        }
        calls
    }
}

#[cfg(test)]
mod tests;
