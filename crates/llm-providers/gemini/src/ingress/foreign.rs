//! What other vendors must have back, sealed so that it passes for Gemini's signatures and is known again.
//!
//! Gemini's clients take signatures for bytes in base64, and may write them in the other alphabet of base64.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use llm_provider_core::{Kept, members_of};
use llm_types::{Extra, Nullable, ThinkingBlock, ToolCall};

use crate::turn::{FORMAT, signature_of};
use crate::wire::Part;

const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);

/// What is kept, as Gemini's clients take a signature.
pub(crate) fn seal(kept: &Kept) -> String {
    BASE64.encode(kept.seal_bytes())
}

/// What a signature holds sealed; `None` if it is Gemini's own, and `Some(None)` if it was changed.
pub(super) fn unsealed(signature: &str) -> Option<Option<Kept>> {
    if !Kept::is_seal_in_base64(signature) {
        return None;
    }
    let standard: Cow<'_, str> = match signature.contains(['-', '_']) {
        true => signature.replace('-', "+").replace('_', "/").into(),
        false => signature.into(),
    };
    Some(BASE64.decode(&*standard).ok().as_deref().and_then(Kept::open_bytes))
}

/// The signature of a block of thinking as Gemini's clients take it: Gemini's own as it is, another's block sealed.
pub(super) fn signature(block: &ThinkingBlock) -> Option<String> {
    let signature = block.signature.get().filter(|signature| !signature.is_empty());
    if block.extra.get(FORMAT.0).is_some_and(|format| format == FORMAT.1) {
        return signature.cloned();
    }
    // Numbers are a client's help in putting pieces together.
    let extra = block.extra.iter().filter(|(name, _)| *name != "index");
    let extra: Extra = extra.map(|(name, value)| (name.clone(), value.clone())).collect();
    let is_bare = signature.is_none() && !block.data.is_value() && extra.is_empty();
    if is_bare && block.r#type == "thinking" {
        return None;
    }
    let block = ThinkingBlock { extra, ..block.clone() };
    Some(seal(&match block.r#type.as_str() {
        "thinking" => Kept::of_thinking(block),
        _ => Kept { thinking: Some(block), ..Kept::default() },
    }))
}

/// The signature of a call: Gemini's own, or what another vendor alone knows of it, sealed.
pub(super) fn signature_of_call(call: &ToolCall) -> Option<String> {
    if let Some(own) = signature_of(call) {
        return Some(own.to_owned());
    }
    let members = members_of(call);
    let id = call.id.as_deref().unwrap_or_default();
    (!members.is_empty()).then(|| seal(&Kept::of_call(id, members)))
}

/// A part that holds nothing but what must come back: Gemini's models sign so at the end of a stream.
///
/// Source: Gemini API docs, "Thought signatures": a signature may come in a part with empty text, read 2026-11.
pub(super) fn carrier(kept: &Kept) -> Part {
    Part { thought_signature: Nullable::Value(seal(kept)), ..Part::text("") }
}

/// The block of another vendor's that a thought stands for, with the thought's text.
pub(super) fn block(kept: Kept, text: &str) -> Option<ThinkingBlock> {
    let block = kept.thinking?;
    Some(match block.r#type.as_str() {
        "thinking" if !block.thinking.is_value() => {
            ThinkingBlock { thinking: Nullable::Value(text.to_owned()), ..block }
        }
        _ => block,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turn::thinking_block;

    fn unwrapped(text: &str, signature: &str) -> Option<ThinkingBlock> {
        block(unsealed(signature)??, text)
    }

    #[test]
    fn there_and_back_in_either_alphabet() {
        let mut block = thinking_block("why");
        block.signature = Nullable::Value("EqoB+/k==>>>???~~~".to_owned());
        let sealed = signature(&block).unwrap();
        assert_eq!(unwrapped("why", &sealed).unwrap(), block);
        let url_safe = sealed.replace('+', "-").replace('/', "_");
        assert_eq!(unwrapped("why", url_safe.trim_end_matches('=')).unwrap(), block);

        block.extra.insert(FORMAT.0.to_owned(), FORMAT.1.into());
        assert_eq!(signature(&block).unwrap(), "EqoB+/k==>>>???~~~");
        assert!(unsealed("CiIB0e2Kb6Syj1a961EfbWv4").is_none());
        assert_eq!(unsealed(&sealed[..sealed.len() / 2]), Some(None), "cut off");
    }

    #[test]
    fn what_nobody_can_read() {
        let mut block = thinking_block("");
        block.r#type = "redacted_thinking".to_owned();
        block.thinking = Nullable::Absent;
        block.data = Nullable::Value("EmwKAh".to_owned());
        assert_eq!(unwrapped("", &signature(&block).unwrap()).unwrap(), block);
        assert!(signature(&thinking_block("unsigned")).is_none());
    }
}
