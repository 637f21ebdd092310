//! Servers of tools that OpenAI's Responses API was asked for, as Anthropic talks to them.
//!
//! Source: Anthropic docs, "MCP connector" (beta `mcp-client-2025-11-20`), read 2026-11.

use llm_provider_core::{EncodeError, McpServer, NoteKind, ServerTool};
use llm_types::{Extra, Nullable};
use serde_json::{Value, json};

use super::Encoder;
use crate::wire::{MessagesRequest, Tool};

/// The tool that stands for those of one server.
pub(super) const TOOLSET: &str = "mcp_toolset";

impl Encoder<'_> {
    /// OpenAI's `mcp` as a toolset; its server waits until the tools are chosen.
    pub(super) fn mcp(
        &mut self,
        tool: &ServerTool,
        path: &str,
        tools: &mut Vec<Tool>,
    ) -> Result<(), EncodeError> {
        let server = match McpServer::of_responses(&tool.settings) {
            Ok(server) => server,
            Err(reason) => return self.unsupported(path, reason),
        };
        if tools.iter().any(|tool| server_of(tool) == Some(&server.name)) {
            self.note(
                NoteKind::Dropped,
                path,
                format!("server `{}` is among the tools already", server.name),
            );
            return Ok(());
        }
        for (member, reason) in &server.lost {
            self.unsupported(format!("{path}.{member}"), *reason)?;
        }
        self.note(NoteKind::Converted, path, format!("`{}` to `{TOOLSET}`", tool.name));
        tools.push(toolset(&server)?);
        self.mcp_servers.push(server);
        Ok(())
    }

    /// The servers of those toolsets that are left. Every server wants a toolset, those in the older form too.
    pub(super) fn mcp_servers(&mut self, wire: &mut MessagesRequest) -> Result<(), EncodeError> {
        let tools = wire.tools.get_or_insert_with(Vec::new);
        let mut made = std::mem::take(&mut self.mcp_servers);
        made.retain(|server| tools.iter().any(|tool| server_of(tool) == Some(&server.name)));
        if made.is_empty() {
            if tools.is_empty() {
                wire.tools = Nullable::Absent;
            }
            return Ok(());
        }
        let mut servers = Vec::new();
        if let Some(Value::Array(given)) = wire.mcp_servers.take() {
            for (index, given) in given.into_iter().enumerate() {
                let name = given.get("name").and_then(Value::as_str);
                let has_toolset = tools.iter().any(|tool| server_of(tool).is_some_and(|it| Some(it) == name));
                if made.iter().any(|server| Some(&*server.name) == name) {
                    let detail = format!("server `{}` is among the tools already", name.unwrap_or_default());
                    self.note(NoteKind::Dropped, format!("mcp_servers[{index}]"), detail);
                } else if has_toolset {
                    servers.push(given);
                } else {
                    match McpServer::of_messages(&given, None) {
                        Ok(server) => {
                            tools.push(toolset(&server)?);
                            servers.push(definition(&server));
                        }
                        Err(reason) => self.unsupported(format!("mcp_servers[{index}]"), reason)?,
                    }
                }
            }
        }
        servers.extend(made.iter().map(definition));
        wire.mcp_servers = Nullable::Value(Value::Array(servers));
        Ok(())
    }
}

/// The server whose tools a toolset stands for.
fn server_of(tool: &Tool) -> Option<&str> {
    tool.extra.get("mcp_server_name").and_then(Value::as_str)
}

fn definition(server: &McpServer) -> Value {
    let mut members = Extra::from_iter([
        ("type".to_owned(), "url".into()),
        ("url".to_owned(), server.url.as_str().into()),
        ("name".to_owned(), server.name.as_str().into()),
    ]);
    members.extend(server.token.as_deref().map(|token| ("authorization_token".to_owned(), token.into())));
    Value::Object(members)
}

fn toolset(server: &McpServer) -> Result<Tool, EncodeError> {
    let mut members = json!({ "type": TOOLSET, "mcp_server_name": server.name });
    if server.only.is_some() {
        members["default_config"]["enabled"] = false.into();
    }
    if server.is_deferred {
        members["default_config"]["defer_loading"] = true.into();
    }
    for tool in server.only.iter().flatten() {
        members["configs"][tool] = json!({ "enabled": true });
    }
    llm_types::from_value(members).map_err(|error| EncodeError::invalid(error.path, error.message))
}
