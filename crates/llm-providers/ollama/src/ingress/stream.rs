//! A streamed answer as Ollama's lines.

use bytes::{BufMut, BytesMut};
use llm_provider_core::{Beside, ChunkWriter, Kept, Note, NoteKind, Reply, lost_signatures};
use llm_types::{
    ApiError, ChatChunk, ChunkChoice, Delta, Extra, FinishReason, FunctionCall, Nullable, ToolCall, UnixMs,
    Usage,
};
use serde::Serialize;
use serde_json::{Number, Value};

use super::{Form, error_body, write};
use crate::wire::{ChatMessage, ChatResponse};

/// Writes one answer. Calls are put together and come whole, before the last line.
#[derive(Debug)]
pub(super) struct LineWriter {
    form: Form,
    model: String,
    created_at: String,
    has_begun: bool,
    calls: Vec<ToolCall>,
    finish: Option<FinishReason>,
    usage: Option<Usage>,
    /// What is said beside the words, until the end.
    beside: Beside,
    notes: Vec<Note>,
    ended: bool,
}

impl LineWriter {
    pub(super) fn new(form: Form, reply: &Reply) -> Self {
        Self {
            form,
            model: reply.model.clone(),
            created_at: UnixMs(reply.created_s.saturating_mul(1000)).rfc3339(),
            has_begun: false,
            calls: Vec::new(),
            finish: None,
            usage: None,
            beside: Beside::default(),
            notes: Vec::new(),
            ended: false,
        }
    }

    fn begin(&mut self, chunk: &ChatChunk) {
        if std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        if let Some(model) = chunk.model.as_deref().filter(|model| !model.is_empty()) {
            self.model = model.to_owned();
        }
        if let Some(created) = chunk.created.get().and_then(Number::as_i64).filter(|at| *at > 0) {
            self.created_at = UnixMs(created.saturating_mul(1000)).rfc3339();
        }
    }

    fn choice(&mut self, choice: &ChunkChoice, out: &mut BytesMut) {
        self.beside.hear_choice(choice);
        if let Some(delta) = choice.delta.get() {
            self.delta(delta, choice.logprobs.get(), out);
        }
        if let Some(reason) = choice.finish_reason.get() {
            self.finish = Some(reason.clone());
            if *reason == FinishReason::ContentFilter {
                self.notes.push(Note::new(NoteKind::Converted, "choices[0].finish_reason", write::WITHHELD));
            }
        }
    }

    fn delta(&mut self, delta: &Delta, logprobs: Option<&Value>, out: &mut BytesMut) {
        let blocks = delta.thinking_blocks.as_deref().unwrap_or_default();
        let calls = delta.tool_calls.as_deref().unwrap_or_default();
        let kept = Kept::of_message(delta.provider_specific_fields.get(), &delta.extra, &[]);
        for note in lost_signatures(blocks, calls, &kept, "choices[0].delta.", "Ollama's") {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
        let thought: String = match delta.reasoning_content.as_deref() {
            Some(thought) => thought.to_owned(),
            None => blocks.iter().filter_map(|block| block.thinking.as_deref()).collect(),
        };
        let mut text = delta.content.as_deref().unwrap_or_default().to_owned();
        text.push_str(delta.refusal.as_deref().unwrap_or_default());
        let spoken = delta.audio.get().and_then(|audio| audio.transcript.as_deref());
        text.push_str(spoken.unwrap_or_default());
        let logprobs = logprobs.and_then(write::tokens);
        if !thought.is_empty() || !text.is_empty() || logprobs.is_some() {
            let mut message = ChatMessage::new("assistant");
            message.content = Nullable::Value(text);
            if !thought.is_empty() {
                message.thinking = Nullable::Value(thought);
            }
            let mut line = self.line(message);
            line.logprobs = logprobs.into();
            self.send(line, out);
        }
        let images = write::images(&delta.extra, "choices[0].delta.images", &mut self.notes);
        if !images.is_empty() && self.form == Form::Chat {
            let mut message = ChatMessage::new("assistant");
            message.content = Nullable::Value(String::new());
            let mut line = self.line(message);
            write::beside(&mut line, images);
            self.send(line, out);
        } else if !images.is_empty() && !self.notes.iter().any(|note| note.path == "choices[0].delta.images")
        {
            self.notes.push(Note::dropped("choices[0].delta.images", "what is generated is text"));
        }
        for piece in delta.tool_calls.get().into_iter().flatten() {
            self.call(piece);
        }
        if let Some(function) = delta.function_call.get() {
            let mut piece = ToolCall::function("call_0", "", "");
            piece.index = Nullable::Value(0);
            piece.function = Nullable::Value(function.clone());
            self.call(&piece);
        }
        for (path, is_said) in [
            ("choices[0].delta.audio", delta.audio.is_value()),
            ("choices[0].delta.annotations", delta.annotations.is_value()),
        ] {
            if is_said {
                self.dropped_once(path, "Ollama's answers have no such thing");
            }
        }
    }

    fn dropped_once(&mut self, path: &str, detail: &str) {
        if !self.notes.iter().any(|note| note.path == path) {
            self.notes.push(Note::dropped(path, detail));
        }
    }

    /// Adds a piece to the call that it belongs to.
    fn call(&mut self, piece: &ToolCall) {
        let Some(call) = self.calls.iter_mut().rfind(|call| call.index == piece.index) else {
            self.calls.push(piece.clone());
            return;
        };
        if let Some(more) = piece.function.get() {
            let function = call.function.get_or_insert_with(|| FunctionCall {
                name: Nullable::Absent,
                arguments: Nullable::Absent,
                extra: Extra::new(),
            });
            if !function.name.is_value() {
                function.name = more.name.clone();
            }
            let arguments = function.arguments.get_or_insert_with(String::new);
            arguments.push_str(more.arguments.as_deref().unwrap_or_default());
        }
        if let (Some(custom), Some(more)) = (call.custom.get_mut(), piece.custom.get()) {
            let input = custom.input.get_or_insert_with(String::new);
            input.push_str(more.input.as_deref().unwrap_or_default());
        }
    }

    fn line(&self, message: ChatMessage) -> ChatResponse {
        ChatResponse {
            model: Nullable::Value(self.model.clone()),
            created_at: Nullable::Value(self.created_at.clone()),
            message: Nullable::Value(message),
            done: Nullable::Value(false),
            ..ChatResponse::default()
        }
    }

    fn send(&self, line: ChatResponse, out: &mut BytesMut) {
        match self.form {
            Form::Chat => put(&line, out),
            Form::Generate => put(&write::generated(line), out),
        }
    }
}

impl ChunkWriter for LineWriter {
    fn chunk(&mut self, chunk: &ChatChunk, out: &mut BytesMut) {
        self.begin(chunk);
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
                self.notes.push(Note::dropped("choices[1..]", "an answer of Ollama's is one"));
            }
        }
    }

    fn end(&mut self, out: &mut BytesMut) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let mut notes = Vec::new();
        let mut calls = Vec::with_capacity(self.calls.len());
        for call in std::mem::take(&mut self.calls) {
            calls.extend(write::whole_call(&call, calls.len(), &mut notes));
        }
        if !calls.is_empty() && self.form == Form::Chat {
            let mut message = ChatMessage::new("assistant");
            message.content = Nullable::Value(String::new());
            message.tool_calls = Nullable::Value(calls);
            self.send(self.line(message), out);
        } else if !calls.is_empty() {
            notes.push(Note::dropped("choices[0].delta.tool_calls", "what is generated calls no tools"));
        }
        self.notes.append(&mut notes);
        let mut message = ChatMessage::new("assistant");
        message.content = Nullable::Value(String::new());
        let mut line = self.line(message);
        let beside = std::mem::take(&mut self.beside);
        write::end(&mut line, self.finish.as_ref(), self.usage.as_ref(), Some(beside.answer()));
        write::rest(&mut line, beside, self.usage.as_ref());
        self.send(line, out);
    }

    fn error(&mut self, error: &ApiError, out: &mut BytesMut) {
        if !std::mem::replace(&mut self.ended, true) {
            write_error(error, out);
        }
    }

    fn notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }
}

/// The last line of a stream that broke.
pub(super) fn write_error(error: &ApiError, out: &mut BytesMut) {
    out.put_slice(&error_body(error));
    out.put_u8(b'\n');
}

fn put<T: Serialize>(line: &T, out: &mut BytesMut) {
    out.put_slice(&super::to_bytes(line));
    out.put_u8(b'\n');
}
