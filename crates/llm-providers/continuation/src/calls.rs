//! Calls of tools: those that the client has, and what a continuing answer says of them.

use llm_types::{CustomCall, Extra, FunctionCall, Nullable, ToolCall};

use crate::Contradiction;
use crate::json::{self, Repetition};

/// A call as far as the client knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// Its place, as the client has it.
    pub(crate) index: u32,
    id: Option<String>,
    pub(crate) name: String,
    /// JSON, or free text for a custom tool.
    pub(crate) input: String,
    is_custom: bool,
}

impl Call {
    /// Whether nothing is missing, as far as its arguments show.
    fn is_whole(&self) -> bool {
        !self.is_custom && json::is_whole(&self.input)
    }

    fn begin(piece: &ToolCall, index: u32) -> Self {
        let mut call = Self {
            index,
            id: None,
            name: String::new(),
            input: String::new(),
            is_custom: piece.custom.is_value(),
        };
        call.add(piece);
        call
    }

    fn add(&mut self, piece: &ToolCall) {
        let (name, input) = match (piece.function.get(), piece.custom.get()) {
            (Some(function), _) => (function.name.as_deref(), function.arguments.as_deref()),
            (_, Some(custom)) => (custom.name.as_deref(), custom.input.as_deref()),
            _ => (None, None),
        };
        if let Some(name) = name.filter(|_| self.name.is_empty()) {
            name.clone_into(&mut self.name);
        }
        if self.id.is_none() {
            self.id = piece.id.get().cloned();
        }
        self.input.push_str(input.unwrap_or_default());
    }

    /// More of its arguments, as a piece of a stream.
    fn piece(&self, more: String) -> ToolCall {
        let piece = ToolCall {
            index: Nullable::Value(self.index),
            id: Nullable::Absent,
            r#type: Nullable::Absent,
            function: Nullable::Absent,
            custom: Nullable::Absent,
            extra: Extra::new(),
        };
        self.with_input(piece, Nullable::Absent, more)
    }

    fn with_input(&self, piece: ToolCall, name: Nullable<String>, input: String) -> ToolCall {
        let (input, extra) = (Nullable::Value(input), Extra::new());
        if self.is_custom {
            ToolCall { custom: Nullable::Value(CustomCall { name, input, extra }), ..piece }
        } else {
            let function = FunctionCall { name, arguments: input, extra };
            ToolCall { function: Nullable::Value(function), ..piece }
        }
    }
}

/// The calls of an answer that has not been continued, or not yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls(pub(crate) Vec<Call>);

impl Calls {
    /// The client is told this.
    pub(crate) fn hear(&mut self, piece: &ToolCall) {
        let index = piece.index.get().copied().unwrap_or_else(|| self.0.len().saturating_sub(1) as u32);
        match self.0.iter_mut().find(|call| call.index == index) {
            Some(call) => call.add(piece),
            None => self.0.push(Call::begin(piece, index)),
        }
    }

    /// The call in whose midst the answer broke off: only the last can be it.
    pub(crate) fn torn(&self) -> Option<&Call> {
        self.0.last().filter(|call| !call.is_whole())
    }
}

/// What a continuing answer says of calls.
#[derive(Debug, Clone)]
pub(crate) struct Again {
    known: Vec<Known>,
    heard: Vec<Heard>,
    next: u32,
    ids: Vec<String>,
}

/// A call that the client has.
#[derive(Debug, Clone)]
struct Known {
    call: Call,
    /// Set for the one that broke off, until it has been repeated.
    torn: bool,
    repeated: bool,
}

/// A call of the continuing answer.
#[derive(Debug, Clone)]
struct Heard {
    call: Call,
    /// The pieces, for a call that turns out to be new.
    first: ToolCall,
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    /// It is not clear yet what it is.
    Open,
    /// It repeats the one that broke off.
    Repeats { known: usize, repetition: Repetition },
    /// It goes to the client, at this place.
    Live(u32),
    /// The client has it.
    Known,
}

impl Again {
    /// After these calls.
    pub(crate) fn after(calls: &Calls) -> Self {
        let torn = calls.torn().map(|call| call.index);
        let known = calls.0.iter().map(|call| Known {
            torn: torn == Some(call.index),
            repeated: false,
            call: call.clone(),
        });
        Self {
            known: known.collect(),
            heard: Vec::new(),
            next: calls.0.iter().map(|call| call.index + 1).max().unwrap_or(0),
            ids: calls.0.iter().filter_map(|call| call.id.clone()).collect(),
        }
    }

    /// Hears a piece; what of it is new goes to `out`.
    pub(crate) fn push(&mut self, piece: &ToolCall, out: &mut Vec<ToolCall>) -> Result<(), Contradiction> {
        let index = piece.index.get().copied().unwrap_or(self.heard.len().saturating_sub(1) as u32);
        let place = match self.heard.iter().position(|heard| heard.call.index == index) {
            Some(place) => {
                self.heard[place].call.add(piece);
                place
            }
            None => {
                self.settle(out)?;
                let call = Call::begin(piece, index);
                let first =
                    ToolCall { function: Nullable::Absent, custom: Nullable::Absent, ..piece.clone() };
                self.heard.push(Heard { call, first, state: State::Open });
                self.heard.len() - 1
            }
        };
        self.advance(place, piece, out)
    }

    /// The answer is over.
    pub(crate) fn finish(&mut self, out: &mut Vec<ToolCall>) -> Result<(), Contradiction> {
        self.settle(out)?;
        if self.is_torn() {
            return Err(Contradiction::Unfinished);
        }
        Ok(())
    }

    fn is_torn(&self) -> bool {
        self.known.iter().any(|known| known.torn)
    }

    fn advance(
        &mut self,
        place: usize,
        piece: &ToolCall,
        out: &mut Vec<ToolCall>,
    ) -> Result<(), Contradiction> {
        let heard = &mut self.heard[place];
        match &mut heard.state {
            State::Known => Ok(()),
            State::Live(index) => {
                out.push(ToolCall {
                    index: Nullable::Value(*index),
                    id: Nullable::Absent,
                    r#type: Nullable::Absent,
                    ..piece.clone()
                });
                Ok(())
            }
            State::Repeats { known, repetition } => {
                let more = input(piece).unwrap_or_default();
                let (known, rest) = (*known, repetition.push(more)?);
                if let Some(rest) = rest {
                    self.mend(place, known, rest, out);
                }
                Ok(())
            }
            State::Open if heard.call.name.is_empty() => Ok(()),
            State::Open => self.recognise(place, out),
        }
    }

    /// Which call this is, as soon as that is clear.
    fn recognise(&mut self, place: usize, out: &mut Vec<ToolCall>) -> Result<(), Contradiction> {
        let name = &self.heard[place].call.name;
        let same = |known: &&Known| !known.repeated && known.call.name == *name;
        // One that the client has whole is recognised by its arguments, which have to come first.
        if self.known.iter().filter(same).any(|known| !known.torn) {
            return Ok(());
        }
        match self.known.iter().position(|known| same(&known) && known.torn) {
            Some(known) => self.repeat(place, known, out),
            // What is new comes after what is mended.
            None if self.is_torn() => Ok(()),
            None => {
                self.tell(place, out);
                Ok(())
            }
        }
    }

    /// This call is the one that broke off.
    fn repeat(&mut self, place: usize, known: usize, out: &mut Vec<ToolCall>) -> Result<(), Contradiction> {
        self.known[known].repeated = true;
        let input = self.heard[place].call.input.clone();
        if self.known[known].call.is_custom {
            let said = &self.known[known].call.input;
            return match input.strip_prefix(said.as_str()) {
                Some(rest) => {
                    let rest = rest.to_owned();
                    self.mend(place, known, rest, out);
                    Ok(())
                }
                None if said.starts_with(&input) => {
                    self.known[known].repeated = false;
                    Ok(())
                }
                None => Err(Contradiction::Differs),
            };
        }
        let mut repetition = Repetition::of(&self.known[known].call.input);
        match repetition.push(&input)? {
            Some(rest) => self.mend(place, known, rest, out),
            None => self.heard[place].state = State::Repeats { known, repetition },
        }
        Ok(())
    }

    /// All that was said of it has been repeated: from here on it goes to the client.
    fn mend(&mut self, place: usize, known: usize, rest: String, out: &mut Vec<ToolCall>) {
        let Known { call, torn, .. } = &mut self.known[known];
        *torn = false;
        self.heard[place].state = State::Live(call.index);
        if !rest.is_empty() {
            out.push(call.piece(rest));
        }
    }

    /// A call that is new.
    fn tell(&mut self, place: usize, out: &mut Vec<ToolCall>) {
        let index = self.next;
        self.next += 1;
        let Heard { call, first, state } = &mut self.heard[place];
        *state = State::Live(index);
        let mut whole = ToolCall { index: Nullable::Value(index), ..first.clone() };
        if let Some(id) = whole.id.get_mut() {
            // Vendors that number their calls begin anew.
            while self.ids.contains(id) {
                *id = format!("{id}_{index}");
            }
            self.ids.push(id.clone());
        }
        out.push(call.with_input(whole, Nullable::Value(call.name.clone()), call.input.clone()));
    }

    /// Calls that are over show what they are.
    fn settle(&mut self, out: &mut Vec<ToolCall>) -> Result<(), Contradiction> {
        if let Some(place) = self.heard.len().checked_sub(1)
            && matches!(self.heard[place].state, State::Open)
        {
            self.identify(place, out)?;
        }
        if matches!(self.heard.last(), Some(Heard { state: State::Repeats { .. }, .. })) {
            return Err(Contradiction::Unfinished);
        }
        if !self.is_torn() {
            let open = |heard: &Heard| matches!(heard.state, State::Open) && !heard.call.name.is_empty();
            let waiting: Vec<usize> = (0..self.heard.len()).filter(|at| open(&self.heard[*at])).collect();
            for place in waiting {
                self.tell(place, out);
            }
        }
        Ok(())
    }

    /// A call that is over, against those that the client has: the same arguments, else the same place and name.
    fn identify(&mut self, place: usize, out: &mut Vec<ToolCall>) -> Result<(), Contradiction> {
        let call = &self.heard[place].call;
        let same = |known: &Known| !known.repeated && known.call.name == call.name;
        let equal = |known: &Known| same(known) && json::are_equal(&known.call.input, &call.input);
        let whole = self.known.iter().position(|known| !known.torn && equal(known));
        let in_place = || (place < self.known.len() && same(&self.known[place])).then_some(place);
        let torn = || self.known.iter().position(|known| known.torn && same(known));
        match whole.or_else(in_place).or_else(torn) {
            Some(known) if self.known[known].torn => self.repeat(place, known, out),
            Some(known) => {
                self.known[known].repeated = true;
                self.heard[place].state = State::Known;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

fn input(piece: &ToolCall) -> Option<&str> {
    match (piece.function.get(), piece.custom.get()) {
        (Some(function), _) => function.arguments.as_deref(),
        (_, Some(custom)) => custom.input.as_deref(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
