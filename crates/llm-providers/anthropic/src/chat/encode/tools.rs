//! Tools and the choice among them.
//!
//! Source: Anthropic docs, "Define tools" and "Web search tool", read 2026-11.

use llm_provider_core::{
    Dialect, EncodeError, NoteKind, ServerTool, ToolHome, ToolPurpose, foreign_to_function, object_schema,
};
use llm_types::{
    AllowedTools, ChatRequest, CustomDefinition, CustomTool, Extra, FunctionDefinition, Nullable,
    Tool as Asked, ToolChoice as Choice, ToolChoiceMode,
};
use serde_json::{Value, json};

use super::{Encoder, schema, typed};
use crate::wire::{Content, ContentBlock, MessagesRequest, Tool, ToolChoice};

/// Anthropic's own tools that others have too: type and name.
const SEARCH: (&str, &str) = ("web_search_20250305", WEB_SEARCH);
const FETCH: (&str, &str) = ("web_fetch_20250910", "web_fetch");
const CODE: (&str, &str) = ("code_execution_20250825", "code_execution");

/// The name of Anthropic's own search.
const WEB_SEARCH: &str = "web_search";

impl Encoder<'_> {
    pub(super) fn tools(
        &mut self,
        request: &ChatRequest,
        wire: &mut MessagesRequest,
    ) -> Result<(), EncodeError> {
        let mut tools = Vec::new();
        for (index, tool) in request.tools.get().into_iter().flatten().enumerate() {
            self.tool(tool, &format!("tools[{index}]"), &mut tools)?;
        }
        for (index, function) in request.functions.get().into_iter().flatten().enumerate() {
            let path = format!("functions[{index}]");
            if let Some(function) = typed(&path, function)? {
                tools.push(self.function(&function, &Extra::new(), &path, &path)?);
            }
        }
        if let Nullable::Value(options) = &request.web_search_options {
            if tools.iter().any(is_search) {
                self.note(NoteKind::Dropped, "web_search_options", "a search of the web is among the tools");
            } else {
                if !options.is_object() {
                    return Err(EncodeError::invalid("web_search_options", "is no object"));
                }
                tools.push(self.web_search(options, "web_search_options"));
            }
        }
        let is_asked = !tools.is_empty();
        if is_asked {
            wire.tools = Nullable::Value(tools);
        } else {
            self.tools_of_history(wire);
        }
        self.choice(request, is_asked, wire)
    }

    fn tool(&mut self, tool: &Asked, path: &str, tools: &mut Vec<Tool>) -> Result<(), EncodeError> {
        match tool {
            Asked::Function(tool) => {
                let inner = format!("{path}.function");
                tools.push(self.function(&tool.function, &tool.extra, path, &inner)?);
            }
            Asked::Custom(tool) => tools.push(self.custom(tool, path)?),
            Asked::Unknown(map) => {
                let known = ServerTool::all(map);
                let is_own = known.iter().all(|tool| tool.home == ToolHome::Anthropic);
                if is_own || self.is_forwarded("tools") {
                    // Anthropic's own tools, and those that nobody here knows, in their own words.
                    tools.push(llm_types::from_value(Value::Object(map.clone())).map_err(|error| {
                        EncodeError::invalid(format!("{path}.{}", error.path), error.message)
                    })?);
                    return Ok(());
                }
                for tool in &known {
                    self.others_tool(tool, path, tools)?;
                }
            }
        }
        Ok(())
    }

    /// A tool that another vendor has, as the one of Anthropic's that does the same.
    fn others_tool(
        &mut self,
        tool: &ServerTool,
        path: &str,
        tools: &mut Vec<Tool>,
    ) -> Result<(), EncodeError> {
        if tool.home == ToolHome::OpenAi && tool.purpose == ToolPurpose::Mcp {
            return self.mcp(tool, path, tools);
        }
        let Some((kind, name)) = equivalent(tool.purpose) else {
            return self.unsupported(path, tool.reason());
        };
        if tools.iter().any(|known| known.name.as_deref() == Some(name)) {
            self.note(NoteKind::Dropped, path, format!("`{name}` is among the tools already"));
            return Ok(());
        }
        self.note(NoteKind::Converted, path, format!("`{}` to `{kind}`", tool.name));
        let (made, lost) = if tool.purpose == ToolPurpose::WebSearch {
            let (options, lost) = tool.search_options();
            (self.web_search(&options, path), lost)
        } else {
            (own(kind, name, Extra::new()), tool.settings_but_name().map(str::to_owned).collect())
        };
        for setting in lost {
            self.note(NoteKind::Dropped, format!("{path}.{setting}"), "Anthropic's tool has no such member");
        }
        tools.push(made);
        Ok(())
    }

    /// The function stands at `inner`, and what is said beside it at `path`.
    fn function(
        &mut self,
        function: &FunctionDefinition,
        beside: &Extra,
        path: &str,
        inner: &str,
    ) -> Result<Tool, EncodeError> {
        let parameters = format!("{inner}.parameters");
        let mut input_schema = object_schema(function.parameters.get(), &parameters, &mut self.notes);
        let mut strict = Nullable::Absent;
        match function.strict.get() {
            Some(true) if !self.model.has_structured_output() => {
                self.unsupported(format!("{inner}.strict"), "this model cannot keep strictly to a schema")?;
            }
            Some(true) => {
                strict = Nullable::Value(true);
                let fitted = schema::fit(&input_schema);
                if let Some(detail) = fitted.told() {
                    self.note(NoteKind::Converted, parameters, detail);
                }
                input_schema = fitted.schema;
            }
            Some(false) if self.model.has_structured_output() => strict = Nullable::Value(false),
            // Said or not, it is Anthropic's default.
            Some(false) | None => {}
        }
        let mut tool = Tool {
            r#type: Nullable::Absent,
            name: Nullable::Value(function.name.clone()),
            description: function.description.get().cloned().into(),
            input_schema: Nullable::Value(input_schema),
            strict,
            cache_control: Nullable::Absent,
            extra: Extra::new(),
        };
        for name in function.extra.keys().filter(|name| beside.contains_key(*name)) {
            self.note(NoteKind::Dropped, format!("{path}.{name}"), "the function says it too and wins");
        }
        for (place, members) in [(path, beside), (inner, &function.extra)] {
            for (name, value) in members {
                let path = format!("{place}.{name}");
                if name == "cache_control" {
                    tool.cache_control = typed(&path, value)?.into();
                } else if let Some(reason) = foreign_to_function(name, Dialect::AnthropicMessages) {
                    self.unsupported(path, reason)?;
                } else {
                    tool.extra.insert(name.clone(), value.clone());
                }
            }
        }
        Ok(tool)
    }

    /// A tool that takes free text becomes one whose input has that text as its only member.
    fn custom(&mut self, tool: &CustomTool, path: &str) -> Result<Tool, EncodeError> {
        let CustomDefinition { name, description, format, extra } = &tool.custom;
        self.note(NoteKind::Converted, path, "to a function with one text, `input`");
        let mut input = json!({ "type": "string" });
        if let Some(format) = format.get() {
            input["description"] = Value::String(format!("Follows this format: {format}"));
        }
        let function = FunctionDefinition {
            name: name.clone(),
            description: description.clone(),
            parameters: Nullable::Value(
                json!({ "type": "object", "properties": { "input": input }, "required": ["input"] }),
            ),
            strict: Nullable::Absent,
            extra: extra.clone(),
        };
        self.function(&function, &tool.extra, path, &format!("{path}.custom"))
    }

    fn web_search(&mut self, options: &Value, place: &str) -> Tool {
        let mut extra = Extra::new();
        if let Some(size) = options.get("search_context_size") {
            let uses = match size.as_str() {
                Some("low") => 1,
                Some("high") => 10,
                _ => 5,
            };
            extra.insert("max_uses".to_owned(), uses.into());
            let path = format!("{place}.search_context_size");
            self.note(NoteKind::Converted, path, format!("to at most {uses} searches"));
        }
        let location =
            options.get("user_location").map(|location| location.get("approximate").unwrap_or(location));
        match location {
            Some(Value::Object(approximate)) => {
                let mut approximate = approximate.clone();
                approximate.insert("type".to_owned(), "approximate".into());
                extra.insert("user_location".to_owned(), Value::Object(approximate));
                let outer = options.get("user_location").and_then(Value::as_object);
                for name in
                    outer.filter(|outer| outer.contains_key("approximate")).into_iter().flat_map(Extra::keys)
                {
                    if !matches!(name.as_str(), "type" | "approximate") {
                        let path = format!("{place}.user_location.{name}");
                        self.note(NoteKind::Dropped, path, "Anthropic's search has no such member");
                    }
                }
            }
            Some(Value::Null) | None => {}
            Some(_) => {
                let path = format!("{place}.user_location");
                self.note(NoteKind::Dropped, path, "it is no place that Anthropic's search knows");
            }
        }
        for (name, value) in options.as_object().into_iter().flatten() {
            match (name.as_str(), value) {
                ("search_context_size" | "user_location", _) => {}
                ("filters", Value::Object(filters)) => {
                    // `allowed_domains` and `blocked_domains`, under the same names.
                    extra.extend(filters.iter().map(|(name, value)| (name.clone(), value.clone())));
                }
                _ => {
                    let path = format!("{place}.{name}");
                    self.note(NoteKind::Dropped, path, "Anthropic's search has no such member");
                }
            }
        }
        own(SEARCH.0, SEARCH.1, extra)
    }

    /// A conversation in which tools were called needs them defined, also where none may be called now.
    fn tools_of_history(&mut self, wire: &mut MessagesRequest) {
        let mut tools: Vec<Tool> = Vec::new();
        for message in &wire.messages {
            let Content::Blocks(blocks) = &message.content else { continue };
            for block in blocks {
                let ContentBlock::ToolUse(call) = block else { continue };
                if tools.iter().all(|tool| tool.name.as_deref() != Some(&call.name)) {
                    tools.push(Tool {
                        r#type: Nullable::Absent,
                        name: Nullable::Value(call.name.clone()),
                        description: Nullable::Absent,
                        input_schema: Nullable::Value(json!({ "type": "object", "properties": {} })),
                        strict: Nullable::Absent,
                        cache_control: Nullable::Absent,
                        extra: Extra::new(),
                    });
                }
            }
        }
        if !tools.is_empty() {
            wire.tools = Nullable::Value(tools);
            wire.tool_choice = Nullable::Value(ToolChoice::of("none"));
            self.note(NoteKind::Defaulted, "tools", "to those called earlier; none may be called now");
        }
    }

    fn choice(
        &mut self,
        request: &ChatRequest,
        is_asked: bool,
        wire: &mut MessagesRequest,
    ) -> Result<(), EncodeError> {
        let (path, choice) = match (&request.tool_choice, &request.function_call) {
            (Nullable::Value(choice), _) => ("tool_choice", self.chosen(choice, request, wire)?),
            (_, Nullable::Value(choice)) => ("function_call", self.chosen_function(choice)?),
            _ => ("tool_choice", None),
        };
        if !is_asked {
            if choice.is_some() {
                self.note(NoteKind::Dropped, path, "there are no tools to choose from");
            }
            if request.parallel_tool_calls.is_value() {
                self.note(NoteKind::Dropped, "parallel_tool_calls", "there are no tools to call");
            }
            return Ok(());
        }
        wire.tool_choice = choice.into();
        if request.parallel_tool_calls.get() == Some(&false) {
            wire.tool_choice.get_or_insert_with(|| ToolChoice::of("auto"));
        }
        if let (Some(parallel), Some(choice)) =
            (request.parallel_tool_calls.get(), wire.tool_choice.get_mut())
            && choice.r#type != "none"
        {
            choice.disable_parallel_tool_use = Nullable::Value(!parallel);
        }
        Ok(())
    }

    /// The choice of another vendor's tool, by the name of the one that stands for it.
    fn chosen_others(&mut self, tool: &ServerTool, wire: &MessagesRequest) -> Option<ToolChoice> {
        let name = equivalent(tool.purpose).map(|(_, name)| name);
        let mut tools = wire.tools.get().into_iter().flatten();
        let Some(name) = name.filter(|name| tools.any(|tool| tool.name.as_deref() == Some(name))) else {
            self.note(NoteKind::Dropped, "tool_choice", "the tool is left out");
            return None;
        };
        self.note(NoteKind::Converted, "tool_choice", format!("to `{name}`"));
        Some(tool_named(name))
    }

    fn chosen(
        &mut self,
        choice: &Choice,
        request: &ChatRequest,
        wire: &mut MessagesRequest,
    ) -> Result<Option<ToolChoice>, EncodeError> {
        if let Some(tool) = ServerTool::chosen(request).filter(|tool| tool.home != ToolHome::Anthropic) {
            return Ok(self.chosen_others(&tool, wire));
        }
        Ok(match choice {
            Choice::Mode(mode) => self.mode("tool_choice", mode)?,
            Choice::Function(named) => Some(tool_named(&named.function.name)),
            Choice::Custom(named) => Some(tool_named(&named.custom.name)),
            Choice::AllowedTools(allowed) => self.allowed(allowed, request, wire)?,
            Choice::Unknown(map) => match map.get("type").and_then(Value::as_str) {
                Some("auto" | "any" | "tool" | "none") => typed("tool_choice", &Value::Object(map.clone()))?,
                _ => {
                    self.unsupported("tool_choice", "Anthropic has no such choice")?;
                    None
                }
            },
        })
    }

    fn mode(&mut self, path: &str, mode: &ToolChoiceMode) -> Result<Option<ToolChoice>, EncodeError> {
        Ok(match mode {
            ToolChoiceMode::Auto => Some(ToolChoice::of("auto")),
            ToolChoiceMode::None => Some(ToolChoice::of("none")),
            ToolChoiceMode::Required => Some(ToolChoice::of("any")),
            ToolChoiceMode::Other(other) if other == "any" => Some(ToolChoice::of("any")),
            ToolChoiceMode::Other(other) => {
                self.unsupported(path, format!("Anthropic has no choice `{other}`"))?;
                None
            }
        })
    }

    /// Anthropic cannot tell allowed tools from given ones, so only the allowed ones are given.
    fn allowed(
        &mut self,
        allowed: &AllowedTools,
        request: &ChatRequest,
        wire: &mut MessagesRequest,
    ) -> Result<Option<ToolChoice>, EncodeError> {
        const PATH: &str = "tool_choice.allowed_tools";
        let allowed = &allowed.allowed_tools;
        let named = |tool: &Value| {
            ["function", "custom"]
                .iter()
                .find_map(|kind| tool.get(kind)?.get("name")?.as_str())
                .map(str::to_owned)
        };
        let names: Vec<String> =
            allowed.get("tools").and_then(Value::as_array).into_iter().flatten().filter_map(named).collect();
        let mut left = Vec::new();
        if let Nullable::Value(tools) = &mut wire.tools {
            tools.retain(|tool| {
                let name = tool.name.as_deref().unwrap_or_default();
                let stays = names.iter().any(|allowed| allowed == name);
                if !stays {
                    left.push(name.to_owned());
                }
                stays
            });
            if tools.is_empty() {
                return Err(EncodeError::invalid(PATH, "names none of the tools"));
            }
        }
        for (index, tool) in left.iter().enumerate() {
            if index == 0 {
                self.note(NoteKind::Converted, PATH, "only the allowed tools are given");
            }
            let is_own = |asked: &Asked| matches!(asked, Asked::Unknown(map) if map.get("name").is_some_and(|name| name == WEB_SEARCH));
            let is_asked_for = request.tools.get().into_iter().flatten().any(is_own);
            let path = if tool == WEB_SEARCH && !is_asked_for { "web_search_options" } else { "tools" };
            self.note(NoteKind::Dropped, path, format!("`{tool}` is not among the allowed tools"));
        }
        let mode = allowed.get("mode").and_then(Value::as_str).unwrap_or("auto");
        self.mode(PATH, &mode.into())
    }

    fn chosen_function(&mut self, choice: &Value) -> Result<Option<ToolChoice>, EncodeError> {
        const PATH: &str = "function_call";
        match (choice.as_str(), choice.get("name").and_then(Value::as_str)) {
            (Some(mode), _) => self.mode(PATH, &mode.into()),
            (None, Some(name)) => Ok(Some(tool_named(name))),
            (None, None) => Err(EncodeError::invalid(PATH, "is neither a mode nor a name")),
        }
    }
}

fn is_search(tool: &Tool) -> bool {
    tool.r#type.as_deref().is_some_and(|kind| kind.starts_with(WEB_SEARCH))
}

/// Type and name of the tool that Anthropic has for a purpose, where it asks for no more than that.
const fn equivalent(purpose: ToolPurpose) -> Option<(&'static str, &'static str)> {
    match purpose {
        ToolPurpose::WebSearch => Some(SEARCH),
        ToolPurpose::WebFetch => Some(FETCH),
        ToolPurpose::CodeExecution => Some(CODE),
        _ => None,
    }
}

/// A tool of Anthropic's own.
fn own(kind: &str, name: &str, extra: Extra) -> Tool {
    Tool {
        r#type: Nullable::Value(kind.to_owned()),
        name: Nullable::Value(name.to_owned()),
        description: Nullable::Absent,
        input_schema: Nullable::Absent,
        strict: Nullable::Absent,
        cache_control: Nullable::Absent,
        extra,
    }
}

fn tool_named(name: &str) -> ToolChoice {
    let mut choice = ToolChoice::of("tool");
    choice.name = Nullable::Value(name.to_owned());
    choice
}
