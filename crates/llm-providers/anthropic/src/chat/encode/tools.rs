//! Tools and the choice among them.
//!
//! Source: Anthropic docs, "Define tools" and "Web search tool", read 2026-11.

use llm_provider_core::{EncodeError, NoteKind};
use llm_types::{
    AllowedTools, ChatRequest, CustomDefinition, CustomTool, Extra, FunctionDefinition, Nullable,
    Tool as Asked, ToolChoice as Choice, ToolChoiceMode,
};
use serde_json::{Map, Value, json};

use super::{Encoder, schema, typed};
use crate::wire::{Content, ContentBlock, MessagesRequest, Tool, ToolChoice};

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
            tools.push(self.tool(tool, &format!("tools[{index}]"))?);
        }
        for (index, function) in request.functions.get().into_iter().flatten().enumerate() {
            let path = format!("functions[{index}]");
            if let Some(function) = typed(&path, function)? {
                tools.push(self.function(&function, &Extra::new(), &path)?);
            }
        }
        if let Nullable::Value(options) = &request.web_search_options {
            tools.push(self.web_search(options));
        }
        if tools.is_empty() {
            self.tools_of_history(wire);
        } else {
            wire.tools = Nullable::Value(tools);
        }
        self.choice(request, wire)
    }

    fn tool(&mut self, tool: &Asked, path: &str) -> Result<Tool, EncodeError> {
        match tool {
            Asked::Function(tool) => self.function(&tool.function, &tool.extra, path),
            Asked::Custom(tool) => self.custom(tool, path),
            // Anthropic's own tools, in its own words.
            Asked::Unknown(map) => llm_types::from_value(Value::Object(map.clone()))
                .map_err(|error| EncodeError::invalid(format!("{path}.{}", error.path), error.message)),
        }
    }

    fn function(
        &mut self,
        function: &FunctionDefinition,
        beside: &Extra,
        path: &str,
    ) -> Result<Tool, EncodeError> {
        let mut input_schema = object_schema(function.parameters.get());
        let mut strict = Nullable::Absent;
        match function.strict.get() {
            Some(true) if !self.model.has_structured_output() => {
                self.unsupported(
                    format!("{path}.function.strict"),
                    "this model cannot keep strictly to a schema",
                )?;
            }
            Some(true) => {
                strict = Nullable::Value(true);
                let fitted = schema::fit(&input_schema);
                input_schema = fitted.schema;
                if !fitted.moved.is_empty() {
                    let path = format!("{path}.function.parameters");
                    self.note(NoteKind::Converted, path, format!("moved: {}", fitted.moved.join("; ")));
                }
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
        for (name, value) in beside.iter().chain(&function.extra) {
            if name == "cache_control" {
                tool.cache_control = typed(&format!("{path}.cache_control"), value)?.into();
            } else {
                tool.extra.insert(name.clone(), value.clone());
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
        self.function(&function, &tool.extra, path)
    }

    fn web_search(&mut self, options: &Value) -> Tool {
        let mut extra = Extra::new();
        if let Some(size) = options.get("search_context_size") {
            let uses = match size.as_str() {
                Some("low") => 1,
                Some("high") => 10,
                _ => 5,
            };
            extra.insert("max_uses".to_owned(), uses.into());
            let path = "web_search_options.search_context_size";
            self.note(NoteKind::Converted, path, format!("to at most {uses} searches"));
        }
        let location =
            options.get("user_location").map(|location| location.get("approximate").unwrap_or(location));
        if let Some(location) = location.and_then(Value::as_object) {
            let mut location = location.clone();
            location.insert("type".to_owned(), "approximate".into());
            extra.insert("user_location".to_owned(), Value::Object(location));
        }
        for (name, value) in options.as_object().into_iter().flatten() {
            match (name.as_str(), value) {
                ("search_context_size" | "user_location", _) => {}
                ("filters", Value::Object(filters)) => {
                    // `allowed_domains` and `blocked_domains`, under the same names.
                    extra.extend(filters.iter().map(|(name, value)| (name.clone(), value.clone())));
                }
                _ => {
                    let path = format!("web_search_options.{name}");
                    self.note(NoteKind::Dropped, path, "Anthropic's search has no such member");
                }
            }
        }
        Tool {
            r#type: Nullable::Value("web_search_20250305".to_owned()),
            name: Nullable::Value(WEB_SEARCH.to_owned()),
            description: Nullable::Absent,
            input_schema: Nullable::Absent,
            strict: Nullable::Absent,
            cache_control: Nullable::Absent,
            extra,
        }
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
                        input_schema: Nullable::Value(object_schema(None)),
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

    fn choice(&mut self, request: &ChatRequest, wire: &mut MessagesRequest) -> Result<(), EncodeError> {
        let (path, choice) = match (&request.tool_choice, &request.function_call) {
            (Nullable::Value(choice), _) => ("tool_choice", self.chosen(choice, wire)?),
            (_, Nullable::Value(choice)) => ("function_call", self.chosen_function(choice)?),
            _ => ("tool_choice", None),
        };
        let has_tools = request.tools.get().is_some_and(|tools| !tools.is_empty())
            || request.functions.get().is_some_and(|functions| !functions.is_empty())
            || request.web_search_options.is_value();
        if !has_tools {
            if choice.is_some_and(|choice| choice.r#type != "none") {
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

    fn chosen(
        &mut self,
        choice: &Choice,
        wire: &mut MessagesRequest,
    ) -> Result<Option<ToolChoice>, EncodeError> {
        Ok(match choice {
            Choice::Mode(mode) => self.mode("tool_choice", mode)?,
            Choice::Function(named) => Some(tool_named(&named.function.name)),
            Choice::Custom(named) => Some(tool_named(&named.custom.name)),
            Choice::AllowedTools(allowed) => self.allowed(allowed, wire)?,
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
            let path = if tool == WEB_SEARCH { "web_search_options" } else { "tools" };
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

fn tool_named(name: &str) -> ToolChoice {
    let mut choice = ToolChoice::of("tool");
    choice.name = Nullable::Value(name.to_owned());
    choice
}

/// A schema of type `object`, which Anthropic demands.
fn object_schema(parameters: Option<&Value>) -> Value {
    match parameters {
        Some(Value::Object(schema)) if schema.contains_key("type") => Value::Object(schema.clone()),
        Some(Value::Object(schema)) => {
            let mut typed = Map::with_capacity(schema.len() + 1);
            typed.insert("type".to_owned(), "object".into());
            typed.extend(schema.iter().map(|(name, value)| (name.clone(), value.clone())));
            Value::Object(typed)
        }
        _ => json!({ "type": "object", "properties": {} }),
    }
}
