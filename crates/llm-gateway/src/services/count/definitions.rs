//! Definitions of functions as OpenAI's models read them: in TypeScript.
//!
//! Source: OpenAI Cookbook, "How to count tokens with tiktoken", and OpenAI developer forum, "How to calculate the tokens
//! when using function call", read 2026-11.

use std::fmt::Write as _;

use llm_types::FunctionDefinition;
use serde_json::Value;

/// All definitions; empty if there is none.
pub(super) fn write<'a>(functions: impl Iterator<Item = &'a FunctionDefinition>) -> String {
    let mut text = String::new();
    for function in functions {
        if text.is_empty() {
            text.push_str("namespace functions {\n\n");
        }
        if let Some(description) = function.description.as_deref() {
            let _ = writeln!(text, "// {description}");
        }
        let members = function.parameters.get().map(|schema| members(schema, 0)).unwrap_or_default();
        let _ = if members.is_empty() {
            write!(text, "type {} = () => any;\n\n", function.name)
        } else {
            write!(text, "type {} = (_: {{\n{members}}}) => any;\n\n", function.name)
        };
    }
    if !text.is_empty() {
        text.push_str("} // namespace functions");
    }
    text
}

/// The members of an object, a line each, and their descriptions before them.
fn members(schema: &Value, indent: usize) -> String {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut text = String::new();
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let space = " ".repeat(indent);
        if let Some(description) = member["description"].as_str() {
            let _ = writeln!(text, "{space}// {description}");
        }
        let question = if required.contains(&name.as_str()) { "" } else { "?" };
        let _ = writeln!(text, "{space}{name}{question}: {},", type_of(member, indent));
    }
    text
}

fn type_of(schema: &Value, indent: usize) -> String {
    if let Some(values) = schema["enum"].as_array() {
        return values.iter().map(Value::to_string).collect::<Vec<_>>().join(" | ");
    }
    match schema["type"].as_str() {
        Some("integer" | "number") => "number".to_owned(),
        Some("array") => match schema.get("items") {
            Some(items) => format!("{}[]", type_of(items, indent)),
            None => "any[]".to_owned(),
        },
        Some("object") => format!("{{\n{}}}", members(schema, indent + 2)),
        Some(kind @ ("string" | "boolean" | "null")) => kind.to_owned(),
        _ => "any".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_of_parameter() {
        let functions: Vec<FunctionDefinition> = llm_types::from_value(json!([
            {"name": "f", "description": "Does it.", "parameters": {"type": "object", "required": ["a"], "properties": {
                "a": {"type": "string", "description": "A."},
                "b": {"type": "array", "items": {"type": "integer"}},
                "c": {"type": "object", "properties": {"d": {"enum": ["x", 1]}}},
                "e": {"type": "array"},
                "g": {},
            }}},
            {"name": "h"},
        ]))
        .unwrap();
        assert_eq!(
            write(functions.iter()),
            "namespace functions {\n\n// Does it.\ntype f = (_: {\n// A.\na: string,\nb?: number[],\nc?: {\n  d?: \"x\" | 1,\n},\ne?: any[],\ng?: any,\n}) => any;\n\ntype h = () => any;\n\n} // namespace functions"
        );
        assert_eq!(write([].into_iter()), "");
    }
}
