//! What must come back and Messages have no place for, sealed into thinking that clients return unread.
//!
//! Another vendor's thinking is a block of thinking whose signature is the seal. What belongs to a call or to the whole
//! message is a block of redacted thinking: clients show nothing of it, and are told to send it back as it is.
//!
//! Source: Anthropic docs, "Extended thinking": thinking and redacted thinking go back complete and unmodified, read
//! 2026-11.

use std::borrow::Cow;

use llm_provider_core::{Kept, is_signed_elsewhere};
use llm_types::{Extra, ThinkingBlock, ToolCall};

use crate::chat::CALLER;
use crate::wire::ContentBlock;

/// Whether a block says all that it says in Anthropic's words, and none of it is another vendor's.
pub(super) fn is_own(block: &ThinkingBlock) -> bool {
    let is_whole = match block.r#type.as_str() {
        "thinking" => is_signed(block) || members(block).next().is_none(),
        "redacted_thinking" => block.data.is_value(),
        _ => false,
    };
    is_whole && !is_signed_elsewhere(block, "anthropic")
}

pub(super) fn is_signed(block: &ThinkingBlock) -> bool {
    block.signature.as_deref().is_some_and(|signature| !signature.is_empty())
}

/// Members of a block that only its vendor knows. Numbers are a client's help in putting pieces together.
pub(super) fn members(block: &ThinkingBlock) -> impl Iterator<Item = (String, serde_json::Value)> {
    let members = block.extra.iter().filter(|(name, _)| *name != "index");
    members.map(|(name, value)| (name.clone(), value.clone()))
}

/// The signature of a block of thinking, whose text the client sees: its own, or the block sealed.
pub(super) fn signature(block: &ThinkingBlock) -> Cow<'_, str> {
    if is_own(block) {
        return block.signature.as_deref().unwrap_or_default().into();
    }
    let extra = members(block).collect();
    Kept::of_thinking(ThinkingBlock { extra, ..block.clone() }).seal().into()
}

/// Members of a call that only its vendor knows.
pub(super) fn members_of(call: &ToolCall) -> Extra {
    let members = call.extra.iter().filter(|(name, value)| *name != CALLER && !value.is_null());
    members.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What a block that a client returns holds sealed; `None` if it is no such block, and `Some(None)` if it was changed.
pub(super) fn unsealed(block: &ContentBlock) -> Option<Option<Kept>> {
    let text = match block {
        ContentBlock::Thinking(block) => block.signature.as_deref()?,
        ContentBlock::RedactedThinking(block) => block.data.as_str(),
        _ => return None,
    };
    Kept::is_seal(text).then(|| Kept::open(text))
}
