//! Thinking in a history that passes through, and that Anthropic would refuse: unsigned, or another vendor's; what other
//! vendors' tools did; and pages that other vendors named.
//!
//! Source: Anthropic docs, "Extended thinking": a block comes back with the signature that Anthropic gave it, or the
//! request is refused; read 2026-11.

use std::borrow::Cow;
use std::sync::LazyLock;

use llm_provider_core::{Edit, HostedCall, Kept, Peek, Sifted, sift};
use memchr::memmem::Finder;
use serde::Deserialize;

use crate::ingress::{cited, hosted};
use crate::wire::ContentBlock;

/// What is in every block of thinking, redacted or not. Inside a text a quotation mark is escaped.
const THINKING: &str = "thinking\"";

static IN_HISTORY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(THINKING));

/// What is in every text that rests on pages.
const CITED: &str = "encrypted_index\"";

static CITED_IN_HISTORY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(CITED));

/// As much of a block as tells who made it.
#[derive(Deserialize)]
struct Block<'a> {
    #[serde(borrow, default)]
    r#type: Cow<'a, str>,
    #[serde(borrow, default)]
    signature: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    data: Option<Cow<'a, str>>,
}

/// The edits that leave such thinking out. A history without thinking is searched and not read.
pub(super) fn edits(peek: &Peek<'_>) -> Vec<Edit> {
    let messages = peek.raw("messages").unwrap_or_default();
    if IN_HISTORY.find(messages.as_bytes()).is_none()
        && CITED_IN_HISTORY.find(messages.as_bytes()).is_none()
        && !HostedCall::may_be_in(messages)
    {
        return Vec::new();
    }
    let mut edits = Vec::new();
    let sifted = sift(messages, "content", |message, block, json| match fault(json) {
        Some(reason) => {
            // A member of this name does not exist, so that the edit is a note and nothing more.
            let name = format!("messages[{message}].content[{block}]").into();
            edits.push(Edit::Remove { name, reason: reason.into() });
            Sifted::Left
        }
        None => without_others_pages(json).map_or(Sifted::Kept, Sifted::Changed),
    });
    edits.extend(sifted.map(|json| Edit::Set { name: "messages".into(), json }));
    edits
}

/// Why Anthropic would refuse a block; `None` if it may be its own, or is neither thinking nor a call.
fn fault(json: &str) -> Option<&'static str> {
    if HostedCall::may_be_in(json)
        && let Ok(block) = serde_json::from_str::<ContentBlock>(json)
        && hosted::is_told_for_another(&block)
    {
        return Some("another vendor's tool ran it");
    }
    if !json.contains(THINKING) {
        return None;
    }
    let block: Block<'_> = serde_json::from_str(json).ok()?;
    let proof = match &*block.r#type {
        "thinking" => block.signature,
        "redacted_thinking" => block.data,
        _ => return None,
    };
    match proof.as_deref() {
        None | Some("") => Some("Anthropic takes back signed thinking only"),
        Some(proof) if Kept::is_seal(proof) => Some("another vendor's thinking"),
        Some(_) => None,
    }
}

/// A text without the pages that other vendors named, which are nothing to Anthropic; `None` if it has none.
fn without_others_pages(json: &str) -> Option<String> {
    if !json.contains(CITED) {
        return None;
    }
    let ContentBlock::Text(mut block) = serde_json::from_str(json).ok()? else { return None };
    let told = block.citations.get()?.len();
    cited::without_others(&mut block);
    if block.citations.get().map_or(0, Vec::len) == told {
        return None;
    }
    serde_json::to_string(&ContentBlock::Text(block)).ok()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use llm_provider_core::apply;
    use serde_json::{Value, json};

    use super::*;

    /// The body that is sent, and what is noted.
    fn passed(body: &str) -> (String, Vec<String>) {
        let bytes = Bytes::from(body.to_owned());
        let peek = Peek::new(&bytes).unwrap();
        let edits = edits(&peek);
        let notes = edits.iter().filter_map(Edit::note).map(|note| note.to_string()).collect();
        (String::from_utf8(apply(&bytes, &peek, &edits).to_vec()).unwrap(), notes)
    }

    #[test]
    fn anthropics_own_passes_as_it_is() {
        for body in [
            r#"{"model": "m", "thinking": {"type": "enabled"}, "messages": [ {"role": "user", "content": "\"thinking\""} ]}"#,
            r#"{"messages": [{"role": "assistant", "content": [ {"type": "thinking", "thinking": "", "signature": "EqQB"},
                {"type": "redacted_thinking", "data": "Emw"}, {"type": "text", "text": "of \"thinking\""},
                {"type": "tool_use", "id": "t", "name": "thinking", "input": {"thinking": 1e2}} ]}]}"#,
            r#"{"messages": "thinking"}"#,
            r#"{"messages": [{"content": [{"type": "thinking", "signature": 1}, "thinking"]}]}"#,
        ] {
            assert_eq!(passed(body), (body.to_owned(), Vec::new()));
        }
    }

    #[test]
    fn pages_that_others_named_are_left_out() {
        let page = |index: &str| {
            json!({ "type": "web_search_result_location", "cited_text": "", "url": "https://a", "title": "A",
                "encrypted_index": index })
        };
        let seal = Kept::default().seal();
        let said = |citations: Value| {
            json!({ "messages": [{ "role": "assistant",
                "content": [{ "type": "text", "text": "a", "citations": citations }] }] })
            .to_string()
        };
        let mixed = said(json!([page(&seal), page("Eo8B")]));
        assert_eq!(passed(&mixed).0, said(json!([page("Eo8B")])));
        let bare =
            json!({ "messages": [{ "role": "assistant", "content": [{ "type": "text", "text": "a" }] }] });
        assert_eq!(passed(&said(json!([page(&seal)]))).0, bare.to_string());
        let own = said(json!([page("Eo8B")]));
        assert_eq!(passed(&own), (own, Vec::new()));
    }

    #[test]
    fn what_others_thought_is_left_out() {
        let seal = Kept::default().seal();
        let thought =
            |signature: Value| json!({ "type": "thinking", "thinking": "Hm.", "signature": signature });
        let own = thought("EqQB".into());
        let text = json!({ "type": "text", "text": "a" });
        let body = json!({
            "model": "m",
            "messages": [
                { "role": "user", "content": "a" },
                { "role": "assistant", "content": [thought("".into()), own, thought(seal.as_str().into()), text] },
                { "role": "assistant", "content": [thought(Value::Null), { "type": "redacted_thinking", "data": seal }] },
                { "role": "user", "content": [text] },
            ],
            "max_tokens": 9,
        });
        let (sent, notes) = passed(&body.to_string());
        let expected = json!({
            "model": "m",
            "messages": [
                { "role": "user", "content": "a" },
                { "role": "assistant", "content": [own, text] },
                { "role": "user", "content": [text] },
            ],
            "max_tokens": 9,
        });
        assert_eq!(sent, expected.to_string());
        let unsigned = "Anthropic takes back signed thinking only";
        let sealed = "another vendor's thinking";
        assert_eq!(
            notes,
            [
                format!("dropped messages[1].content[0]: {unsigned}"),
                format!("dropped messages[1].content[2]: {sealed}"),
                format!("dropped messages[2].content[0]: {unsigned}"),
                format!("dropped messages[2].content[1]: {sealed}"),
            ]
        );
    }
}
