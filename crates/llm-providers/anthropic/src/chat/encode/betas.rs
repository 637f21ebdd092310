//! The betas that a request needs by what it uses.
//!
//! Source: Anthropic docs, "Beta headers" and the page of each feature (platform.claude.com/docs), read 2026-11.

use serde_json::Value;

use crate::wire::{Content, ContentBlock, InputMessage, MessagesRequest, Source};

const FILES: &str = "files-api-2025-04-14";

/// Tools that are known under a beta only.
const TOOLS: &[(&str, &str)] = &[
    ("computer_20241022", "computer-use-2024-10-22"),
    ("computer_20250124", "computer-use-2025-01-24"),
    ("computer_20251124", "computer-use-2025-11-24"),
    ("mcp_toolset", "mcp-client-2025-11-20"),
    ("advisor_20260301", "advisor-tool-2026-03-01"),
];

/// Adds what `wire` needs.
pub(super) fn add(wire: &MessagesRequest, betas: &mut Vec<String>) {
    let mut need = |beta: &str| {
        if !betas.iter().any(|known| known == beta) {
            betas.push(beta.to_owned());
        }
    };
    if wire.messages.iter().any(uses_files) {
        need(FILES);
    }
    let mut has_toolset = false;
    for tool in wire.tools.get().into_iter().flatten() {
        let kind = tool.r#type.as_deref().unwrap_or_default();
        has_toolset |= kind == "mcp_toolset";
        for (_, beta) in TOOLS.iter().filter(|(name, _)| *name == kind) {
            need(beta);
        }
    }
    // Servers that name their tools themselves are the older form.
    if wire.mcp_servers.get().is_some_and(|servers| !is_empty(servers)) && !has_toolset {
        need("mcp-client-2025-04-04");
    }
    if let Some(edits) = wire.context_management.get().and_then(|management| management.get("edits")) {
        for edit in edits.as_array().into_iter().flatten() {
            let kind = edit.get("type").and_then(Value::as_str).unwrap_or_default();
            need(if kind.starts_with("compact_") {
                "compact-2026-01-12"
            } else {
                "context-management-2025-06-27"
            });
        }
    }
    if wire.container.get().and_then(|container| container.get("skills")).is_some() {
        need("code-execution-2025-08-25");
        need("skills-2025-10-02");
    }
    if wire.speed.as_deref() == Some("fast") {
        need("fast-mode-2026-02-01");
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_none_or(Vec::is_empty)
}

fn uses_files(message: &InputMessage) -> bool {
    any_file(&message.content)
}

fn any_file(content: &Content) -> bool {
    let Content::Blocks(blocks) = content else { return false };
    let is_file = |source: &Source| source.r#type == "file";
    blocks.iter().any(|block| match block {
        ContentBlock::Image(image) => is_file(&image.source),
        ContentBlock::Document(document) => is_file(&document.source),
        ContentBlock::ToolResult(result) => result.content.get().is_some_and(any_file),
        ContentBlock::Unknown(_) => block.kind() == "container_upload",
        _ => false,
    })
}
