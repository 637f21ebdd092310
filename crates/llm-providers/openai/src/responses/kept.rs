//! Items of thinking: those that this API's vendors made, and those that carry what must come back for others.
//!
//! Clients of the Responses API send items of thinking back as they came, as their vendors demand it. So signatures
//! of thinking and of calls, which this API has no place for, travel sealed as such an item's `encrypted_content`.

use llm_provider_core::{HostedCall, Kept};
use llm_types::{Extra, Nullable, ThinkingBlock};
use serde_json::Value;

use super::wire::{Item, ReasoningItem};
use super::{REASONING_ITEM, REASONING_VENDOR};

/// The item of thinking in a block that a Responses API made; `None` if it was made elsewhere.
pub(super) fn item_of(block: &ThinkingBlock) -> Option<ReasoningItem> {
    let item = block.extra.get(REASONING_ITEM)?;
    llm_types::from_value(item.clone()).ok()
}

/// Who made the item of thinking in a block, as far as it is known.
pub(super) fn vendor_of(block: &ThinkingBlock) -> Option<&str> {
    block.extra.get(REASONING_VENDOR).and_then(Value::as_str)
}

/// A block of thinking around an item. The item stands in it if it can go back: without the thinking itself its
/// vendor would look it up, and has not kept it.
pub(super) fn block_of(item: &ReasoningItem, vendor: Option<&str>) -> ThinkingBlock {
    let mut extra = Extra::new();
    if (item.encrypted_content.is_value() || item.content.is_value())
        && let Ok(item) = serde_json::to_value(item)
    {
        extra.insert(REASONING_ITEM.to_owned(), item);
        if let Some(vendor) = vendor {
            extra.insert(REASONING_VENDOR.to_owned(), vendor.into());
        }
    }
    ThinkingBlock { thinking: Nullable::Value(text_of(item)), extra, ..empty_block("thinking") }
}

/// Whether words are among those that were `told`, whatever space stands between them.
pub(super) fn tells(told: &str, words: &str) -> bool {
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    bare(told).contains(&bare(words))
}

/// Members of a block around an item that say something else than the item.
pub(super) fn beside_item<'b>(block: &'b ThinkingBlock, item: &ReasoningItem) -> Vec<&'b str> {
    // A client numbers blocks to put pieces together, and the format tells whose they are.
    const USUAL: [&str; 4] = [REASONING_ITEM, REASONING_VENDOR, "format", "index"];
    let own = [
        ("thinking", block.thinking.as_deref().is_some_and(|words| !tells(&text_of(item), words))),
        ("signature", block.signature.as_deref().is_some_and(|signature| !signature.is_empty())),
        ("data", block.data.is_value()),
        ("cache_control", block.cache_control.is_value()),
    ];
    let own = own.into_iter().filter(|(_, is_beside)| *is_beside).map(|(name, _)| name);
    let others =
        block.extra.iter().filter(|(name, value)| !USUAL.contains(&name.as_str()) && !value.is_null());
    own.chain(others.map(|(name, _)| name.as_str())).collect()
}

/// A block with nothing but its type.
pub(super) fn empty_block(kind: &str) -> ThinkingBlock {
    ThinkingBlock {
        r#type: kind.to_owned(),
        thinking: Nullable::Absent,
        signature: Nullable::Absent,
        data: Nullable::Absent,
        cache_control: Nullable::Absent,
        extra: Extra::new(),
    }
}

/// All words of an item of thinking.
pub(super) fn text_of(item: &ReasoningItem) -> String {
    let parts = item.summary.get().into_iter().chain(item.content.get()).flatten();
    let words: Vec<&str> = parts.filter_map(super::wire::Part::words).collect();
    words.join(super::BETWEEN)
}

/// What becomes of an item of thinking that goes to `vendor`.
#[derive(Debug, PartialEq)]
pub(super) enum Returned {
    /// It goes as it is.
    AsItIs,
    /// This goes in its place: what the vendor itself said.
    Restored(Box<ReasoningItem>),
    /// It stays: the vendor did not make it.
    Foreign,
}

/// Finds out what becomes of an item of thinking that goes to `vendor`.
pub(super) fn returned(item: &ReasoningItem, vendor: &str) -> Returned {
    let Some(content) = item.encrypted_content.as_deref().filter(|content| Kept::is_seal(content)) else {
        return Returned::AsItIs;
    };
    let block = Kept::open(content).and_then(|kept| kept.thinking);
    match block {
        Some(block) if vendor_of(&block).is_none_or(|made_by| made_by == vendor) => {
            item_of(&block).map_or(Returned::Foreign, |item| Returned::Restored(Box::new(item)))
        }
        _ => Returned::Foreign,
    }
}

/// Whether an item tells, in this API's words, what a tool of another vendor's did.
pub(super) fn is_told_for_another(item: &Item) -> bool {
    let id = match item {
        Item::WebSearchCall(call) => &call.id,
        Item::FileSearchCall(call) => &call.id,
        Item::CodeInterpreterCall(call) => &call.id,
        Item::McpCall(call) => &call.id,
        _ => return false,
    };
    id.as_deref().is_some_and(HostedCall::is_made)
}

/// Items as they go to `vendor`, and the places of those that stay.
pub(super) fn for_vendor(items: Vec<Item>, vendor: &str) -> (Vec<Item>, Vec<usize>) {
    let mut foreign = Vec::new();
    let items = items.into_iter().enumerate().filter_map(|(index, item)| match item {
        Item::Reasoning(item) => match returned(&item, vendor) {
            Returned::AsItIs => Some(Item::Reasoning(item)),
            Returned::Restored(item) => Some(Item::Reasoning(*item)),
            Returned::Foreign => {
                foreign.push(index);
                None
            }
        },
        item => Some(item),
    });
    let items = items.collect();
    (items, foreign)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed() -> ThinkingBlock {
        ThinkingBlock {
            thinking: Nullable::Value("Hm, \u{1F914} \"so\".".to_owned()),
            signature: Nullable::Value("c2ln==".to_owned()),
            ..empty_block("thinking")
        }
    }

    #[test]
    fn thinking_goes_back_to_whom_made_it() {
        let item = ReasoningItem {
            id: Nullable::Value("rs_1".to_owned()),
            encrypted_content: Nullable::Value("gAAAA".to_owned()),
            ..ReasoningItem::default()
        };
        assert_eq!(returned(&item, "openai"), Returned::AsItIs);
        let sealed = |block: ThinkingBlock| ReasoningItem {
            encrypted_content: Nullable::Value(Kept { thinking: Some(block), ..Kept::default() }.seal()),
            ..ReasoningItem::default()
        };
        let ours = sealed(block_of(&item, Some("openai")));
        assert_eq!(returned(&ours, "openai"), Returned::Restored(Box::new(item)));
        assert_eq!(returned(&ours, "xai"), Returned::Foreign);
        assert_eq!(returned(&sealed(signed()), "openai"), Returned::Foreign);
        let unsigned = ReasoningItem {
            encrypted_content: Nullable::Value(Kept::default().seal()),
            ..ReasoningItem::default()
        };
        assert_eq!(returned(&unsigned, "openai"), Returned::Foreign);
        let broken = ReasoningItem {
            encrypted_content: Nullable::Value("llmgw1.broken".to_owned()),
            ..ReasoningItem::default()
        };
        assert_eq!(returned(&broken, "openai"), Returned::Foreign);
    }
}
