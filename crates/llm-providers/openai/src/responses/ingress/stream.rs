//! A streamed answer as this API's events.
//!
//! Source: OpenAI API reference, "Streaming events", and what the official Python package 3.52 demands of their
//! order, read 2026-11.

mod calls;
mod events;
mod hosted;
mod text;
mod thought;

use bytes::BytesMut;
use llm_provider_core::{Beside, ChunkWriter, Keeping, Note, NoteKind, Reply};
use llm_types::{
    ApiError, ChatChunk, ChunkChoice, Delta, Extra, FinishReason, ThinkingBlock, ToolCall, Usage, from_value,
};
use serde_json::Value;

use super::answer::{self, Head};
use crate::responses::wire::{Item, Response, ResponseEvent, Status, StreamEvent};
use crate::responses::{OUTPUT_ITEM, OUTPUT_ITEMS, kept, names};
use calls::Calls;
use events::Events;
use hosted::Hosted;
use text::{Ended, Text};
use thought::Thought;

/// Writes chunks as events: a beginning, items in the order in which they begin, an end with all of them.
///
/// Text and thinking end where something else begins; calls may go on beside each other until they are whole.
#[derive(Debug)]
pub(super) struct Writer {
    reply: Reply,
    head: Head,
    stage: Stage,
    events: Events,
    text: Option<Text>,
    /// Texts that have ended.
    ended: Vec<Ended>,
    /// Letters of the answer so far.
    letters: u64,
    thought: Option<Thought>,
    calls: Calls,
    hosted: Hosted,
    finish: Option<FinishReason>,
    usage: Option<Usage>,
    /// What a vendor says beside the answer.
    /// What is said beside the items, until the end.
    beside: Beside,
    /// What of that must come back.
    kept: Keeping,
    notes: Vec<Note>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Before,
    Within,
    After,
}

impl Writer {
    pub(super) fn new(reply: &Reply) -> Self {
        Self {
            reply: reply.clone(),
            head: Head {
                id: String::new(),
                model: String::new(),
                created: reply.created_s.into(),
                tier: None,
            },
            stage: Stage::Before,
            events: Events::default(),
            text: None,
            ended: Vec::new(),
            letters: 0,
            thought: None,
            calls: Calls::default(),
            hosted: Hosted::default(),
            finish: None,
            usage: None,
            beside: Beside::default(),
            kept: Keeping::default(),
            notes: Vec::new(),
        }
    }

    fn place(&mut self, chunk: &ChatChunk) {
        if self.stage == Stage::Before {
            if let Some(id) = chunk.id.as_deref().filter(|id| !id.is_empty()) {
                id.clone_into(&mut self.head.id);
            }
            if let Some(created) = chunk.created.get() {
                self.head.created = created.clone();
            }
        }
        if self.head.model.is_empty()
            && let Some(model) = chunk.model.as_deref()
        {
            model.clone_into(&mut self.head.model);
        }
        if let Some(tier) = chunk.service_tier.get() {
            self.head.tier = Some(tier.as_str().to_owned());
        }
    }

    fn start(&mut self, out: &mut BytesMut) {
        if self.stage != Stage::Before {
            return;
        }
        self.stage = Stage::Within;
        self.head.id = names::response(&self.head.id, &self.reply.request_id);
        self.events.name(&self.head.id);
        if self.head.model.is_empty() {
            self.head.model.clone_from(&self.reply.model);
        }
        let response = self.head.response(Status::InProgress, Vec::new());
        self.lifecycle(StreamEvent::Created, response.clone(), out);
        self.lifecycle(StreamEvent::InProgress, response, out);
    }

    fn lifecycle(
        &mut self,
        event: impl FnOnce(ResponseEvent) -> StreamEvent,
        response: Response,
        out: &mut BytesMut,
    ) {
        self.events.write(
            |sequence_number| event(ResponseEvent { response, sequence_number, extra: Extra::new() }),
            out,
        );
    }

    fn choice(&mut self, choice: &ChunkChoice, out: &mut BytesMut) {
        if choice.index.get().is_some_and(|index| *index > 0) {
            return self.dropped_once("choices[1..]", "an answer of this API has one choice");
        }
        if let Some(delta) = choice.delta.get() {
            self.delta(delta, choice.logprobs.get(), out);
        }
        if let Some(finish) = choice.finish_reason.get() {
            self.finish = Some(finish.clone());
        }
        self.beside.hear_choice(choice);
    }

    fn delta(&mut self, delta: &Delta, logprobs: Option<&Value>, out: &mut BytesMut) {
        let fields = delta.provider_specific_fields.get();
        if let Some(item) = fields.and_then(|fields| fields.get(OUTPUT_ITEM)) {
            self.own_item(item, out);
        }
        self.thinking(delta, out);
        if logprobs.is_some() && delta.content.as_deref().unwrap_or_default().is_empty() {
            self.dropped_once("choices[0].logprobs", "stands beside a text, and there is none");
        }
        if let Some(words) = delta.content.as_deref().filter(|words| !words.is_empty()) {
            let before = self.letters;
            self.letters += words.chars().count() as u64;
            self.open_text(out).say(words, before, answer::logprobs(logprobs), out);
        }
        for source in delta.annotations.get().into_iter().flatten() {
            self.cite(source, out);
        }
        if let Some(words) = delta.refusal.as_deref().filter(|words| !words.is_empty()) {
            self.open_text(out).refuse(words, out);
        }
        // Beside an item of its own it stands in that.
        if fields.is_none_or(|fields| !fields.contains_key(OUTPUT_ITEM)) {
            for image in answer::images(&delta.extra) {
                self.image(image, out);
            }
            if answer::has_remote_images(&delta.extra) {
                self.dropped_once("choices[0].delta.images", answer::NO_REMOTE_IMAGES);
            }
        }
        if let Some(fields) = fields.filter(|fields| !has_own_items(fields)) {
            self.hosted(fields, out);
        }
        for call in delta.tool_calls.get().into_iter().flatten() {
            self.call(call, out);
        }
        if let Some(call) = delta.function_call.get() {
            // There is one at most, so it needs no index of its own among the calls.
            let mut piece = ToolCall::function("", "", "");
            piece.index = u32::MAX.into();
            piece.function = call.clone().into();
            self.call(&piece, out);
        }
        if delta.audio.is_value() {
            self.dropped_once("choices[0].delta.audio", "answers of this API have no sound");
        }
        self.kept.add(fields, &delta.extra, answer::OWN_FIELDS);
    }

    /// A source, of the text that it names a place in, or of the last. Its place is counted from that text's beginning here,
    /// and from the answer's in the canonical form.
    fn cite(&mut self, source: &llm_types::Annotation, out: &mut BytesMut) {
        let start = answer::start_index(source);
        let is_within = |before: u64| start.is_none_or(|start| start >= before);
        if let Some(text) = &mut self.text
            && let Some(before) = text.before().filter(|before| is_within(*before) || self.ended.is_empty())
        {
            return text.cite(answer::annotation(source, before), &mut self.events, out);
        }
        let at = self.ended.iter().rposition(|text| is_within(text.before())).unwrap_or_default();
        match self.ended.get_mut(at) {
            Some(text) => text.cite(answer::annotation(source, text.before()), &mut self.events, out),
            None => {
                self.dropped_once("choices[0].delta.annotations", "stands beside a text, and there is none");
            }
        }
    }

    /// The text that is open, or a new one.
    fn open_text(&mut self, out: &mut BytesMut) -> text::Open<'_> {
        self.close_thought(out);
        self.calls.close_whole(&mut self.events, out);
        let events = &mut self.events;
        let text = self.text.get_or_insert_with(|| Text::begin(events, out));
        text::Open { text, events: &mut self.events }
    }

    fn thinking(&mut self, delta: &Delta, out: &mut BytesMut) {
        let pieces = delta.thinking_blocks.get().map(Vec::as_slice).unwrap_or_default();
        let has_words =
            |piece: &ThinkingBlock| piece.thinking.as_deref().is_some_and(|words| !words.is_empty());
        // Both members tell the same words; the blocks tell more.
        if !pieces.iter().any(has_words)
            && let Some(words) = delta.reasoning_content.as_deref().filter(|words| !words.is_empty())
        {
            let mut piece = kept::empty_block("thinking");
            piece.thinking = words.to_owned().into();
            self.thought(&piece, out);
        }
        for piece in pieces {
            self.thought(piece, out);
        }
    }

    /// A piece of thinking. What is signed or whole in itself ends.
    fn thought(&mut self, piece: &ThinkingBlock, out: &mut BytesMut) {
        let is_text = piece.r#type == "thinking";
        if !is_text {
            self.close_thought(out);
        }
        self.close_text(&Status::Completed, out);
        self.calls.close_whole(&mut self.events, out);
        let events = &mut self.events;
        let thought = self.thought.get_or_insert_with(|| Thought::begin(&piece.r#type, events, out));
        thought.add(piece, &mut self.events, out);
        if !is_text || thought.is_signed() {
            self.close_thought(out);
        }
    }

    fn call(&mut self, piece: &ToolCall, out: &mut BytesMut) {
        if self.calls.begins(piece) {
            self.close_thought(out);
            self.close_text(&Status::Completed, out);
            self.calls.close_whole(&mut self.events, out);
        }
        if self.calls.piece(piece, &mut self.events, out).is_err() {
            self.dropped_once("choices[0].delta.tool_calls", "arguments after their own end");
        }
    }

    /// An image that the model made.
    fn image(&mut self, result: &str, out: &mut BytesMut) {
        self.close_thought(out);
        self.close_text(&Status::Completed, out);
        self.calls.close_whole(&mut self.events, out);
        let place = self.events.begin("ig");
        let item = answer::image(place.id, result);
        self.events.added(place.index, item.clone(), out);
        self.events.done(place.index, item, out);
    }

    /// An item that only a vendor of this API has.
    fn own_item(&mut self, item: &Value, out: &mut BytesMut) {
        let id = item["id"].as_str();
        let Ok(item) = from_value::<Item>(item.clone()) else { return };
        self.close_thought(out);
        self.close_text(&Status::Completed, out);
        self.calls.close_whole(&mut self.events, out);
        hosted::whole(item, id, &mut self.events, out);
    }

    /// Calls of tools that another vendor ran itself.
    fn hosted(&mut self, fields: &Extra, out: &mut BytesMut) {
        for call in self.hosted.hear(fields) {
            self.close_thought(out);
            self.close_text(&Status::Completed, out);
            self.calls.close_whole(&mut self.events, out);
            self.hosted.tell(&call, &self.head.id, &mut self.events, out);
        }
    }

    fn close_text(&mut self, status: &Status, out: &mut BytesMut) {
        if let Some(text) = self.text.take() {
            self.ended.extend(text.close(status, &mut self.events, out));
        }
    }

    fn close_thought(&mut self, out: &mut BytesMut) {
        if let Some(thought) = self.thought.take() {
            thought.close(&mut self.events, out);
        }
    }

    fn dropped_once(&mut self, path: &str, detail: &str) {
        if self.notes.iter().all(|note| note.path != path) {
            self.notes.push(Note::new(NoteKind::Dropped, path, detail));
        }
    }
}

impl ChunkWriter for Writer {
    fn chunk(&mut self, chunk: &ChatChunk, out: &mut BytesMut) {
        if self.stage == Stage::After {
            return;
        }
        self.place(chunk);
        if let Some(usage) = chunk.usage.get() {
            self.usage = Some(usage.clone());
        }
        self.beside.hear(chunk);
        // Some vendors send what they think of the prompt first, before the answer has a name.
        if !chunk.choices().is_empty() {
            self.start(out);
        }
        for choice in chunk.choices() {
            self.choice(choice, out);
        }
    }

    fn end(&mut self, out: &mut BytesMut) {
        if self.stage == Stage::After {
            return;
        }
        self.start(out);
        self.stage = Stage::After;
        let (status, reason) = answer::ending(self.finish.as_ref());
        self.close_thought(out);
        self.close_text(&status, out);
        self.calls.close_all(&status, &mut self.events, out);
        self.hosted.close_all(&mut self.events, out);
        if self.calls.has_nameless() {
            self.dropped_once("choices[0].delta.tool_calls", "a call without a name");
        }
        if self.events.is_empty() {
            self.open_text(out).say("", 0, Vec::new(), out);
            self.close_text(&status, out);
        }
        let kept = answer::to_keep(self.calls.told(), self.kept.take());
        if !kept.is_empty() {
            let place = self.events.begin("rs");
            let carrier = answer::carrier(place.id, &kept);
            self.events.added(place.index, carrier.clone(), out);
            self.events.done(place.index, carrier, out);
        }
        let mut response = self.head.response(status.clone(), self.events.items());
        let mut beside = std::mem::take(&mut self.beside);
        forget_told(&mut beside);
        answer::finish(&mut response, reason, self.usage.as_ref(), beside);
        match status {
            Status::Incomplete => self.lifecycle(StreamEvent::Incomplete, response, out),
            _ => self.lifecycle(StreamEvent::Completed, response, out),
        }
    }

    fn error(&mut self, error: &ApiError, out: &mut BytesMut) {
        if self.stage == Stage::After {
            return;
        }
        self.start(out);
        self.stage = Stage::After;
        let number = self.events.number();
        out.extend_from_slice(&super::error_event(error, number));
        let code = answer::failure_code(error.kind);
        let response = self.head.response(Status::Failed, self.events.items());
        let response = answer::failed(response, code, &error.message);
        self.lifecycle(StreamEvent::Failed, response, out);
    }

    fn notes(&mut self) -> Vec<Note> {
        self.notes.clone()
    }
}

/// Whether a vendor of this API tells its items.
fn has_own_items(fields: &Extra) -> bool {
    fields.contains_key(OUTPUT_ITEM) || fields.contains_key(OUTPUT_ITEMS)
}

/// Whether chunks say all that an item of a usual kind says.
fn is_usual(item: &Value) -> bool {
    let (known, parts): (&[&str], &[&str]) = match item["type"].as_str() {
        Some("message") => {
            (&["id", "status", "role", "content"], &["text", "annotations", "logprobs", "refusal"])
        }
        Some("reasoning") => (&["id", "status", "summary", "content", "encrypted_content"], &["text"]),
        Some("function_call") => {
            (&["id", "status", "call_id", "name", "arguments", "namespace", "caller"], &[])
        }
        Some("custom_tool_call") => {
            (&["id", "status", "call_id", "name", "input", "namespace", "caller"], &[])
        }
        _ => return false,
    };
    let has_only = |value: &Value, known: &[&str]| {
        value.as_object().is_some_and(|members| {
            members
                .iter()
                .all(|(name, value)| name == "type" || value.is_null() || known.contains(&name.as_str()))
        })
    };
    // Sources are told in events of their own, which say less where only the item says more.
    const SOURCE: &[&str] =
        &["url", "title", "start_index", "end_index", "index", "file_id", "filename", "container_id"];
    let sources = |part: &Value| {
        let sources = part["annotations"].as_array();
        sources.is_none_or(|sources| sources.iter().all(|source| has_only(source, SOURCE)))
    };
    let mut said = ["summary", "content"].into_iter().filter_map(|name| item[name].as_array()).flatten();
    has_only(item, known) && said.all(|part| has_only(part, parts) && sources(part))
}

/// Takes out what items told: in their turn, or sealed, to come back.
fn forget_told(beside: &mut Beside) {
    let told = beside.get(OUTPUT_ITEM).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let all = beside.get(OUTPUT_ITEMS).and_then(Value::as_array);
    let is_said =
        |item: &Value| is_usual(item) || told.contains(item) && from_value::<Item>(item.clone()).is_ok();
    let told_all = all.is_some_and(|items| items.iter().all(is_said));
    beside.forget_turns();
    beside.forget(&[OUTPUT_ITEM]);
    let items = beside.take(OUTPUT_ITEMS).filter(|_| !told_all);
    beside.forget_kept();
    if let Some(items) = items {
        beside.put(OUTPUT_ITEMS, items);
    }
}
