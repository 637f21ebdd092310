//! The form of the answer, for models that are not Claude: enforced where the model can, otherwise by a tool whose
//! input is the answer, otherwise by words.
//!
//! Source: Amazon Bedrock User Guide, "Get validated JSON results from models", read 2026-11.

use llm_provider_core::{EncodeError, NoteKind, object_schema};
use llm_types::{ChatRequest, Extra, JsonSchemaFormat, Nullable, ResponseFormat};
use serde_json::{Value, json};

use super::Encoder;
use crate::converse::FORM_TOOL;
use crate::wire::{
    ConverseRequest, JsonSchema, OutputConfig, SystemBlock, TextFormat, Tool, ToolChoice, ToolConfig,
    ToolSpec,
};

const PATH: &str = "response_format";

/// Where a schema stands in a request.
pub(super) const SCHEMA: &str = "response_format.json_schema.schema";

impl Encoder<'_> {
    pub(super) fn form(
        &mut self,
        request: &ChatRequest,
        wire: &mut ConverseRequest,
    ) -> Result<(), EncodeError> {
        match request.response_format.get() {
            None | Some(ResponseFormat::Text(_)) => Ok(()),
            Some(ResponseFormat::JsonObject(_)) => {
                self.note(NoteKind::Converted, PATH, "to an instruction");
                instruct(wire, "Answer with one JSON object and nothing else.".to_owned());
                Ok(())
            }
            Some(ResponseFormat::JsonSchema(part)) => {
                let format = &part.json_schema;
                let Some(schema) = format.schema.get().filter(|schema| schema.is_object()) else {
                    return Err(EncodeError::invalid(SCHEMA, "is missing"));
                };
                if self.model.keeps_to_schemas() {
                    self.note(NoteKind::Moved, SCHEMA, "into a text, as Converse has it");
                    let output = wire.output_config.get_or_insert_with(OutputConfig::default);
                    output.text_format = Nullable::Value(TextFormat::json_schema(&JsonSchema {
                        schema: schema.to_string(),
                        name: Nullable::Value(format.name.clone()),
                        description: format.description.clone(),
                        extra: Extra::new(),
                    }));
                } else if self.model.takes_tools() && self.model.takes_tool_choice() {
                    self.form_tool(format, schema, wire);
                } else {
                    self.note(NoteKind::Converted, PATH, "to an instruction");
                    let about = format.description.as_deref().unwrap_or_default();
                    let text = format!(
                        "Answer with one JSON object and nothing else. It follows this JSON Schema, `{}`: {schema} {about}",
                        format.name
                    );
                    instruct(wire, text.trim_end().to_owned());
                }
                Ok(())
            }
            Some(ResponseFormat::Unknown(_)) => self.unsupported(PATH, "Bedrock has no such form"),
        }
    }

    /// A tool that the model must call and whose input is read as the answer's text.
    fn form_tool(&mut self, format: &JsonSchemaFormat, schema: &Value, wire: &mut ConverseRequest) {
        let mut schema = object_schema(Some(schema), SCHEMA, &mut self.notes);
        if let Value::Object(members) = &mut schema {
            members.entry("title").or_insert_with(|| format.name.clone().into());
        }
        let config = wire.tool_config.get_or_insert_with(|| ToolConfig::new(Vec::new()));
        if matches!(config.tool_choice.get(), Some(ToolChoice::Any(_) | ToolChoice::Tool(_))) {
            let detail = "to any of the tools, of which the form of the answer is one";
            self.note(NoteKind::Converted, "tool_choice", detail);
        }
        // Beside other tools, the model must be free to call those first.
        let choice = if config.tools.is_empty() {
            ToolChoice::Tool(json!({ "name": FORM_TOOL }))
        } else {
            ToolChoice::Any(Extra::new())
        };
        let description = format.description.as_deref().unwrap_or("Gives the answer.");
        config.tools.push(Tool::Spec(ToolSpec {
            name: FORM_TOOL.to_owned(),
            input_schema: json!({ "json": schema }),
            description: Nullable::Value(description.to_owned()),
            strict: Nullable::Absent,
            extra: Extra::new(),
        }));
        config.tool_choice = Nullable::Value(choice);
        self.note(NoteKind::Converted, PATH, format!("to the input of a tool, `{FORM_TOOL}`"));
    }
}

fn instruct(wire: &mut ConverseRequest, text: String) {
    wire.system.get_or_insert_with(Vec::new).push(SystemBlock::Text(text));
}
