//! Signatures of other vendors' thinking, wrapped so that they pass for Gemini's and are known again.
//!
//! Gemini's clients take signatures for bytes in base64, and may write them in the other alphabet of base64.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use llm_types::{Nullable, ThinkingBlock};

use crate::turn::{FORMAT, thinking_block};

const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);

/// What a wrapped signature begins with.
const SIGNED: &str = "other-vendor-signed:";

/// What wrapped thinking begins with that nobody can read.
const REDACTED: &str = "other-vendor-redacted:";

/// The signature of a block of thinking as Gemini's clients take it: Gemini's own as it is, another's wrapped.
pub(super) fn signature(block: &ThinkingBlock) -> Option<String> {
    if let Some(data) = block.data.get() {
        return Some(BASE64.encode(format!("{REDACTED}{data}")));
    }
    let signature = block.signature.get().filter(|signature| !signature.is_empty())?;
    let is_own = block.extra.get(FORMAT.0).is_some_and(|format| format == FORMAT.1);
    Some(if is_own { signature.clone() } else { BASE64.encode(format!("{SIGNED}{signature}")) })
}

/// The block of another vendor's that a thought stands for; `None` if it is Gemini's own.
pub(super) fn unwrap(text: &str, signature: &str) -> Option<ThinkingBlock> {
    let standard: String = signature
        .chars()
        .map(|letter| match letter {
            '-' => '+',
            '_' => '/',
            letter => letter,
        })
        .collect();
    let inside = String::from_utf8(BASE64.decode(standard).ok()?).ok()?;
    if let Some(data) = inside.strip_prefix(REDACTED) {
        let mut block = thinking_block("");
        block.r#type = "redacted_thinking".to_owned();
        block.thinking = Nullable::Absent;
        block.data = Nullable::Value(data.to_owned());
        return Some(block);
    }
    let signature = inside.strip_prefix(SIGNED)?;
    Some(ThinkingBlock { signature: Nullable::Value(signature.to_owned()), ..thinking_block(text) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_in_either_alphabet() {
        let mut block = thinking_block("why");
        block.signature = Nullable::Value("EqoB+/k==>>>???".to_owned());
        let wrapped = signature(&block).unwrap();
        assert_eq!(unwrap("why", &wrapped).unwrap(), block);
        let url_safe = wrapped.replace('+', "-").replace('/', "_");
        assert_eq!(unwrap("why", url_safe.trim_end_matches('=')).unwrap(), block);

        block.extra.insert(FORMAT.0.to_owned(), FORMAT.1.into());
        assert_eq!(signature(&block).unwrap(), "EqoB+/k==>>>???");
        assert!(unwrap("why", "CiIB0e2Kb6Syj1a961EfbWv4").is_none());
    }

    #[test]
    fn what_nobody_can_read() {
        let mut block = thinking_block("");
        block.r#type = "redacted_thinking".to_owned();
        block.thinking = Nullable::Absent;
        block.data = Nullable::Value("EmwKAh".to_owned());
        assert_eq!(unwrap("", &signature(&block).unwrap()).unwrap(), block);
        assert!(signature(&thinking_block("unsigned")).is_none());
    }
}
