//! One block after the other, whatever order the pieces come in.
//!
//! Anthropic's streams have one block open at a time. OpenAI's may go on with any tool call at any time. So
//! blocks queue in the order in which they began: the first is open and gets its pieces at once, the others
//! hold theirs until it is their turn. A call lets the next block begin once its arguments are a whole JSON
//! object, so calls that come one after the other, as most vendors send them, are not held up.

use std::collections::VecDeque;

use bytes::BytesMut;
use llm_provider_core::{Kept, ObjectEnd, add_members};
use llm_types::{Extra, ThinkingBlock};
use serde_json::{Value, json};

use super::events::{Delta, Event, KnownStart, NoMembers, Start};
use super::whole::Whole;
use crate::chat::CALLER;
use crate::chat::decode::thinking_block;

/// The blocks of an answer that have not ended yet.
#[derive(Debug)]
pub(super) struct Blocks {
    queue: VecDeque<Block>,
    /// Every call so far, in order.
    calls: Vec<Call>,
    /// The index of the block at the front.
    index: u32,
    /// What the names of calls begin with that the vendor gave none.
    id_prefix: String,
    /// Whether members of signed thinking found no place.
    lost_members: bool,
}

#[derive(Debug)]
struct Block {
    kind: Kind,
    is_open: bool,
    /// Pieces that wait for their turn.
    held: String,
}

#[derive(Debug)]
enum Kind {
    Text {
        /// How it begins, if not bare.
        start: Option<Extra>,
        /// Sources that wait for its turn.
        citations: Vec<Value>,
    },
    Thinking {
        is_signed: bool,
        /// A signature that waits for its turn.
        signature: Option<String>,
        /// Members that only its vendor knows, sealed at the end of thinking without a signature.
        members: Extra,
    },
    /// A block that comes in one piece.
    Whole(Whole),
    /// The call of this number.
    Call(usize),
}

#[derive(Debug)]
struct Call {
    index: Option<u32>,
    id: String,
    name: String,
    is_custom: bool,
    caller: Option<Value>,
    /// Members that only its vendor knows.
    members: Extra,
    /// Whether some of those are not told yet.
    has_untold: bool,
    end: ObjectEnd,
}

/// A piece of a call.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CallPiece<'a> {
    pub(super) index: Option<u32>,
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) arguments: &'a str,
    /// Whether the arguments are free text instead of JSON.
    pub(super) is_custom: bool,
    /// Who called, in Anthropic's words.
    pub(super) caller: Option<&'a Value>,
    /// Members of the call, those included.
    pub(super) members: Option<&'a Extra>,
}

/// A piece of arguments that came after its call had ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Late;

impl Blocks {
    pub(super) fn new(id_prefix: String) -> Self {
        Self { queue: VecDeque::new(), calls: Vec::new(), index: 0, id_prefix, lost_members: false }
    }

    /// Whether members of signed thinking found no place.
    pub(super) const fn lost_members(&self) -> bool {
        self.lost_members
    }

    /// Whether there was a call that a client can act on.
    pub(super) fn has_calls(&self) -> bool {
        self.calls.iter().any(|call| !call.name.is_empty())
    }

    /// Whether there was a call that nobody can act on, as it has no name.
    pub(super) fn has_nameless_calls(&self) -> bool {
        self.calls.iter().any(|call| call.name.is_empty())
    }

    pub(super) fn text(&mut self, text: &str, out: &mut BytesMut) {
        if text.is_empty() {
            return;
        }
        let at = self.open_text();
        self.add(at, text, out);
    }

    /// A source of the text before or after it.
    pub(super) fn citation(&mut self, citation: &Value, out: &mut BytesMut) {
        let at = self.open_text();
        let index = self.index;
        let block = &mut self.queue[at];
        if let Kind::Text { citations, .. } = &mut block.kind {
            if block.is_open {
                Event::ContentBlockDelta { index, delta: Delta::Citations { citation } }.write(out);
            } else {
                citations.push(citation.clone());
            }
        }
        self.settle(out);
    }

    /// Text that follows is a block of its own, unless the one before it is of spaces alone, which is none.
    pub(super) fn next_text(&mut self, out: &mut BytesMut) {
        let is_blank = |block: &Block| {
            let says_nothing = !block.is_open && block.held.trim().is_empty();
            matches!(&block.kind, Kind::Text { citations, .. } if says_nothing && citations.is_empty())
        };
        if self.queue.back().is_some_and(|block| matches!(block.kind, Kind::Text { .. }) && !is_blank(block))
        {
            self.push(Kind::Text { start: None, citations: Vec::new() });
            self.settle(out);
        }
    }

    /// Text that follows is a block of its own, which begins so.
    pub(super) fn begin_text(&mut self, mut start: Extra, out: &mut BytesMut) {
        let text = start.insert("text".to_owned(), "".into());
        let is_bare = start.len() == 2;
        self.push(Kind::Text { start: (!is_bare).then_some(start), citations: Vec::new() });
        self.settle(out);
        if let Some(Value::String(text)) = text {
            self.text(&text, out);
        }
    }

    pub(super) fn thinking(&mut self, text: &str, out: &mut BytesMut) {
        if !text.is_empty() {
            let at = self.unsigned_thinking();
            self.add(at, text, out);
        }
    }

    /// Ends the thinking before it; without any, it signs an empty one.
    pub(super) fn signature(&mut self, text: &str, out: &mut BytesMut) {
        if text.is_empty() {
            return;
        }
        let at = self.unsigned_thinking();
        let index = self.index;
        let block = &mut self.queue[at];
        if let Kind::Thinking { is_signed, signature, members } = &mut block.kind {
            *is_signed = true;
            // Whose the thinking is the signature tells.
            self.lost_members |= members.keys().any(|name| name != "format");
            if block.is_open {
                Event::ContentBlockDelta { index, delta: Delta::Signature { signature: text } }.write(out);
            } else {
                *signature = Some(text.to_owned());
            }
        }
        self.settle(out);
    }

    /// Members of the thinking before it that only its vendor knows.
    pub(super) fn members(&mut self, more: impl Iterator<Item = (String, Value)>, out: &mut BytesMut) {
        let mut more = more.peekable();
        if more.peek().is_none() {
            return;
        }
        let at = self.unsigned_thinking();
        if let Kind::Thinking { members, .. } = &mut self.queue[at].kind {
            add_members(members, more);
        }
        self.settle(out);
    }

    /// A block that holds nothing but what must come back.
    pub(super) fn carry(&mut self, kept: &Kept, out: &mut BytesMut) {
        self.whole(carrier(kept), out);
    }

    /// A block that comes in one piece.
    pub(super) fn whole(&mut self, block: Extra, out: &mut BytesMut) {
        self.push(Kind::Whole(Whole::new(block)));
        self.settle(out);
    }

    /// A piece of a call.
    pub(super) fn call(&mut self, piece: CallPiece<'_>, out: &mut BytesMut) -> Result<(), Late> {
        let number = self.number_of(piece);
        let call = &mut self.calls[number];
        if call.id.is_empty() {
            call.id = piece.id.to_owned();
        }
        if call.name.is_empty() {
            call.name = piece.name.to_owned();
        }
        if call.caller.is_none() {
            call.caller = piece.caller.cloned();
        }
        call.learn(piece.members);
        call.end.push(piece.arguments);
        let is_it = |block: &Block| matches!(block.kind, Kind::Call(other) if other == number);
        match self.queue.iter().position(is_it) {
            Some(at) => self.add(at, piece.arguments, out),
            None if piece.arguments.trim().is_empty() => {}
            None => return Err(Late),
        }
        Ok(())
    }

    /// Ends all blocks.
    pub(super) fn finish(&mut self, out: &mut BytesMut) {
        while !self.queue.is_empty() {
            self.close_front(out);
        }
        for number in 0..self.calls.len() {
            if let Some(kept) = self.calls[number].untold() {
                self.carry(&kept, out);
            }
        }
    }

    /// The call that a piece belongs to: told by its index, and by its id where a vendor gives every call the
    /// same index or none at all.
    fn number_of(&mut self, piece: CallPiece<'_>) -> usize {
        let known = match piece.index {
            Some(_) => self.calls.iter().rposition(|call| call.index == piece.index),
            None if !piece.id.is_empty() => self.calls.iter().rposition(|call| call.id == piece.id),
            None => self.calls.len().checked_sub(1),
        };
        if let Some(number) = known
            && !self.calls[number].is_followed_by(piece)
        {
            return number;
        }
        let number = self.calls.len();
        self.calls.push(Call {
            index: piece.index,
            id: String::new(),
            name: String::new(),
            is_custom: piece.is_custom,
            caller: None,
            members: Extra::new(),
            has_untold: false,
            end: ObjectEnd::default(),
        });
        self.push(Kind::Call(number));
        number
    }

    fn open_text(&mut self) -> usize {
        if !matches!(self.queue.back(), Some(Block { kind: Kind::Text { .. }, .. })) {
            self.push(Kind::Text { start: None, citations: Vec::new() });
        }
        self.queue.len() - 1
    }

    fn unsigned_thinking(&mut self) -> usize {
        if !matches!(self.queue.back(), Some(Block { kind: Kind::Thinking { is_signed: false, .. }, .. })) {
            self.push(Kind::Thinking { is_signed: false, signature: None, members: Extra::new() });
        }
        self.queue.len() - 1
    }

    fn push(&mut self, kind: Kind) {
        self.queue.push_back(Block { kind, is_open: false, held: String::new() });
    }

    fn add(&mut self, at: usize, piece: &str, out: &mut BytesMut) {
        let block = &mut self.queue[at];
        match block.kind.delta(&self.calls, piece) {
            Some(delta) if block.is_open => {
                if !piece.is_empty() {
                    Event::ContentBlockDelta { index: self.index, delta }.write(out);
                }
            }
            _ => block.held.push_str(piece),
        }
        self.settle(out);
    }

    /// Opens the front block, and ends it where another waits for it.
    fn settle(&mut self, out: &mut BytesMut) {
        while let Some(front) = self.queue.front() {
            let may_end = match &front.kind {
                Kind::Text { .. } | Kind::Thinking { .. } => self.queue.len() > 1,
                Kind::Whole(_) => true,
                Kind::Call(number) => self.queue.len() > 1 && self.calls[*number].end.is_complete(),
            };
            if may_end {
                self.close_front(out);
                continue;
            }
            let is_ready = match &front.kind {
                // Clients send answers back, and Anthropic refuses text of spaces only.
                Kind::Text { citations, .. } => !front.held.trim().is_empty() || !citations.is_empty(),
                Kind::Call(number) => !self.calls[*number].name.is_empty(),
                Kind::Thinking { .. } | Kind::Whole(_) => true,
            };
            if is_ready {
                self.open_front(out);
            }
            return;
        }
    }

    fn open_front(&mut self, out: &mut BytesMut) {
        let Some(block) = self.queue.front_mut().filter(|block| !block.is_open) else { return };
        block.is_open = true;
        let start = match &block.kind {
            Kind::Text { start: None, .. } => Start::Known(KnownStart::Text { text: "" }),
            Kind::Text { start: Some(start), .. } => Start::Own(start),
            Kind::Thinking { .. } => Start::Known(KnownStart::Thinking { thinking: "", signature: "" }),
            Kind::Whole(whole) => Start::Own(&whole.start),
            Kind::Call(number) => {
                // Results name their call, so no two calls may have one name.
                let (earlier, later) = self.calls.split_at_mut(*number);
                let Some(call) = later.first_mut() else { return };
                if call.id.is_empty() || earlier.iter().any(|other| other.id == call.id) {
                    call.id = format!("{}{number}", self.id_prefix);
                }
                if let Some(kept) = call.untold() {
                    let (index, carrier) = (self.index, carrier(&kept));
                    Event::ContentBlockStart { index, content_block: Start::Own(&carrier) }.write(out);
                    Event::ContentBlockStop { index }.write(out);
                    self.index += 1;
                }
                let (id, name, caller) = (&call.id, &call.name, call.caller.as_ref());
                Start::Known(KnownStart::ToolUse { id, name, input: NoMembers {}, caller })
            }
        };
        let index = self.index;
        Event::ContentBlockStart { index, content_block: start }.write(out);
        if !block.held.is_empty()
            && let Some(delta) = block.kind.delta(&self.calls, &block.held)
        {
            Event::ContentBlockDelta { index, delta }.write(out);
            block.held.clear();
        }
        let mut more = |delta| Event::ContentBlockDelta { index, delta }.write(out);
        match &block.kind {
            Kind::Text { citations, .. } => {
                citations.iter().for_each(|citation| more(Delta::Citations { citation }));
            }
            Kind::Thinking { signature: Some(signature), .. } => more(Delta::Signature { signature }),
            Kind::Whole(whole) => whole.delta().into_iter().for_each(more),
            Kind::Thinking { signature: None, .. } | Kind::Call(_) => {}
        }
    }

    fn close_front(&mut self, out: &mut BytesMut) {
        let says_nothing = |block: &Block| match &block.kind {
            Kind::Text { citations, .. } => {
                !block.is_open && block.held.trim().is_empty() && citations.is_empty()
            }
            Kind::Call(number) => self.calls[*number].name.is_empty(),
            Kind::Thinking { .. } | Kind::Whole(_) => false,
        };
        if self.queue.front().is_some_and(says_nothing) {
            self.queue.pop_front();
            return;
        }
        self.open_front(out);
        let Some(block) = self.queue.pop_front() else { return };
        if let Kind::Call(number) = block.kind
            && self.calls[number].is_custom
        {
            let partial_json = &json!({ "input": block.held }).to_string();
            Event::ContentBlockDelta { index: self.index, delta: Delta::InputJson { partial_json } }
                .write(out);
        }
        if let Kind::Thinking { is_signed: false, members, .. } = block.kind
            && !members.is_empty()
        {
            let block = ThinkingBlock { extra: members, ..thinking_block("thinking") };
            let signature = &Kept::of_thinking(block).seal();
            Event::ContentBlockDelta { index: self.index, delta: Delta::Signature { signature } }.write(out);
        }
        Event::ContentBlockStop { index: self.index }.write(out);
        self.index += 1;
    }
}

/// A block that holds nothing but what must come back.
fn carrier(kept: &Kept) -> Extra {
    let members = [("type", "redacted_thinking".to_owned()), ("data", kept.seal())];
    members.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
}

impl Kind {
    /// A piece as it goes into this block; `None` for blocks that take no pieces.
    fn delta<'a>(&self, calls: &[Call], piece: &'a str) -> Option<Delta<'a>> {
        match self {
            Self::Text { .. } => Some(Delta::Text { text: piece }),
            Self::Thinking { .. } => Some(Delta::Thinking { thinking: piece }),
            Self::Call(number) if !calls[*number].is_custom => Some(Delta::InputJson { partial_json: piece }),
            Self::Call(_) | Self::Whole(_) => None,
        }
    }
}

impl Call {
    /// Takes in what only its vendor knows of the call.
    fn learn(&mut self, members: Option<&Extra>) {
        for (name, value) in members.into_iter().flatten() {
            if name != CALLER && !value.is_null() && self.members.get(name) != Some(value) {
                self.members.insert(name.clone(), value.clone());
                self.has_untold = true;
            }
        }
    }

    /// What must come back of a call with a name, if it is not told yet.
    fn untold(&mut self) -> Option<Kept> {
        let is_told = !std::mem::take(&mut self.has_untold) || self.name.is_empty();
        (!is_told).then(|| Kept::of_call(&self.id, self.members.clone()))
    }

    /// Whether a piece that seems to belong to this call begins another one.
    fn is_followed_by(&self, piece: CallPiece<'_>) -> bool {
        if piece.name.is_empty() || self.name.is_empty() {
            return false;
        }
        let is_other = |old: &str, new: &str| !old.is_empty() && !new.is_empty() && old != new;
        is_other(&self.id, piece.id)
            || is_other(&self.name, piece.name)
            || (piece.id.is_empty() && self.end.is_complete())
    }
}
