//! What stands in an item of the model's beside its words and calls: no message of another API has a place for it.

use llm_provider_core::Kept;
use llm_types::Extra;
use serde_json::Value;

use crate::responses::wire::{Content, Item, MessageItem, Part, ReasoningItem};

/// The places of such members, counted from the item: `.content[0].x_later`.
pub(super) fn beside(item: &Item) -> Vec<String> {
    match item {
        Item::Message(message) | Item::EasyMessage(message) => in_message(message),
        Item::Reasoning(thought) => in_thought(thought),
        Item::FunctionCall(call) => {
            let mut places = members(&call.extra, "");
            places.extend(call.caller.is_value().then(|| ".caller".to_owned()));
            places
        }
        Item::CustomToolCall(call) => {
            let mut places = members(&call.extra, "");
            places.extend(call.caller.is_value().then(|| ".caller".to_owned()));
            places
        }
        // They are kept whole, or become something else altogether.
        _ => Vec::new(),
    }
}

fn members(extra: &Extra, place: &str) -> Vec<String> {
    let members = extra.iter().filter(|(name, value)| *name != "type" && !value.is_null());
    members.map(|(name, _)| format!("{place}.{name}")).collect()
}

/// Parts that a client may say too are told where they are read.
fn in_message(message: &MessageItem) -> Vec<String> {
    let mut places = members(&message.extra, "");
    places.extend(message.phase.is_value().then(|| ".phase".to_owned()));
    let Content::Parts(parts) = &message.content else { return places };
    for (index, part) in parts.iter().enumerate() {
        let place = format!(".content[{index}]");
        match part {
            Part::OutputText(text) => {
                places.extend(members(&text.extra, &place));
                let has_numbers = text.logprobs.get().is_some_and(|list| !list.is_empty());
                places.extend(has_numbers.then(|| format!("{place}.logprobs")));
            }
            Part::Refusal(refusal) => places.extend(members(&refusal.extra, &place)),
            _ => {}
        }
    }
    places
}

/// Thinking that the vendor encrypted itself goes back as it came.
fn in_thought(thought: &ReasoningItem) -> Vec<String> {
    if thought.encrypted_content.as_deref().is_some_and(|content| !Kept::is_seal(content)) {
        return Vec::new();
    }
    let mut places = members(&thought.extra, "");
    for (name, parts) in [("summary", thought.summary.get()), ("content", thought.content.get())] {
        for (index, part) in parts.into_iter().flatten().enumerate() {
            let place = format!(".{name}[{index}]");
            match part {
                Part::Text(text) | Part::SummaryText(text) | Part::ReasoningText(text) => {
                    places.extend(members(&text.extra, &place));
                }
                part if part.words().is_none() => places.push(place),
                part => {
                    let written = serde_json::to_value(part).unwrap_or(Value::Null);
                    let others = written.as_object().into_iter().flatten();
                    let others =
                        others.filter(|(name, _)| !matches!(name.as_str(), "type" | "text" | "refusal"));
                    places.extend(others.map(|(name, _)| format!("{place}.{name}")));
                }
            }
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use llm_types::from_value;
    use serde_json::json;

    use super::*;

    #[test]
    fn members_have_their_places() {
        let places = |item: Value| beside(&from_value(item).unwrap());
        let text = json!({ "type": "output_text", "text": "t", "logprobs": [{}], "a": 1, "none": null });
        let refusal = json!({ "type": "refusal", "refusal": "r", "b": 1 });
        let said = json!({ "type": "message", "role": "assistant", "content": [text, refusal], "c": 1 });
        assert_eq!(places(said), [".c", ".content[0].a", ".content[0].logprobs", ".content[1].b"]);
        let call = json!({ "type": "function_call", "call_id": "c", "name": "f", "arguments": "{}", "a": 1,
            "caller": { "type": "program" } });
        assert_eq!(places(call), [".a", ".caller"]);
        let mut thought = json!({ "type": "reasoning", "summary": [{ "type": "summary_text", "text": "s", "a": 1 },
            { "type": "later" }, { "type": "output_text", "text": "t", "b": 1 }], "c": 1 });
        assert_eq!(places(thought.clone()), [".c", ".summary[0].a", ".summary[1]", ".summary[2].b"]);
        thought["encrypted_content"] = "gAAAA".into();
        assert!(places(thought).is_empty());
    }
}
