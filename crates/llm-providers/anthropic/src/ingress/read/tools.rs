//! Tools and the choice among them.

use llm_provider_core::{IngressError, NoteKind};
use llm_types::{
    ChatRequest, Extra, FunctionDefinition, FunctionTool, Nullable, Tool, ToolChoice, ToolChoiceMode,
};
use serde_json::Value;

use super::{Reader, below, blocks, missing, put};
use crate::wire;

impl Reader {
    pub(super) fn tools(
        &mut self,
        tools: Nullable<Vec<wire::Tool>>,
    ) -> Result<Nullable<Vec<Tool>>, IngressError> {
        let Some(tools) = tools.into_option() else { return Ok(Nullable::Absent) };
        let tools = tools.into_iter().enumerate().map(|(index, tool)| {
            if tool.is_custom() {
                return self.function(tool, index);
            }
            // Anthropic's own tools stay in its words; others may be of a type that OpenAI knows.
            llm_types::from_value(Value::Object(blocks::whole(&tool)))
                .map_err(|error| below(&format!("tools[{index}]"), error))
        });
        tools.collect::<Result<_, _>>().map(Nullable::Value)
    }

    pub(super) fn tool_choice(
        &mut self,
        choice: Option<wire::ToolChoice>,
        request: &mut ChatRequest,
    ) -> Result<(), IngressError> {
        let Some(choice) = choice else { return Ok(()) };
        if let Some(only_one) = choice.disable_parallel_tool_use.get() {
            request.parallel_tool_calls = Nullable::Value(!only_one);
        }
        let chosen = match choice.r#type.as_str() {
            "auto" => ToolChoice::Mode(ToolChoiceMode::Auto),
            "any" => ToolChoice::Mode(ToolChoiceMode::Required),
            "none" => ToolChoice::Mode(ToolChoiceMode::None),
            "tool" => {
                let name = choice.name.as_deref().ok_or_else(|| missing("tool_choice.name"))?;
                ToolChoice::function(name)
            }
            _ => {
                let choice = llm_types::from_value(Value::Object(blocks::whole(&choice)));
                request.tool_choice = Nullable::Value(choice.map_err(|error| below("tool_choice", error))?);
                return Ok(());
            }
        };
        request.tool_choice = Nullable::Value(chosen);
        for name in choice.extra.keys() {
            self.note(
                NoteKind::Dropped,
                format!("tool_choice.{name}"),
                "the canonical form has no place for it",
            );
        }
        Ok(())
    }

    /// A tool of the client's. What OpenAI's tools lack stays beside the function, in Anthropic's words.
    fn function(&mut self, tool: wire::Tool, index: usize) -> Result<Tool, IngressError> {
        let mut extra: Extra = tool.extra;
        if extra.shift_remove("function").is_some() {
            let path = format!("tools[{index}].function");
            self.note(NoteKind::Dropped, path, "Anthropic's tools have no such member");
        }
        put(&mut extra, "cache_control", &tool.cache_control);
        Ok(Tool::Function(FunctionTool {
            function: FunctionDefinition {
                name: tool.name.into_option().ok_or_else(|| missing(format!("tools[{index}].name")))?,
                description: tool.description,
                parameters: tool.input_schema,
                strict: tool.strict,
                extra: Extra::new(),
            },
            extra,
        }))
    }
}
