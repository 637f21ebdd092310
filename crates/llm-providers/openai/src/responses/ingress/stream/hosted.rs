//! [`Hosted`]: calls of tools that a vendor ran itself, while the answer is written. Several may be open at once.

use bytes::BytesMut;
use llm_provider_core::{HostedCall, HostedCalls};
use llm_types::{Extra, Nullable};

use super::events::{Events, Place};
use crate::responses::ingress::hosted::{Progress, item, name, progress, status};
use crate::responses::wire::{DoneEvent, Item, ProgressEvent, StreamEvent};

/// The calls of one answer.
#[derive(Debug, Default)]
pub(super) struct Hosted {
    heard: HostedCalls,
    open: Vec<(HostedCall, Place)>,
}

impl Hosted {
    /// The calls that a delta's `provider_specific_fields` tell.
    pub(super) fn hear(&mut self, fields: &Extra) -> Vec<HostedCall> {
        self.heard.hear(fields)
    }

    /// Tells a call that begins, or is over. `response` is the answer's name.
    pub(super) fn tell(
        &mut self,
        call: &HostedCall,
        response: &str,
        events: &mut Events,
        out: &mut BytesMut,
    ) {
        let known = self.open.iter().position(|(open, _)| open.id == call.id);
        let place = match known {
            Some(at) => self.open.swap_remove(at).1,
            None => {
                let place = events.begin_named(name(call, response));
                if let Some(item) = item(place.id.clone(), call, "in_progress", None) {
                    begin(&place, &item, events, out);
                }
                place
            }
        };
        if call.is_over() {
            close(&place, call, events, out);
        } else {
            self.open.push((call.clone(), place));
        }
    }

    /// Ends what has no result.
    pub(super) fn close_all(&mut self, events: &mut Events, out: &mut BytesMut) {
        for (call, place) in std::mem::take(&mut self.open) {
            close(&place, &call, events, out);
        }
    }
}

fn close(place: &Place, call: &HostedCall, events: &mut Events, out: &mut BytesMut) {
    if let Some(item) = item(place.id.clone(), call, status(call), None) {
        end(place, item, events, out);
    }
}

/// Tells an item that is whole, with all that is told of such an item on its way.
pub(super) fn whole(item: Item, id: Option<&str>, events: &mut Events, out: &mut BytesMut) {
    let place = match id {
        Some(id) => events.begin_named(id.to_owned()),
        None => events.begin("item"),
    };
    match (id, progress(&item)) {
        (Some(_), Some(_)) => {
            begin(&place, &item, events, out);
            end(&place, item, events, out);
        }
        // What has no name of its own is spoken of no further.
        _ => {
            events.added(place.index, item.clone(), out);
            events.done(place.index, item, out);
        }
    }
}

fn begin(place: &Place, item: &Item, events: &mut Events, out: &mut BytesMut) {
    let mut first = item.clone();
    let mut words: Option<String> = None;
    let started = || Nullable::Value("in_progress".to_owned());
    match &mut first {
        Item::WebSearchCall(call) => call.status = started(),
        Item::FileSearchCall(call) => {
            call.status = started();
            call.results = Nullable::Null;
        }
        Item::ImageGenerationCall(call) => {
            call.status = started();
            call.result = Nullable::Null;
        }
        Item::CodeInterpreterCall(call) => {
            call.status = started();
            call.outputs = Nullable::Null;
            words = call.code.get_mut().map(std::mem::take);
        }
        Item::McpCall(call) => {
            call.status = started();
            (call.output, call.error) = (Nullable::Null, Nullable::Null);
            words = call.arguments.get_mut().map(std::mem::take);
        }
        Item::McpListTools(list) => list.tools = Nullable::Value(Vec::new()),
        _ => {}
    }
    let is_code = matches!(first, Item::CodeInterpreterCall(_));
    events.added(place.index, first, out);
    let Some((begins, goes_on, _)) = progress(item) else { return };
    tell(begins, place, events, out);
    if let Some(words) = words {
        if !words.is_empty() {
            events.write(
                |number| {
                    let piece = place.delta(&words, number);
                    if is_code {
                        StreamEvent::CodeDelta(piece)
                    } else {
                        StreamEvent::McpArgumentsDelta(piece)
                    }
                },
                out,
            );
        }
        let whole = match item {
            Item::CodeInterpreterCall(call) => call.code.clone(),
            Item::McpCall(call) => call.arguments.clone(),
            _ => Nullable::Absent,
        };
        events.write(
            |number| {
                if is_code {
                    StreamEvent::CodeDone(DoneEvent { code: whole, ..place.done(number) })
                } else {
                    StreamEvent::McpArgumentsDone(DoneEvent { arguments: whole, ..place.done(number) })
                }
            },
            out,
        );
    }
    if let Some(goes_on) = goes_on {
        tell(goes_on, place, events, out);
    }
}

fn end(place: &Place, item: Item, events: &mut Events, out: &mut BytesMut) {
    let is_told = match &item {
        Item::WebSearchCall(call) => is_completed(&call.status),
        Item::FileSearchCall(call) => is_completed(&call.status),
        Item::CodeInterpreterCall(call) => is_completed(&call.status),
        Item::ImageGenerationCall(call) => is_completed(&call.status),
        // Failures have an event of their own here.
        Item::McpCall(call) => call.status.as_deref() != Some("incomplete"),
        _ => true,
    };
    if let Some((_, _, ends)) = progress(&item).filter(|_| is_told) {
        tell(ends, place, events, out);
    }
    events.done(place.index, item, out);
}

fn is_completed(status: &Nullable<String>) -> bool {
    status.as_deref().is_none_or(|status| status == "completed")
}

fn tell(event: Progress, place: &Place, events: &mut Events, out: &mut BytesMut) {
    events.write(
        |sequence_number| {
            event(ProgressEvent {
                item_id: Nullable::Value(place.id.clone()),
                output_index: Nullable::Value(place.index),
                sequence_number,
                extra: Extra::new(),
            })
        },
        out,
    );
}
