//! Claude's betas, of which Bedrock refuses those that it does not know.
//!
//! Source: Anthropic docs, "Beta headers" and "Claude in Amazon Bedrock", and Amazon Bedrock User Guide, "Anthropic
//! Claude Messages API", read 2026-11. A beta that is in none of these pages passes.

use llm_provider_core::{Note, NoteKind};
use llm_types::Extra;
use serde_json::Value;

use crate::model::Door;

/// Betas that Bedrock answers with an error, whichever door is taken.
const REFUSED: &[&str] = &[
    "advisor-tool-2026-03-01",
    "claude-code-20250219",
    "code-execution-2025-08-25",
    "compact-2026-09-04",
    "fast-mode-2026-02-01",
    "files-api-2025-04-14",
    "inline-tools-2026-09-15",
    "mcp-client-2025-04-04",
    "mcp-client-2025-11-20",
    "mcp-servers-2025-12-04",
    "oauth-2025-04-20",
    "output-128k-2025-02-19",
    "per-turn-control-2026-07-01",
    "prompt-caching-scope-2026-01-05",
    "skills-2025-10-02",
    "structured-output-2024-03-01",
    "token-efficient-tools-2025-02-19",
    "web-fetch-2025-09-10",
    "web-search-2025-03-05",
];

/// Betas that the Messages door knows and Converse refuses.
const NOT_IN_CONVERSE: &[&str] = &[
    "advanced-tool-use-2025-11-20",
    "compact-2026-01-12",
    "context-management-2025-06-27",
    "dangerous-tool-use-2026-09-03",
    "tool-search-tool-2025-10-19",
];

/// Betas that have another name here.
const RENAMED: &[(&str, &str)] = &[("advanced-tool-use-2025-11-20", "tool-search-tool-2025-10-19")];

/// Adds those that Bedrock knows to the model's own words.
pub(crate) fn add<'a>(
    betas: impl IntoIterator<Item = &'a str>,
    door: Door,
    own: &mut Extra,
    notes: &mut Vec<Note>,
) {
    let mut taken: Vec<Value> = match own.get("anthropic_beta") {
        Some(Value::Array(betas)) => betas.clone(),
        _ => Vec::new(),
    };
    for beta in betas {
        let beta = beta.trim();
        if beta.is_empty() {
            continue;
        }
        if REFUSED.contains(&beta) || (door == Door::Converse && NOT_IN_CONVERSE.contains(&beta)) {
            notes.push(Note::dropped("anthropic_beta", format!("Bedrock does not know `{beta}`")));
            continue;
        }
        let renamed = RENAMED.iter().find(|(name, _)| *name == beta).map(|(_, name)| *name);
        if let Some(renamed) = renamed {
            notes.push(Note::new(NoteKind::Renamed, "anthropic_beta", format!("`{beta}` to `{renamed}`")));
        }
        let beta = Value::from(renamed.unwrap_or(beta));
        if !taken.contains(&beta) {
            taken.push(beta);
        }
    }
    if !taken.is_empty() {
        own.insert("anthropic_beta".to_owned(), Value::Array(taken));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_door_knows_its_own() {
        let betas = [
            "context-1m-2025-08-07",
            " context-management-2025-06-27",
            "files-api-2025-04-14",
            "context-1m-2025-08-07",
            "new-2027",
            "advanced-tool-use-2025-11-20",
        ];
        let of = |door| {
            let (mut own, mut notes) = (Extra::new(), Vec::new());
            add(betas, door, &mut own, &mut notes);
            (own["anthropic_beta"].to_string(), notes.len())
        };
        assert_eq!(of(Door::Converse), (r#"["context-1m-2025-08-07","new-2027"]"#.to_owned(), 3));
        assert_eq!(
            of(Door::Invoke),
            (
                r#"["context-1m-2025-08-07","context-management-2025-06-27","new-2027","tool-search-tool-2025-10-19"]"#
                    .to_owned(),
                2
            )
        );
    }
}
