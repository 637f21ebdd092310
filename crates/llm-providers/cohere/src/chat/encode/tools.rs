//! Tools and the choice among them. Cohere's tools are OpenAI's functions.
//!
//! Source: Cohere API reference, "Chat API (v2)", `tools`, `strict_tools`, `tool_choice`, read 2026-11.

use llm_provider_core::{Dialect, EncodeError, NoteKind, ServerTool, foreign_to_function};
use llm_types::{
    ChatRequest, Extra, FunctionDefinition, FunctionTool, Nullable, Tool, ToolChoice, ToolChoiceMode,
};
use serde_json::{Value, json};

use super::Encoder;
use crate::wire;

/// The choice as Cohere can say it.
#[derive(Default)]
struct Choice {
    said: Option<&'static str>,
    /// Only these tools are sent.
    only: Option<Vec<String>>,
}

impl Encoder<'_> {
    pub(super) fn tools(
        &mut self,
        request: &ChatRequest,
        wire: &mut wire::ChatRequest,
    ) -> Result<(), EncodeError> {
        let mut tools = Vec::new();
        let mut strict = Vec::new();
        for (index, tool) in request.tools.get().into_iter().flatten().enumerate() {
            let path = format!("tools[{index}]");
            match tool {
                Tool::Function(tool) => {
                    strict.push(tool.function.strict.get() == Some(&true));
                    tools.push(self.function(tool, &path));
                }
                Tool::Custom(tool) => {
                    let definition = &tool.custom;
                    strict.push(false);
                    self.note(NoteKind::Converted, path, "to a function with one text, `input`");
                    tools.push(Tool::Function(FunctionTool {
                        function: FunctionDefinition {
                            name: definition.name.clone(),
                            description: definition.description.clone(),
                            parameters: Nullable::Value(json!({
                                "type": "object", "properties": { "input": { "type": "string" } }, "required": ["input"]
                            })),
                            strict: Nullable::Absent,
                            extra: Extra::new(),
                        },
                        extra: Extra::new(),
                    }));
                }
                Tool::Unknown(_) => self.unsupported(path, "Cohere has functions only")?,
            }
        }
        for (index, function) in request.functions.get().into_iter().flatten().enumerate() {
            let function = llm_types::from_value::<FunctionDefinition>(function.clone()).map_err(|why| {
                EncodeError::invalid(format!("functions[{index}].{}", why.path), why.message)
            })?;
            strict.push(false);
            let mut tool = FunctionTool { function, extra: Extra::new() };
            self.parameters(&mut tool, &format!("functions[{index}].parameters"));
            tools.push(Tool::Function(tool));
        }
        if strict.contains(&true) {
            if strict.contains(&false) {
                self.note(NoteKind::Converted, "tools", "Cohere is strict about all tools or none: all");
            }
            wire.strict_tools = Nullable::Value(true);
        }
        let choice = self.choice(request)?;
        if let Some(only) = &choice.only {
            let all = tools.len();
            tools.retain(|tool| tool.name().is_some_and(|name| only.iter().any(|one| one == name)));
            if tools.len() < all {
                for (path, said) in
                    [("tools", request.tools.is_value()), ("functions", request.functions.is_value())]
                {
                    if said {
                        let detail = format!("all but those that may be called: {}", only.join(", "));
                        self.note(NoteKind::Dropped, path, detail);
                    }
                }
            }
        }
        if !tools.is_empty() {
            wire.tools = Nullable::Value(tools);
        }
        wire.tool_choice = choice.said.map(str::to_owned).into();
        Ok(())
    }

    fn function(&mut self, tool: &FunctionTool, path: &str) -> Tool {
        let mut tool = tool.clone();
        // Said once for all tools.
        tool.function.strict = Nullable::Absent;
        for (extra, place) in [(&mut tool.extra, ""), (&mut tool.function.extra, "function.")] {
            if extra.shift_remove("cache_control").is_some() {
                let path = format!("{path}.{place}cache_control");
                self.note(NoteKind::Dropped, path, "Cohere caches prompts by itself");
            }
            extra.retain(|name, _| {
                let reason = foreign_to_function(name, Dialect::CohereChat);
                if let Some(reason) = reason {
                    self.note(NoteKind::Dropped, format!("{path}.{place}{name}"), reason);
                }
                reason.is_none()
            });
        }
        self.parameters(&mut tool, &format!("{path}.function.parameters"));
        Tool::Function(tool)
    }

    /// Cohere demands a schema of every tool; that of one without any is an empty object.
    ///
    /// Source: Cohere API reference, "Chat API (v2)", `tools.function.parameters`: required, read 2026-11.
    fn parameters(&mut self, tool: &mut FunctionTool, path: &str) {
        if !tool.function.parameters.is_value() {
            tool.function.parameters = Nullable::Value(json!({ "type": "object", "properties": {} }));
            self.note(NoteKind::Defaulted, path, "to an empty object; Cohere demands a schema");
        }
    }

    fn choice(&mut self, request: &ChatRequest) -> Result<Choice, EncodeError> {
        if ServerTool::chosen(request).is_some() {
            self.note(NoteKind::Dropped, "tool_choice", "the tool is left out");
            return Ok(Choice::default());
        }
        match request.tool_choice.get() {
            Some(choice) => self.tool_choice(choice),
            None => self.function_choice(request.function_call.get()),
        }
    }

    fn tool_choice(&mut self, choice: &ToolChoice) -> Result<Choice, EncodeError> {
        Ok(match choice {
            ToolChoice::Mode(ToolChoiceMode::Auto) => Choice::default(),
            ToolChoice::Mode(ToolChoiceMode::None) => Choice { said: Some("NONE"), only: None },
            ToolChoice::Mode(ToolChoiceMode::Required) => Choice { said: Some("REQUIRED"), only: None },
            ToolChoice::Mode(ToolChoiceMode::Other(mode)) => match mode.as_str() {
                "NONE" => Choice { said: Some("NONE"), only: None },
                "REQUIRED" | "any" => Choice { said: Some("REQUIRED"), only: None },
                other => {
                    self.unsupported("tool_choice", format!("Cohere has no choice `{other}`"))?;
                    Choice::default()
                }
            },
            ToolChoice::Function(named) => self.named("tool_choice", &named.function.name),
            ToolChoice::Custom(named) => self.named("tool_choice", &named.custom.name),
            ToolChoice::AllowedTools(allowed) => self.allowed(&allowed.allowed_tools),
            ToolChoice::Unknown(_) => {
                self.unsupported("tool_choice", "Cohere has no such choice")?;
                Choice::default()
            }
        })
    }

    /// Cohere cannot be told to call this tool, but that it must call one: so this is the only one it gets.
    fn named(&mut self, path: &str, name: &str) -> Choice {
        self.note(NoteKind::Converted, path, format!("to `REQUIRED`, with `{name}` as the only tool"));
        Choice { said: Some("REQUIRED"), only: Some(vec![name.to_owned()]) }
    }

    fn allowed(&mut self, allowed: &Value) -> Choice {
        let names = allowed["tools"].as_array().into_iter().flatten();
        let names: Vec<String> = names
            .filter_map(|tool| tool["function"]["name"].as_str().or_else(|| tool["name"].as_str()))
            .map(str::to_owned)
            .collect();
        self.note(
            NoteKind::Converted,
            "tool_choice",
            format!("only these tools are sent: {}", names.join(", ")),
        );
        let said = (allowed["mode"] == "required").then_some("REQUIRED");
        Choice { said, only: Some(names) }
    }

    /// The oldest form: `none`, `auto`, or `{"name": …}`.
    fn function_choice(&mut self, choice: Option<&Value>) -> Result<Choice, EncodeError> {
        Ok(match choice {
            None => Choice::default(),
            Some(Value::String(mode)) if mode == "none" => Choice { said: Some("NONE"), only: None },
            Some(Value::String(mode)) if mode == "auto" => Choice::default(),
            Some(choice) => match choice["name"].as_str() {
                Some(name) => self.named("function_call", name),
                None => {
                    self.unsupported("function_call", "Cohere has no such choice")?;
                    Choice::default()
                }
            },
        })
    }
}
