//! [`Calls`]: calls while they are written. Several may be open at once.

use bytes::BytesMut;
use llm_types::{Nullable, ToolCall};
use serde::de::IgnoredAny;

use super::answer::Call;
use super::events::{Events, Place};
use crate::responses::names;
use crate::responses::wire::{DoneEvent, Status, StreamEvent};

/// All calls of an answer, in the order in which they began.
#[derive(Debug, Default)]
pub(super) struct Calls(Vec<State>);

#[derive(Debug)]
struct State {
    index: Option<u32>,
    call: Call,
    /// Where it stands, once it has a name.
    place: Option<Place>,
    is_done: bool,
}

/// A piece of arguments that came after its call had ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Late;

impl Calls {
    /// Whether a piece is the first of its call.
    pub(super) fn begins(&self, piece: &ToolCall) -> bool {
        self.find(piece).is_none()
    }

    /// Whether there was a call that nobody can act on, as it has no name.
    pub(super) fn has_nameless(&self) -> bool {
        self.0.iter().any(|state| state.place.is_none())
    }

    /// The calls that were told.
    pub(super) fn told(&self) -> impl Iterator<Item = &Call> {
        self.0.iter().filter(|state| state.place.is_some()).map(|state| &state.call)
    }

    fn find(&self, piece: &ToolCall) -> Option<usize> {
        match (piece.index.get(), piece.id.as_deref().unwrap_or_default()) {
            (Some(index), _) => self.0.iter().rposition(|state| state.index == Some(*index)),
            (None, "") => self.0.len().checked_sub(1),
            (None, id) => self.0.iter().rposition(|state| state.call.call_id == id),
        }
    }

    pub(super) fn piece(
        &mut self,
        piece: &ToolCall,
        events: &mut Events,
        out: &mut BytesMut,
    ) -> Result<(), Late> {
        let at = self.find(piece).unwrap_or_else(|| {
            let call = Call { is_custom: piece.custom.is_value(), ..Call::default() };
            self.0.push(State { index: piece.index.get().copied(), call, place: None, is_done: false });
            self.0.len() - 1
        });
        let (name, more) = match (piece.function.get(), piece.custom.get()) {
            (None, Some(custom)) => (custom.name.as_deref(), custom.input.as_deref()),
            (Some(function), _) => (function.name.as_deref(), function.arguments.as_deref()),
            (None, None) => (None, None),
        };
        let (before, from) = self.0.split_at_mut(at);
        let Some(state) = from.first_mut() else { return Ok(()) };
        state.call.extra.extend(piece.extra.clone());
        let more = more.unwrap_or_default();
        if state.is_done {
            return if more.trim().is_empty() { Ok(()) } else { Err(Late) };
        }
        if state.call.call_id.is_empty() {
            state.call.call_id = piece.id.get().cloned().unwrap_or_default();
        }
        let held = std::mem::take(&mut state.call.arguments);
        if state.place.is_none() {
            state.call.name.push_str(name.unwrap_or_default());
            if !state.call.name.is_empty() {
                // Results name their call, so no two calls may have one name.
                let is_taken = before.iter().any(|other| other.call.call_id == state.call.call_id);
                state.open(is_taken, events, out);
                state.say(&held, events, out);
            }
        }
        state.call.arguments = held + more;
        if state.place.is_some() {
            state.say(more, events, out);
        }
        Ok(())
    }

    /// Ends calls whose arguments are whole.
    pub(super) fn close_whole(&mut self, events: &mut Events, out: &mut BytesMut) {
        for state in &mut self.0 {
            let is_whole =
                !state.call.is_custom && serde_json::from_str::<IgnoredAny>(&state.call.arguments).is_ok();
            if is_whole {
                state.close(&Status::Completed, events, out);
            }
        }
    }

    /// Ends all calls. How the answer ended is how its last call ended.
    pub(super) fn close_all(&mut self, status: &Status, events: &mut Events, out: &mut BytesMut) {
        let last = self.0.len();
        for (number, state) in self.0.iter_mut().enumerate() {
            let status = if number + 1 == last { status } else { &Status::Completed };
            state.close(status, events, out);
        }
    }
}

impl State {
    fn open(&mut self, is_taken: bool, events: &mut Events, out: &mut BytesMut) {
        let place = events.begin(self.call.prefix());
        if self.call.call_id.is_empty() || is_taken {
            self.call.call_id = format!("call_{}", names::bare(&place.id));
        }
        let item = self.call.item(place.id.clone(), &Status::InProgress, false);
        events.added(place.index, item, out);
        self.place = Some(place);
    }

    /// Tells a piece. The text inside the arguments of a custom tool is told at its end.
    fn say(&self, more: &str, events: &mut Events, out: &mut BytesMut) {
        let Some(place) = self.place.as_ref().filter(|_| !more.is_empty()) else { return };
        if self.call.is_custom {
            events.write(|number| StreamEvent::CustomInputDelta(place.delta(more, number)), out);
        } else if !self.call.wants_custom() {
            events.write(|number| StreamEvent::ArgumentsDelta(place.delta(more, number)), out);
        }
    }

    fn close(&mut self, status: &Status, events: &mut Events, out: &mut BytesMut) {
        let Some(place) = self.place.clone().filter(|_| !self.is_done) else { return };
        self.is_done = true;
        if self.call.arguments.is_empty() && !self.call.is_custom && *status == Status::Completed {
            self.call.arguments.push_str("{}");
            self.say("{}", events, out);
        }
        if self.call.wants_custom() {
            let input = self.call.input();
            if !self.call.is_custom && !input.is_empty() {
                events.write(|number| StreamEvent::CustomInputDelta(place.delta(&input, number)), out);
            }
            events.write(
                |number| {
                    StreamEvent::CustomInputDone(DoneEvent {
                        input: Nullable::Value(input),
                        ..place.done(number)
                    })
                },
                out,
            );
        } else {
            let arguments = self.call.arguments.clone();
            events.write(
                |number| {
                    StreamEvent::ArgumentsDone(DoneEvent {
                        arguments: Nullable::Value(arguments),
                        ..place.done(number)
                    })
                },
                out,
            );
        }
        let item = self.call.item(place.id.clone(), status, true);
        events.done(place.index, item, out);
    }
}
