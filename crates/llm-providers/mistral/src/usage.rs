//! Cached tokens, which Mistral's servers tell in three ways: `num_cached_tokens`, `prompt_tokens_details`, and
//! `prompt_token_details`, which is the second misspelled.

use std::borrow::Cow;

use memchr::memmem;

const ODD: &[u8] = b"\"prompt_token_details\":";
const USUAL: &[u8] = b"\"prompt_tokens_details\":";

/// The JSON text with the usual spelling. A quotation mark inside a text is escaped, so only a member's name is found; where
/// both spellings stand, the usual one counts.
pub(crate) fn mended(json: &[u8]) -> Cow<'_, [u8]> {
    let Some(at) = memmem::find(json, ODD) else { return json.into() };
    if memmem::find(json, USUAL).is_some() {
        return json.into();
    }
    let mut out = Vec::with_capacity(json.len() + 1);
    out.extend_from_slice(&json[..at]);
    out.extend_from_slice(USUAL);
    out.extend_from_slice(&json[at + ODD.len()..]);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling() {
        assert_eq!(&*mended(br#"{"prompt_token_details":{}}"#), br#"{"prompt_tokens_details":{}}"#);
        for same in [
            r#"{"prompt_tokens_details":{}}"#,
            r#"{"prompt_tokens_details":{},"prompt_token_details":{}}"#,
            r#"{"text":"\"prompt_token_details\":"}"#,
            "",
        ] {
            assert!(matches!(mended(same.as_bytes()), Cow::Borrowed(_)), "{same}");
        }
    }
}
