//! Tools and the choice among them.

use llm_provider_core::{IngressError, NoteKind};
use llm_types::{
    AllowedTools, ChatRequest, Extra, FunctionDefinition, FunctionTool, Nullable, Tool as Canonical,
    ToolChoice, ToolChoiceMode,
};
use serde_json::{Value, json};

use super::{Reader, put};
use crate::schema;
use crate::wire::{FunctionCallingConfig, FunctionDeclaration, Tool, ToolConfig};

impl Reader {
    pub(super) fn tools(
        &mut self,
        tools: Option<Vec<Tool>>,
        request: &mut ChatRequest,
    ) -> Result<(), IngressError> {
        let mut made = Vec::new();
        for (index, tool) in tools.unwrap_or_default().into_iter().enumerate() {
            let functions = tool.function_declarations.into_option().unwrap_or_default();
            for (number, function) in functions.into_iter().enumerate() {
                let path = format!("tools[{index}].functionDeclarations[{number}]");
                made.push(self.function(function, &path)?);
            }
            for (name, value) in tool.extra {
                if name == "googleSearch" && value.as_object().is_some_and(Extra::is_empty) {
                    request.web_search_options = Nullable::Value(json!({}));
                } else if !value.is_null() {
                    // Google's own, whole.
                    let own = Extra::from_iter([("type".to_owned(), name.as_str().into()), (name, value)]);
                    made.push(Canonical::Unknown(own));
                }
            }
        }
        request.tools = crate::turn::some(made);
        Ok(())
    }

    fn function(&mut self, function: FunctionDeclaration, path: &str) -> Result<Canonical, IngressError> {
        let name = function.name.into_option().filter(|name| !name.is_empty());
        let name = name
            .ok_or_else(|| IngressError { path: format!("{path}.name"), message: "is missing".to_owned() })?;
        let parameters = match (function.parameters_json_schema, function.parameters) {
            (Nullable::Value(schema), other) => {
                if other.is_value() {
                    let detail = "`parametersJsonSchema` is said too and wins";
                    self.note(NoteKind::Dropped, format!("{path}.parameters"), detail);
                }
                Nullable::Value(schema)
            }
            (_, Nullable::Value(schema)) => Nullable::Value(schema::unfold(schema)),
            _ => Nullable::Absent,
        };
        Ok(Canonical::Function(FunctionTool {
            function: FunctionDefinition {
                name,
                description: function.description.into_option().into(),
                parameters,
                strict: Nullable::Absent,
                extra: function.extra,
            },
            extra: Extra::new(),
        }))
    }

    pub(super) fn tool_config(&mut self, config: Option<ToolConfig>, request: &mut ChatRequest) {
        let Some(config) = config else { return };
        let calling = config.function_calling_config.get();
        let choice = calling.and_then(choice);
        let is_whole = config.extra.is_empty() && calling.is_none_or(|calling| calling.extra.is_empty());
        // That schemas are kept to has no word in OpenAI's choices.
        let validates = |calling: &FunctionCallingConfig| {
            calling.mode.as_deref().is_some_and(|mode| mode.eq_ignore_ascii_case("VALIDATED"))
                && calling.allowed_function_names.as_deref().is_none_or(<[String]>::is_empty)
        };
        let is_said = calling.is_none_or(|calling| choice.is_some() && !validates(calling));
        if !is_said {
            self.note(NoteKind::Converted, "toolConfig.functionCallingConfig", "kept in Gemini's words only");
        }
        if !is_whole || !is_said {
            put(request, "toolConfig", &Nullable::Value(&config));
        }
        request.tool_choice = choice.into();
    }
}

/// The choice in OpenAI's words, if it has them.
fn choice(config: &FunctionCallingConfig) -> Option<ToolChoice> {
    let names = config.allowed_function_names.as_deref().unwrap_or_default();
    let mode = config.mode.as_deref().unwrap_or("AUTO").to_ascii_uppercase();
    let allowed = |mode: &str| {
        let tools: Vec<Value> =
            names.iter().map(|name| json!({ "type": "function", "function": { "name": name } })).collect();
        ToolChoice::AllowedTools(AllowedTools {
            allowed_tools: json!({ "mode": mode, "tools": tools }),
            extra: Extra::new(),
        })
    };
    Some(match (mode.as_str(), names) {
        ("AUTO" | "MODE_UNSPECIFIED", _) => ToolChoice::Mode(ToolChoiceMode::Auto),
        ("NONE", _) => ToolChoice::Mode(ToolChoiceMode::None),
        ("ANY", []) => ToolChoice::Mode(ToolChoiceMode::Required),
        ("ANY", [only]) => ToolChoice::function(only.as_str()),
        ("ANY", _) => allowed("required"),
        ("VALIDATED", [_, ..]) => allowed("auto"),
        ("VALIDATED", []) => ToolChoice::Mode(ToolChoiceMode::Auto),
        _ => return None,
    })
}
