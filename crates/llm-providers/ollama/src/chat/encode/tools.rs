//! Tools. Ollama's are OpenAI's functions, and the model alone decides which it calls.

use llm_provider_core::{Dialect, EncodeError, NoteKind, ServerTool, foreign_to_function};
use llm_types::{
    ChatRequest, Extra, FunctionDefinition, FunctionTool, Nullable, Tool, ToolChoice, ToolChoiceMode,
};
use serde_json::{Value, json};

use super::Encoder;
use crate::wire;

impl Encoder<'_> {
    pub(super) fn tools(
        &mut self,
        request: &ChatRequest,
        wire: &mut wire::ChatRequest,
    ) -> Result<(), EncodeError> {
        let mut tools = Vec::new();
        for (index, tool) in request.tools.get().into_iter().flatten().enumerate() {
            let path = format!("tools[{index}]");
            match tool {
                Tool::Function(tool) => tools.push(self.function(tool, &path)),
                Tool::Custom(tool) => {
                    self.note(NoteKind::Converted, path, "to a function with one text, `input`");
                    tools.push(Tool::Function(FunctionTool {
                        function: FunctionDefinition {
                            name: tool.custom.name.clone(),
                            description: tool.custom.description.clone(),
                            parameters: Nullable::Value(json!({
                                "type": "object", "properties": { "input": { "type": "string" } }, "required": ["input"]
                            })),
                            strict: Nullable::Absent,
                            extra: Extra::new(),
                        },
                        extra: Extra::new(),
                    }));
                }
                Tool::Unknown(_) => self.unsupported(path, "Ollama has functions only")?,
            }
        }
        for (index, function) in request.functions.get().into_iter().flatten().enumerate() {
            let function = llm_types::from_value::<FunctionDefinition>(function.clone()).map_err(|why| {
                EncodeError::invalid(format!("functions[{index}].{}", why.path), why.message)
            })?;
            tools.push(Tool::Function(FunctionTool { function, extra: Extra::new() }));
        }
        self.choice(request, &mut tools)?;
        if !tools.is_empty() {
            wire.tools = Nullable::Value(tools);
        }
        Ok(())
    }

    fn function(&mut self, tool: &FunctionTool, path: &str) -> Tool {
        let mut tool = tool.clone();
        if tool.function.strict.take() == Some(true) {
            let path = format!("{path}.function.strict");
            self.note(NoteKind::Dropped, path, "Ollama does not enforce a tool's schema");
        }
        for (extra, place) in [(&mut tool.extra, ""), (&mut tool.function.extra, "function.")] {
            if extra.shift_remove("cache_control").is_some() {
                let path = format!("{path}.{place}cache_control");
                self.note(NoteKind::Dropped, path, "Ollama caches prompts by itself");
            }
            extra.retain(|name, _| {
                let reason = foreign_to_function(name, Dialect::OllamaChat);
                if let Some(reason) = reason {
                    self.note(NoteKind::Dropped, format!("{path}.{place}{name}"), reason);
                }
                reason.is_none()
            });
        }
        Tool::Function(tool)
    }

    /// There is no such choice: what must not be called is not sent, and what must be called is asked for in vain.
    fn choice(&mut self, request: &ChatRequest, tools: &mut Vec<Tool>) -> Result<(), EncodeError> {
        const NO_FORCE: &str = "Ollama's models cannot be made to call a tool";
        if ServerTool::chosen(request).is_some() {
            self.note(NoteKind::Dropped, "tool_choice", "the tool is left out");
            return Ok(());
        }
        let named = |name: &str| vec![name.to_owned()];
        let (path, only, forced) = match (request.tool_choice.get(), request.function_call.get()) {
            (Some(ToolChoice::Mode(ToolChoiceMode::Auto)), _) | (None, None) => return Ok(()),
            (Some(ToolChoice::Mode(ToolChoiceMode::None)), _) => ("tool_choice", Some(Vec::new()), false),
            (Some(ToolChoice::Mode(_) | ToolChoice::Unknown(_)), _) => ("tool_choice", None, true),
            (Some(ToolChoice::Function(choice)), _) => {
                ("tool_choice", Some(named(&choice.function.name)), true)
            }
            (Some(ToolChoice::Custom(choice)), _) => ("tool_choice", Some(named(&choice.custom.name)), true),
            (Some(ToolChoice::AllowedTools(allowed)), _) => {
                let forced = allowed.allowed_tools["mode"] == "required";
                ("tool_choice", Some(allowed_names(&allowed.allowed_tools)), forced)
            }
            (None, Some(Value::String(mode))) if mode == "auto" => return Ok(()),
            (None, Some(Value::String(mode))) if mode == "none" => ("function_call", Some(Vec::new()), false),
            (None, Some(choice)) => ("function_call", choice["name"].as_str().map(named), true),
        };
        if let Some(only) = &only {
            let all = tools.len();
            tools.retain(|tool| tool.name().is_some_and(|name| only.iter().any(|one| one == name)));
            if tools.len() < all {
                let detail = match only.as_slice() {
                    [] => "none may be called".to_owned(),
                    only => format!("all but those that may be called: {}", only.join(", ")),
                };
                let members =
                    [("tools", request.tools.is_value()), ("functions", request.functions.is_value())];
                for (path, _) in members.into_iter().filter(|(_, is_said)| *is_said) {
                    self.note(NoteKind::Dropped, path, detail.as_str());
                }
            }
        }
        if forced {
            self.unsupported(path, NO_FORCE)
        } else {
            self.note(NoteKind::Converted, path, "only the tools that may be called are sent");
            Ok(())
        }
    }
}

fn allowed_names(allowed: &Value) -> Vec<String> {
    let tools = allowed["tools"].as_array().into_iter().flatten();
    tools
        .filter_map(|tool| tool["function"]["name"].as_str().or_else(|| tool["name"].as_str()))
        .map(str::to_owned)
        .collect()
}
