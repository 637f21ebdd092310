//! A streamed answer as Cohere's events.

use bytes::{BufMut, BytesMut};
use llm_provider_core::{Beside, ChunkWriter, InTurn, Kept, Note, NoteKind, Reply, lost_signatures};
use llm_types::{
    ApiError, ChatChunk, ChunkChoice, Delta, ErrorKind, FinishReason, Nullable, ToolCall, Usage,
};
use serde_json::{Value, json};

use super::write::{self, TextPlace};
use crate::usage;
use crate::wire::{EventDelta, EventKind, EventMessage, StreamEvent};

/// Writes one answer. A part of the content, or a call, ends when another begins; calls that come at once wait for each
/// other.
#[derive(Debug)]
pub(super) struct ChatWriter {
    request_id: String,
    id: Option<String>,
    open: Open,
    /// Parts of the content so far.
    parts: u32,
    /// The calls so far, by the index that they came with.
    calls: Vec<Call>,
    turn: InTurn,
    citations: u32,
    text: String,
    /// Where its pieces stand among the parts of the content.
    places: Vec<TextPlace>,
    finish: Option<&'static str>,
    usage: Option<Usage>,
    /// What is said beside the words, until the end.
    beside: Beside,
    notes: Vec<Note>,
    ended: bool,
}

#[derive(Debug)]
struct Call {
    index: u32,
    is_custom: bool,
    /// Free text so far, which becomes one JSON object at the end.
    input: String,
    has_arguments: bool,
}

/// What has begun and not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    Text,
    Thinking,
    /// The call at this place.
    Call(usize),
}

impl ChatWriter {
    pub(super) fn new(reply: &Reply) -> Self {
        Self {
            request_id: reply.request_id.clone(),
            id: None,
            open: Open::Nothing,
            parts: 0,
            calls: Vec::new(),
            turn: InTurn::default(),
            citations: 0,
            text: String::new(),
            places: Vec::new(),
            finish: None,
            usage: None,
            beside: Beside::default(),
            notes: Vec::new(),
            ended: false,
        }
    }

    fn begin(&mut self, chunk: Option<&ChatChunk>, out: &mut BytesMut) {
        if self.id.is_some() {
            return;
        }
        let id = chunk.and_then(|chunk| chunk.id.as_deref()).filter(|id| !id.is_empty());
        let id = id.unwrap_or(&self.request_id).to_owned();
        let mut event = StreamEvent::new(EventKind::MessageStart);
        event.id = Nullable::Value(id.clone());
        event.delta = of_message(EventMessage {
            role: Nullable::Value("assistant".to_owned()),
            content: Nullable::Value(json!([])),
            tool_plan: Nullable::Value(String::new()),
            tool_calls: Nullable::Value(json!([])),
            citations: Nullable::Value(json!([])),
            ..EventMessage::default()
        });
        send(&event, out);
        self.id = Some(id);
    }

    fn choice(&mut self, choice: &ChunkChoice, out: &mut BytesMut) {
        self.beside.hear_choice(choice);
        if let Some(delta) = choice.delta.get() {
            self.delta(delta, choice.logprobs.get(), out);
        }
        if let Some(reason) = choice.finish_reason.get() {
            if *reason == FinishReason::ContentFilter {
                self.notes.push(Note::new(
                    NoteKind::Converted,
                    "choices[0].finish_reason",
                    "withheld, as `ERROR`",
                ));
            }
            let native = self.beside.reason();
            self.finish = Some(write::finish_reason(Some(reason), native, !self.calls.is_empty()));
        }
    }

    fn delta(&mut self, delta: &Delta, logprobs: Option<&Value>, out: &mut BytesMut) {
        let has_words = [&delta.content, &delta.refusal]
            .into_iter()
            .any(|words| !words.as_deref().unwrap_or_default().is_empty());
        if logprobs.is_some_and(|told| !write::is_simple(told) || !has_words) {
            self.dropped_once(
                "choices[0].logprobs",
                "events of Cohere's tell the tokens of their words alone",
            );
        }
        // Blocks say what the text says; a vendor that gives only those is heard too.
        let blocks = delta.thinking_blocks.as_deref().unwrap_or_default();
        let calls = delta.tool_calls.as_deref().unwrap_or_default();
        let kept = Kept::of_message(delta.provider_specific_fields.get(), &delta.extra, &[]);
        for note in lost_signatures(blocks, calls, &kept, "choices[0].delta.", "Cohere's") {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
        let thought: String = match delta.reasoning_content.as_deref() {
            Some(thought) => thought.to_owned(),
            None => blocks.iter().filter_map(|block| block.thinking.as_deref()).collect(),
        };
        if !thought.is_empty() {
            self.content(Open::Thinking, &thought, None, out);
        }
        let spoken = delta.audio.get().and_then(|audio| audio.transcript.as_deref());
        for words in [delta.content.as_deref(), delta.refusal.as_deref(), spoken].into_iter().flatten() {
            if !words.is_empty() {
                self.content(Open::Text, words, logprobs, out);
                self.text.push_str(words);
            }
        }
        for piece in delta.tool_calls.get().into_iter().flatten() {
            self.piece(piece, out);
        }
        if let Some(function) = delta.function_call.get() {
            let mut piece = ToolCall::function("", "", "");
            piece.index = Nullable::Value(0);
            piece.id = Nullable::Absent;
            piece.function = Nullable::Value(function.clone());
            self.piece(&piece, out);
        }
        if delta.audio.is_value() {
            self.dropped_once("choices[0].delta.audio", "answers of Cohere's have no sound");
        }
        if write::has_images(&delta.extra) {
            self.dropped_once("choices[0].delta.images", "answers of Cohere's have no images");
        }
        if write::others(delta.annotations.get()).next().is_some() {
            self.dropped_once("choices[0].delta.annotations", "Cohere's events cite documents alone");
        }
        let pages = delta.annotations.get().into_iter().flatten();
        let mut citations: Vec<_> =
            pages.filter_map(|page| write::citation(page, &self.text, &self.places)).collect();
        // The blocks of an answer are told at its end.
        citations.extend(
            delta
                .provider_specific_fields
                .get()
                .into_iter()
                .flat_map(|own| write::documents(own, &self.places)),
        );
        for citation in citations {
            let mut event = StreamEvent::new(EventKind::CitationStart);
            event.index = Nullable::Value(self.citations);
            let citations = Nullable::Value(json!(citation));
            event.delta = of_message(EventMessage { citations, ..EventMessage::default() });
            send(&event, out);
            let mut event = StreamEvent::new(EventKind::CitationEnd);
            event.index = Nullable::Value(self.citations);
            send(&event, out);
            self.citations += 1;
        }
    }

    fn dropped_once(&mut self, path: &str, detail: &str) {
        if !self.notes.iter().any(|note| note.path == path) {
            self.notes.push(Note::dropped(path, detail));
        }
    }

    fn content(&mut self, kind: Open, words: &str, logprobs: Option<&Value>, out: &mut BytesMut) {
        let name = if kind == Open::Thinking { "thinking" } else { "text" };
        if self.open != kind {
            self.close(out);
            let mut event = StreamEvent::new(EventKind::ContentStart);
            event.index = Nullable::Value(self.parts);
            event.delta = of_content(json!({ "type": name, name: "" }));
            send(&event, out);
            self.open = kind;
            if kind == Open::Text {
                let before = self.text.chars().count() as u64;
                self.places.push(TextPlace { part: u64::from(self.parts), before });
            }
            self.parts += 1;
        }
        let mut event = StreamEvent::new(EventKind::ContentDelta);
        event.index = Nullable::Value(self.parts - 1);
        event.delta = of_content(json!({ name: words }));
        if let Some(one) = logprobs.map(write::pieces).and_then(|pieces| pieces.into_iter().next()) {
            event.logprobs = Nullable::Value(json!(one));
        }
        send(&event, out);
    }

    /// A piece of a call, when it is its turn.
    fn piece(&mut self, piece: &ToolCall, out: &mut BytesMut) {
        let mut turn = std::mem::take(&mut self.turn);
        turn.push(piece, |index, piece| self.call(index, piece, out));
        self.turn = turn;
    }

    fn call(&mut self, index: u32, piece: &ToolCall, out: &mut BytesMut) {
        let at = match self.calls.iter().rposition(|call| call.index == index) {
            Some(at) => at,
            None => self.call_start(index, piece, out),
        };
        if let Some(custom) = piece.custom.get() {
            self.calls[at].input.push_str(custom.input.as_deref().unwrap_or_default());
        }
        let arguments = piece.function.get().and_then(|function| function.arguments.as_deref());
        if let Some(arguments) = arguments.filter(|arguments| !arguments.is_empty()) {
            self.calls[at].has_arguments = true;
            arguments_delta(at, arguments, out);
        }
    }

    fn call_start(&mut self, index: u32, piece: &ToolCall, out: &mut BytesMut) -> usize {
        self.close(out);
        let at = self.calls.len();
        let name = piece.function.get().and_then(|function| function.name.as_deref());
        let name = name.or_else(|| piece.custom.get().and_then(|custom| custom.name.as_deref()));
        let id = piece.id.as_deref().filter(|id| !id.is_empty());
        let id = id.map_or_else(|| format!("call_{}_{at}", self.request_id), str::to_owned);
        let mut event = StreamEvent::new(EventKind::ToolCallStart);
        event.index = Nullable::Value(number(at));
        event.delta = of_call(json!({
            "id": id, "type": "function", "function": { "name": name.unwrap_or_default(), "arguments": "" }
        }));
        send(&event, out);
        self.calls.push(Call {
            index,
            is_custom: piece.custom.is_value(),
            input: String::new(),
            has_arguments: false,
        });
        self.open = Open::Call(at);
        at
    }

    /// Ends what is open.
    fn close(&mut self, out: &mut BytesMut) {
        let (kind, index) = match std::mem::replace(&mut self.open, Open::Nothing) {
            Open::Nothing => return,
            Open::Text | Open::Thinking => (EventKind::ContentEnd, self.parts - 1),
            Open::Call(at) => {
                let call = &self.calls[at];
                if call.is_custom {
                    arguments_delta(at, &json!({ "input": call.input }).to_string(), out);
                } else if !call.has_arguments {
                    arguments_delta(at, "{}", out);
                }
                (EventKind::ToolCallEnd, number(at))
            }
        };
        let mut event = StreamEvent::new(kind);
        event.index = Nullable::Value(index);
        send(&event, out);
    }
}

impl ChunkWriter for ChatWriter {
    fn chunk(&mut self, chunk: &ChatChunk, out: &mut BytesMut) {
        self.begin(Some(chunk), out);
        if let Some(usage) = chunk.usage.get() {
            self.usage = Some(usage.clone());
        }
        if let Some(tier) = chunk.service_tier.get() {
            self.beside.put("service_tier", tier.as_str());
        }
        self.beside.hear(chunk);
        for choice in chunk.choices() {
            if choice.index.get().copied().unwrap_or(0) == 0 {
                self.choice(choice, out);
            } else if !self.notes.iter().any(|note| note.path == "choices[1..]") {
                self.notes.push(Note::dropped("choices[1..]", "an answer of Cohere's has one choice"));
            }
        }
    }

    fn end(&mut self, out: &mut BytesMut) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        self.begin(None, out);
        std::mem::take(&mut self.turn).finish(|index, piece| self.call(index, piece, out));
        self.close(out);
        let called = !self.calls.is_empty();
        let finish = self.finish.unwrap_or_else(|| write::finish_reason(None, None, called));
        let mut event = StreamEvent::new(EventKind::MessageEnd);
        event.id = self.id.clone().into();
        event.delta = Nullable::Value(EventDelta {
            finish_reason: Nullable::Value(finish.to_owned()),
            usage: Nullable::Value(self.usage.as_ref().map(usage::to_wire).unwrap_or_default()),
            extra: write::rest(std::mem::take(&mut self.beside), finish, self.usage.as_ref()),
            ..EventDelta::default()
        });
        send(&event, out);
    }

    fn error(&mut self, error: &ApiError, out: &mut BytesMut) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        self.begin(None, out);
        write_error(error, self.id.as_deref().unwrap_or(&self.request_id), out);
    }

    fn notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }
}

/// The end of a stream that broke.
pub(super) fn write_error(error: &ApiError, id: &str, out: &mut BytesMut) {
    let late = matches!(error.kind, ErrorKind::Timeout | ErrorKind::GatewayTimeout);
    let mut event = StreamEvent::new(EventKind::MessageEnd);
    event.id = Nullable::Value(id.to_owned());
    event.delta = Nullable::Value(EventDelta {
        finish_reason: Nullable::Value(if late { "TIMEOUT" } else { "ERROR" }.to_owned()),
        error: Nullable::Value(error.message.clone()),
        ..EventDelta::default()
    });
    send(&event, out);
}

fn arguments_delta(at: usize, arguments: &str, out: &mut BytesMut) {
    let mut event = StreamEvent::new(EventKind::ToolCallDelta);
    event.index = Nullable::Value(number(at));
    event.delta = of_call(json!({ "function": { "arguments": arguments } }));
    send(&event, out);
}

fn of_message(message: EventMessage) -> Nullable<EventDelta> {
    Nullable::Value(EventDelta { message: Nullable::Value(message), ..EventDelta::default() })
}

fn of_content(content: Value) -> Nullable<EventDelta> {
    of_message(EventMessage { content: Nullable::Value(content), ..EventMessage::default() })
}

fn of_call(call: Value) -> Nullable<EventDelta> {
    of_message(EventMessage { tool_calls: Nullable::Value(call), ..EventMessage::default() })
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

pub(super) fn send(event: &StreamEvent, out: &mut BytesMut) {
    out.put_slice(b"event: ");
    out.put_slice(event.r#type.as_str().as_bytes());
    out.put_slice(b"\ndata: ");
    // Maps with text as names, numbers and strings always have a JSON text.
    out.put_slice(&serde_json::to_vec(event).unwrap_or_default());
    out.put_slice(b"\n\n");
}
