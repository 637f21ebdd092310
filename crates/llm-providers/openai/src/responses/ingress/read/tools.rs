//! Tools and the choice among them.

use llm_provider_core::{IngressError, NoteKind};
use llm_types::{
    ChatRequest, Extra, FunctionDefinition, FunctionTool, Nullable, Tool as Canonical, ToolChoice as Choice,
    ToolChoiceMode, from_value,
};
use serde_json::{Value, json};

use super::{ONLY_HERE, Reader, below};
use crate::responses::names::ToolName;
use crate::responses::wire::{
    AllowedTools, CustomTool, FunctionTool as WireFunction, NamedTool, ResponsesRequest, Tool, ToolChoice,
    WebSearchTool,
};

impl Reader {
    pub(super) fn tools(
        &mut self,
        wire: &mut ResponsesRequest,
        request: &mut ChatRequest,
    ) -> Result<(), IngressError> {
        let mut tools = Vec::new();
        for (index, tool) in wire.tools.take().unwrap_or_default().into_iter().enumerate() {
            self.tool(tool, &format!("tools[{index}]"), None, &mut tools, request)?;
        }
        if !tools.is_empty() {
            request.tools = Nullable::Value(tools);
        }
        if let Some(choice) = wire.tool_choice.take() {
            self.choice(choice, request)?;
        }
        Ok(())
    }

    fn tool(
        &mut self,
        tool: Tool,
        path: &str,
        namespace: Option<&str>,
        tools: &mut Vec<Canonical>,
        request: &mut ChatRequest,
    ) -> Result<(), IngressError> {
        match tool {
            Tool::Function(function) => {
                tools.push(self.function(function, path, namespace));
            }
            Tool::Custom(custom) => tools.push(self.custom(custom, path, namespace)),
            Tool::Namespace(inner) => {
                let detail = format!("to functions named `{}…`", prefix(&inner.name));
                self.note(NoteKind::Converted, path, detail);
                if inner.description.as_deref().is_some_and(|words| !words.is_empty()) {
                    self.dropped(format!("{path}.description"), "functions have no common one");
                }
                self.tool_members(&inner.extra, path);
                for (index, tool) in inner.tools.into_option().into_iter().flatten().enumerate() {
                    let path = format!("{path}.tools[{index}]");
                    self.tool(tool, &path, Some(&inner.name), tools, request)?;
                }
            }
            Tool::Unknown(map) => {
                // A tool of another vendor's, in its own words.
                tools.push(from_value(Value::Object(map)).map_err(|error| below(path, error))?);
            }
            hosted => match hosted.web_search() {
                Some(search) => {
                    if request.web_search_options.is_value() {
                        self.dropped("tools", "one search of the web is asked for, the last");
                    }
                    let options = self.web_search(search, path);
                    request.web_search_options = Nullable::Value(options);
                }
                // Others may have one that does the same.
                None => {
                    let whole = serde_json::to_value(&hosted).unwrap_or_default();
                    tools.push(from_value(whole).map_err(|error| below(path, error))?);
                }
            },
        }
        Ok(())
    }

    fn function(&mut self, function: WireFunction, path: &str, namespace: Option<&str>) -> Canonical {
        self.tool_members(&function.extra, path);
        let name = ToolName { namespace, name: &function.name, is_custom: false }.function();
        Canonical::Function(FunctionTool {
            function: FunctionDefinition {
                name,
                description: present(function.description),
                parameters: present(function.parameters),
                strict: present(function.strict),
                extra: Extra::new(),
            },
            extra: Extra::new(),
        })
    }

    /// A tool that takes free text becomes a function whose arguments have that text as their only member.
    fn custom(&mut self, tool: CustomTool, path: &str, namespace: Option<&str>) -> Canonical {
        self.tool_members(&tool.extra, path);
        let name = ToolName { namespace, name: &tool.name, is_custom: true }.function();
        self.note(NoteKind::Converted, path, format!("to a function with one text, `input`, named `{name}`"));
        let mut input = json!({ "type": "string" });
        match tool.format.get() {
            Some(format) if format["type"] != "text" => {
                input["description"] = Value::String(format!("Follows this format: {format}"));
            }
            _ => {}
        }
        let schema = json!({
            "type": "object",
            "properties": { "input": input },
            "required": ["input"],
            "additionalProperties": false,
        });
        Canonical::Function(FunctionTool {
            function: FunctionDefinition {
                name,
                description: present(tool.description),
                parameters: Nullable::Value(schema),
                strict: Nullable::Absent,
                extra: Extra::new(),
            },
            extra: Extra::new(),
        })
    }

    /// Members of a client's tool that no other API has.
    fn tool_members(&mut self, extra: &Extra, path: &str) {
        for (name, _) in extra.iter().filter(|(_, value)| !value.is_null()) {
            self.dropped(format!("{path}.{name}"), ONLY_HERE);
        }
    }

    fn web_search(&mut self, search: &WebSearchTool, path: &str) -> Value {
        let mut options = Extra::new();
        if let Some(size) = search.search_context_size.get() {
            options.insert("search_context_size".to_owned(), size.as_str().into());
        }
        if let Some(location) = search.user_location.get() {
            let mut place = location.clone();
            place.retain(|_, value| !value.is_null());
            let kind = place.shift_remove("type").unwrap_or_else(|| "approximate".into());
            options.insert("user_location".to_owned(), json!({ "type": kind, "approximate": place }));
        }
        if let Some(filters) = search.filters.get() {
            let mut filters = filters.clone();
            filters.retain(|_, value| !value.is_null());
            options.insert("filters".to_owned(), Value::Object(filters));
        }
        self.tool_members(&search.extra, path);
        Value::Object(options)
    }

    fn choice(&mut self, choice: ToolChoice, request: &mut ChatRequest) -> Result<(), IngressError> {
        // Without tools there is nothing to choose from, and vendors say so with an error.
        if !request.tools.is_value() {
            if !matches!(&choice, ToolChoice::Mode(ToolChoiceMode::Auto | ToolChoiceMode::None)) {
                self.dropped("tool_choice", "no tool is left to choose from");
            }
            return Ok(());
        }
        let choice = match choice {
            ToolChoice::Mode(mode) => Choice::Mode(mode),
            ToolChoice::Function(named) => {
                self.tool_members(&named.extra, "tool_choice");
                Choice::function(function_name(&named, false))
            }
            ToolChoice::Custom(named) => {
                self.tool_members(&named.extra, "tool_choice");
                Choice::function(function_name(&named, true))
            }
            ToolChoice::Allowed(allowed) => match self.allowed(allowed)? {
                Some(choice) => choice,
                None => return Ok(()),
            },
            ToolChoice::Other(map) => {
                let kind = map.get("type").and_then(Value::as_str).unwrap_or_default();
                let is_it = |tool: &Canonical| matches!(tool, Canonical::Unknown(own) if own.get("type") == map.get("type"));
                if !request.tools.get().is_some_and(|tools| tools.iter().any(is_it)) {
                    self.dropped("tool_choice", format!("only OpenAI's Responses API has the tool `{kind}`"));
                    return Ok(());
                }
                Choice::Unknown(map)
            }
        };
        request.tool_choice = Nullable::Value(choice);
        Ok(())
    }

    fn allowed(&mut self, allowed: AllowedTools) -> Result<Option<Choice>, IngressError> {
        self.tool_members(&allowed.extra, "tool_choice");
        let mut tools = Vec::new();
        for (index, tool) in allowed.tools.into_option().into_iter().flatten().enumerate() {
            let kind = tool.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
            if !matches!(kind.as_str(), "function" | "custom") {
                let why = format!("only OpenAI's Responses API has the tool `{kind}`");
                self.dropped(format!("tool_choice.tools[{index}]"), why);
                continue;
            }
            let named: NamedTool = from_value(Value::Object(tool))
                .map_err(|error| below(&format!("tool_choice.tools[{index}]"), error))?;
            let beside = named.extra.iter().filter(|(name, _)| *name != "type");
            let beside: Extra = beside.map(|(name, value)| (name.clone(), value.clone())).collect();
            self.tool_members(&beside, &format!("tool_choice.tools[{index}]"));
            let name = function_name(&named, kind == "custom");
            tools.push(json!({ "type": "function", "function": { "name": name } }));
        }
        if tools.is_empty() {
            self.dropped("tool_choice", "no tool is left to choose from");
            return Ok(None);
        }
        let mode = allowed.mode.into_option().unwrap_or_else(|| "auto".to_owned());
        Ok(Some(Choice::AllowedTools(llm_types::AllowedTools {
            allowed_tools: json!({ "mode": mode, "tools": tools }),
            extra: Extra::new(),
        })))
    }
}

fn function_name(named: &NamedTool, is_custom: bool) -> String {
    ToolName { namespace: named.namespace.as_deref(), name: &named.name, is_custom }.function()
}

fn prefix(namespace: &str) -> String {
    ToolName { namespace: Some(namespace), name: "", is_custom: false }.function()
}

/// This API's clients say `null` where those of others say nothing.
fn present<T>(member: Nullable<T>) -> Nullable<T> {
    member.into_option().into()
}
