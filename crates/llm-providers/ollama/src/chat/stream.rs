//! A streamed answer, line by line.

use llm_provider_core::{Interpret, Outbox, SseEvent, StreamError, Unheard};
use llm_types::{ChatChunk, ChunkChoice, Delta, Nullable, Role};
use serde_json::{Number, Value, json};

use super::decode;
use crate::think::ThinkTags;
use crate::wire::{ChatMessage, ChatResponse};
use crate::{error, usage};

/// What is known of an answer so far.
#[derive(Debug, Default)]
pub(super) struct ChatInterpret {
    id: Nullable<String>,
    created: Nullable<Number>,
    model: Nullable<String>,
    /// Whether the server tells thinking apart, so that tags in the text are text.
    tells_thinking: bool,
    tags: ThinkTags,
    calls: usize,
    /// Images told so far.
    images: usize,
    /// Members of lines that nobody here knows, until they are told.
    unknown: Unheard,
    is_complete: bool,
}

impl Interpret for ChatInterpret {
    type Chunk = ChatChunk;

    fn event(&mut self, event: &SseEvent<'_>, out: &mut Outbox<ChatChunk>) {
        let data = event.data.trim_ascii();
        // Only objects are Ollama's; what a proxy puts between them says nothing.
        if self.is_complete || !data.starts_with(b"{") {
            return;
        }
        match serde_json::from_slice::<ChatResponse>(data) {
            Ok(line) if !line.extra.contains_key("error") => self.line(&line, out),
            read => match serde_json::from_slice::<Value>(data) {
                Ok(value) => match (error::said(&value), read) {
                    (Some(words), _) => out.fail(error::in_answer(&words, data)),
                    (None, Ok(line)) => self.line(&line, out),
                    (None, Err(why)) => out.fail(StreamError::Corrupt(why.to_string())),
                },
                Err(why) => out.fail(StreamError::Corrupt(why.to_string())),
            },
        }
    }

    fn is_complete(&self) -> bool {
        self.is_complete
    }
}

impl ChatInterpret {
    fn line(&mut self, line: &ChatResponse, out: &mut Outbox<ChatChunk>) {
        let ends = line.done.get() == Some(&true);
        if !ends && !line.message.is_value() {
            return;
        }
        if !line.extra.is_empty() {
            self.unknown.keep(line.extra.clone());
        }
        if self.id.is_absent() {
            self.id = Nullable::Value(decode::answer_id(line));
            self.created = decode::created(line);
            self.model = line.model.clone();
            self.send(Delta { role: Nullable::Value(Role::Assistant), ..Delta::default() }, out);
        }
        if let Some(message) = line.message.get() {
            self.message(message, line.logprobs.get(), out);
        }
        if ends {
            self.end(line, out);
        }
    }

    fn message(&mut self, message: &ChatMessage, logprobs: Option<&Vec<Value>>, out: &mut Outbox<ChatChunk>) {
        if let Some(thought) = message.thinking.as_deref().filter(|thought| !thought.is_empty()) {
            self.tells_thinking = true;
            self.thinking(thought, out);
        }
        let text = message.content.as_deref().unwrap_or_default();
        let (thought, text) =
            if self.tells_thinking { (String::new(), text.to_owned()) } else { self.tags.push(text) };
        self.thinking(&thought, out);
        self.text(text, logprobs, out);
        let calls = message.tool_calls.get().map(Vec::as_slice).unwrap_or_default();
        if !calls.is_empty() {
            let id = self.id.as_deref().unwrap_or_default().to_owned();
            let pieces = calls.iter().map(|call| {
                let mut piece = decode::call(call, &id, self.calls);
                piece.index = Nullable::Value(u32::try_from(self.calls).unwrap_or(u32::MAX));
                self.calls += 1;
                piece
            });
            let pieces: Vec<_> = pieces.collect();
            self.send(Delta { tool_calls: Nullable::Value(pieces), ..Delta::default() }, out);
        }
        if let Some(images) = decode::images(message, self.images) {
            self.images += images.as_array().map_or(0, Vec::len);
            let mut delta = Delta::default();
            delta.extra.insert("images".to_owned(), images);
            self.send(delta, out);
        }
        let specifics = decode::beside(message);
        if !specifics.is_empty() {
            let delta = Delta { provider_specific_fields: Nullable::Value(specifics), ..Delta::default() };
            self.send(delta, out);
        }
    }

    fn thinking(&self, thought: &str, out: &mut Outbox<ChatChunk>) {
        if !thought.is_empty() {
            let delta = Delta { reasoning_content: Nullable::Value(thought.to_owned()), ..Delta::default() };
            self.send(delta, out);
        }
    }

    fn text(&self, text: String, logprobs: Option<&Vec<Value>>, out: &mut Outbox<ChatChunk>) {
        let logprobs = logprobs.filter(|logprobs| !logprobs.is_empty());
        if text.is_empty() && logprobs.is_none() {
            return;
        }
        let delta = if text.is_empty() { Delta::default() } else { Delta::text(text) };
        let mut choice = ChunkChoice::new(delta);
        if let Some(logprobs) = logprobs {
            choice.logprobs = Nullable::Value(json!({ "content": logprobs, "refusal": null }));
        }
        out.chunk(self.chunk(vec![choice]));
    }

    /// The last chunk of the answer, and one with what it took.
    fn end(&mut self, line: &ChatResponse, out: &mut Outbox<ChatChunk>) {
        let (thought, text) = self.tags.finish();
        self.thinking(&thought, out);
        self.text(text, None, out);
        self.is_complete = true;
        let native = line.done_reason.as_deref().unwrap_or_default();
        let reason = decode::finish_reason(native, self.calls > 0);
        let mut choice = ChunkChoice::new(Delta::default());
        decode::keep_native(native, &reason, &mut choice.extra);
        choice.finish_reason = Nullable::Value(reason);
        let mut chunk = self.chunk(vec![choice]);
        let mut specifics = decode::specifics(line);
        specifics.extend(self.unknown.take().into_option().unwrap_or_default());
        if !specifics.is_empty() {
            chunk.provider_specific_fields = Nullable::Value(specifics);
        }
        out.chunk(chunk);
        if let Some(usage) = usage::canonical(&line.prompt_eval_count, &line.eval_count) {
            let mut chunk = self.chunk(Vec::new());
            chunk.usage = Nullable::Value(usage);
            out.chunk(chunk);
        }
    }

    fn send(&self, delta: Delta, out: &mut Outbox<ChatChunk>) {
        out.chunk(self.chunk(vec![ChunkChoice::new(delta)]));
    }

    fn chunk(&self, choices: Vec<ChunkChoice>) -> ChatChunk {
        let mut chunk = ChatChunk::new("", 0, "", choices);
        chunk.id = self.id.clone();
        chunk.created = self.created.clone();
        chunk.model = self.model.clone();
        chunk
    }
}
