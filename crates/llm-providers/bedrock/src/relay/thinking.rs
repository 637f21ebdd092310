//! Thinking in a history that passes through, and that the model would refuse: another vendor's, or without the
//! signature that it wants.

use std::sync::LazyLock;

use llm_provider_core::{Edit, Kept, Peek, Sifted, sift};
use memchr::memmem::Finder;

use crate::converse::encode::is_signed;
use crate::model::Model;
use crate::wire::ReasoningContent;

static IN_HISTORY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"reasoningContent\""));

/// A block, if it is thinking.
#[derive(serde::Deserialize)]
struct Thinking {
    #[serde(rename = "reasoningContent")]
    thought: ReasoningContent,
}

/// The edits that leave such thinking out. A history without thinking is searched and not read.
pub(super) fn edits(peek: &Peek<'_>, model: &Model<'_>) -> Vec<Edit> {
    let messages = peek.raw("messages").unwrap_or_default();
    if IN_HISTORY.find(messages.as_bytes()).is_none() {
        return Vec::new();
    }
    let mut edits = Vec::new();
    let sifted = sift(messages, "content", |message, block, json| match fault(json, model) {
        Some(reason) => {
            // A member of this name does not exist, so that the edit is a note and nothing more.
            let name = format!("messages[{message}].content[{block}]").into();
            edits.push(Edit::Remove { name, reason: reason.into() });
            Sifted::Left
        }
        None => Sifted::Kept,
    });
    edits.extend(sifted.map(|json| Edit::Set { name: "messages".into(), json }));
    edits
}

/// Why the model would refuse a block; `None` if it is not thinking, or may be its own.
fn fault(json: &str, model: &Model<'_>) -> Option<&'static str> {
    if !json.contains("\"reasoningContent\"") {
        return None;
    }
    let Thinking { thought } = serde_json::from_str(json).ok()?;
    let signature = thought.reasoning_text.get().and_then(|text| text.signature.as_deref());
    if signature.is_some_and(Kept::is_seal) {
        return Some("another vendor's thinking");
    }
    let wants_signature = model.takes_thinking(true);
    (wants_signature && !is_signed(&thought)).then_some("this model takes back signed thinking only")
}
