//! A block that came in one piece, told as Anthropic streams it.
//!
//! Source: Anthropic API docs, "Streaming messages" and "Compaction", read 2026-11.

use llm_types::Extra;
use serde_json::Value;

use super::events::Delta;

/// A block as it begins, and what is added to it.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) start: Extra,
    rest: Rest,
}

#[derive(Debug)]
enum Rest {
    Nothing,
    /// The input of a call that runs at the vendor, as JSON text.
    Input(String),
    /// What a long conversation was compacted into.
    Summary(Extra),
}

impl Whole {
    /// Takes the input out of a call, and the summary out of a compaction; others begin as they are.
    pub(super) fn new(mut block: Extra) -> Self {
        let kind = block.get("type").and_then(Value::as_str).unwrap_or_default();
        let rest = if kind == "compaction" {
            let summary = block.iter().filter(|(name, _)| *name != "type");
            let summary = summary.map(|(name, value)| (name.clone(), value.clone())).collect();
            block.insert("content".to_owned(), Value::Null);
            Rest::Summary(summary)
        } else if kind.ends_with("tool_use")
            && let Some(input @ Value::Object(_)) = block.get_mut("input")
        {
            let text = input.to_string();
            *input = Value::Object(Extra::new());
            Rest::Input(text)
        } else {
            Rest::Nothing
        };
        Self { start: block, rest }
    }

    pub(super) fn delta(&self) -> Option<Delta<'_>> {
        match &self.rest {
            Rest::Nothing => None,
            Rest::Input(text) => Some(Delta::InputJson { partial_json: text }),
            Rest::Summary(summary) => Some(Delta::Compaction(summary)),
        }
    }
}
