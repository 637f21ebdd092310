//! Tools, the choice among them, and the oldest form of both.

use llm_provider_core::{EncodeError, NoteKind, unplaced_in_choice};
use llm_provider_openai::Changes;
use llm_types::{
    CustomTool, Extra, FunctionDefinition, FunctionTool, Nullable, Tool, ToolChoice, ToolChoiceMode,
};
use serde_json::{Value, json};

use super::Request;

/// Keywords that Mistral refuses in the schemas of tools.
pub(crate) const KEYWORDS: &[&str] = &["$id", "$schema", "additionalProperties"];

/// `functions` as tools, `function_call` as the choice among them.
pub(super) fn legacy(request: &mut Request<'_>, changes: &mut Changes<'_>) -> Result<(), EncodeError> {
    if !request.functions.is_absent() {
        let functions = request.to_mut().functions.take().unwrap_or_default();
        for (index, function) in functions.into_iter().enumerate() {
            let function = llm_types::from_value::<FunctionDefinition>(function).map_err(|why| {
                EncodeError::invalid(format!("functions[{index}].{}", why.path), why.message)
            })?;
            let tool = Tool::Function(FunctionTool { function, extra: Extra::new() });
            request.to_mut().tools.get_or_insert_with(Vec::new).push(tool);
        }
        changes.note(NoteKind::Converted, "functions", "to tools");
    }
    if !request.function_call.is_absent() {
        let choice = request.to_mut().function_call.take();
        let said = match &choice {
            Some(Value::String(mode)) => Some(ToolChoice::Mode(mode.as_str().into())),
            Some(choice) => choice["name"].as_str().map(ToolChoice::function),
            None => None,
        };
        if let (Some(said), false) = (said, request.tool_choice.is_value()) {
            request.to_mut().tool_choice = Nullable::Value(said);
        }
        if choice.is_some() {
            changes.note(NoteKind::Converted, "function_call", "to `tool_choice`");
        }
    }
    Ok(())
}

pub(super) fn tools(request: &mut Request<'_>, changes: &mut Changes<'_>) {
    if !request.tools.get().is_some_and(|tools| tools.iter().any(needs_change)) {
        return;
    }
    for (index, tool) in request.to_mut().tools.get_mut().into_iter().flatten().enumerate() {
        let path = format!("tools[{index}]");
        match tool {
            Tool::Function(tool) => function(tool, &path, changes),
            Tool::Custom(custom) => {
                changes.note(NoteKind::Converted, path, "to a function with one text, `input`");
                *tool = of_text(custom);
            }
            Tool::Unknown(_) => {}
        }
    }
}

fn needs_change(tool: &Tool) -> bool {
    match tool {
        Tool::Function(tool) => {
            !tool.function.strict.is_absent()
                || tool.function.parameters.get().is_none_or(|schema| schema.is_null() || has_keyword(schema))
        }
        Tool::Custom(_) => true,
        Tool::Unknown(_) => false,
    }
}

fn function(tool: &mut FunctionTool, path: &str, changes: &mut Changes<'_>) {
    if tool.function.strict.take() == Some(true) {
        let path = format!("{path}.function.strict");
        changes.note(NoteKind::Dropped, path, "Mistral does not enforce a tool's schema");
    }
    match tool.function.parameters.get_mut() {
        // Mistral demands the member.
        None | Some(Value::Null) => {
            tool.function.parameters = Nullable::Value(json!({ "type": "object", "properties": {} }));
            let path = format!("{path}.function.parameters");
            changes.note(NoteKind::Defaulted, path, "an object without members");
        }
        Some(schema) => strip(schema, &format!("{path}.function.parameters"), changes),
    }
}

fn of_text(custom: &CustomTool) -> Tool {
    Tool::Function(FunctionTool {
        function: FunctionDefinition {
            name: custom.custom.name.clone(),
            description: custom.custom.description.clone(),
            parameters: Nullable::Value(json!({
                "type": "object", "properties": { "input": { "type": "string" } }, "required": ["input"]
            })),
            strict: Nullable::Absent,
            extra: Extra::new(),
        },
        extra: Extra::new(),
    })
}

/// Members whose names are the client's own, so that none is a keyword.
fn holds_names(keyword: &str) -> bool {
    matches!(keyword, "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas")
}

/// Members whose content is no schema.
fn holds_values(keyword: &str) -> bool {
    matches!(keyword, "enum" | "const" | "default" | "examples")
}

fn has_keyword(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => members.iter().any(|(name, value)| match value {
            _ if KEYWORDS.contains(&name.as_str()) => true,
            Value::Object(named) if holds_names(name) => named.values().any(has_keyword),
            _ if holds_values(name) => false,
            other => has_keyword(other),
        }),
        Value::Array(items) => items.iter().any(has_keyword),
        _ => false,
    }
}

fn strip(schema: &mut Value, path: &str, changes: &mut Changes<'_>) {
    match schema {
        Value::Object(members) => {
            for name in KEYWORDS {
                if members.shift_remove(*name).is_some() {
                    changes.note(NoteKind::Dropped, format!("{path}.{name}"), "Mistral refuses it");
                }
            }
            for (name, value) in members {
                let path = format!("{path}.{name}");
                match value {
                    Value::Object(named) if holds_names(name) => {
                        for (property, schema) in named {
                            strip(schema, &format!("{path}.{property}"), changes);
                        }
                    }
                    _ if holds_values(name) => {}
                    other => strip(other, &path, changes),
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                strip(item, &format!("{path}[{index}]"), changes);
            }
        }
        _ => {}
    }
}

/// `any` is Mistral's word for `required`; of some tools, only those are sent.
pub(super) fn choice(request: &mut Request<'_>, changes: &mut Changes<'_>) {
    let any = ToolChoiceMode::Other("any".to_owned());
    let said = match request.tool_choice.get() {
        Some(ToolChoice::Mode(ToolChoiceMode::Required)) => ToolChoice::Mode(any),
        Some(ToolChoice::Custom(named)) => ToolChoice::function(named.custom.name.as_str()),
        Some(ToolChoice::AllowedTools(allowed)) => {
            let allowed = &allowed.allowed_tools;
            let names = allowed["tools"].as_array().into_iter().flatten();
            let names: Vec<String> = names
                .filter_map(|tool| tool["function"]["name"].as_str().or_else(|| tool["name"].as_str()))
                .map(str::to_owned)
                .collect();
            let mode = if allowed["mode"] == "required" { any } else { ToolChoiceMode::Auto };
            changes.note(NoteKind::Converted, "tool_choice", "only the tools that may be called are sent");
            let is_lost = |tool: &Tool| tool.name().is_some_and(|name| !names.iter().any(|one| one == name));
            if request.tools.get().is_some_and(|tools| tools.iter().any(is_lost)) {
                let detail = format!("all but those that may be called: {}", names.join(", "));
                changes.note(NoteKind::Dropped, "tools", detail);
                if let Some(tools) = request.to_mut().tools.get_mut() {
                    tools.retain(|tool| !is_lost(tool));
                }
            }
            ToolChoice::Mode(mode)
        }
        _ => return,
    };
    for note in unplaced_in_choice(request) {
        changes.note(note.kind, note.path, note.detail);
    }
    request.to_mut().tool_choice = Nullable::Value(said);
}
