//! The model's own blocks, which an earlier answer left with the client.

use llm_provider_core::{is_same_call, says_words};
use llm_types::{Message, ToolCall};

use super::tools::spec_name;
use crate::converse::KEPT;
use crate::wire::{ContentBlock, ToolUseBlock};

/// The model's own blocks, as an earlier answer gave them. `None` where there are none, and where the message says something
/// else by now: then it is the message that counts.
pub(super) fn kept_blocks(message: &Message) -> Option<Vec<ContentBlock>> {
    let kept = message.provider_specific_fields.get()?.get(KEPT)?;
    let blocks: Vec<ContentBlock> = llm_types::from_value(kept.clone()).ok()?;
    let is_same = !message.function_call.is_value()
        && !message.audio.is_value()
        && says_words(message.content.get(), &words(&blocks))
        && calls_same(&blocks, message.tool_calls.get().map(Vec::as_slice).unwrap_or_default());
    (!blocks.is_empty() && is_same).then_some(blocks)
}

/// What the blocks say in texts.
fn words(blocks: &[ContentBlock]) -> String {
    let texts = blocks.iter().filter_map(|block| match block {
        ContentBlock::Text(text) => Some(text.clone()),
        ContentBlock::Citations(cited) => Some(cited.text()),
        _ => None,
    });
    texts.collect()
}

fn calls_same(blocks: &[ContentBlock], calls: &[ToolCall]) -> bool {
    let kept: Vec<&ToolUseBlock> = blocks
        .iter()
        .filter_map(|block| match block {
            ContentBlock::ToolUse(call) if !call.runs_at_bedrock() => Some(call),
            _ => None,
        })
        .collect();
    let is_same = |(kept, call): (&ToolUseBlock, &ToolCall)| {
        is_same_call(call, &kept.tool_use_id, |name| spec_name(name) == kept.name, &kept.input)
    };
    kept.len() == calls.len() && kept.into_iter().zip(calls).all(is_same)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn is_kept(change: impl Fn(&mut Value)) -> bool {
        let mut said = json!({ "role": "assistant", "content": "A by 3.",
            "tool_calls": [{ "id": "t", "type": "function", "function": { "name": "f", "arguments": "{ \"a\": 1 }" } }],
            "provider_specific_fields": { KEPT: [
                { "toolUse": { "toolUseId": "u", "name": "nova_grounding", "input": {}, "type": "server_tool_use" } },
                { "text": "A " }, { "citationsContent": { "content": [{ "text": "by 3." }] } },
                { "toolUse": { "toolUseId": "t", "name": "f", "input": { "a": 1 } } }] } });
        change(&mut said);
        kept_blocks(&llm_types::from_value(said).unwrap()).is_some()
    }

    #[test]
    fn what_says_the_same_goes_back() {
        assert!(is_kept(|_| {}));
        assert!(is_kept(|said| said["content"] = json!([{ "type": "text", "text": "A by 3." }])));
    }

    #[test]
    fn a_message_that_was_changed_counts_itself() {
        assert!(!is_kept(|said| said["content"] = "B by 3.".into()));
        assert!(!is_kept(|said| said["tool_calls"] = Value::Null));
        assert!(!is_kept(|said| said["tool_calls"][0]["id"] = "other".into()));
        assert!(!is_kept(|said| said["tool_calls"][0]["function"]["name"] = "g".into()));
        assert!(!is_kept(|said| said["tool_calls"][0]["function"]["arguments"] = "{}".into()));
        assert!(!is_kept(|said| said["function_call"] = json!({ "name": "f" })));
        assert!(!is_kept(|said| said["provider_specific_fields"][KEPT] = json!([])));
    }
}
