//! Quirks of tools.

use llm_provider_core::{NoteKind, Peek};
use llm_provider_openai::Changes;
use llm_types::{Extra, FunctionDefinition, Message, Nullable, Tool, ToolChoice, ToolChoiceMode};
use serde_json::Value;

use super::Request;

/// What [`remove_keywords`] removes.
pub(super) const KEYWORDS: &[&str] = &["$id", "$schema", "additionalProperties"];

/// Whether tools that were not read name any of these.
pub(super) fn names_any(peek: &Peek<'_>, names: &[&str]) -> bool {
    let Some(tools) = peek.raw("tools") else { return false };
    names
        .iter()
        .any(|name| memchr::memmem::find(tools.as_bytes(), format!("\"{name}\"").as_bytes()).is_some())
}

/// Changes the functions that need it.
fn each(
    request: &mut Request<'_>,
    needs: impl Fn(&FunctionDefinition) -> bool,
    mut change: impl FnMut(usize, &mut FunctionDefinition),
) {
    let wanted = |tool: &Tool| matches!(tool, Tool::Function(tool) if needs(&tool.function));
    if !request.tools.get().is_some_and(|tools| tools.iter().any(wanted)) {
        return;
    }
    for (index, tool) in request.to_mut().tools.get_mut().into_iter().flatten().enumerate() {
        if let Tool::Function(tool) = tool
            && needs(&tool.function)
        {
            change(index, &mut tool.function);
        }
    }
}

/// Takes `strict` out.
pub(super) fn remove_strict(request: &mut Request<'_>, changes: &mut Changes<'_>) {
    each(
        request,
        |function| !function.strict.is_absent(),
        |index, function| {
            function.strict = Nullable::Absent;
            changes.note(
                NoteKind::Dropped,
                format!("tools[{index}].function.strict"),
                "the vendor refuses it",
            );
        },
    );
}

/// Takes keywords out of schemas.
pub(super) fn remove_keywords(request: &mut Request<'_>, changes: &mut Changes<'_>) {
    each(
        request,
        |function| function.parameters.get().is_some_and(has_keyword),
        |index, function| {
            if let Some(parameters) = function.parameters.get_mut() {
                let path = format!("tools[{index}].function.parameters");
                strip(parameters, &path, changes);
            }
        },
    );
}

/// Whether this is the schema of a property that bears a keyword's name.
fn is_keyword(members: &Extra, name: &str) -> bool {
    members.contains_key(name) && KEYWORDS.contains(&name)
}

fn has_keyword(schema: &Value) -> bool {
    walk(schema).any(|members| KEYWORDS.iter().any(|name| is_keyword(members, name)))
}

/// All schemas in a schema. Under `properties` and the like, names are not keywords.
fn walk(schema: &Value) -> Box<dyn Iterator<Item = &Extra> + '_> {
    match schema {
        Value::Object(members) => Box::new(std::iter::once(members).chain(members.iter().flat_map(
            |(name, value)| -> Box<dyn Iterator<Item = &Extra>> {
                match value {
                    Value::Object(named) if holds_names(name) => Box::new(named.values().flat_map(walk)),
                    _ if holds_values(name) => Box::new(std::iter::empty()),
                    other => walk(other),
                }
            },
        ))),
        Value::Array(items) => Box::new(items.iter().flat_map(walk)),
        _ => Box::new(std::iter::empty()),
    }
}

fn holds_names(keyword: &str) -> bool {
    matches!(keyword, "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas")
}

fn holds_values(keyword: &str) -> bool {
    matches!(keyword, "enum" | "const" | "default" | "examples")
}

fn strip(schema: &mut Value, path: &str, changes: &mut Changes<'_>) {
    match schema {
        Value::Object(members) => {
            for name in KEYWORDS {
                if members.shift_remove(*name).is_some() {
                    changes.note(NoteKind::Dropped, format!("{path}.{name}"), "the vendor refuses it");
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

fn is_required(request: &Request<'_>) -> bool {
    request.tool_choice.get() == Some(&ToolChoice::Mode(ToolChoiceMode::Required))
}

/// `any` for `required`.
pub(super) fn choice_any(request: &mut Request<'_>) {
    if is_required(request) {
        request.to_mut().tool_choice = ToolChoice::Mode(ToolChoiceMode::Other("any".to_owned())).into();
    }
}

/// `auto` for all that forces a tool.
pub(super) fn choice_auto(request: &mut Request<'_>, changes: &mut Changes<'_>) {
    let forces = request.tool_choice.get().is_some_and(|choice| {
        !matches!(choice, ToolChoice::Mode(ToolChoiceMode::Auto | ToolChoiceMode::None))
    });
    if forces && !changes.forwards("tool_choice") {
        request.to_mut().tool_choice = ToolChoice::Mode(ToolChoiceMode::Auto).into();
        changes.lost(NoteKind::Converted, "tool_choice", "the vendor knows `auto` and `none` only");
    }
}

/// A message for `required`.
pub(super) fn choice_in_words(request: &mut Request<'_>, changes: &mut Changes<'_>) {
    if is_required(request) && !changes.forwards("tool_choice") {
        let request = request.to_mut();
        request.tool_choice = Nullable::Absent;
        request.messages.push(Message::user("Please call one of the tools now."));
        changes.lost(NoteKind::Converted, "tool_choice", "asked for in words, without a guarantee");
    }
}
