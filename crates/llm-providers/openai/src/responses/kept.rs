//! [`Kept`]: what must come back for its vendor, inside the `encrypted_content` of an item of thinking.
//!
//! Clients of the Responses API send items of thinking back as they came, as their vendors demand it. So signatures
//! of thinking and of calls, which this API has no place for, travel as such an item's `encrypted_content`: a mark, and
//! JSON as base64. It is no secret: the client could read the same in any other dialect.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use llm_types::{Extra, Nullable, ThinkingBlock};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wire::{Item, ReasoningItem};
use super::{REASONING_ITEM, REASONING_VENDOR};

/// What our own content begins with.
const MARK: &str = "llmgw1.";

/// What must come back.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    /// A block of thinking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thinking: Option<ThinkingBlock>,
    /// Members of calls that only their vendor knows, by the calls' names.
    #[serde(skip_serializing_if = "Extra::is_empty")]
    pub(super) calls: Extra,
    /// Members of `provider_specific_fields`.
    #[serde(skip_serializing_if = "Extra::is_empty")]
    pub(super) fields: Extra,
}

impl Kept {
    /// As `encrypted_content`.
    pub(super) fn seal(&self) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        let mut text = MARK.to_owned();
        URL_SAFE_NO_PAD.encode_string(json, &mut text);
        text
    }

    /// Reads what [`Kept::seal`] wrote; `None` for content of a vendor's.
    pub(super) fn open(content: &str) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(content.strip_prefix(MARK)?).ok()?;
        serde_json::from_slice(&json).ok()
    }

    /// Whether there is nothing to keep.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether the content is ours, readable or not: no vendor takes it.
pub(super) fn is_ours(content: &str) -> bool {
    content.starts_with(MARK)
}

/// Where our own content may stand in a JSON text.
pub(super) const fn mark() -> &'static str {
    MARK
}

/// Members of a message's `provider_specific_fields` that their vendors need back: the message as they made it, or
/// what they signed of it. All others tell of the answer only.
pub(super) const GOES_BACK: &[&str] =
    &["content_blocks", "converse_content", "parts", "reasoning_details", "thought_signatures"];

/// Whether a member of `provider_specific_fields` must come back.
pub(super) fn goes_back(name: &str) -> bool {
    GOES_BACK.contains(&name)
}

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
    let Some(content) = item.encrypted_content.as_deref().filter(|content| is_ours(content)) else {
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
    use serde_json::json;

    use super::*;

    fn signed() -> ThinkingBlock {
        ThinkingBlock {
            thinking: Nullable::Value("Hm, \u{1F914} \"so\".".to_owned()),
            signature: Nullable::Value("c2ln==".to_owned()),
            ..empty_block("thinking")
        }
    }

    #[test]
    fn what_is_kept_comes_back() {
        let kept = Kept {
            thinking: Some(signed()),
            calls: Extra::from_iter([("call_1".to_owned(), json!({ "thought_signature": "x" }))]),
            fields: Extra::new(),
        };
        assert_eq!(Kept::open(&kept.seal()), Some(kept));
        for not_ours in ["", "gAAAA", "llmgw1.%", "llmgw1.AAAA"] {
            assert_eq!(Kept::open(not_ours), None, "{not_ours}");
        }
        assert!(Kept::default().is_empty());
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
        let broken = ReasoningItem {
            encrypted_content: Nullable::Value("llmgw1.broken".to_owned()),
            ..ReasoningItem::default()
        };
        assert_eq!(returned(&broken, "openai"), Returned::Foreign);
    }
}
