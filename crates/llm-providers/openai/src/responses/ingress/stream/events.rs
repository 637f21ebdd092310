//! [`Events`]: numbers events and items, and writes them.

use bytes::{BufMut, BytesMut};
use llm_types::{Extra, Nullable};
use serde_json::Number;

use crate::responses::names;
use crate::responses::wire::{DeltaEvent, DoneEvent, Item, ItemEvent, StreamEvent};

/// What is known of all events of an answer.
#[derive(Debug, Default)]
pub(super) struct Events {
    response: String,
    count: u64,
    /// Items in order; `None` for those that go on.
    items: Vec<Option<Item>>,
}

/// Where an item stands.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) index: u32,
    pub(super) id: String,
}

impl Events {
    /// Names of items are made from the answer's.
    pub(super) fn name(&mut self, response: &str) {
        response.clone_into(&mut self.response);
    }

    /// The number of the next event.
    pub(super) const fn number(&mut self) -> u64 {
        let number = self.count;
        self.count += 1;
        number
    }

    pub(super) fn write(&mut self, event: impl FnOnce(Nullable<Number>) -> StreamEvent, out: &mut BytesMut) {
        let event = event(Nullable::Value(self.number().into()));
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(event.kind().as_bytes());
        out.extend_from_slice(b"\ndata: ");
        // Maps with text as names, numbers and strings can always be written.
        let written = serde_json::to_writer((&mut *out).writer(), &event);
        debug_assert!(written.is_ok(), "an event cannot be written: {written:?}");
        out.extend_from_slice(b"\n\n");
    }

    /// The place of an item that begins.
    pub(super) fn begin(&mut self, prefix: &str) -> Place {
        let at = self.items.len();
        self.items.push(None);
        Place { index: u32::try_from(at).unwrap_or(u32::MAX), id: names::item(prefix, &self.response, at) }
    }

    /// The place of an item that has a name already.
    pub(super) fn begin_named(&mut self, id: String) -> Place {
        let at = self.items.len();
        self.items.push(None);
        Place { index: u32::try_from(at).unwrap_or(u32::MAX), id }
    }

    pub(super) fn added(&mut self, index: u32, item: Item, out: &mut BytesMut) {
        self.write(|number| StreamEvent::ItemAdded(item_event(index, item, number)), out);
    }

    pub(super) fn done(&mut self, index: u32, item: Item, out: &mut BytesMut) {
        if let Some(slot) = self.items.get_mut(index as usize) {
            *slot = Some(item.clone());
        }
        self.write(|number| StreamEvent::ItemDone(item_event(index, item, number)), out);
    }

    /// An item that is whole.
    pub(super) fn item(&mut self, index: u32) -> Option<&mut Item> {
        self.items.get_mut(index as usize)?.as_mut()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The items that are whole.
    pub(super) fn items(&self) -> Vec<Item> {
        self.items.iter().flatten().cloned().collect()
    }
}

fn item_event(index: u32, item: Item, sequence_number: Nullable<Number>) -> ItemEvent {
    ItemEvent { item, output_index: Nullable::Value(index), sequence_number, extra: Extra::new() }
}

impl Place {
    /// A piece of this item.
    pub(super) fn delta(&self, delta: &str, sequence_number: Nullable<Number>) -> DeltaEvent {
        DeltaEvent {
            delta: delta.to_owned(),
            item_id: Nullable::Value(self.id.clone()),
            output_index: Nullable::Value(self.index),
            content_index: Nullable::Absent,
            summary_index: Nullable::Absent,
            logprobs: Nullable::Absent,
            obfuscation: Nullable::Absent,
            sequence_number,
            extra: Extra::new(),
        }
    }

    /// What came in pieces of this item, whole; which member holds it is the caller's to say.
    pub(super) fn done(&self, sequence_number: Nullable<Number>) -> DoneEvent {
        DoneEvent {
            text: Nullable::Absent,
            refusal: Nullable::Absent,
            arguments: Nullable::Absent,
            name: Nullable::Absent,
            input: Nullable::Absent,
            code: Nullable::Absent,
            item_id: Nullable::Value(self.id.clone()),
            output_index: Nullable::Value(self.index),
            content_index: Nullable::Absent,
            summary_index: Nullable::Absent,
            logprobs: Nullable::Absent,
            sequence_number,
            extra: Extra::new(),
        }
    }
}
