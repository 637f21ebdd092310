//! Earlier thinking as `reasoning_details`, in which aggregators tell thinking of any vendor.
//!
//! Source: OpenRouter docs, "Reasoning Tokens", on `reasoning_details`, read 2026-11.

use llm_provider_core::NoteKind;
use llm_types::{Message, Nullable, ThinkingBlock};
use serde_json::{Value, json};

use crate::Changes;
use crate::responses::REASONING_ITEM;

const NAME: &str = "reasoning_details";

/// Says blocks of thinking as the message's `reasoning_details`. Those that the message has already go back as their vendor
/// told them; what blocks say otherwise is told as left out then.
pub(super) fn replay(message: &mut Message, blocks: &[ThinkingBlock], path: &str, changes: &mut Changes<'_>) {
    let own = own_blocks(blocks, path, changes);
    if let Some(said) = said(message, path, changes) {
        for (index, block) in own {
            let path = format!("{path}.thinking_blocks[{index}]");
            for name in unsaid(block, said.as_array().map(Vec::as_slice).unwrap_or_default()) {
                let detail = format!("`{NAME}` are said too and win");
                changes.note(NoteKind::Dropped, format!("{path}.{name}"), detail);
            }
        }
        message.extra.insert(NAME.to_owned(), said);
        return;
    }
    let mut details = Vec::with_capacity(own.len());
    for (index, block) in own {
        let made = detail(index, block);
        for name in unsaid(block, std::slice::from_ref(&made)) {
            let path = format!("{path}.thinking_blocks[{index}].{name}");
            changes.note(NoteKind::Dropped, path, format!("`{NAME}` have no such member"));
        }
        details.push(made);
    }
    if !details.is_empty() {
        message.extra.insert(NAME.to_owned(), details.into());
    }
}

/// Blocks that are not another wire's, with their places.
fn own_blocks<'b>(
    blocks: &'b [ThinkingBlock],
    path: &str,
    changes: &mut Changes<'_>,
) -> Vec<(usize, &'b ThinkingBlock)> {
    let (own, items): (Vec<_>, Vec<_>) =
        blocks.iter().enumerate().partition(|(_, block)| !block.extra.contains_key(REASONING_ITEM));
    for (index, _) in items {
        let path = format!("{path}.thinking_blocks[{index}]");
        changes.note(NoteKind::Dropped, path, "encrypted by another vendor");
    }
    own
}

/// The details that the message has: in itself, or in its `provider_specific_fields`, from which they are taken.
fn said(message: &mut Message, path: &str, changes: &mut Changes<'_>) -> Option<Value> {
    let is_said =
        |details: &Value| !details.is_null() && details.as_array().is_none_or(|list| !list.is_empty());
    let kept = message.provider_specific_fields.get_mut().and_then(|fields| fields.shift_remove(NAME));
    if message.provider_specific_fields.get().is_some_and(llm_types::Extra::is_empty) {
        message.provider_specific_fields = Nullable::Absent;
    }
    let kept = kept.filter(is_said);
    let Some(said) = message.extra.get(NAME).filter(|details| is_said(details)) else { return kept };
    if kept.is_some_and(|kept| kept != *said) {
        let path = format!("{path}.provider_specific_fields.{NAME}");
        changes.note(NoteKind::Dropped, path, format!("`{NAME}` are said too and win"));
    }
    Some(said.clone())
}

/// A block of thinking as an element of `reasoning_details`.
fn detail(index: usize, block: &ThinkingBlock) -> Value {
    let format = block.extra.get("format").and_then(Value::as_str).unwrap_or("anthropic-claude-v1");
    match block.data.as_deref() {
        Some(data) => {
            json!({"type": "reasoning.encrypted", "data": data, "format": format, "index": index})
        }
        None => json!({
            "type": "reasoning.text",
            "text": block.thinking.as_deref().unwrap_or(""),
            "signature": block.signature.as_deref(),
            "format": format,
            "index": index,
        }),
    }
}

/// Members of a block that no detail says. Words may stand in several, as they came in pieces.
fn unsaid<'b>(block: &'b ThinkingBlock, details: &[Value]) -> Vec<&'b str> {
    let words = |names: &[&str]| -> String {
        details.iter().flat_map(|one| names.iter().filter_map(|name| one[*name].as_str())).collect()
    };
    let is_unsaid = |said: Option<&str>, names: &[&str]| {
        said.is_some_and(|said| !said.is_empty() && !words(names).contains(said))
    };
    let own = [
        ("thinking", is_unsaid(block.thinking.as_deref(), &["text", "summary"])),
        ("signature", is_unsaid(block.signature.as_deref(), &["signature"])),
        ("data", is_unsaid(block.data.as_deref(), &["data"])),
        ("cache_control", block.cache_control.is_value()),
    ];
    let own = own.into_iter().filter(|(_, is_unsaid)| *is_unsaid).map(|(name, _)| name);
    // A client numbers blocks to put pieces together.
    let is_usual = |name: &str| matches!(name, "format" | "index");
    let others = block.extra.iter().filter(|(name, value)| !is_usual(name) && !value.is_null());
    own.chain(others.map(|(name, _)| name.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use llm_provider_core::Call;
    use llm_types::from_value;

    use super::*;

    /// What the message says then, and what is told.
    fn replayed(message: Value) -> (Message, Vec<String>) {
        let mut message: Message = from_value(message).unwrap();
        let blocks = message.thinking_blocks.take().unwrap_or_default();
        let headers = HeaderMap::new();
        let mut changes = Changes::new(&Call::new("m", &headers));
        replay(&mut message, &blocks, "messages[0]", &mut changes);
        (message, changes.finish().unwrap().into_iter().map(|note| note.path).collect())
    }

    fn thought(words: &str, signature: &str) -> Value {
        json!({ "type": "thinking", "thinking": words, "signature": signature })
    }

    fn text(words: &str, signature: &Value) -> Value {
        json!({ "type": "reasoning.text", "text": words, "signature": signature, "format": "anthropic-claude-v1", "index": 0 })
    }

    #[test]
    fn blocks_become_details() {
        let mut odd = thought("a", "s");
        odd["mood"] = "good".into();
        odd["data"] = Value::Null;
        let sealed = json!({ "type": "redacted_thinking", "data": "d", "thinking": "b" });
        let item = json!({ "type": "thinking", "reasoning_item": {} });
        let (message, told) =
            replayed(json!({ "role": "assistant", "thinking_blocks": [odd, sealed, item] }));
        let sealed = json!({ "type": "reasoning.encrypted", "data": "d", "format": "anthropic-claude-v1", "index": 1 });
        assert_eq!(message.extra[NAME], json!([text("a", &json!("s")), sealed]));
        let places = ["thinking_blocks[2]", "thinking_blocks[0].mood", "thinking_blocks[1].thinking"];
        assert_eq!(told, places.map(|place| format!("messages[0].{place}")));
    }

    #[test]
    fn details_win_over_blocks_that_say_otherwise() {
        for place in ["message", "fields"] {
            let said = |blocks: Value, details: Value| {
                let mut message = json!({ "role": "assistant", "thinking_blocks": blocks });
                match place {
                    "message" => message[NAME] = details,
                    _ => message["provider_specific_fields"] = json!({ NAME: details }),
                }
                let (message, told) = replayed(message);
                assert!(message.provider_specific_fields.is_absent());
                (message.extra[NAME].clone(), told)
            };
            let details = json!([text("a", &Value::Null), text("b", &json!("s"))]);
            assert_eq!(said(json!([thought("ab", "s")]), details.clone()), (details.clone(), vec![]));
            assert_eq!(
                said(json!([thought("ac", "s"), thought("b", "t")]), details.clone()),
                (
                    details,
                    vec![
                        "messages[0].thinking_blocks[0].thinking".to_owned(),
                        "messages[0].thinking_blocks[1].signature".to_owned()
                    ]
                )
            );
        }
    }

    #[test]
    fn details_in_two_places() {
        let (one, other) = (json!([text("a", &Value::Null)]), json!([text("b", &Value::Null)]));
        let (message, told) = replayed(
            json!({ "role": "assistant", NAME: one, "provider_specific_fields": { NAME: other, "x": 1 } }),
        );
        assert_eq!(message.extra[NAME], one);
        assert_eq!(told, ["messages[0].provider_specific_fields.reasoning_details"]);
        assert!(message.provider_specific_fields.is_value(), "what else stands there is told elsewhere");
        let (message, told) =
            replayed(json!({ "role": "assistant", NAME: [], "provider_specific_fields": { NAME: other } }));
        assert_eq!((&message.extra[NAME], told.len()), (&other, 0));
    }
}
