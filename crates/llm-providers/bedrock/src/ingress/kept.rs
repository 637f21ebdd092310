//! What must come back and Converse has no place for, sealed into thinking that clients return unread.
//!
//! Another vendor's thinking is a block whose signature is the seal. What belongs to a call or to the whole message is a
//! block of its own, with a signature and no text.
//!
//! Source: Amazon Bedrock API reference, "ReasoningTextBlock": text and signature go back unchanged, read 2026-11.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use llm_provider_core::{Kept, is_signed_elsewhere};
use llm_types::{Extra, ThinkingBlock};

use crate::wire::ReasoningContent;

/// Whether a block says all that it says in Converse's words.
pub(super) fn is_own(block: &ThinkingBlock) -> bool {
    let is_known = match block.r#type.as_str() {
        "thinking" => true,
        // Bytes on this wire: the SDKs fail on what is no base64.
        "redacted_thinking" => block.data.as_deref().is_some_and(|data| STANDARD.decode(data).is_ok()),
        _ => false,
    };
    is_known && members(&block.extra).is_empty()
}

/// Whether nothing more can come of a block.
pub(super) fn is_signed(block: &ThinkingBlock) -> bool {
    block.signature.as_deref().is_some_and(|signature| !signature.is_empty())
        || is_signed_elsewhere(block, "anthropic")
}

/// A block that is not Converse's own, sealed. The text of thinking stands beside it.
pub(super) fn sealed(block: &ThinkingBlock) -> Kept {
    let block = ThinkingBlock { extra: members(&block.extra), ..block.clone() };
    match block.r#type.as_str() {
        "thinking" => Kept::of_thinking(block),
        _ => Kept { thinking: Some(block), ..Kept::default() },
    }
}

/// Members, but for numbers: those help in putting pieces together.
pub(super) fn members(extra: &Extra) -> Extra {
    let members = extra.iter().filter(|(name, _)| *name != "index");
    members.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What a block that a client returns holds sealed; `None` if it is no such block, and `Some(None)` if it was changed.
pub(super) fn unsealed(thought: &ReasoningContent) -> Option<Option<Kept>> {
    let signature = thought.reasoning_text.get()?.signature.as_deref()?;
    Kept::is_seal(signature).then(|| Kept::open(signature))
}
