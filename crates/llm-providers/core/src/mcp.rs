//! [`McpServer`]: a server of tools that the vendor talks to, as the vendors that do so are asked for it.
//!
//! Anthropic calls such tools without asking, OpenAI asks the client first unless it is told not to. What wants to be
//! asked for is therefore never enabled where nobody asks.
//!
//! Sources, read 2026-11: OpenAI API reference, "Responses", member `tools`, type `mcp`, and guide "MCP and Connectors";
//! Anthropic docs, "MCP connector" (betas `mcp-client-2025-11-20` and `mcp-client-2025-04-04`).

use llm_types::Extra;
use serde_json::Value;

/// A server of tools, which the vendor asks for them and calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpServer {
    /// The name by which the request and the answer refer to it.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// What it is shown as a bearer token.
    pub token: Option<String>,
    /// Its tools that may be called; all, if it is `None`.
    pub only: Option<Vec<String>>,
    /// Whether the model finds its tools by a search instead of being shown them.
    pub is_deferred: bool,
    /// What is said of it beside that: the member, and why the other API has no word for it.
    pub lost: Vec<(String, &'static str)>,
}

impl McpServer {
    /// The server of OpenAI's tool `mcp`.
    ///
    /// # Errors
    /// Why Anthropic cannot talk to it.
    pub fn of_responses(settings: &Extra) -> Result<Self, &'static str> {
        let text = |name: &str| settings.get(name).and_then(Value::as_str).map(str::to_owned);
        let Some(name) = text("server_label") else { return Err("it names no server") };
        let Some(url) = text("server_url") else {
            return Err("only OpenAI reaches a server by anything but its address");
        };
        let mut server = Self {
            name,
            url,
            token: text("authorization"),
            only: None,
            is_deferred: false,
            lost: Vec::new(),
        };
        for (name, value) in settings.iter().filter(|(_, value)| !value.is_null()) {
            match name.as_str() {
                "server_label" | "server_url" | "authorization" => {}
                "allowed_tools" => server.only = allowed(value)?,
                "require_approval" => {}
                "defer_loading" => server.is_deferred = value == true,
                "headers" => server.headers(value),
                _ => server.lost.push((name.clone(), "Anthropic's servers have no such member")),
            }
        }
        server.unasked(settings.get("require_approval").unwrap_or(&Value::Null))?;
        if server.only.as_ref().is_some_and(Vec::is_empty) {
            return Err("none of its tools may be called");
        }
        Ok(server)
    }

    /// A bearer token is one, however it is said; for other headers there is no place.
    fn headers(&mut self, headers: &Value) {
        for (name, value) in headers.as_object().into_iter().flatten() {
            let bearer = value.as_str().and_then(|value| {
                let (scheme, token) = value.split_once(' ')?;
                (name.eq_ignore_ascii_case("authorization") && scheme.eq_ignore_ascii_case("bearer"))
                    .then(|| token.trim().to_owned())
            });
            match bearer.filter(|_| self.token.is_none()) {
                Some(token) => self.token = Some(token),
                None => self.lost.push((format!("headers.{name}"), "Anthropic sends a bearer token alone")),
            }
        }
    }

    /// Leaves the tools that may be called without asking. If nothing is said, OpenAI asks for all.
    fn unasked(&mut self, approval: &Value) -> Result<(), &'static str> {
        const WHY: &str = "Anthropic calls without asking, so what wants approval is not enabled";
        if approval == "never" {
            return Ok(());
        }
        let never = approval.get("never").unwrap_or(&Value::Null);
        let named = never.get("tool_names").and_then(Value::as_array);
        let Some(named) = named.filter(|_| never.get("read_only").is_none_or(Value::is_null)) else {
            return Err("Anthropic calls without asking, and its tools want approval");
        };
        let always = names(approval.pointer("/always/tool_names"));
        let mut free = named.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>();
        free.retain(|name| !always.contains(name));
        if let Some(only) = &self.only {
            free.retain(|name| only.contains(name));
        }
        if self.only.as_ref().is_none_or(|only| only.len() > free.len()) {
            self.lost.push(("require_approval".to_owned(), WHY));
        }
        self.only = Some(free);
        Ok(())
    }

    /// An entry of Anthropic's `mcp_servers`, with the `mcp_toolset` that refers to it; in the older form, the entry
    /// says by itself which of its tools there are.
    ///
    /// # Errors
    /// Why OpenAI cannot talk to it.
    pub fn of_messages(server: &Value, toolset: Option<&Extra>) -> Result<Self, &'static str> {
        let text = |name: &str| server.get(name).and_then(Value::as_str).map(str::to_owned);
        let (Some(name), Some(url)) = (text("name"), text("url")) else {
            return Err("it has no name or no address");
        };
        let mut made = Self {
            name,
            url,
            token: text("authorization_token"),
            only: None,
            is_deferred: false,
            lost: Vec::new(),
        };
        for (name, value) in server.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
            match name.as_str() {
                "name" | "url" | "authorization_token" => {}
                "type" if value == "url" => {}
                "tool_configuration" if toolset.is_none() => {
                    if value["enabled"] == false {
                        made.only = Some(Vec::new());
                    } else if value["allowed_tools"].is_array() {
                        made.only = Some(names(value.get("allowed_tools")));
                    }
                }
                _ => made.lost.push((name.clone(), "OpenAI's servers have no such member")),
            }
        }
        if let Some(toolset) = toolset {
            made.toolset(toolset)?;
        }
        if made.only.as_ref().is_some_and(Vec::is_empty) {
            return Err("none of its tools is enabled");
        }
        Ok(made)
    }

    fn toolset(&mut self, toolset: &Extra) -> Result<(), &'static str> {
        let by_default = toolset.get("default_config").unwrap_or(&Value::Null);
        let configs = toolset.get("configs").and_then(Value::as_object);
        let pinned = toolset.get("tools").and_then(Value::as_array);
        self.is_deferred = by_default["defer_loading"] == true;
        let of = |name: &str, tool: &str| {
            let own = configs.and_then(|configs| configs.get(tool)).and_then(|config| config.get(name));
            own.or_else(|| by_default.get(name)).and_then(Value::as_bool)
        };
        let is_enabled = |tool: &str| of("enabled", tool) != Some(false);
        let configured = || configs.into_iter().flat_map(Extra::keys).map(String::as_str);
        let pinned =
            pinned.map(|tools| tools.iter().filter_map(|tool| tool["name"].as_str()).collect::<Vec<_>>());
        let listed = match pinned {
            Some(pinned) => Some(pinned),
            None if by_default["enabled"] == false => Some(configured().collect()),
            None if configured().all(is_enabled) => None,
            None => return Err("OpenAI's tools are allowed by name, and cannot be excluded by name"),
        };
        self.only = listed
            .map(|listed| listed.into_iter().filter(|tool| is_enabled(tool)).map(str::to_owned).collect());
        let is_mixed = configured().any(|tool| of("defer_loading", tool) == Some(!self.is_deferred));
        if is_mixed {
            self.lost.push(("configs".to_owned(), "OpenAI's tools of a server are deferred all or none"));
        }
        for (name, _) in toolset.iter().filter(|(_, value)| !value.is_null()) {
            let why = match name.as_str() {
                "type" | "mcp_server_name" | "default_config" | "configs" => continue,
                "tools" => "OpenAI asks the server for its tools itself",
                "cache_control" => "the vendor caches prompts by itself",
                _ => "OpenAI's servers have no such member",
            };
            self.lost.push((name.clone(), why));
        }
        Ok(())
    }
}

/// The names in OpenAI's `allowed_tools`; `None` for all.
fn allowed(value: &Value) -> Result<Option<Vec<String>>, &'static str> {
    match value {
        Value::Array(_) => Ok(Some(names(Some(value)))),
        Value::Object(filter) if filter.get("read_only").is_some_and(|only| !only.is_null()) => {
            Err("Anthropic does not tell tools that only read from others")
        }
        Value::Object(filter) => Ok(filter.get("tool_names").map(|list| names(Some(list)))),
        _ => Err("`allowed_tools` is neither names nor a filter"),
    }
}

fn names(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
