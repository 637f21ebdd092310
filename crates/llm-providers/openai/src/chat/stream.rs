//! [`ChatInterpret`]: a streamed answer, event by event.

use std::collections::BTreeMap;
use std::sync::Arc;

use llm_provider_core::{Interpret, Outbox, SseEvent, StreamError, Unheard};
use llm_types::{ChatChunk, ChunkChoice, Delta, Extra, FinishReason, Nullable};
use serde_json::Value;

use super::calls::Calls;
use super::finish::{self, Verdict};
use super::think::{Pieces, ThinkTags};
use super::{parts, repair};
use crate::{AnswerOptions, DoneMarker, WireOptions, error, usage};

/// Reads the events of a streamed chat answer.
///
/// Usage is told once, at the end; each choice ends once; tool calls are numbered as they begin.
#[derive(Debug)]
pub struct ChatInterpret {
    options: Arc<WireOptions>,
    choices: BTreeMap<u32, ChoiceState>,
    /// The latest chunk with usage, kept for the end: some vendors count as they go.
    usage: Option<ChatChunk>,
    /// A chunk with nothing but its place in the stream, for what is said at the end.
    place: Option<ChatChunk>,
    /// Events of kinds that nobody here knows, until they are told.
    unknown: Unheard,
    /// Whether the end has been said.
    ended: bool,
}

/// One of the answers.
#[derive(Debug, Default)]
struct ChoiceState {
    role_told: bool,
    ended: bool,
    /// Whether an empty finish reason stood in the latest chunk.
    empty_reason: bool,
    /// Members beside the canonical ones with which it ended.
    last: Extra,
    calls: Calls,
    think: ThinkTags,
}

impl ChatInterpret {
    /// For one stream.
    pub fn new(options: Arc<WireOptions>) -> Self {
        Self {
            options,
            choices: BTreeMap::new(),
            usage: None,
            place: None,
            unknown: Unheard::default(),
            ended: false,
        }
    }

    fn answer(&self) -> &AnswerOptions {
        &self.options.answer
    }

    /// Reads an event that is no plain chunk: a failure, something unknown, or nearly a chunk.
    fn unusual(&mut self, data: &[u8], named_error: bool, out: &mut Outbox<ChatChunk>) {
        let value: Value = match serde_json::from_slice(data) {
            Ok(value) => value,
            Err(_) if named_error => Value::String(String::from_utf8_lossy(data).into_owned()),
            Err(error) => return out.fail(StreamError::Corrupt(error.to_string())),
        };
        if named_error || error::is_error(&value) {
            return out.fail(error::in_stream(&value, data, &self.answer().error_codes));
        }
        if value.get("choices").is_none() && value.get("usage").is_none_or(Value::is_null) {
            // Told with what comes next: clients of OpenAI look into the first choice of each chunk.
            return if let Value::Object(event) = value {
                self.unknown.event(event);
            };
        }
        match repair::read(value) {
            Ok(chunk) => self.chunk(chunk, out),
            Err(error) => out.fail(StreamError::Corrupt(error)),
        }
    }

    fn chunk(&mut self, mut chunk: ChatChunk, out: &mut Outbox<ChatChunk>) {
        if self.place.is_none() && chunk.id.is_value() {
            self.place = Some(place(&chunk));
        }
        self.take_usage(&mut chunk);
        let id = self.place.as_ref().and_then(|place| place.id.as_deref()).unwrap_or("0");
        let mut choices = chunk.choices.take().unwrap_or_default();
        let had_choices = !choices.is_empty();
        for choice in &mut choices {
            let state = self.choices.entry(*choice.index.get_or_insert_with(|| 0)).or_default();
            if let Err(reason) = state.settle(choice, id, &self.options.answer) {
                return out.fail(finish::failure(&reason, &choice.extra, &self.options.answer.error_codes));
            }
        }
        choices.retain(|choice| {
            choice.delta.is_value() || choice.finish_reason.is_value() || says_more(&choice.extra)
        });
        // Clients of OpenAI look into each choice's delta.
        for choice in &mut choices {
            choice.delta.get_or_insert_with(Delta::default);
        }
        let says_nothing = choices.is_empty() && (had_choices || self.holds(&chunk));
        chunk.choices = Nullable::Value(choices);
        if !says_nothing {
            self.add_unknown(&mut chunk);
            out.chunk(chunk);
        }
        let all_ended = !self.choices.is_empty() && self.choices.values().all(|choice| choice.ended);
        if self.answer().done == DoneMarker::Optional && all_ended {
            self.tell_usage(out);
        }
    }

    /// Takes usage out of a chunk and keeps it for the end.
    fn take_usage(&mut self, chunk: &mut ChatChunk) {
        let found = chunk.usage.take().or_else(|| usage::elsewhere(&chunk.extra, &self.answer().usage));
        let Some(mut found) = found else { return };
        usage::mend(&mut found, &self.answer().usage);
        // A chunk of usage alone is kept whole, with whatever else the vendor says in it.
        let mut kept = if chunk.choices().is_empty() { chunk.clone() } else { place(chunk) };
        kept.choices = Nullable::Value(Vec::new());
        kept.usage = Nullable::Value(found);
        if let Some(before) = self.usage.take() {
            keep_unknown(before, &mut kept);
        }
        self.usage = Some(kept);
    }

    /// Whether all that a chunk without choices says is kept for the end.
    fn holds(&self, chunk: &ChatChunk) -> bool {
        self.usage.as_ref().is_some_and(|kept| {
            let is_kept = |(name, value): (&String, &Value)| kept.extra.get(name) == Some(value);
            kept.id == chunk.id && chunk.extra.iter().all(is_kept)
        })
    }

    fn add_unknown(&mut self, chunk: &mut ChatChunk) {
        if let Some(unknown) = self.unknown.take().into_option() {
            chunk.provider_specific_fields.get_or_insert_with(Extra::new).extend(unknown);
        }
    }

    fn tell_usage(&mut self, out: &mut Outbox<ChatChunk>) {
        if let Some(mut chunk) = self.usage.take().filter(|_| !self.ended) {
            self.ended = true;
            self.add_unknown(&mut chunk);
            out.chunk(chunk);
        }
    }

    /// The vendor's last word: what was kept back is said.
    fn done(&mut self, out: &mut Outbox<ChatChunk>) {
        let mut choices = Vec::new();
        for (&index, state) in self.choices.iter_mut().filter(|(_, state)| !state.ended && state.empty_reason)
        {
            let mut choice = ChunkChoice::new(Delta::default());
            state.flush(choice.delta.get_or_insert_with(Delta::default));
            let reason = if state.calls.any() { FinishReason::ToolCalls } else { FinishReason::Stop };
            finish::keep_native(&FinishReason::Other(String::new()), &reason, &mut choice.extra);
            choice.index = index.into();
            choice.finish_reason = reason.into();
            state.ended = true;
            choices.push(choice);
        }
        if !choices.is_empty() {
            let mut chunk = self.place.clone().unwrap_or_else(|| ChatChunk::new("", 0, "", Vec::new()));
            chunk.choices = Nullable::Value(choices);
            out.chunk(chunk);
        }
        self.tell_usage(out);
        if let Some(unknown) = self.unknown.take().into_option() {
            let mut chunk = self.place.clone().unwrap_or_else(|| ChatChunk::new("", 0, "", Vec::new()));
            chunk.provider_specific_fields = unknown.into();
            out.chunk(chunk);
        }
        self.ended = true;
    }
}

/// Whether members that nobody here knows say something.
fn says_more(extra: &Extra) -> bool {
    extra.values().any(|value| !value.is_null())
}

/// Counts go on from event to event; members that nobody here knows are not taken back.
fn keep_unknown(before: ChatChunk, kept: &mut ChatChunk) {
    for (name, value) in before.extra {
        kept.extra.entry(name).or_insert(value);
    }
    if let (Nullable::Value(before), Nullable::Value(usage)) = (before.usage, &mut kept.usage) {
        for (name, value) in before.extra {
            usage.extra.entry(name).or_insert(value);
        }
    }
}

/// The members that tell a chunk's place in the stream.
fn place(chunk: &ChatChunk) -> ChatChunk {
    ChatChunk {
        choices: Nullable::Value(Vec::new()),
        id: chunk.id.clone(),
        object: chunk.object.clone(),
        created: chunk.created.clone(),
        model: chunk.model.clone(),
        usage: Nullable::Absent,
        service_tier: Nullable::Absent,
        system_fingerprint: Nullable::Absent,
        provider_specific_fields: Nullable::Absent,
        extra: Extra::new(),
    }
}

impl Interpret for ChatInterpret {
    type Chunk = ChatChunk;

    fn event(&mut self, event: &SseEvent<'_>, out: &mut Outbox<ChatChunk>) {
        let data = event.data.trim_ascii();
        // After the end only what was ended already can follow.
        if data.is_empty() || self.ended && self.answer().done == DoneMarker::Required {
            return;
        }
        if data == b"[DONE]" {
            return self.done(out);
        }
        let named_error = event.event == b"error";
        match serde_json::from_slice::<ChatChunk>(data) {
            Ok(chunk) if chunk.choices.is_value() && !named_error && !error::is_suspect(&chunk.extra) => {
                self.chunk(chunk, out);
            }
            _ => self.unusual(data, named_error, out),
        }
    }

    fn is_complete(&self) -> bool {
        let ended = || !self.choices.is_empty() && self.choices.values().all(|choice| choice.ended);
        self.ended || self.answer().done == DoneMarker::Optional && ended()
    }
}

impl ChoiceState {
    /// Brings a piece into the canonical form. A piece that says nothing loses its delta.
    fn settle(
        &mut self,
        choice: &mut ChunkChoice,
        id: &str,
        options: &AnswerOptions,
    ) -> Result<(), FinishReason> {
        if let Some(delta) = choice.delta.get_mut() {
            if delta.role.is_value() && std::mem::replace(&mut self.role_told, true) {
                delta.role = Nullable::Absent;
            }
            parts::lift(&delta.extra, &mut delta.reasoning_content, &mut delta.thinking_blocks);
            if let Some(pieces) = delta.tool_calls.get_mut() {
                self.calls
                    .settle(pieces, || format!("call_{id}_{}", choice.index.get().copied().unwrap_or(0)));
            }
            if options.think_tags
                && let Some(text) = delta.content.take()
            {
                put(delta, self.think.push(&text));
            }
        }
        let called = self.calls.any();
        if let Some(native) = choice.finish_reason.take() {
            match Verdict::of(&native, called) {
                Verdict::Failed => return Err(native),
                Verdict::Empty => self.empty_reason = true,
                Verdict::Ended(_) if self.ended => {}
                Verdict::Ended(reason) => {
                    if options.think_tags {
                        self.flush(choice.delta.get_or_insert_with(Delta::default));
                    }
                    self.last.clone_from(&choice.extra);
                    finish::keep_native(&native, &reason, &mut choice.extra);
                    choice.finish_reason = reason.into();
                    self.ended = true;
                    return Ok(());
                }
            }
        }
        choice.finish_reason = Nullable::Null;
        if self.ended && choice.delta.get().is_none_or(is_empty) {
            // The choice has ended, and a vendor says so again.
            choice.delta = Nullable::Absent;
            choice.extra.retain(|name, value| self.last.get(name) != Some(value));
        }
        Ok(())
    }

    fn flush(&mut self, delta: &mut Delta) {
        let pieces = self.think.finish();
        let rest = Pieces {
            thinking: delta.reasoning_content.take().unwrap_or_default() + &pieces.thinking,
            text: delta.content.take().unwrap_or_default() + &pieces.text,
        };
        put(delta, rest);
    }
}

fn put(delta: &mut Delta, pieces: Pieces) {
    if !pieces.thinking.is_empty() {
        delta.reasoning_content = pieces.thinking.into();
    }
    if !pieces.text.is_empty() {
        delta.content = pieces.text.into();
    }
}

fn is_empty(delta: &Delta) -> bool {
    delta.content.as_deref().unwrap_or_default().is_empty()
        && delta.reasoning_content.as_deref().unwrap_or_default().is_empty()
        && !delta.refusal.is_value()
        && !delta.tool_calls.is_value()
        && !delta.function_call.is_value()
        && !delta.audio.is_value()
        && !delta.annotations.is_value()
        && !delta.thinking_blocks.is_value()
        && !delta.provider_specific_fields.is_value()
        && delta.extra.values().all(Value::is_null)
}
