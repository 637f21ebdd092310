//! JSON Schema within the subset that Anthropic enforces; what is beyond it goes into descriptions, so that
//! the model may follow it all the same.
//!
//! Source: Anthropic docs, "Structured outputs", JSON Schema limitations, and the rules by which Anthropic's
//! own SDKs rewrite schemas, read 2026-11.

use serde_json::{Map, Value};

/// Formats of strings that are enforced.
const FORMATS: &[&str] =
    &["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

/// A schema that fits, and what was changed for that.
pub(super) struct Fitted {
    pub(super) schema: Value,
    changes: Changes,
}

#[derive(Default)]
struct Changes {
    moved: Vec<String>,
    left_out: Vec<String>,
}

impl Fitted {
    /// Which keywords were moved, and which left out, for a note.
    pub(super) fn told(&self) -> Option<String> {
        let Changes { moved, left_out } = &self.changes;
        let told: Vec<_> = [("moved", moved), ("left out", left_out)]
            .into_iter()
            .filter(|(_, places)| !places.is_empty())
            .map(|(what, places)| format!("{what}: {}", places.join("; ")))
            .collect();
        (!told.is_empty()).then(|| told.join("; "))
    }
}

/// Rewrites a schema.
pub(super) fn fit(schema: &Value) -> Fitted {
    let mut changes = Changes::default();
    let schema = rewrite(schema, "", &mut changes);
    Fitted { schema, changes }
}

fn rewrite(schema: &Value, path: &str, changes: &mut Changes) -> Value {
    let Value::Object(schema) = schema else { return schema.clone() };
    let mut fitted = Map::with_capacity(schema.len() + 1);
    let mut beyond: Vec<(&str, &Value)> = Vec::new();
    for (name, value) in schema {
        let at = format!("{path}/{name}");
        match name.as_str() {
            "type" | "enum" | "const" | "title" | "default" | "required" | "$ref" => {
                fitted.insert(name.clone(), value.clone());
            }
            "description" if value.is_string() => {
                fitted.insert(name.clone(), value.clone());
            }
            "properties" | "$defs" | "definitions" if value.is_object() => {
                let members = value.as_object().into_iter().flatten();
                let members = members
                    .map(|(name, schema)| (name.clone(), rewrite(schema, &format!("{at}/{name}"), changes)))
                    .collect();
                fitted.insert(name.clone(), Value::Object(members));
            }
            "items" if value.is_object() => {
                fitted.insert(name.clone(), rewrite(value, &at, changes));
            }
            "anyOf" | "allOf" if value.is_array() => {
                fitted.insert(name.clone(), rewrite_all(value, &at, changes));
            }
            "oneOf" if value.is_array() && !schema.contains_key("anyOf") => {
                fitted.insert("anyOf".to_owned(), rewrite_all(value, &at, changes));
                changes.moved.push(format!("{at} to anyOf"));
            }
            "format" if value.as_str().is_some_and(|format| FORMATS.contains(&format)) => {
                fitted.insert(name.clone(), value.clone());
            }
            "minItems" if matches!(value.as_u64(), Some(0 | 1)) => {
                fitted.insert(name.clone(), value.clone());
            }
            // Said of every object below.
            "additionalProperties" if *value == Value::Bool(false) && is_object(schema) => {}
            // They speak to tools that read schemas, not to the model.
            "$schema" | "$id" | "$comment" => changes.left_out.push(at),
            _ => beyond.push((name, value)),
        }
    }
    if is_object(schema) {
        fitted.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    if !beyond.is_empty() {
        let list: Vec<_> = beyond.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let list = format!("{{{}}}", list.join(", "));
        let description = match fitted.get("description").and_then(Value::as_str) {
            Some(description) => format!("{description}\n\n{list}"),
            None => list,
        };
        fitted.insert("description".to_owned(), Value::String(description));
        let places = beyond.iter().map(|(name, _)| format!("{path}/{name} to its description"));
        changes.moved.extend(places);
    }
    Value::Object(fitted)
}

fn rewrite_all(schemas: &Value, path: &str, changes: &mut Changes) -> Value {
    let schemas = schemas.as_array().into_iter().flatten().enumerate();
    schemas.map(|(index, schema)| rewrite(schema, &format!("{path}/{index}"), changes)).collect()
}

fn is_object(schema: &Map<String, Value>) -> bool {
    match schema.get("type") {
        Some(Value::String(kind)) => kind == "object",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "object"),
        _ => schema.contains_key("properties"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_fits_stays() {
        let schema = json!({
            "type": "object",
            "properties": { "tags": { "type": "array", "items": { "type": "string", "format": "uuid" }, "minItems": 1 } },
            "required": ["tags"],
            "additionalProperties": false
        });
        let fitted = fit(&schema);
        assert_eq!(fitted.schema, schema);
        assert_eq!(fitted.told(), None);
    }

    #[test]
    fn what_does_not_fit_is_told_in_words() {
        let fitted = fit(&json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "age": { "type": "integer", "minimum": 0, "maximum": 150, "description": "In years." },
                "pet": { "oneOf": [{ "type": ["object", "null"], "properties": {} }, { "$ref": "#/$defs/Cat" }] },
            },
            "additionalProperties": { "type": "string" },
            "$defs": { "Cat": { "type": "object", "properties": { "name": { "type": "string", "pattern": "^c" } } } }
        }));
        assert_eq!(
            fitted.schema,
            json!({
                "type": "object",
                "properties": {
                    "age": { "type": "integer", "description": "In years.\n\n{minimum: 0, maximum: 150}" },
                    "pet": { "anyOf": [
                        { "type": ["object", "null"], "properties": {}, "additionalProperties": false },
                        { "$ref": "#/$defs/Cat" }
                    ] },
                },
                "$defs": { "Cat": {
                    "type": "object",
                    "properties": { "name": { "type": "string", "description": "{pattern: \"^c\"}" } },
                    "additionalProperties": false
                } },
                "additionalProperties": false,
                "description": "{additionalProperties: {\"type\":\"string\"}}"
            })
        );
        assert_eq!(
            fitted.changes.moved,
            [
                "/properties/age/minimum to its description",
                "/properties/age/maximum to its description",
                "/properties/pet/oneOf to anyOf",
                "/$defs/Cat/properties/name/pattern to its description",
                "/additionalProperties to its description",
            ]
        );
        assert_eq!(fitted.changes.left_out, ["/$schema"]);
    }

    #[test]
    fn what_says_nothing_there_is_told_in_words() {
        let fitted = fit(&json!({ "type": "text", "description": 5, "additionalProperties": false }));
        assert_eq!(
            fitted.schema,
            json!({ "type": "text", "description": "{description: 5, additionalProperties: false}" })
        );
        assert_eq!(
            fitted.told().as_deref(),
            Some("moved: /description to its description; /additionalProperties to its description")
        );
        let told = fit(&json!({ "$id": "a", "type": "object", "minProperties": 1 })).told();
        assert_eq!(told.as_deref(), Some("moved: /minProperties to its description; left out: /$id"));
    }
}
