//! What an answer's items say in members that nobody here knows.

use llm_types::Extra;
use serde_json::Value;

use crate::responses::wire::{Content, Item, Part, StreamEvent};

/// Where the answer tells them: each with the kind and the name of its item.
pub(super) const ITEM_MEMBERS: &str = "item_members";

/// The members of an item and of its parts that nobody here knows; `None` if there are none, or if the item is of a kind
/// that is handed on whole.
pub(super) fn of_item(item: &Item) -> Option<Value> {
    let (extra, id, parts): (_, _, [(&str, &[Part]); 2]) = match item {
        Item::Message(item) | Item::EasyMessage(item) => {
            let parts = match &item.content {
                Content::Text(_) => &[][..],
                Content::Parts(parts) => parts,
            };
            (&item.extra, item.id.get(), [("content", parts), ("content", &[])])
        }
        Item::Reasoning(item) => {
            let parts = [("summary", list(item.summary.get())), ("content", list(item.content.get()))];
            (&item.extra, item.id.get(), parts)
        }
        Item::FunctionCall(item) => (&item.extra, item.id.get(), [("content", &[]); 2]),
        Item::CustomToolCall(item) => (&item.extra, item.id.get(), [("content", &[]); 2]),
        Item::EasyReference(item) => (&item.extra, Some(&item.id), [("content", &[]); 2]),
        _ => return None,
    };
    if extra.is_empty() && parts.iter().all(|(_, parts)| parts.iter().all(|part| of_part(part).is_empty())) {
        return None;
    }
    let mut told = Extra::from_iter([("type".to_owned(), Value::from(item.kind()))]);
    if let Some(id) = id {
        told.insert("id".to_owned(), id.as_str().into());
    }
    told.extend(extra.clone());
    for (name, parts) in parts {
        let said = parts.iter().map(of_part).filter(|members| !members.is_empty());
        let said: Vec<_> = said.map(|members| Value::Object(members.clone())).collect();
        if !said.is_empty() {
            told.insert(name.to_owned(), said.into());
        }
    }
    Some(Value::Object(told))
}

/// Whether an item is handed on whole, as it is of no kind that chat has words for.
pub(super) const fn is_handed_on(item: &Item) -> bool {
    !matches!(
        item,
        Item::Message(_)
            | Item::EasyMessage(_)
            | Item::Reasoning(_)
            | Item::FunctionCall(_)
            | Item::CustomToolCall(_)
            | Item::EasyReference(_)
            | Item::Unknown(_)
    )
}

fn list(parts: Option<&Vec<Part>>) -> &[Part] {
    parts.map(Vec::as_slice).unwrap_or_default()
}

/// The members of a part that nobody here knows; all of them where nobody knows the part.
pub(super) fn of_part(part: &Part) -> &Extra {
    match part {
        Part::InputText(part) => &part.extra,
        Part::InputImage(part) => &part.extra,
        Part::InputFile(part) => &part.extra,
        Part::InputAudio(part) => &part.extra,
        Part::OutputText(part) => &part.extra,
        Part::Refusal(part) => &part.extra,
        Part::ReasoningText(part) | Part::SummaryText(part) | Part::Text(part) => &part.extra,
        Part::Unknown(part) => part,
    }
}

/// The members of an event that nobody here knows. One of a kind that nobody knows has none: it is told whole.
pub(super) fn of_event(event: &StreamEvent) -> Option<&Extra> {
    let extra = match event {
        StreamEvent::Created(event)
        | StreamEvent::Queued(event)
        | StreamEvent::InProgress(event)
        | StreamEvent::Completed(event)
        | StreamEvent::Incomplete(event)
        | StreamEvent::Failed(event) => &event.extra,
        StreamEvent::ItemAdded(event) | StreamEvent::ItemDone(event) => &event.extra,
        StreamEvent::PartAdded(event)
        | StreamEvent::PartDone(event)
        | StreamEvent::SummaryPartAdded(event)
        | StreamEvent::SummaryPartDone(event) => &event.extra,
        StreamEvent::TextDelta(event)
        | StreamEvent::RefusalDelta(event)
        | StreamEvent::SummaryDelta(event)
        | StreamEvent::ReasoningDelta(event)
        | StreamEvent::ArgumentsDelta(event)
        | StreamEvent::CustomInputDelta(event)
        | StreamEvent::CodeDelta(event)
        | StreamEvent::McpArgumentsDelta(event)
        | StreamEvent::AudioDelta(event)
        | StreamEvent::TranscriptDelta(event) => &event.extra,
        StreamEvent::TextDone(event)
        | StreamEvent::RefusalDone(event)
        | StreamEvent::SummaryDone(event)
        | StreamEvent::ReasoningDone(event)
        | StreamEvent::ArgumentsDone(event)
        | StreamEvent::CustomInputDone(event)
        | StreamEvent::CodeDone(event)
        | StreamEvent::McpArgumentsDone(event)
        | StreamEvent::AudioDone(event)
        | StreamEvent::TranscriptDone(event) => &event.extra,
        StreamEvent::AnnotationAdded(event) => &event.extra,
        StreamEvent::CodeInProgress(event)
        | StreamEvent::CodeInterpreting(event)
        | StreamEvent::CodeCompleted(event)
        | StreamEvent::WebSearchInProgress(event)
        | StreamEvent::WebSearchSearching(event)
        | StreamEvent::WebSearchCompleted(event)
        | StreamEvent::FileSearchInProgress(event)
        | StreamEvent::FileSearchSearching(event)
        | StreamEvent::FileSearchCompleted(event)
        | StreamEvent::ImageInProgress(event)
        | StreamEvent::ImageGenerating(event)
        | StreamEvent::ImageCompleted(event)
        | StreamEvent::McpCallInProgress(event)
        | StreamEvent::McpCallCompleted(event)
        | StreamEvent::McpCallFailed(event)
        | StreamEvent::McpListInProgress(event)
        | StreamEvent::McpListCompleted(event)
        | StreamEvent::McpListFailed(event)
        | StreamEvent::Compacting(event) => &event.extra,
        StreamEvent::ImagePartial(event) => &event.extra,
        StreamEvent::ShellCommandAdded(event)
        | StreamEvent::ShellCommandDelta(event)
        | StreamEvent::ShellCommandDone(event)
        | StreamEvent::ShellOutputDelta(event)
        | StreamEvent::ShellOutputDone(event) => &event.extra,
        StreamEvent::Error(event) => &event.extra,
        StreamEvent::Unknown(_) => return None,
    };
    (!extra.is_empty()).then_some(extra)
}
