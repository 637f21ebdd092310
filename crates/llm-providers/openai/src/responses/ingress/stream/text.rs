//! [`Text`]: a message while it is written.

use bytes::BytesMut;
use llm_types::{Extra, Nullable};
use serde_json::Value;

use super::answer;
use super::events::{Events, Place};
use crate::responses::wire::{
    Annotation, AnnotationEvent, Content, DeltaEvent, DoneEvent, Item, Part, PartEvent, Status, StreamEvent,
};

/// A message: its parts, the last of which goes on.
#[derive(Debug)]
pub(super) struct Text {
    place: Place,
    parts: Vec<Part>,
    /// Letters of the answer before the last text.
    before: u64,
    /// Sources of the last part, counted.
    sources: u32,
}

/// A text that has ended. Vendors that tell their sources at the end tell them after what follows a text, too.
#[derive(Debug)]
pub(super) struct Ended {
    place: Place,
    content_index: u32,
    before: u64,
    sources: u32,
}

/// A message, and where its events go.
pub(super) struct Open<'a> {
    pub(super) text: &'a mut Text,
    pub(super) events: &'a mut Events,
}

impl Open<'_> {
    /// More text. `before` is how many letters of the answer come before it.
    pub(super) fn say(self, words: &str, before: u64, logprobs: Vec<Value>, out: &mut BytesMut) {
        if !matches!(self.text.parts.last(), Some(Part::OutputText(_))) {
            self.text.before = before;
        }
        self.text.say(words, logprobs, self.events, out);
    }

    /// More words of refusal.
    pub(super) fn refuse(self, words: &str, out: &mut BytesMut) {
        self.text.refuse(words, self.events, out);
    }
}

impl Text {
    pub(super) fn begin(events: &mut Events, out: &mut BytesMut) -> Self {
        let place = events.begin("msg");
        let item = answer::message(place.id.clone(), &Status::InProgress, Vec::new());
        events.added(place.index, item, out);
        Self { place, parts: Vec::new(), before: 0, sources: 0 }
    }

    fn say(&mut self, words: &str, logprobs: Vec<Value>, events: &mut Events, out: &mut BytesMut) {
        if !matches!(self.parts.last(), Some(Part::OutputText(_))) {
            self.open(Part::output_text("", Vec::new(), Vec::new()), events, out);
        }
        if words.is_empty() {
            return;
        }
        if let Some(Part::OutputText(part)) = self.parts.last_mut() {
            part.text.push_str(words);
            part.logprobs.get_or_insert_with(Vec::new).extend(logprobs.iter().cloned());
        }
        let content_index = self.content_index();
        events.write(
            |number| {
                StreamEvent::TextDelta(DeltaEvent {
                    content_index,
                    logprobs: Nullable::Value(logprobs),
                    ..self.place.delta(words, number)
                })
            },
            out,
        );
    }

    fn refuse(&mut self, words: &str, events: &mut Events, out: &mut BytesMut) {
        if !matches!(self.parts.last(), Some(Part::Refusal(_))) {
            self.open(answer::refusal(""), events, out);
        }
        if let Some(Part::Refusal(part)) = self.parts.last_mut() {
            part.refusal.push_str(words);
        }
        let content_index = self.content_index();
        events.write(
            |number| {
                StreamEvent::RefusalDelta(DeltaEvent { content_index, ..self.place.delta(words, number) })
            },
            out,
        );
    }

    /// How many letters of the answer come before the text that is open, if one is.
    pub(super) fn before(&self) -> Option<u64> {
        matches!(self.parts.last(), Some(Part::OutputText(_))).then_some(self.before)
    }

    /// A source of the text that is open.
    pub(super) fn cite(&mut self, source: Annotation, events: &mut Events, out: &mut BytesMut) {
        let content_index = self.content_index();
        let Some(Part::OutputText(part)) = self.parts.last_mut() else { return };
        let annotation = serde_json::to_value(&source).unwrap_or_default();
        part.annotations.get_or_insert_with(Vec::new).push(source);
        added(&self.place, content_index, &mut self.sources, annotation, events, out);
    }

    /// The message is whole.
    ///
    /// The text that was its last part, for sources that are told later.
    pub(super) fn close(self, status: &Status, events: &mut Events, out: &mut BytesMut) -> Option<Ended> {
        self.close_part(events, out);
        let ended = self.before().map(|before| Ended {
            place: self.place.clone(),
            content_index: self.content_index().into_option().unwrap_or_default(),
            before,
            sources: self.sources,
        });
        let item = answer::message(self.place.id, status, self.parts);
        events.done(self.place.index, item, out);
        ended
    }

    fn content_index(&self) -> Nullable<u32> {
        Nullable::Value(u32::try_from(self.parts.len().saturating_sub(1)).unwrap_or(u32::MAX))
    }

    fn open(&mut self, part: Part, events: &mut Events, out: &mut BytesMut) {
        self.close_part(events, out);
        self.sources = 0;
        self.parts.push(part.clone());
        events.write(|number| StreamEvent::PartAdded(self.part_event(part, number)), out);
    }

    fn close_part(&self, events: &mut Events, out: &mut BytesMut) {
        let Some(part) = self.parts.last() else { return };
        let content_index = self.content_index();
        match part {
            Part::OutputText(text) => events.write(
                |number| {
                    StreamEvent::TextDone(DoneEvent {
                        text: Nullable::Value(text.text.clone()),
                        content_index,
                        logprobs: text.logprobs.clone(),
                        ..self.place.done(number)
                    })
                },
                out,
            ),
            Part::Refusal(refusal) => events.write(
                |number| {
                    StreamEvent::RefusalDone(DoneEvent {
                        refusal: Nullable::Value(refusal.refusal.clone()),
                        content_index,
                        ..self.place.done(number)
                    })
                },
                out,
            ),
            _ => {}
        }
        events.write(|number| StreamEvent::PartDone(self.part_event(part.clone(), number)), out);
    }

    fn part_event(&self, part: Part, sequence_number: Nullable<serde_json::Number>) -> PartEvent {
        PartEvent {
            part,
            item_id: Nullable::Value(self.place.id.clone()),
            output_index: Nullable::Value(self.place.index),
            content_index: self.content_index(),
            summary_index: Nullable::Absent,
            sequence_number,
            extra: Extra::new(),
        }
    }
}

impl Ended {
    /// How many letters of the answer come before it.
    pub(super) const fn before(&self) -> u64 {
        self.before
    }

    /// A source that is told when the message is whole already: the whole answer has it in its place.
    pub(super) fn cite(&mut self, source: Annotation, events: &mut Events, out: &mut BytesMut) {
        let annotation = serde_json::to_value(&source).unwrap_or_default();
        if let Some(Item::Message(message)) = events.item(self.place.index)
            && let Content::Parts(parts) = &mut message.content
            && let Some(Part::OutputText(part)) = parts.get_mut(self.content_index as usize)
        {
            part.annotations.get_or_insert_with(Vec::new).push(source);
        }
        let content_index = Nullable::Value(self.content_index);
        added(&self.place, content_index, &mut self.sources, annotation, events, out);
    }
}

/// Tells of a source.
fn added(
    place: &Place,
    content_index: Nullable<u32>,
    sources: &mut u32,
    annotation: Value,
    events: &mut Events,
    out: &mut BytesMut,
) {
    let annotation_index = Nullable::Value(*sources);
    *sources += 1;
    events.write(
        |sequence_number| {
            StreamEvent::AnnotationAdded(AnnotationEvent {
                annotation: Nullable::Value(annotation),
                annotation_index,
                item_id: Nullable::Value(place.id.clone()),
                output_index: Nullable::Value(place.index),
                content_index,
                sequence_number,
                extra: Extra::new(),
            })
        },
        out,
    );
}
