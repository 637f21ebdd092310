//! Names in snake case, which Google's APIs take beside camel case.
//!
//! Source: Protocol Buffers documentation, "ProtoJSON Format" (protobuf.dev), read 2026-11: parsers accept both the
//! camel-case name and the original name of a field.

use serde_json::{Map, Value};

/// Members whose content is the client's own, whatever its names look like.
const FREE: &[&str] = &[
    "args",
    "response",
    "labels",
    "parametersJsonSchema",
    "responseJsonSchema",
    "default",
    "example",
    "enum",
    "partialArgs",
];

/// A body with every name of Google's in camel case.
pub(crate) fn camel_case(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut renamed = Map::with_capacity(members.len());
            for (name, value) in members {
                let name = camel(name);
                let value = match name.as_str() {
                    free if FREE.contains(&free) => value,
                    "properties" => properties(value),
                    _ => camel_case(value),
                };
                // What is said in both spellings stays in the first.
                renamed.entry(name).or_insert(value);
            }
            Value::Object(renamed)
        }
        Value::Array(items) => items.into_iter().map(camel_case).collect(),
        other => other,
    }
}

/// The names of properties are the client's, their schemas are Google's.
fn properties(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            members.into_iter().map(|(name, schema)| (name, camel_case(schema))).collect()
        }
        other => camel_case(other),
    }
}

fn camel(name: String) -> String {
    if !name.contains('_') || name.starts_with('_') {
        return name;
    }
    let mut out = String::with_capacity(name.len());
    let mut upper = false;
    for letter in name.chars() {
        match letter {
            '_' => upper = true,
            letter if upper => {
                out.extend(letter.to_uppercase());
                upper = false;
            }
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::camel_case;

    #[test]
    fn google_s_names_change_and_the_client_s_stay() {
        let body = json!({
            "system_instruction": {"parts": [{"inline_data": {"mime_type": "a/b"}}]},
            "contents": [{"parts": [
                {"function_call": {"name": "f_g", "args": {"a_b": {"c_d": 1}}}, "thought_signature": "s"},
            ]}],
            "tools": [{"function_declarations": [
                {"parameters": {"properties": {"min_items": {"min_items": 1, "any_of": []}}}},
                {"parameters_json_schema": {"x_y": 1}},
            ]}],
        });
        assert_eq!(
            camel_case(body),
            json!({
                "systemInstruction": {"parts": [{"inlineData": {"mimeType": "a/b"}}]},
                "contents": [{"parts": [
                    {"functionCall": {"name": "f_g", "args": {"a_b": {"c_d": 1}}}, "thoughtSignature": "s"},
                ]}],
                "tools": [{"functionDeclarations": [
                    {"parameters": {"properties": {"min_items": {"minItems": 1, "anyOf": []}}}},
                    {"parametersJsonSchema": {"x_y": 1}},
                ]}],
            })
        );
    }
}
