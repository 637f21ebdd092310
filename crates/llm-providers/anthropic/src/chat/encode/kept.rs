//! The model's own blocks, which an earlier answer left with the client.

use llm_provider_core::{is_same_call, is_signed_elsewhere, says_words};
use llm_types::{Extra, Message, ThinkingBlock as Thought, ToolCall};

use crate::wire::{ContentBlock, ToolUseBlock};

/// The model's own blocks, as an earlier answer gave them in `provider_specific_fields.content_blocks`. `None` where there
/// are none, and where the message says something else by now: then it is the message that counts.
pub(super) fn kept_blocks(message: &Message) -> Option<Vec<ContentBlock>> {
    let kept = message.provider_specific_fields.get()?.get("content_blocks")?;
    let blocks: Vec<ContentBlock> = llm_types::from_value(kept.clone()).ok()?;
    let is_same = !message.function_call.is_value()
        && !message.audio.is_value()
        && says_words(message.content.get(), &words(&blocks))
        && calls_same(&blocks, message.tool_calls.get().map(Vec::as_slice).unwrap_or_default())
        && thinks_same(&blocks, message.thinking_blocks.get().map(Vec::as_slice).unwrap_or_default());
    (!blocks.is_empty() && is_same).then_some(blocks)
}

/// What the blocks say in texts.
fn words(blocks: &[ContentBlock]) -> String {
    let texts = blocks.iter().filter_map(|block| match block {
        ContentBlock::Text(block) => Some(block.text.as_str()),
        _ => None,
    });
    texts.collect()
}

fn calls_same(blocks: &[ContentBlock], calls: &[ToolCall]) -> bool {
    let kept: Vec<&ToolUseBlock> = blocks
        .iter()
        .filter_map(|block| match block {
            ContentBlock::ToolUse(call) => Some(call),
            _ => None,
        })
        .collect();
    let is_same = |(kept, call): (&ToolUseBlock, &ToolCall)| {
        is_same_call(call, &kept.id, |name| name == kept.name, &kept.input)
    };
    kept.len() == calls.len() && kept.into_iter().zip(calls).all(is_same)
}

/// What a message says in members of its thinking and of its calls that its own blocks do not say, by its place in the
/// message.
pub(super) fn beside_blocks(blocks: &[ContentBlock], message: &Message) -> Vec<String> {
    let mut thoughts = blocks.iter().filter_map(|block| match block {
        ContentBlock::Thinking(block) => Some(&block.extra),
        ContentBlock::RedactedThinking(block) => Some(&block.extra),
        _ => None,
    });
    let mut places = Vec::new();
    for (number, thought) in message.thinking_blocks.get().into_iter().flatten().enumerate() {
        let path = format!("thinking_blocks[{number}]");
        if is_signed_elsewhere(thought, "anthropic") {
            places.push(path);
        } else {
            places.extend(unsaid(&thought.extra, thoughts.next()).map(|name| format!("{path}.{name}")));
        }
    }
    let mut calls = blocks.iter().filter_map(|block| match block {
        ContentBlock::ToolUse(call) => Some(&call.extra),
        _ => None,
    });
    for (number, call) in message.tool_calls.get().into_iter().flatten().enumerate() {
        let unsaid = unsaid(&call.extra, calls.next());
        places.extend(unsaid.map(|name| format!("tool_calls[{number}].{name}")));
    }
    places
}

/// The members that say something else than the kept ones. A block's `format` tells whose it is, and goes to nobody.
fn unsaid<'m>(members: &'m Extra, kept: Option<&Extra>) -> impl Iterator<Item = &'m str> {
    members
        .iter()
        .filter(move |(name, value)| {
            !value.is_null() && *name != "format" && kept.and_then(|kept| kept.get(*name)) != Some(*value)
        })
        .map(|(name, _)| name.as_str())
}

/// Thinking that the client left out says nothing, and that of other vendors stays here.
fn thinks_same(blocks: &[ContentBlock], thoughts: &[Thought]) -> bool {
    let kept: Vec<&ContentBlock> = blocks
        .iter()
        .filter(|block| matches!(block, ContentBlock::Thinking(_) | ContentBlock::RedactedThinking(_)))
        .collect();
    let thoughts: Vec<&Thought> =
        thoughts.iter().filter(|thought| !is_signed_elsewhere(thought, "anthropic")).collect();
    let is_same = |(kept, thought): (&ContentBlock, &Thought)| match kept {
        ContentBlock::Thinking(block) => {
            thought.thinking.as_deref().unwrap_or_default() == block.thinking
                && thought.signature.get() == block.signature.get()
        }
        ContentBlock::RedactedThinking(block) => thought.data.get() == Some(&block.data),
        _ => false,
    };
    thoughts.is_empty() || kept.len() == thoughts.len() && kept.into_iter().zip(thoughts).all(is_same)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn said() -> Value {
        json!({ "role": "assistant", "content": "A by 3.",
            "thinking_blocks": [{ "type": "thinking", "thinking": "a", "signature": "s" }],
            "tool_calls": [{ "id": "t", "type": "function", "function": { "name": "f", "arguments": "{ \"a\": 1 }" } }],
            "provider_specific_fields": { "content_blocks": [
                { "type": "thinking", "thinking": "a", "signature": "s" },
                { "type": "server_tool_use", "id": "u", "name": "web_search", "input": {} },
                { "type": "text", "text": "A " }, { "type": "text", "text": "by 3." },
                { "type": "tool_use", "id": "t", "name": "f", "input": { "a": 1 } }] } })
    }

    fn is_kept(change: impl Fn(&mut Value)) -> bool {
        let mut said = said();
        change(&mut said);
        kept_blocks(&llm_types::from_value(said).unwrap()).is_some()
    }

    #[test]
    fn what_says_the_same_goes_back() {
        assert!(is_kept(|_| {}));
        assert!(is_kept(|said| said["content"] = "A by 3.\n".into()));
        assert!(is_kept(|said| said["content"] = json!([{ "type": "text", "text": "A by 3." }])));
        assert!(is_kept(|said| said["thinking_blocks"] = Value::Null));
    }

    #[test]
    fn what_the_blocks_do_not_say_is_told() {
        let mut said = said();
        said["thinking_blocks"][0]["mood"] = "good".into();
        said["thinking_blocks"][0]["format"] = "anthropic-claude-v1".into();
        said["tool_calls"][0]["caller"] = json!({ "type": "direct" });
        said["provider_specific_fields"]["content_blocks"][4]["caller"] = json!({ "type": "direct" });
        said["tool_calls"][0]["weight"] = 2.into();
        let message: Message = llm_types::from_value(said).unwrap();
        let blocks = kept_blocks(&message).unwrap();
        assert_eq!(beside_blocks(&blocks, &message), ["thinking_blocks[0].mood", "tool_calls[0].weight"]);
    }

    #[test]
    fn a_message_that_was_changed_counts_itself() {
        assert!(!is_kept(|said| said["content"] = "B by 3.".into()));
        assert!(!is_kept(|said| said["content"] = Value::Null));
        assert!(!is_kept(|said| said["content"] = json!([{ "type": "text", "text": "A by 3." },
            { "type": "image_url", "image_url": { "url": "https://a.example/b.png" } }])));
        assert!(!is_kept(|said| said["tool_calls"] = Value::Null));
        assert!(!is_kept(|said| said["tool_calls"][0]["id"] = "other".into()));
        assert!(!is_kept(|said| said["tool_calls"][0]["function"]["name"] = "g".into()));
        assert!(!is_kept(|said| said["tool_calls"][0]["function"]["arguments"] = "{}".into()));
        assert!(!is_kept(|said| said["thinking_blocks"][0]["signature"] = "other".into()));
        assert!(!is_kept(|said| said["function_call"] = json!({ "name": "f" })));
        assert!(!is_kept(|said| said["provider_specific_fields"]["content_blocks"] = json!([])));
    }
}
