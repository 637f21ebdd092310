//! Items of an answer that passes through: what the client has of them, to close those that are open when it is ended.

use std::borrow::Cow;

use bytes::Bytes;
use llm_provider_core::SseEvent;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The event that the items stand under in a frame. No client ever sees it.
const FRAME: &[u8] = b"llm-gateway.items";

/// The items of an answer, in the order in which they began.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Items(Vec<Item>);

/// One item.
#[derive(Debug, Serialize, Deserialize)]
struct Item {
    output_index: u64,
    /// As it was told last.
    item: Value,
    /// Arguments, input or code of a call.
    text: String,
    /// Whether that was told whole.
    is_told: bool,
    parts: Vec<Part>,
    is_done: bool,
}

/// A part of a message, or of thinking.
#[derive(Debug, Serialize, Deserialize)]
struct Part {
    index: u64,
    is_summary: bool,
    part: Value,
    text: String,
    is_told: bool,
    is_done: bool,
}

/// What an event says of its place.
#[derive(Deserialize)]
struct Told<'a> {
    #[serde(default)]
    output_index: u64,
    content_index: Option<u64>,
    summary_index: Option<u64>,
    #[serde(borrow)]
    delta: Option<Cow<'a, str>>,
    item: Option<Value>,
    part: Option<Value>,
    annotation: Option<Value>,
}

impl Items {
    /// Hears an event of the stream.
    pub(super) fn hear(&mut self, kind: &[u8], data: &[u8]) {
        let Some(what) = kind.strip_prefix(b"response.") else { return };
        if !what.ends_with(b".delta") && !what.ends_with(b".done") && !what.ends_with(b".added") {
            return;
        }
        let Ok(told) = serde_json::from_slice::<Told<'_>>(data) else { return };
        if what == b"output_item.added" {
            let (output_index, item) = (told.output_index, object(told.item));
            self.0.retain(|known| known.output_index != output_index);
            let (text, parts) = (String::new(), Vec::new());
            self.0.push(Item { output_index, item, text, is_told: false, parts, is_done: false });
            return;
        }
        let of_it = |item: &&mut Item| item.output_index == told.output_index;
        if let Some(item) = self.0.iter_mut().find(of_it) {
            item.hear(what, told);
        }
    }

    /// The items as a frame; nothing if none has begun.
    pub(super) fn frame(&self) -> Option<Bytes> {
        let items = (!self.0.is_empty()).then(|| serde_json::to_vec(self))?.ok()?;
        Some([b"event: ", FRAME, b"\ndata: ", &items, b"\n\n"].concat().into())
    }

    /// The items of a frame, if it has any.
    pub(super) fn read(event: &SseEvent<'_>) -> Option<Self> {
        serde_json::from_slice(&event.data).ok().filter(|_| event.event == FRAME)
    }

    /// Closes what is open, as an answer's end does that comes early: `tell` is given each event. Whole and closed, all items
    /// are left for the answer's output.
    pub(super) fn close(self, mut tell: impl FnMut(Value)) -> Vec<Value> {
        self.0.into_iter().map(|item| item.close(&mut tell)).collect()
    }
}

impl Item {
    fn hear(&mut self, what: &[u8], told: Told<'_>) {
        if what == b"output_item.done" {
            self.item = object(told.item);
            self.is_done = true;
            self.parts.clear();
            return;
        }
        let place = match (told.content_index, told.summary_index) {
            (_, Some(index)) => Some((index, true)),
            (Some(index), None) => Some((index, false)),
            (None, None) => None,
        };
        let is_delta = what.ends_with(b".delta");
        let Some((index, is_summary)) = place else {
            match told.delta {
                Some(delta) if is_delta => self.text.push_str(&delta),
                _ => self.is_told |= self.words().is_some_and(|(_, done)| done.as_bytes() == what),
            }
            return;
        };
        let known = self.parts.iter().position(|part| (part.index, part.is_summary) == (index, is_summary));
        if what.ends_with(b"_part.added") {
            let (part, text) = (object(told.part), String::new());
            let part = Part { index, is_summary, part, text, is_told: false, is_done: false };
            match known {
                Some(known) => self.parts[known] = part,
                None => self.parts.push(part),
            }
            return;
        }
        let Some(part) = known.and_then(|known| self.parts.get_mut(known)) else { return };
        if what.ends_with(b"_part.done") {
            part.part = object(told.part);
            part.is_done = true;
        } else if let Some(annotation) = told.annotation {
            if let Some(annotations) = part.part.get_mut("annotations").and_then(Value::as_array_mut) {
                annotations.push(annotation);
            }
        } else if is_delta {
            part.text.push_str(&told.delta.unwrap_or_default());
        } else {
            part.is_told = true;
        }
    }

    /// Where the words of a call stand in its item, and the event that tells them whole.
    fn words(&self) -> Option<(&'static str, &'static str)> {
        match self.item["type"].as_str()? {
            "function_call" => Some(("arguments", "function_call_arguments.done")),
            "custom_tool_call" => Some(("input", "custom_tool_call_input.done")),
            "mcp_call" => Some(("arguments", "mcp_call_arguments.done")),
            "code_interpreter_call" => Some(("code", "code_interpreter_call_code.done")),
            _ => None,
        }
    }

    fn close(mut self, tell: &mut impl FnMut(Value)) -> Value {
        if self.is_done {
            return self.item;
        }
        let place = json!({"item_id": self.item["id"], "output_index": self.output_index});
        let parts = std::mem::take(&mut self.parts);
        for part in parts {
            let name = if part.is_summary { "summary" } else { "content" };
            let part = part.close(&place, tell);
            match self.item[name].as_array_mut() {
                Some(parts) => parts.push(part),
                None => self.item[name] = json!([part]),
            }
        }
        if let Some((name, done)) = self.words() {
            self.item[name] = self.text.as_str().into();
            if !self.is_told {
                tell(event(done, &place, json!({name: self.text})));
            }
        }
        // What has no status has none when it is whole either.
        if self.item["status"].is_string() {
            self.item["status"] = "incomplete".into();
        }
        let done = json!({"type": "response.output_item.done", "output_index": self.output_index, "item": self.item});
        tell(done);
        self.item
    }
}

impl Part {
    fn close(mut self, place: &Value, tell: &mut impl FnMut(Value)) -> Value {
        if self.is_done {
            return self.part;
        }
        let index = if self.is_summary { "summary_index" } else { "content_index" };
        let mut place = place.clone();
        place[index] = self.index.into();
        let (name, told) = match self.part["type"].as_str().unwrap_or_default() {
            "refusal" => ("refusal", "refusal.done"),
            "reasoning_text" => ("text", "reasoning_text.done"),
            "summary_text" => ("text", "reasoning_summary_text.done"),
            _ => ("text", "output_text.done"),
        };
        self.part[name] = self.text.as_str().into();
        if !self.is_told {
            let mut more = json!({name: self.text});
            if told == "output_text.done" {
                more["logprobs"] = json!([]);
            }
            tell(event(told, &place, more));
        }
        let done = if self.is_summary { "reasoning_summary_part.done" } else { "content_part.done" };
        tell(event(done, &place, json!({"part": self.part})));
        self.part
    }
}

/// What stands where an item or a part should; nothing if it is none.
fn object(told: Option<Value>) -> Value {
    told.filter(Value::is_object).unwrap_or_default()
}

/// An event of an item.
fn event(kind: &str, place: &Value, mut more: Value) -> Value {
    let mut event = json!({"type": format!("response.{kind}")});
    for members in [&mut place.clone(), &mut more] {
        if let (Some(event), Some(members)) = (event.as_object_mut(), members.as_object_mut()) {
            event.append(members);
        }
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_item_and_no_part_ends_nothing() {
        for wrong in [json!([1]), json!("text"), json!(7), Value::Null] {
            let mut items = Items::default();
            let mut hear = |kind: &str, event: Value| {
                items.hear(format!("response.{kind}").as_bytes(), event.to_string().as_bytes());
            };
            hear("output_item.added", json!({"output_index": 0, "item": wrong}));
            hear("content_part.added", json!({"output_index": 0, "content_index": 0, "part": wrong}));
            let source = json!({"type": "url_citation", "url": "https://example.com"});
            let place = json!({"output_index": 0, "content_index": 0, "annotation": source});
            hear("output_text.annotation.added", place);
            hear("output_text.delta", json!({"output_index": 0, "content_index": 0, "delta": "Rain."}));
            hear("output_item.added", json!({"output_index": 1, "item": {"type": "message", "content": []}}));
            let closed = items.close(|_| {});
            assert_eq!(closed[0], json!({"content": [{"text": "Rain."}]}), "{wrong}");
            assert_eq!(closed.len(), 2);
        }
    }
}
