//! Chunks as events of OpenAI's dialect.

use bytes::BytesMut;
use llm_provider_core::{ChunkWriter, Edit, Reply};
use llm_types::{ApiError, ChatChunk, Nullable};

use super::numbers::Numbers;
use super::{error_body, is_empty};
use crate::edited::Edited;

/// Writes `data: {…}` events, all with the same id, and `data: [DONE]`.
#[derive(Debug)]
pub(super) struct Writer {
    reply: Reply,
    /// What every chunk says of its place; taken from the first chunk that says it.
    place: Option<Place>,
    /// The latest chunk with usage: OpenAI tells it last, and only to those who asked.
    usage: Option<ChatChunk>,
    numbers: Numbers,
    /// One event, kept for its room.
    line: Vec<u8>,
}

#[derive(Debug)]
struct Place {
    id: String,
    created: serde_json::Number,
    model: String,
}

impl Writer {
    pub(super) fn new(reply: Reply) -> Self {
        Self { reply, place: None, usage: None, numbers: Numbers::default(), line: Vec::new() }
    }

    fn place(&mut self, chunk: &ChatChunk) -> &Place {
        let reply = &self.reply;
        self.place.get_or_insert_with(|| {
            let or = |text: &Nullable<String>, other: &str| match text.as_deref() {
                Some(text) if !text.is_empty() => text.to_owned(),
                _ => other.to_owned(),
            };
            Place {
                id: or(&chunk.id, &reply.request_id),
                created: chunk.created.get().cloned().unwrap_or_else(|| reply.created_s.into()),
                model: or(&chunk.model, &reply.model),
            }
        })
    }

    fn write(&mut self, chunk: &ChatChunk, null_usage: bool, out: &mut BytesMut) {
        let mut edits = Vec::new();
        let place = self.place(chunk);
        if chunk.id.as_deref() != Some(&place.id) {
            edits.push(Edit::set_text("id", &place.id));
        }
        if chunk.created.get() != Some(&place.created) {
            edits.push(Edit::Set { name: "created".into(), json: place.created.to_string() });
        }
        if is_empty(&chunk.model) {
            edits.push(Edit::set_text("model", &place.model));
        }
        if is_empty(&chunk.object) {
            edits.push(Edit::set_text("object", "chat.completion.chunk"));
        }
        if !chunk.choices.is_value() {
            edits.push(Edit::Set { name: "choices".into(), json: "[]".to_owned() });
        }
        if null_usage {
            edits.push(Edit::Set { name: "usage".into(), json: "null".to_owned() });
        } else if chunk.usage.is_value() && !self.reply.include_usage {
            edits.push(Edit::Remove { name: "usage".into(), reason: "".into() });
        }
        self.line.clear();
        if Edited::write(chunk, None::<(&'static str, ())>, &edits, &mut self.line).is_ok() {
            event(&self.line, out);
        }
    }
}

fn event(json: &[u8], out: &mut BytesMut) {
    out.reserve(json.len() + 8);
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(json);
    out.extend_from_slice(b"\n\n");
}

impl ChunkWriter for Writer {
    fn chunk(&mut self, chunk: &ChatChunk, out: &mut BytesMut) {
        if chunk.usage.is_value() {
            let mut kept = chunk.clone();
            kept.choices = Nullable::Value(Vec::new());
            self.usage = Some(kept);
            if chunk.choices().is_empty() {
                return;
            }
        }
        let numbered = self.numbers.number(chunk);
        self.write(numbered.as_ref().unwrap_or(chunk), self.reply.include_usage, out);
    }

    fn end(&mut self, out: &mut BytesMut) {
        if let Some(chunk) = self.usage.take().filter(|_| self.reply.include_usage) {
            self.write(&chunk, false, out);
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    fn error(&mut self, error: &ApiError, out: &mut BytesMut) {
        event(&error_body(error), out);
    }
}
