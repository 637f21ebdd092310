//! A streamed answer, event by event.

use llm_provider_core::{Interpret, Outbox, SseEvent, StreamError, Unheard};
use llm_types::{ChatChunk, ChunkChoice, Delta, Extra, FinishReason, FunctionCall, Nullable, Role, ToolCall};
use serde_json::{Value, json};

use super::decode::{self, BETWEEN, CITATIONS, PLAN};
use crate::wire::{Citation, EventDelta, EventKind, EventMessage, Logprob, StreamEvent};
use crate::{error, usage};

/// What is known of an answer so far.
#[derive(Debug, Default)]
pub(super) struct ChatInterpret {
    id: Nullable<String>,
    /// Letters of text so far.
    letters: usize,
    /// Where each part of the content begins in the text.
    starts: Vec<usize>,
    has_thought: bool,
    plan: String,
    calls: Vec<Call>,
    citations: Vec<Citation>,
    /// Log probabilities as Cohere tells them.
    logprobs: Vec<Value>,
    /// Members of events that nobody here knows, until they are told.
    unknown: Unheard,
    is_complete: bool,
}

/// A call, and whether it has arguments yet.
#[derive(Debug)]
struct Call {
    index: Option<u32>,
    has_arguments: bool,
    ended: bool,
}

impl Interpret for ChatInterpret {
    type Chunk = ChatChunk;

    fn event(&mut self, event: &SseEvent<'_>, out: &mut Outbox<ChatChunk>) {
        let data = event.data.trim_ascii();
        if self.is_complete || data.is_empty() || data == b"[DONE]" {
            return;
        }
        match serde_json::from_slice::<StreamEvent>(data) {
            Ok(event) => self.read(event, data, out),
            Err(why) => match serde_json::from_slice::<Value>(data) {
                // An error of the vendor's is no event of a type.
                Ok(value) if value.get("type").is_none() && value.get("message").is_some() => {
                    out.fail(error::in_stream(&value, data));
                }
                Ok(value) if value.get("type").is_none() => self.unknown.put("event", value),
                _ => out.fail(StreamError::Corrupt(why.to_string())),
            },
        }
    }

    fn is_complete(&self) -> bool {
        self.is_complete
    }
}

impl ChatInterpret {
    fn read(&mut self, mut event: StreamEvent, data: &[u8], out: &mut Outbox<ChatChunk>) {
        let mut delta = event.delta.into_option().unwrap_or_default();
        let mut message = delta.message.take().unwrap_or_default();
        let prompt = match event.r#type {
            EventKind::Debug => event.extra.shift_remove("prompt"),
            EventKind::Other(_) => {
                return self.unknown.event(serde_json::from_slice(data).unwrap_or_default());
            }
            _ => None,
        };
        self.unknown.keep(std::mem::take(&mut message.extra));
        self.unknown.keep(event.extra);
        self.unknown.keep(std::mem::take(&mut delta.extra));
        match event.r#type {
            EventKind::MessageStart => {
                self.id = event.id;
                self.send(Delta { role: Nullable::Value(Role::Assistant), ..Delta::default() }, out);
            }
            EventKind::ContentStart => {
                self.starts.push(self.letters);
                self.content(message, event.logprobs.into_option(), out);
            }
            EventKind::ContentDelta => self.content(message, event.logprobs.into_option(), out),
            EventKind::ToolPlanDelta => self.plan(&message, out),
            EventKind::ToolCallStart => self.call_start(event.index.get().copied(), &message, out),
            EventKind::ToolCallDelta => self.call_delta(event.index.get().copied(), &message, out),
            EventKind::ToolCallEnd => {
                if let Some(at) = self.call_at(event.index.get().copied()) {
                    self.call_end(at, out);
                }
            }
            EventKind::CitationStart => self.cite(&message, out),
            EventKind::MessageEnd => self.end(&delta, data, out),
            EventKind::Debug => {
                let prompt = prompt.unwrap_or_default();
                let mut chunk = self.chunk(Vec::new());
                chunk.provider_specific_fields =
                    Nullable::Value(Extra::from_iter([("debug".to_owned(), json!({ "prompt": prompt }))]));
                out.chunk(chunk);
            }
            EventKind::ContentEnd | EventKind::CitationEnd | EventKind::Other(_) => {}
        }
    }

    fn content(&mut self, message: EventMessage, logprobs: Option<Value>, out: &mut Outbox<ChatChunk>) {
        let Some(content) = message.content.into_option() else { return };
        let said = |name: &str| content.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        if let Some(thought) = said("thinking") {
            self.has_thought = true;
            let delta = Delta {
                reasoning_content: Nullable::Value(thought.to_owned()),
                thinking_blocks: Nullable::Value(vec![decode::block(thought.to_owned())]),
                ..Delta::default()
            };
            self.send(delta, out);
        }
        let mut choice = ChunkChoice::new(Delta::default());
        if let Some(told) = logprobs {
            if let Ok(logprobs) = llm_types::from_value::<Logprob>(told.clone()) {
                choice.logprobs = Nullable::Value(decode::probabilities(&[logprobs]));
            }
            self.logprobs.push(told);
        }
        let text = said("text");
        if let Some(text) = text {
            self.letters += text.chars().count();
            choice.delta.get_or_insert_with(Delta::default).content = Nullable::Value(text.to_owned());
        }
        if text.is_some() || choice.logprobs.is_value() {
            out.chunk(self.chunk(vec![choice]));
        }
        if let Value::Object(members) = content {
            let is_known = |name: &str| matches!(name, "type" | "text" | "thinking");
            members.into_iter().filter(|(name, _)| !is_known(name)).for_each(|(name, value)| {
                self.unknown.put(name, value);
            });
        }
    }

    fn plan(&mut self, message: &EventMessage, out: &mut Outbox<ChatChunk>) {
        let Some(piece) = message.tool_plan.as_deref().filter(|piece| !piece.is_empty()) else { return };
        let begins = self.plan.is_empty() && self.has_thought;
        self.plan.push_str(piece);
        let piece = if begins { format!("{BETWEEN}{piece}") } else { piece.to_owned() };
        self.send(Delta { reasoning_content: Nullable::Value(piece), ..Delta::default() }, out);
    }

    /// The call of an event: the one of this index, or the latest.
    fn call_at(&self, index: Option<u32>) -> Option<usize> {
        match index {
            Some(_) => self.calls.iter().rposition(|call| call.index == index),
            None => self.calls.len().checked_sub(1),
        }
    }

    fn call_start(&mut self, index: Option<u32>, message: &EventMessage, out: &mut Outbox<ChatChunk>) {
        let Some(call) = one_call(message) else { return };
        let at = self.calls.len();
        let given = call.function.get().and_then(|function| function.arguments.as_deref());
        let has_arguments = given.is_some_and(|given| !given.trim().is_empty());
        let mut piece = decode::whole_call(call, at);
        if !has_arguments {
            // What stands in for no arguments at all is said at the end, when it is known that none came.
            piece.function.get_or_insert_with(|| empty_call(None)).arguments = Nullable::Value(String::new());
        }
        piece.index = Nullable::Value(u32::try_from(at).unwrap_or(u32::MAX));
        self.calls.push(Call { index, has_arguments, ended: false });
        self.send(Delta { tool_calls: Nullable::Value(vec![piece]), ..Delta::default() }, out);
    }

    fn call_delta(&mut self, index: Option<u32>, message: &EventMessage, out: &mut Outbox<ChatChunk>) {
        let Some(at) = self.call_at(index) else { return };
        let Some(call) = one_call(message) else { return };
        self.unknown.keep(call.extra);
        let piece = call.function.into_option().and_then(|function| {
            self.unknown.keep(function.extra);
            function.arguments.into_option()
        });
        if let Some(piece) = piece.filter(|piece| !piece.is_empty()) {
            self.calls[at].has_arguments = true;
            self.arguments(at, piece, out);
        }
    }

    fn call_end(&mut self, at: usize, out: &mut Outbox<ChatChunk>) {
        let call = &mut self.calls[at];
        let lacks = !call.has_arguments && !call.ended;
        call.ended = true;
        if lacks {
            self.arguments(at, "{}".to_owned(), out);
        }
    }

    fn arguments(&self, at: usize, piece: String, out: &mut Outbox<ChatChunk>) {
        let call = ToolCall {
            index: Nullable::Value(u32::try_from(at).unwrap_or(u32::MAX)),
            id: Nullable::Absent,
            r#type: Nullable::Absent,
            function: Nullable::Value(empty_call(Some(piece))),
            custom: Nullable::Absent,
            extra: Extra::new(),
        };
        self.send(Delta { tool_calls: Nullable::Value(vec![call]), ..Delta::default() }, out);
    }

    /// A citation is told in its turn, and once more with all others at the end.
    fn cite(&mut self, message: &EventMessage, out: &mut Outbox<ChatChunk>) {
        let citations = match message.citations.get() {
            Some(Value::Array(citations)) => citations.clone(),
            Some(one @ Value::Object(_)) => vec![one.clone()],
            _ => return,
        };
        for value in citations {
            let Ok(citation) = llm_types::from_value::<Citation>(value.clone()) else { continue };
            let pages = decode::pages(&citation, &self.starts);
            let delta = Delta {
                annotations: if pages.is_empty() { Nullable::Absent } else { Nullable::Value(pages) },
                provider_specific_fields: Nullable::Value(Extra::from_iter([("citation".to_owned(), value)])),
                ..Delta::default()
            };
            self.citations.push(citation);
            self.send(delta, out);
        }
    }

    /// The last chunk of the answer, and one with what it took.
    fn end(&mut self, delta: &EventDelta, data: &[u8], out: &mut Outbox<ChatChunk>) {
        let native = delta.finish_reason.as_deref().unwrap_or_default();
        let words = delta.error.as_deref().filter(|words| !words.is_empty());
        if decode::failed(native) || words.is_some() {
            let native = if native.is_empty() { "ERROR" } else { native };
            return out.fail(error::ended(native, words, data));
        }
        for at in 0..self.calls.len() {
            self.call_end(at, out);
        }
        self.is_complete = true;
        let called = !self.calls.is_empty();
        let reason = match native {
            "" if called => FinishReason::ToolCalls,
            "" => FinishReason::Stop,
            native => decode::finish_reason(native, called),
        };
        let mut specifics = Extra::new();
        if !self.plan.is_empty() {
            specifics.insert(PLAN.to_owned(), std::mem::take(&mut self.plan).into());
        }
        if !self.citations.is_empty() {
            specifics.insert(CITATIONS.to_owned(), json!(self.citations));
        }
        let mut last = Delta::default();
        if !specifics.is_empty() {
            last.provider_specific_fields = Nullable::Value(specifics);
        }
        let mut choice = ChunkChoice::new(last);
        decode::keep_native(native, &reason, &mut choice.extra);
        choice.finish_reason = Nullable::Value(reason);
        let mut chunk = self.chunk(vec![choice]);
        if !self.logprobs.is_empty() {
            // The tokens' numbers too, as a whole answer has them.
            self.unknown.put("logprobs", std::mem::take(&mut self.logprobs).into());
        }
        chunk.provider_specific_fields = self.unknown.take();
        out.chunk(chunk);
        if let Some(told) = delta.usage.get() {
            let mut chunk = self.chunk(Vec::new());
            chunk.usage = Nullable::Value(usage::canonical(told));
            out.chunk(chunk);
        }
    }

    fn send(&self, delta: Delta, out: &mut Outbox<ChatChunk>) {
        out.chunk(self.chunk(vec![ChunkChoice::new(delta)]));
    }

    /// Cohere tells neither its model nor the time; whoever knows them puts them in.
    fn chunk(&self, choices: Vec<ChunkChoice>) -> ChatChunk {
        let mut chunk = ChatChunk::new("", 0, "", choices);
        chunk.id = self.id.clone();
        chunk.model = Nullable::Absent;
        chunk.created = Nullable::Absent;
        chunk
    }
}

/// The call of an event. The SDK's types have an object there, some servers a list of one.
fn one_call(message: &EventMessage) -> Option<ToolCall> {
    let call = first(message.tool_calls.get()?);
    llm_types::from_value(call.clone()).ok()
}

fn first(calls: &Value) -> &Value {
    calls.as_array().and_then(|calls| calls.first()).unwrap_or(calls)
}

fn empty_call(arguments: Option<String>) -> FunctionCall {
    FunctionCall { name: Nullable::Absent, arguments: arguments.into(), extra: Extra::new() }
}
