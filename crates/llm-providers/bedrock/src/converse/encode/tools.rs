//! Tools and the choice among them.
//!
//! Source: Amazon Bedrock API Reference, "ToolConfiguration", "ToolChoice" and "ToolSpecification", read 2026-11.

use llm_provider_core::{EncodeError, NoteKind, ServerTool, ToolPurpose, object_schema};
use llm_types::{
    AllowedTools, ChatRequest, CustomTool, Extra, FunctionDefinition, Nullable, Tool as Asked,
    ToolChoice as Choice, ToolChoiceMode,
};
use serde_json::{Value, json};

use super::{Encoder, typed};
use crate::converse::names;
use crate::model::Family;
use crate::wire::{ContentBlock, ConverseRequest, Tool, ToolChoice, ToolConfig, ToolSpec};

/// Nova's search of the web.
const GROUNDING: &str = "nova_grounding";

fn grounding() -> Tool {
    Tool::System(json!({ "name": GROUNDING }))
}

fn is_grounding(tool: &Tool) -> bool {
    matches!(tool, Tool::System(system) if system["name"] == GROUNDING)
}

/// What a request chooses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ChosenTool {
    Unsaid,
    None,
    Auto,
    Any,
    Named(String),
}

/// A tool's name as it stands over there.
pub(super) fn spec_name(name: &str) -> String {
    names::tool(name).into_owned()
}

impl Encoder<'_> {
    pub(super) fn tools(
        &mut self,
        request: &ChatRequest,
        wire: &mut ConverseRequest,
    ) -> Result<(), EncodeError> {
        let mut tools = Vec::new();
        for (index, tool) in request.tools.get().into_iter().flatten().enumerate() {
            self.tool(tool, &format!("tools[{index}]"), &mut tools)?;
        }
        for (index, function) in request.functions.get().into_iter().flatten().enumerate() {
            let path = format!("functions[{index}]");
            if let Some(function) = typed::<FunctionDefinition>(&path, function)? {
                self.function(&function, &Extra::new(), &path, &mut tools)?;
            }
        }
        if let Some(options) = request.web_search_options.get() {
            if self.grounds() {
                let detail = format!("to the system tool `{GROUNDING}`");
                self.note(NoteKind::Converted, "web_search_options", detail);
                for name in options.as_object().into_iter().flat_map(Extra::keys) {
                    let path = format!("web_search_options.{name}");
                    self.note(NoteKind::Dropped, path, "Amazon's search has no such choice");
                }
                if !tools.iter().any(is_grounding) {
                    tools.push(grounding());
                }
            } else {
                self.unsupported("web_search_options", "this model does not search the web at Bedrock")?;
            }
        }
        if !tools.is_empty() && !self.model.takes_tools() && !self.is_forwarded("tools") {
            tools.clear();
            let path = if request.tools.is_value() { "tools" } else { "functions" };
            self.unsupported(path, "this model calls no tools")?;
        }
        let chosen = if ServerTool::chosen(request).is_some() {
            self.note(NoteKind::Dropped, "tool_choice", "Bedrock cannot be made to use a tool of its own");
            ChosenTool::Unsaid
        } else {
            self.chosen(request, &mut tools)?
        };
        let is_asked = !tools.is_empty();
        if tools.is_empty() {
            tools = self.tools_of_history(wire);
        }
        if tools.is_empty() {
            if !matches!(chosen, ChosenTool::Unsaid | ChosenTool::None) {
                let path = if request.tool_choice.is_value() { "tool_choice" } else { "function_call" };
                self.note(NoteKind::Dropped, path, "there are no tools to choose from");
            }
        } else {
            wire.tool_config = Nullable::Value(ToolConfig::new(tools));
            self.choose(request, chosen, is_asked, wire)?;
        }
        if request.parallel_tool_calls.get() == Some(&false) {
            let reason = if is_asked {
                "this model cannot be told how many tools to call"
            } else {
                "there are no tools to call"
            };
            self.unsupported("parallel_tool_calls", reason)?;
        }
        Ok(())
    }

    fn tool(&mut self, tool: &Asked, path: &str, tools: &mut Vec<Tool>) -> Result<(), EncodeError> {
        match tool {
            Asked::Function(tool) => {
                self.function(&tool.function, &tool.extra, &format!("{path}.function"), tools)
            }
            Asked::Custom(tool) => self.custom(tool, path, tools),
            Asked::Unknown(map) => match map.get("systemTool") {
                Some(system) => {
                    tools.push(Tool::System(system.clone()));
                    Ok(())
                }
                None => self.others_tools(map, path, tools),
            },
        }
    }

    /// Tools of other vendors: a search of the web is one of Nova's own tools, too.
    fn others_tools(&mut self, map: &Extra, path: &str, tools: &mut Vec<Tool>) -> Result<(), EncodeError> {
        let known = ServerTool::all(map);
        if known.is_empty() {
            let kind = map.get("type").and_then(Value::as_str).unwrap_or_default();
            return self.unsupported(path, format!("this model knows no tool of type `{kind}`"));
        }
        for tool in known {
            if tool.purpose != ToolPurpose::WebSearch || !self.grounds() {
                self.unsupported(path, tool.reason())?;
                continue;
            }
            let detail = format!("`{}` to the system tool `{GROUNDING}`", tool.name);
            self.note(NoteKind::Converted, path, detail);
            for name in tool.settings_but_name() {
                self.note(NoteKind::Dropped, format!("{path}.{name}"), "Nova's search has no such member");
            }
            if !tools.iter().any(is_grounding) {
                tools.push(grounding());
            }
        }
        Ok(())
    }

    /// Whether the model searches the web by a tool of its own.
    const fn grounds(&self) -> bool {
        matches!(self.model.family, Family::Nova | Family::Nova2)
    }

    fn function(
        &mut self,
        function: &FunctionDefinition,
        beside: &Extra,
        path: &str,
        tools: &mut Vec<Tool>,
    ) -> Result<(), EncodeError> {
        let mut strict = Nullable::Absent;
        match function.strict.get() {
            Some(true) if !self.model.keeps_to_schemas() && !self.is_forwarded("strict") => {
                self.unsupported(format!("{path}.strict"), "this model cannot keep strictly to a schema")?;
            }
            Some(true) => strict = Nullable::Value(true),
            Some(false) | None => {}
        }
        let parameters = format!("{path}.parameters");
        let schema = object_schema(function.parameters.get(), &parameters, &mut self.notes);
        tools.push(Tool::Spec(ToolSpec {
            name: self.tool_name(&function.name, &format!("{path}.name"))?,
            input_schema: json!({ "json": schema }),
            description: function
                .description
                .as_deref()
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
                .into(),
            strict,
            extra: Extra::new(),
        }));
        let tool = path.trim_end_matches(".function");
        for (place, members) in [(tool, beside), (path, &function.extra)] {
            for (name, value) in members {
                let path = format!("{place}.{name}");
                match (name.as_str(), self.model.family) {
                    ("cache_control", Family::Unknown) => {
                        if let Some(marker) = typed(&path, value)? {
                            tools.extend(self.cache_point(&marker, &path).map(Tool::CachePoint));
                        }
                    }
                    ("cache_control", _) => {
                        self.note(NoteKind::Dropped, path, "this model's tools are not kept");
                    }
                    _ => self.note(NoteKind::Dropped, path, "Bedrock's tools have no such member"),
                }
            }
        }
        Ok(())
    }

    /// A tool that takes free text becomes one whose input has that text as its only member.
    fn custom(&mut self, tool: &CustomTool, path: &str, tools: &mut Vec<Tool>) -> Result<(), EncodeError> {
        self.note(NoteKind::Converted, path, "to a function with one text, `input`");
        let mut input = json!({ "type": "string" });
        if let Some(format) = tool.custom.format.get() {
            input["description"] = Value::String(format!("Follows this format: {format}"));
        }
        let function = FunctionDefinition {
            name: tool.custom.name.clone(),
            description: tool.custom.description.clone(),
            parameters: Nullable::Value(
                json!({ "type": "object", "properties": { "input": input }, "required": ["input"] }),
            ),
            strict: Nullable::Absent,
            extra: tool.custom.extra.clone(),
        };
        self.function(&function, &tool.extra, path, tools)
    }

    /// A tool's name in Bedrock's letters.
    pub(super) fn tool_name(&mut self, name: &str, path: &str) -> Result<String, EncodeError> {
        let renamed = names::tool(name);
        if renamed.is_empty() || renamed.len() > names::LONGEST {
            return Err(EncodeError::invalid(
                path,
                format!("Bedrock takes names of 1 to {} letters", names::LONGEST),
            ));
        }
        if renamed != name {
            self.note(NoteKind::Renamed, path, renamed.clone());
        }
        Ok(renamed.into_owned())
    }

    /// A conversation in which tools were called needs tools, also where none may be called now.
    fn tools_of_history(&mut self, wire: &ConverseRequest) -> Vec<Tool> {
        let mut tools: Vec<ToolSpec> = Vec::new();
        let blocks = wire.messages.get().into_iter().flatten().flat_map(|message| &message.content);
        for block in blocks {
            let ContentBlock::ToolUse(call) = block else { continue };
            if tools.iter().all(|tool| tool.name != call.name) {
                tools.push(ToolSpec {
                    name: call.name.clone(),
                    input_schema: json!({ "json": { "type": "object", "properties": {} } }),
                    description: Nullable::Absent,
                    strict: Nullable::Absent,
                    extra: Extra::new(),
                });
            }
        }
        if !tools.is_empty() {
            self.note(NoteKind::Defaulted, "tools", "to those called earlier: Bedrock demands them");
        }
        tools.into_iter().map(Tool::Spec).collect()
    }

    /// Says the choice. Converse has no word for calling none: then the tools are left out, unless the conversation
    /// needs them.
    pub(super) fn choose(
        &mut self,
        request: &ChatRequest,
        chosen: ChosenTool,
        is_asked: bool,
        wire: &mut ConverseRequest,
    ) -> Result<(), EncodeError> {
        let path = if request.tool_choice.is_value() { "tool_choice" } else { "function_call" };
        let choice = match chosen {
            ChosenTool::Unsaid => return Ok(()),
            ChosenTool::None if !is_asked => return Ok(()),
            ChosenTool::None if has_calls(wire) => {
                return self.unsupported(path, "Converse cannot forbid tools that were called earlier");
            }
            ChosenTool::None => {
                wire.tool_config = Nullable::Absent;
                let path = if request.tools.is_value() { "tools" } else { "functions" };
                self.note(NoteKind::Dropped, path, "none of them may be called");
                return Ok(());
            }
            ChosenTool::Auto if !self.model.takes_tool_choice() => return Ok(()),
            ChosenTool::Auto => ToolChoice::Auto(Extra::new()),
            ChosenTool::Any | ChosenTool::Named(_)
                if !self.model.takes_tool_choice() && !self.is_forwarded("tool_choice") =>
            {
                return self.unsupported(path, "this model cannot be made to call a tool");
            }
            ChosenTool::Any => ToolChoice::Any(Extra::new()),
            ChosenTool::Named(name) => {
                let renamed = spec_name(&name);
                if renamed != name {
                    self.note(NoteKind::Renamed, path, renamed.clone());
                }
                ToolChoice::Tool(json!({ "name": renamed }))
            }
        };
        if let Nullable::Value(config) = &mut wire.tool_config {
            config.tool_choice = Nullable::Value(choice);
        }
        Ok(())
    }

    fn chosen(&mut self, request: &ChatRequest, tools: &mut Vec<Tool>) -> Result<ChosenTool, EncodeError> {
        match (&request.tool_choice, &request.function_call) {
            (Nullable::Value(choice), _) => Ok(match choice {
                Choice::Mode(mode) => self.mode("tool_choice", mode)?,
                Choice::Function(named) => ChosenTool::Named(named.function.name.clone()),
                Choice::Custom(named) => ChosenTool::Named(named.custom.name.clone()),
                Choice::AllowedTools(allowed) => self.allowed(allowed, tools)?,
                Choice::Unknown(_) => {
                    self.unsupported("tool_choice", "Bedrock has no such choice")?;
                    ChosenTool::Unsaid
                }
            }),
            (_, Nullable::Value(choice)) => {
                match (choice.as_str(), choice.get("name").and_then(Value::as_str)) {
                    (Some(mode), _) => self.mode("function_call", &mode.into()),
                    (None, Some(name)) => Ok(ChosenTool::Named(name.to_owned())),
                    (None, None) => {
                        Err(EncodeError::invalid("function_call", "is neither a mode nor a name"))
                    }
                }
            }
            _ => Ok(ChosenTool::Unsaid),
        }
    }

    fn mode(&mut self, path: &str, mode: &ToolChoiceMode) -> Result<ChosenTool, EncodeError> {
        Ok(match mode {
            ToolChoiceMode::Auto => ChosenTool::Auto,
            ToolChoiceMode::None => ChosenTool::None,
            ToolChoiceMode::Required => ChosenTool::Any,
            ToolChoiceMode::Other(other) if other == "any" => ChosenTool::Any,
            ToolChoiceMode::Other(other) => {
                self.unsupported(path, format!("Bedrock has no choice `{other}`"))?;
                ChosenTool::Unsaid
            }
        })
    }

    /// Bedrock cannot tell allowed tools from given ones, so only the allowed ones are given.
    fn allowed(&mut self, allowed: &AllowedTools, tools: &mut Vec<Tool>) -> Result<ChosenTool, EncodeError> {
        const PATH: &str = "tool_choice.allowed_tools";
        let allowed = &allowed.allowed_tools;
        let named = |tool: &Value| {
            ["function", "custom"]
                .iter()
                .find_map(|kind| tool.get(kind)?.get("name")?.as_str())
                .map(spec_name)
        };
        let names: Vec<String> =
            allowed.get("tools").and_then(Value::as_array).into_iter().flatten().filter_map(named).collect();
        let before = tools.len();
        tools.retain(|tool| match tool {
            Tool::Spec(spec) => names.contains(&spec.name),
            _ => true,
        });
        if !tools.iter().any(|tool| matches!(tool, Tool::Spec(_))) {
            return Err(EncodeError::invalid(PATH, "names none of the tools"));
        }
        if tools.len() < before {
            self.note(NoteKind::Converted, PATH, "only the allowed tools are given");
            self.note(NoteKind::Dropped, "tools", "some are not among the allowed tools");
        }
        let mode = allowed.get("mode").and_then(Value::as_str).unwrap_or("auto");
        self.mode(PATH, &mode.into())
    }
}

/// Whether tools were called, or gave something, in the conversation.
fn has_calls(wire: &ConverseRequest) -> bool {
    let mut blocks = wire.messages.get().into_iter().flatten().flat_map(|message| &message.content);
    blocks.any(|block| matches!(block, ContentBlock::ToolUse(_) | ContentBlock::ToolResult(_)))
}
