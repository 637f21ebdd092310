//! [`Thought`]: a block of thinking while it is written.

use bytes::BytesMut;
use llm_provider_core::add_members;
use llm_types::{Extra, Nullable, ThinkingBlock};
use serde_json::Number;

use super::answer;
use super::events::{Events, Place};
use crate::responses::wire::{DeltaEvent, DoneEvent, Item, Part, PartEvent, ReasoningItem, StreamEvent};
use crate::responses::{REASONING_ITEM, kept};

/// A block of thinking, told as the summary of an item.
#[derive(Debug)]
pub(super) struct Thought {
    place: Place,
    block: ThinkingBlock,
    has_part: bool,
}

impl Thought {
    pub(super) fn begin(kind: &str, events: &mut Events, out: &mut BytesMut) -> Self {
        let place = events.begin("rs");
        let item = ReasoningItem {
            id: Nullable::Value(place.id.clone()),
            summary: Nullable::Value(Vec::new()),
            ..ReasoningItem::default()
        };
        events.added(place.index, Item::Reasoning(item), out);
        Self { place, block: kept::empty_block(kind), has_part: false }
    }

    /// Adds a piece: text, a signature, or what a vendor says beside.
    pub(super) fn add(&mut self, piece: &ThinkingBlock, events: &mut Events, out: &mut BytesMut) {
        let words = piece.thinking.as_deref().unwrap_or_default();
        if piece.thinking.is_value() {
            self.block.thinking.get_or_insert_with(String::new).push_str(words);
        }
        if !words.is_empty() {
            self.say(words, events, out);
        }
        for (to, from) in [(&mut self.block.signature, &piece.signature), (&mut self.block.data, &piece.data)]
        {
            if let Some(more) = from.as_deref() {
                to.get_or_insert_with(String::new).push_str(more);
            }
        }
        // Numbers are a client's help in putting pieces together and no part of the block.
        let members = piece.extra.iter().filter(|(name, _)| *name != "index");
        add_members(&mut self.block.extra, members.map(|(name, value)| (name.clone(), value.clone())));
    }

    /// Whether nothing more can come.
    pub(super) fn is_signed(&self) -> bool {
        self.block.signature.as_deref().is_some_and(|signature| !signature.is_empty())
            || self.block.extra.contains_key(REASONING_ITEM)
    }

    fn say(&mut self, words: &str, events: &mut Events, out: &mut BytesMut) {
        if !std::mem::replace(&mut self.has_part, true) {
            events.write(|number| StreamEvent::SummaryPartAdded(self.part("", number)), out);
        }
        events.write(
            |number| {
                StreamEvent::SummaryDelta(DeltaEvent {
                    summary_index: Nullable::Value(0),
                    ..self.place.delta(words, number)
                })
            },
            out,
        );
    }

    /// The block is whole.
    pub(super) fn close(self, events: &mut Events, out: &mut BytesMut) {
        let words = self.block.thinking.as_deref().unwrap_or_default();
        if self.has_part {
            events.write(
                |number| {
                    StreamEvent::SummaryDone(DoneEvent {
                        text: Nullable::Value(words.to_owned()),
                        summary_index: Nullable::Value(0),
                        ..self.place.done(number)
                    })
                },
                out,
            );
            events.write(|number| StreamEvent::SummaryPartDone(self.part(words, number)), out);
        }
        let item = answer::reasoning(self.place.id.clone(), &self.block);
        events.done(self.place.index, item, out);
    }

    fn part(&self, words: &str, sequence_number: Nullable<Number>) -> PartEvent {
        PartEvent {
            part: Part::summary(words),
            item_id: Nullable::Value(self.place.id.clone()),
            output_index: Nullable::Value(self.place.index),
            content_index: Nullable::Absent,
            summary_index: Nullable::Value(0),
            sequence_number,
            extra: Extra::new(),
        }
    }
}
