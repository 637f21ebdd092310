//! The form of the answer: enforced where the model can, otherwise by a tool whose input is the answer.

use llm_provider_core::{EncodeError, NoteKind};
use llm_types::{ChatRequest, Extra, JsonSchemaFormat, Nullable, ResponseFormat};
use serde_json::{Value, json};

use super::{Encoder, schema};
use crate::chat::{FORM_TOOL, UNNAMED_FORM};
use crate::wire::{MessagesRequest, OutputConfig, OutputFormat, Tool, ToolChoice};

const PATH: &str = "response_format";

impl Encoder<'_> {
    pub(super) fn form(
        &mut self,
        request: &ChatRequest,
        wire: &mut MessagesRequest,
    ) -> Result<(), EncodeError> {
        let Nullable::Value(form) = &request.response_format else { return Ok(()) };
        match form {
            ResponseFormat::Text(_) => {}
            ResponseFormat::JsonObject(_) => {
                let anything = json!({ "type": "object", "additionalProperties": true });
                self.form_tool(anything, "Gives the answer, a JSON object.", wire);
            }
            ResponseFormat::JsonSchema(part) => {
                let format = &part.json_schema;
                let schema = format.schema.get().filter(|schema| schema.is_object());
                match schema {
                    Some(schema) if self.model.has_structured_output() => self.enforced(format, schema, wire),
                    Some(schema) => {
                        let description = format.description.as_deref().unwrap_or("Gives the answer.");
                        self.form_tool(named(format, schema), description, wire);
                    }
                    None => {
                        return Err(EncodeError::invalid("response_format.json_schema.schema", "is missing"));
                    }
                }
            }
            ResponseFormat::Unknown(_) => return self.unsupported(PATH, "Anthropic has no such form"),
        }
        Ok(())
    }

    fn enforced(&mut self, format: &JsonSchemaFormat, schema: &Value, wire: &mut MessagesRequest) {
        let fitted = schema::fit(&named(format, schema));
        if let Some(detail) = fitted.told() {
            self.note(NoteKind::Converted, "response_format.json_schema.schema", detail);
        }
        let config = wire.output_config.get_or_insert_with(|| OutputConfig {
            effort: Nullable::Absent,
            format: Nullable::Absent,
            extra: Extra::new(),
        });
        config.format = Nullable::Value(OutputFormat {
            r#type: "json_schema".to_owned(),
            schema: Nullable::Value(fitted.schema),
            extra: Extra::new(),
        });
    }

    /// A tool that the model must call and whose input is read as the answer's text.
    fn form_tool(&mut self, schema: Value, description: &str, wire: &mut MessagesRequest) {
        let may_call_others = wire.tool_choice.get().is_none_or(|choice| choice.r#type != "none");
        if wire.tool_choice.get().is_some_and(|choice| matches!(choice.r#type.as_str(), "any" | "tool")) {
            let detail = "to any of the tools, of which the form of the answer is one";
            self.note(NoteKind::Converted, "tool_choice", detail);
        }
        let tools = wire.tools.get_or_insert_with(Vec::new);
        // Beside other tools, the model must be free to call those first.
        let mut choice = if tools.is_empty() || !may_call_others {
            let mut choice = ToolChoice::of("tool");
            choice.name = Nullable::Value(FORM_TOOL.to_owned());
            choice
        } else {
            ToolChoice::of("any")
        };
        tools.push(Tool {
            r#type: Nullable::Absent,
            name: Nullable::Value(FORM_TOOL.to_owned()),
            description: Nullable::Value(description.to_owned()),
            input_schema: Nullable::Value(schema),
            strict: Nullable::Absent,
            cache_control: Nullable::Absent,
            extra: Extra::new(),
        });
        choice.disable_parallel_tool_use = Nullable::Value(true);
        wire.tool_choice = Nullable::Value(choice);
        self.note(NoteKind::Converted, PATH, format!("to the input of a tool, `{FORM_TOOL}`"));
    }

    /// A model that thinks, or is too new, cannot be made to call a tool.
    pub(super) fn forced_tool(
        &mut self,
        request: &ChatRequest,
        wire: &mut MessagesRequest,
    ) -> Result<(), EncodeError> {
        let Nullable::Value(choice) = &mut wire.tool_choice else { return Ok(()) };
        if !matches!(choice.r#type.as_str(), "any" | "tool") {
            return Ok(());
        }
        let thinks = wire
            .thinking
            .get()
            .is_some_and(|thinking| matches!(thinking.r#type.as_str(), "enabled" | "adaptive"));
        let reason = match (self.model.takes_forced_tools(), thinks) {
            (true, false) => return Ok(()),
            (true, true) => "a model that thinks cannot be made to call a tool",
            (false, _) => "this model cannot be made to call a tool",
        };
        if self.is_forwarded("tool_choice") {
            return Ok(());
        }
        choice.r#type = "auto".to_owned();
        choice.name = Nullable::Absent;
        let is_form = wire
            .tools
            .get()
            .and_then(|tools| tools.last())
            .is_some_and(|tool| tool.name.as_deref() == Some(FORM_TOOL));
        if is_form {
            self.note(NoteKind::Converted, PATH, reason);
            return Ok(());
        }
        let path = if request.tool_choice.is_value() { "tool_choice" } else { "function_call" };
        self.unsupported(path, reason)
    }
}

/// The schema with its name and description inside, where it has none of its own.
fn named(format: &JsonSchemaFormat, schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Value::Object(members) = &mut schema {
        if format.name != UNNAMED_FORM {
            members.entry("title").or_insert_with(|| format.name.clone().into());
        }
        if let Some(description) = format.description.as_deref() {
            members.entry("description").or_insert_with(|| description.into());
        }
    }
    schema
}
