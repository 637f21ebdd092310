//! The model's own items, as an earlier answer left them with the client: they go back while the message says the same.

use llm_provider_core::{EncodeError, says_words};
use llm_types::{Message, ToolCall, from_value};
use serde_json::Value;

use super::Writer;
use crate::responses::chat::decode::Said;
use crate::responses::names::ToolName;
use crate::responses::wire::{CustomToolCall, FunctionCall, Item, ReasoningItem};
use crate::responses::{OUTPUT_ITEMS, kept};

/// Why what a message tells beside its own items stays.
const ITEMS_GO: &str = "its own items go back";

impl Writer<'_, '_> {
    /// The model's own items, as an earlier answer gave them. Whether there are any.
    pub(super) fn kept_items(&mut self, message: &Message, path: &str) -> Result<bool, EncodeError> {
        let Some(fields) = message.provider_specific_fields.get() else { return Ok(false) };
        let place = format!("{path}.provider_specific_fields");
        for name in fields.keys().filter(|name| *name != OUTPUT_ITEMS) {
            let why = "said by a vendor to the client, and of no use to another";
            self.dropped(format!("{place}.{name}"), why);
        }
        let Some(kept) = fields.get(OUTPUT_ITEMS) else { return Ok(false) };
        let kept: Vec<Item> = from_value(kept.clone()).map_err(|error| {
            EncodeError::invalid(format!("{place}.{OUTPUT_ITEMS}{}", error.path), error.message)
        })?;
        if kept.is_empty() {
            return Ok(false);
        }
        let blocks = message.thinking_blocks.get().into_iter().flatten();
        let is_foreign = blocks.filter_map(kept::vendor_of).any(|made_by| made_by != self.vendor);
        let said = Said::of(&kept, self.vendor);
        if is_foreign || !is_same(&kept, &said, message) {
            let why =
                if is_foreign { "another vendor's items" } else { "the message is no longer what it was" };
            self.dropped(format!("{place}.{OUTPUT_ITEMS}"), why);
            return Ok(false);
        }
        self.beside_items(&said, message, path);
        let (items, foreign) = kept::for_vendor(kept, self.vendor);
        for index in foreign {
            self.dropped(format!("{place}.{OUTPUT_ITEMS}[{index}]"), "another vendor's thinking");
        }
        for item in &items {
            if let Item::CustomToolCall(call) = item {
                self.custom.insert(call.call_id.clone());
            }
        }
        self.items.extend(items);
        Ok(true)
    }

    /// What the message tells otherwise than its items.
    fn beside_items(&mut self, said: &Said, message: &Message, path: &str) {
        let is_beside =
            |words: Option<&str>, told: &str| words.is_some_and(|words| !kept::tells(told, words));
        let annotations = message.annotations.get().map(Vec::as_slice).unwrap_or_default();
        let beside = [
            ("annotations", !annotations.iter().all(|one| said.annotations.contains(one))),
            ("audio", message.audio.is_value()),
            ("function_call", message.function_call.is_value()),
            ("reasoning_content", is_beside(message.reasoning_content.as_deref(), &said.reasoning)),
            ("refusal", is_beside(message.refusal.as_deref(), &said.refusal)),
        ];
        for (name, _) in beside.into_iter().filter(|(_, is_beside)| *is_beside) {
            self.dropped(format!("{path}.{name}"), ITEMS_GO);
        }
        for (number, block) in message.thinking_blocks.get().into_iter().flatten().enumerate() {
            let path = format!("{path}.thinking_blocks[{number}]");
            let item = kept::item_of(block);
            for name in kept::beside_item(block, item.as_ref().unwrap_or(&ReasoningItem::default())) {
                if name != "thinking" || is_beside(block.thinking.as_deref(), &said.reasoning) {
                    self.dropped(format!("{path}.{name}"), ITEMS_GO);
                }
            }
        }
        for (number, call) in message.tool_calls.get().into_iter().flatten().enumerate() {
            for name in call.extra.keys() {
                self.dropped(format!("{path}.tool_calls[{number}].{name}"), ITEMS_GO);
            }
        }
    }
}

/// Whether items say the words and the calls that their message says: a client may have changed it.
fn is_same(items: &[Item], said: &Said, message: &Message) -> bool {
    let calls = message.tool_calls.get().map(Vec::as_slice).unwrap_or_default();
    let kept: Vec<&Item> =
        items.iter().filter(|item| matches!(item, Item::FunctionCall(_) | Item::CustomToolCall(_))).collect();
    says_words(message.content.get(), &said.text)
        && kept.len() == calls.len()
        && kept.into_iter().zip(calls).all(|(kept, call)| match kept {
            Item::FunctionCall(kept) => is_same_function(kept, call),
            Item::CustomToolCall(kept) => is_same_custom(kept, call),
            _ => false,
        })
}

fn is_same_function(kept: &FunctionCall, call: &ToolCall) -> bool {
    let name = ToolName { namespace: kept.namespace.as_deref(), name: &kept.name, is_custom: false };
    calls(call, &kept.call_id, &name.function(), |arguments| is_same_json(arguments, &kept.arguments))
}

/// A custom tool was called as such, or as a function with one text, as a client of this API is read.
fn is_same_custom(kept: &CustomToolCall, call: &ToolCall) -> bool {
    if let Some(custom) = call.custom.get() {
        return call.id.as_deref() == Some(&*kept.call_id)
            && custom.name.as_deref() == Some(&*kept.name)
            && custom.input.as_deref().unwrap_or_default() == kept.input;
    }
    let name = ToolName { namespace: kept.namespace.as_deref(), name: &kept.name, is_custom: true };
    calls(call, &kept.call_id, &name.function(), |arguments| {
        serde_json::from_str::<Value>(arguments).is_ok_and(|input| input["input"] == kept.input.as_str())
    })
}

/// Whether a call is that of a function of this name, with arguments that are the same.
fn calls(call: &ToolCall, id: &str, name: &str, is_same: impl Fn(&str) -> bool) -> bool {
    let function = call.function.get();
    call.id.as_deref() == Some(id)
        && function.is_some_and(|function| {
            function.name.as_deref() == Some(name)
                && is_same(function.arguments.as_deref().unwrap_or_default())
        })
}

/// Whether two arguments are the same, which a model may get wrong; none at all are an empty object.
fn is_same_json(one: &str, other: &str) -> bool {
    let read = |text: &str| match text.trim() {
        "" => Some(Value::Object(llm_types::Extra::new())),
        text => serde_json::from_str::<Value>(text).ok(),
    };
    one == other || read(one).is_some_and(|one| read(other) == Some(one))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn is_kept(change: impl Fn(&mut Value)) -> bool {
        let items = json!([
            { "type": "web_search_call", "id": "ws", "status": "completed" },
            { "type": "message", "role": "assistant", "content": [
                { "type": "output_text", "text": "A " }, { "type": "output_text", "text": "by 3." },
                { "type": "refusal", "refusal": "No more." }] },
            { "type": "function_call", "call_id": "t", "name": "f", "arguments": "{\"a\":1}" },
            { "type": "function_call", "call_id": "u", "name": "g", "arguments": "" },
            { "type": "custom_tool_call", "call_id": "v", "name": "c", "input": "x" }
        ]);
        let function = |id: &str, name: &str, arguments: &str| json!({ "id": id, "type": "function", "function": { "name": name, "arguments": arguments } });
        let mut said = json!({ "role": "assistant", "content": "A by 3.", "refusal": "No more.", "tool_calls": [
            function("t", "f", "{ \"a\": 1 }"), function("u", "g", "{}"),
            { "id": "v", "type": "custom", "custom": { "name": "c", "input": "x" } }] });
        change(&mut said);
        let items: Vec<Item> = from_value(items).unwrap();
        is_same(&items, &Said::of(&items, "openai"), &from_value(said).unwrap())
    }

    #[test]
    fn what_says_the_same_goes_back() {
        assert!(is_kept(|_| {}));
        assert!(is_kept(|said| said["content"] = json!([{ "type": "text", "text": "A by 3." }])));
        let read = json!({ "id": "v", "type": "function", "function": { "name": "c_-_", "arguments": "{\"input\":\"x\"}" } });
        assert!(is_kept(|said| said["tool_calls"][2] = read.clone()));
    }

    #[test]
    fn a_message_that_was_changed_counts_itself() {
        assert!(!is_kept(|said| said["content"] = "B by 3.".into()));
        assert!(!is_kept(|said| said["content"] = Value::Null));
        assert!(!is_kept(|said| said["tool_calls"] = Value::Null));
        assert!(!is_kept(|said| said["tool_calls"][0]["id"] = "other".into()));
        assert!(!is_kept(|said| said["tool_calls"][0]["function"]["name"] = "g".into()));
        assert!(!is_kept(|said| said["tool_calls"][0]["function"]["arguments"] = "{}".into()));
        assert!(!is_kept(|said| said["tool_calls"][2]["custom"]["input"] = "y".into()));
    }
}
