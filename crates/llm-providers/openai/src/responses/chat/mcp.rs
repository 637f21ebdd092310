//! Servers of tools that Anthropic was asked for, as OpenAI talks to them.
//!
//! Source: OpenAI API reference, "Responses", member `tools`, type `mcp`, and guide "MCP and Connectors", read 2026-11.

use llm_provider_core::{McpServer, NoteKind};
use llm_types::{ChatRequest, Extra, Tool as Asked};
use serde_json::{Value, json};

use crate::Changes;
use crate::responses::wire::{HostedTool, Tool};

/// Where a Messages request defines its servers.
pub(super) const SERVERS: &str = "mcp_servers";

/// Anthropic's tool that stands for those of one server.
const TOOLSET: &str = "mcp_toolset";

/// What Anthropic's members of a request say of servers.
pub(super) struct Servers<'r> {
    defined: &'r [Value],
}

impl<'r> Servers<'r> {
    pub(super) fn of(request: &'r ChatRequest) -> Self {
        let defined = request.extra.get(SERVERS).and_then(Value::as_array);
        Self { defined: defined.map(Vec::as_slice).unwrap_or_default() }
    }

    /// The server that a toolset refers to, with its tools. Whether the entry is a toolset.
    pub(super) fn toolset(
        &self,
        toolset: &Extra,
        path: &str,
        tools: &mut Vec<Tool>,
        changes: &mut Changes<'_>,
    ) -> bool {
        if toolset.get("type").is_none_or(|kind| kind != TOOLSET) {
            return false;
        }
        match self.defined.iter().find(|server| server.get("name") == toolset.get("mcp_server_name")) {
            Some(server) => push(McpServer::of_messages(server, Some(toolset)), path, tools, changes),
            None => changes.lost(NoteKind::Dropped, path, "`mcp_servers` defines no server of this name"),
        }
        true
    }

    /// The servers in the older form, which no toolset refers to.
    pub(super) fn older(&self, request: &ChatRequest, tools: &mut Vec<Tool>, changes: &mut Changes<'_>) {
        for (index, server) in self.defined.iter().enumerate() {
            let refers = |tool: &Asked| matches!(tool, Asked::Unknown(map) if map.get("mcp_server_name") == server.get("name"));
            if !request.tools.get().into_iter().flatten().any(refers) {
                let path = format!("{SERVERS}[{index}]");
                push(McpServer::of_messages(server, None), &path, tools, changes);
            }
        }
    }
}

fn push(
    server: Result<McpServer, &'static str>,
    path: &str,
    tools: &mut Vec<Tool>,
    changes: &mut Changes<'_>,
) {
    let server = match server {
        Ok(server) => server,
        Err(reason) => return changes.lost(NoteKind::Dropped, path, reason),
    };
    let is_there = |tool: &Tool| matches!(tool, Tool::Mcp(mcp) if mcp.extra.get("server_label") == Some(&server.name.as_str().into()));
    if tools.iter().any(is_there) {
        let detail = format!("server `{}` is among the tools already", server.name);
        return changes.note(NoteKind::Dropped, path, detail);
    }
    changes.note(NoteKind::Converted, path, "to `mcp`, whose tools are called without asking");
    for (member, reason) in &server.lost {
        let path = format!("{path}.{member}");
        if member == "cache_control" {
            changes.note(NoteKind::Dropped, path, *reason);
        } else {
            changes.lost(NoteKind::Dropped, path, *reason);
        }
    }
    let mut extra = Extra::from_iter([
        ("server_label".to_owned(), server.name.into()),
        ("server_url".to_owned(), server.url.into()),
        ("require_approval".to_owned(), "never".into()),
    ]);
    extra.extend(server.token.map(|token| ("authorization".to_owned(), token.into())));
    extra.extend(server.only.map(|only| ("allowed_tools".to_owned(), json!(only))));
    if server.is_deferred {
        extra.insert("defer_loading".to_owned(), true.into());
    }
    tools.push(Tool::Mcp(HostedTool { extra }));
}
