//! [`InTurn`]: calls of tools one after the other, whatever order their pieces come in.

use std::collections::VecDeque;

use llm_types::ToolCall;

use crate::ObjectEnd;

/// Tells the calls of a stream one after the other, for dialects that end a call before the next one begins.
///
/// OpenAI's streams may go on with any call at any time. The first call is told as it comes. The pieces of another one wait
/// until its arguments are a whole JSON object, or until [`InTurn::finish`]; so calls that come one after the other, as
/// most vendors send them, are not held up.
#[derive(Debug, Default)]
pub struct InTurn {
    front: Option<Front>,
    /// Calls that have begun and wait, in the order in which they began.
    waiting: VecDeque<(u32, Vec<ToolCall>)>,
    /// Calls that had their turn.
    told: Vec<u32>,
    /// The last call that began.
    last: Option<u32>,
}

/// The call whose turn it is.
#[derive(Debug)]
struct Front {
    index: u32,
    end: ObjectEnd,
    /// Whether its input is free text, whose end nothing tells.
    is_custom: bool,
}

impl Front {
    const fn new(index: u32) -> Self {
        Self { index, end: ObjectEnd::new(), is_custom: false }
    }

    fn hear(&mut self, piece: &ToolCall) {
        self.is_custom |= piece.custom.is_value() && !piece.function.is_value();
        let arguments = piece.function.get().and_then(|function| function.arguments.as_deref());
        self.end.push(arguments.unwrap_or_default());
    }

    const fn is_over(&self) -> bool {
        !self.is_custom && self.end.is_complete()
    }
}

impl InTurn {
    /// Takes a piece, and gives `tell` those whose turn it is, each with the index of its call.
    ///
    /// A piece without an index belongs to the last call, unless it has a name of its own by which a result refers to it.
    pub fn push(&mut self, piece: &ToolCall, mut tell: impl FnMut(u32, &ToolCall)) {
        let index = self.index_of(piece);
        self.last = self.last.max(Some(index));
        if self.told.contains(&index) {
            return tell(index, piece);
        }
        if self.front.as_ref().is_some_and(|front| front.index != index) {
            match self.waiting.iter_mut().find(|(waiting, _)| *waiting == index) {
                Some((_, pieces)) => pieces.push(piece.clone()),
                None => self.waiting.push_back((index, vec![piece.clone()])),
            }
        } else {
            self.front.get_or_insert_with(|| Front::new(index)).hear(piece);
            tell(index, piece);
        }
        self.go_on(false, &mut tell);
    }

    /// Gives `tell` what still waits.
    pub fn finish(&mut self, mut tell: impl FnMut(u32, &ToolCall)) {
        self.go_on(true, &mut tell);
    }

    /// Lets the next calls have their turn as long as the one before is over, or `all` of them.
    fn go_on(&mut self, all: bool, tell: &mut impl FnMut(u32, &ToolCall)) {
        while self.front.as_ref().is_none_or(|front| all || front.is_over()) {
            let Some((index, pieces)) = self.waiting.pop_front() else { return };
            self.told.extend(self.front.take().map(|front| front.index));
            let front = self.front.insert(Front::new(index));
            for piece in &pieces {
                front.hear(piece);
                tell(index, piece);
            }
        }
    }

    fn index_of(&self, piece: &ToolCall) -> u32 {
        piece.index.get().copied().unwrap_or_else(|| match self.last {
            None => 0,
            Some(last) if piece.id.is_value() => last.saturating_add(1),
            Some(last) => last,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn told(pieces: &[Value]) -> Vec<String> {
        let mut turn = InTurn::default();
        let mut told = Vec::new();
        let mut tell = |index: u32, piece: &ToolCall| {
            let (function, custom) = (piece.function.get(), piece.custom.get());
            let said = function.and_then(|function| function.arguments.as_deref());
            let said = said.or_else(|| custom.and_then(|custom| custom.input.as_deref()));
            told.push(format!("{index}{}{}", piece.id.as_deref().unwrap_or(":"), said.unwrap_or_default()));
        };
        for piece in pieces {
            turn.push(&llm_types::from_value(piece.clone()).unwrap(), &mut tell);
        }
        tell(99, &ToolCall::function("end", "", ""));
        turn.finish(&mut tell);
        told
    }

    fn piece(index: u32, id: Option<&str>, arguments: &str) -> Value {
        let mut piece = json!({ "index": index, "function": { "arguments": arguments } });
        if let Some(id) = id {
            piece["id"] = id.into();
        }
        piece
    }

    #[test]
    fn one_after_the_other_they_are_told_at_once() {
        let pieces = [
            piece(0, Some("a"), ""),
            piece(0, None, "{\"x\""),
            piece(0, None, ":1}"),
            piece(1, Some("b"), "{}"),
            piece(2, Some("c"), "{"),
            piece(2, None, "}"),
        ];
        assert_eq!(told(&pieces), ["0a", "0:{\"x\"", "0::1}", "1b{}", "2c{", "2:}", "99end"]);
    }

    #[test]
    fn a_call_waits_until_the_one_before_is_over() {
        let pieces = [
            piece(0, Some("a"), ""),
            piece(1, Some("b"), ""),
            piece(2, Some("c"), "{}"),
            piece(0, None, "{\"x\""),
            piece(1, None, "{\"y\":\"}"),
            piece(0, None, ":{}}"),
            piece(1, None, "\"}"),
        ];
        let want = ["0a", "0:{\"x\"", "0::{}}", "1b", "1:{\"y\":\"}", "1:\"}", "2c{}", "99end"];
        assert_eq!(told(&pieces), want);
    }

    #[test]
    fn what_has_no_end_lets_the_others_wait_until_all_ends() {
        let pieces = [piece(0, Some("a"), ""), piece(1, Some("b"), "{}"), piece(2, Some("c"), "")];
        assert_eq!(told(&pieces), ["0a", "99end", "1b{}", "2c"]);
        let custom = json!({ "index": 0, "id": "a", "custom": { "input": "{}" } });
        let more = json!({ "index": 0, "custom": { "input": " again" } });
        assert_eq!(told(&[custom, piece(1, Some("b"), "{}"), more]), ["0a{}", "0: again", "99end", "1b{}"]);
    }

    #[test]
    fn a_late_piece_and_one_without_an_index_are_told() {
        let pieces = [piece(0, Some("a"), "{}"), piece(1, Some("b"), "{"), piece(0, None, " ")];
        assert_eq!(told(&pieces), ["0a{}", "1b{", "0: ", "99end"]);
        let bare = |id: Option<&str>, arguments: &str| {
            let mut piece = piece(0, id, arguments);
            piece.as_object_mut().unwrap().remove("index");
            piece
        };
        let pieces = [bare(Some("a"), "{"), bare(None, "}"), bare(Some("b"), "{}"), bare(None, "\n")];
        assert_eq!(told(&pieces), ["0a{", "0:}", "1b{}", "1:\n", "99end"]);
    }
}
