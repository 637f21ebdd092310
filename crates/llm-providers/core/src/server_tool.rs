//! [`ServerTool`]: the tools that a vendor has of its own, by what they do and whose they are.
//!
//! Sources, all read 2026-11: Anthropic docs, "Tools" and the page of each; Gemini API docs, "Grounding with Google
//! Search", "URL context", "Code execution", "File search", "Computer use"; OpenAI API reference, "Responses", member
//! `tools`.

use llm_types::{ChatRequest, Extra, Tool, ToolChoice};
use serde_json::{Value, json};

/// Who gave a tool the name by which it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolHome {
    /// Anthropic: types that end in a date.
    Anthropic,
    /// Google: members of a tool.
    Google,
    /// OpenAI: types of the Responses API.
    OpenAi,
    /// Amazon: system tools of Converse.
    Amazon,
}

impl ToolHome {
    const fn name(self) -> &'static str {
        match self {
            Self::Anthropic => "Anthropic",
            Self::Google => "Google",
            Self::OpenAi => "OpenAI's Responses API",
            Self::Amazon => "Bedrock's Converse",
        }
    }
}

/// What a tool does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToolPurpose {
    /// Searches the web.
    WebSearch,
    /// Reads pages whose addresses stand in the conversation.
    WebFetch,
    /// Runs code at the vendor.
    CodeExecution,
    /// Sees and uses a screen.
    Computer,
    /// Searches the caller's files.
    FileSearch,
    /// Tools of servers that the vendor talks to.
    Mcp,
    /// Something that one vendor's models alone do.
    Other,
}

/// A tool of a vendor's own, as a request names it.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerTool {
    /// What it does.
    pub purpose: ToolPurpose,
    /// Whose it is.
    pub home: ToolHome,
    /// Its name: the type, or Google's member.
    pub name: String,
    /// What is said of it beside its type.
    pub settings: Extra,
}

/// Anthropic's, by what stands before the date.
const ANTHROPIC: &[(&str, ToolPurpose)] = &[
    ("web_search", ToolPurpose::WebSearch),
    ("web_fetch", ToolPurpose::WebFetch),
    ("code_execution", ToolPurpose::CodeExecution),
    ("computer", ToolPurpose::Computer),
];

/// Google's members.
const GOOGLE: &[(&str, ToolPurpose)] = &[
    ("codeExecution", ToolPurpose::CodeExecution),
    ("computerUse", ToolPurpose::Computer),
    ("enterpriseWebSearch", ToolPurpose::WebSearch),
    ("exaAiSearch", ToolPurpose::WebSearch),
    ("fileSearch", ToolPurpose::FileSearch),
    ("functionDeclarations", ToolPurpose::Other),
    ("googleMaps", ToolPurpose::Other),
    ("googleSearch", ToolPurpose::WebSearch),
    ("googleSearchRetrieval", ToolPurpose::WebSearch),
    ("mcpServers", ToolPurpose::Mcp),
    ("parallelAiSearch", ToolPurpose::WebSearch),
    ("retrieval", ToolPurpose::FileSearch),
    ("urlContext", ToolPurpose::WebFetch),
];

/// OpenAI's types.
const OPENAI: &[(&str, ToolPurpose)] = &[
    ("apply_patch", ToolPurpose::Other),
    ("code_interpreter", ToolPurpose::CodeExecution),
    ("computer", ToolPurpose::Computer),
    ("computer_use_preview", ToolPurpose::Computer),
    ("file_search", ToolPurpose::FileSearch),
    ("image_generation", ToolPurpose::Other),
    ("local_shell", ToolPurpose::Other),
    ("mcp", ToolPurpose::Mcp),
    ("programmatic_tool_calling", ToolPurpose::Other),
    ("shell", ToolPurpose::Other),
    ("tool_search", ToolPurpose::Other),
    ("web_search", ToolPurpose::WebSearch),
    ("web_search_2025_08_26", ToolPurpose::WebSearch),
    ("web_search_preview", ToolPurpose::WebSearch),
    ("web_search_preview_2025_03_11", ToolPurpose::WebSearch),
];

/// Converse's, by their names.
///
/// Source: Amazon Nova User Guide, "Web grounding" and "Code interpreter", read 2026-11.
const AMAZON: &[(&str, ToolPurpose)] =
    &[("nova_code_interpreter", ToolPurpose::CodeExecution), ("nova_grounding", ToolPurpose::WebSearch)];

impl ServerTool {
    /// The tools that one entry of `tools` asks for: several where it has several of Google's members, none where it is
    /// a function or nobody here knows it.
    pub fn all(tool: &Extra) -> Vec<Self> {
        let kind = tool.get("type").and_then(Value::as_str).unwrap_or_default();
        if let Some(purpose) = anthropics(kind) {
            return vec![Self::typed(tool, kind, purpose, ToolHome::Anthropic)];
        }
        if kind == "systemTool" {
            let said = tool.get("systemTool").and_then(|tool| tool.get("name")?.as_str());
            let name = said.unwrap_or(kind);
            let known = AMAZON.iter().find(|(known, _)| *known == name);
            let purpose = known.map_or(ToolPurpose::Other, |(_, purpose)| *purpose);
            let (name, settings) = (name.to_owned(), Extra::new());
            return vec![Self { purpose, home: ToolHome::Amazon, name, settings }];
        }
        let members = GOOGLE.iter().filter_map(|(name, purpose)| {
            let (_, value) = tool.iter().find(|(said, _)| is_same_name(said, name))?;
            let settings = value.as_object().cloned().unwrap_or_default();
            let (name, purpose) = ((*name).to_owned(), *purpose);
            Some(Self { purpose, home: ToolHome::Google, name, settings })
        });
        let members: Vec<Self> =
            members.filter(|tool| kind.is_empty() || is_same_name(kind, &tool.name)).collect();
        if !members.is_empty() {
            return members;
        }
        let named = |list: &'static [(&'static str, ToolPurpose)], is: &dyn Fn(&str) -> bool| {
            list.iter().find(|(name, _)| is(name)).copied()
        };
        if let Some((_, purpose)) = named(OPENAI, &|name| name == kind) {
            return vec![Self::typed(tool, kind, purpose, ToolHome::OpenAi)];
        }
        match named(GOOGLE, &|name| is_same_name(kind, name)) {
            Some((name, purpose)) => vec![Self::typed(tool, name, purpose, ToolHome::Google)],
            None => Vec::new(),
        }
    }

    fn typed(tool: &Extra, name: &str, purpose: ToolPurpose, home: ToolHome) -> Self {
        let mut settings = tool.clone();
        settings.shift_remove("type");
        Self { purpose, home, name: name.to_owned(), settings }
    }

    /// The tool that the request forces the model to call, if that is a vendor's own and no function.
    pub fn chosen(request: &ChatRequest) -> Option<Self> {
        let tools = request.tools.get()?;
        let name = match request.tool_choice.get()? {
            ToolChoice::Function(named) => named.function.name.as_str(),
            ToolChoice::Unknown(map) => map.get("type").and_then(Value::as_str)?,
            _ => return None,
        };
        let is_clients = |tool: &Tool| !matches!(tool, Tool::Unknown(_)) && tool.name() == Some(name);
        if tools.iter().any(is_clients) {
            return None;
        }
        let own = tools.iter().filter_map(|tool| match tool {
            Tool::Unknown(map) => Some(Self::all(map)),
            Tool::Function(_) | Tool::Custom(_) => None,
        });
        own.flatten()
            .find(|tool| tool.name == name || tool.settings.get("name").is_some_and(|said| said == name))
    }

    /// Why it cannot be had elsewhere.
    pub fn reason(&self) -> String {
        format!("only {} has the tool `{}`", self.home.name(), self.name)
    }

    /// The names of its settings, without its own name.
    pub fn settings_but_name(&self) -> impl Iterator<Item = &str> {
        let settings = self.settings.iter().filter(|(_, value)| !value.is_null());
        settings.map(|(name, _)| name.as_str()).filter(|name| *name != "name")
    }

    /// A search of the web in the words of `web_search_options`, with `filters` for domains; and the names of the
    /// settings for which there are none.
    pub fn search_options(&self) -> (Value, Vec<String>) {
        let mut options = Extra::new();
        let mut filters = Extra::new();
        let mut lost = Vec::new();
        for (name, value) in self.settings.iter().filter(|(_, value)| !value.is_null()) {
            match (name.as_str(), value) {
                ("name", _) => {}
                ("search_context_size", size) => {
                    options.insert(name.clone(), size.clone());
                }
                ("user_location", Value::Object(place)) => {
                    let mut place = place.clone();
                    place.retain(|_, value| !value.is_null());
                    let kind = place.shift_remove("type").unwrap_or_else(|| "approximate".into());
                    let place = place.shift_remove("approximate").unwrap_or(Value::Object(place));
                    options.insert(name.clone(), json!({ "type": kind, "approximate": place }));
                }
                ("filters", Value::Object(said)) => filters.extend(said.clone()),
                ("allowed_domains" | "blocked_domains", domains) => {
                    filters.insert(name.clone(), domains.clone());
                }
                ("excludeDomains" | "exclude_domains", domains) => {
                    filters.insert("blocked_domains".to_owned(), domains.clone());
                }
                _ => lost.push(name.clone()),
            }
        }
        if !filters.is_empty() {
            options.insert("filters".to_owned(), Value::Object(filters));
        }
        (Value::Object(options), lost)
    }
}

/// The purpose of a type that ends in a date, as Anthropic's do: `web_search_20250305`.
fn anthropics(kind: &str) -> Option<ToolPurpose> {
    if kind == "mcp_toolset" {
        return Some(ToolPurpose::Mcp);
    }
    let (stem, date) = kind.rsplit_once('_')?;
    let is_date = date.len() == 8 && date.starts_with("20") && date.bytes().all(|byte| byte.is_ascii_digit());
    let purpose = || ANTHROPIC.iter().find(|(name, _)| *name == stem).map(|(_, purpose)| *purpose);
    is_date.then(|| purpose().unwrap_or(ToolPurpose::Other))
}

/// Whether `said` is Google's `name`, in either spelling: `googleSearch`, `google_search`.
fn is_same_name(said: &str, name: &str) -> bool {
    let letters = |text: &'_ str| {
        text.bytes().filter(|byte| *byte != b'_').map(|byte| byte.to_ascii_lowercase()).collect::<Vec<_>>()
    };
    said.len() >= name.len() && said.len() <= name.len() + 4 && letters(said) == letters(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(tool: Value) -> Vec<(ToolPurpose, ToolHome, String)> {
        let Value::Object(tool) = tool else { panic!("a tool is an object") };
        ServerTool::all(&tool).into_iter().map(|tool| (tool.purpose, tool.home, tool.name)).collect()
    }

    #[test]
    fn converses_system_tools() {
        let named = |name: &str| {
            let tool = json!({"type": "systemTool", "name": name, "systemTool": {"name": name}});
            ServerTool::all(tool.as_object().unwrap()).remove(0)
        };
        for (name, purpose) in [
            ("nova_grounding", ToolPurpose::WebSearch),
            ("nova_code_interpreter", ToolPurpose::CodeExecution),
            ("nova_later", ToolPurpose::Other),
        ] {
            let tool = named(name);
            assert_eq!((tool.purpose, tool.home, tool.name.as_str()), (purpose, ToolHome::Amazon, name));
        }
        assert_eq!(named("x").reason(), "only Bedrock's Converse has the tool `x`");
    }

    #[test]
    fn a_tool_is_known_by_whose_it_is_and_what_it_does() {
        use ToolHome::{Anthropic, Google, OpenAi};
        use ToolPurpose::{CodeExecution, Computer, FileSearch, Mcp, Other, WebFetch, WebSearch};
        for (tool, purpose, home, name) in [
            (
                json!({"type": "web_search_20250305", "name": "web_search"}),
                WebSearch,
                Anthropic,
                "web_search_20250305",
            ),
            (json!({"type": "web_search_20991231"}), WebSearch, Anthropic, "web_search_20991231"),
            (json!({"type": "web_fetch_20250910"}), WebFetch, Anthropic, "web_fetch_20250910"),
            (json!({"type": "code_execution_20250825"}), CodeExecution, Anthropic, "code_execution_20250825"),
            (json!({"type": "computer_20250124"}), Computer, Anthropic, "computer_20250124"),
            (json!({"type": "bash_20250124"}), Other, Anthropic, "bash_20250124"),
            (json!({"type": "mcp_toolset"}), Mcp, Anthropic, "mcp_toolset"),
            (json!({"googleSearch": {}}), WebSearch, Google, "googleSearch"),
            (json!({"type": "google_search"}), WebSearch, Google, "googleSearch"),
            (json!({"type": "urlContext", "urlContext": {}}), WebFetch, Google, "urlContext"),
            (json!({"url_context": {}}), WebFetch, Google, "urlContext"),
            (json!({"code_execution": {}}), CodeExecution, Google, "codeExecution"),
            (json!({"type": "web_search_preview"}), WebSearch, OpenAi, "web_search_preview"),
            (json!({"type": "web_search_2025_08_26"}), WebSearch, OpenAi, "web_search_2025_08_26"),
            (
                json!({"type": "code_interpreter", "container": {"type": "auto"}}),
                CodeExecution,
                OpenAi,
                "code_interpreter",
            ),
            (json!({"type": "file_search", "vector_store_ids": ["v"]}), FileSearch, OpenAi, "file_search"),
            (json!({"type": "mcp", "server_label": "a"}), Mcp, OpenAi, "mcp"),
        ] {
            assert_eq!(all(tool.clone()), [(purpose, home, name.to_owned())], "{tool}");
        }
        for nobodys in [
            json!({"type": "hologram"}),
            json!({"type": "model_2024"}),
            json!({"type": "function", "function": {"name": "f"}}),
            json!({}),
        ] {
            assert_eq!(all(nobodys.clone()), [], "{nobodys}");
        }
        assert_eq!(all(json!({"urlContext": {}, "googleSearch": {}})).len(), 2, "one entry may hold several");
    }

    #[test]
    fn a_search_is_said_in_one_form() {
        let Value::Object(tool) = json!({"type": "web_search_20250305", "name": "web_search", "max_uses": 3,
            "allowed_domains": ["a.example"], "user_location": {"type": "approximate", "city": "Paris", "region": null}})
        else {
            panic!("an object")
        };
        let (options, lost) = ServerTool::all(&tool)[0].search_options();
        assert_eq!(
            options,
            json!({"user_location": {"type": "approximate", "approximate": {"city": "Paris"}},
                "filters": {"allowed_domains": ["a.example"]}})
        );
        assert_eq!(lost, ["max_uses"]);
    }

    #[test]
    fn a_forced_tool_is_a_vendors_own_only_if_no_function_has_its_name() {
        let request = |tools: Value| -> ChatRequest {
            llm_types::from_value(json!({"model": "m", "messages": [], "tools": tools,
                "tool_choice": {"type": "function", "function": {"name": "web_search"}}}))
            .unwrap()
        };
        let own = json!({"type": "web_search_20250305", "name": "web_search"});
        let function = json!({"type": "function", "function": {"name": "web_search"}});
        assert!(ServerTool::chosen(&request(json!([own]))).is_some());
        assert!(ServerTool::chosen(&request(json!([own, function]))).is_none());
        assert!(ServerTool::chosen(&request(json!([function]))).is_none());
    }
}
