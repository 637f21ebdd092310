//! Tool arguments made up from a JSON schema.

use serde_json::{Map, Value, json};

/// Schemas nest; a schema that refers to itself must not.
const MAX_DEPTH: u8 = 12;

/// A value that `schema` accepts, as far as types, `required`, `enum`, `const`, `default` and lower bounds go.
/// The same schema gives the same value.
pub(crate) fn example(schema: &Value) -> Value {
    value(schema, schema, MAX_DEPTH)
}

fn value(schema: &Value, root: &Value, depth: u8) -> Value {
    let Some(depth) = depth.checked_sub(1) else { return Value::Null };
    for key in ["const", "default"] {
        if let Some(given) = schema.get(key) {
            return given.clone();
        }
    }
    for key in ["enum", "examples"] {
        if let Some(first) = schema.get(key).and_then(Value::as_array).and_then(|list| list.first()) {
            return first.clone();
        }
    }
    if let Some(target) = schema.get("$ref").and_then(Value::as_str).and_then(|path| resolve(path, root)) {
        return value(target, root, depth);
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        if let Some(first) = schema.get(key).and_then(Value::as_array).and_then(|list| list.first()) {
            return value(first, root, depth);
        }
    }
    match kind(schema) {
        "object" => object(schema, root, depth),
        "array" => {
            let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(1).min(8);
            let item = schema.get("items").map_or_else(|| json!("text"), |items| value(items, root, depth));
            (0..least).map(|_| item.clone()).collect()
        }
        "integer" => json!(lower_bound(schema).map_or(1, |least| least.ceil() as i64)),
        "number" => lower_bound(schema).map_or_else(|| json!(1.5), |least| json!(least)),
        "boolean" => json!(true),
        "null" => Value::Null,
        _ => json!(text(schema)),
    }
}

fn object(schema: &Value, root: &Value, depth: u8) -> Value {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return json!({}) };
    let required: Option<Vec<&str>> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_str).collect());
    let wanted = |name: &str| required.as_ref().is_none_or(|names| names.contains(&name));
    let members: Map<String, Value> = properties
        .iter()
        .filter(|(name, _)| wanted(name))
        .map(|(name, property)| (name.clone(), value(property, root, depth)))
        .collect();
    Value::Object(members)
}

/// The first type named that is not `null`; objects may leave theirs out.
fn kind(schema: &Value) -> &str {
    let named = match schema.get("type") {
        Some(Value::String(name)) => Some(name.as_str()),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        _ => None,
    };
    named.unwrap_or(if schema.get("properties").is_some() { "object" } else { "string" })
}

fn text(schema: &Value) -> String {
    let sample = match schema.get("format").and_then(Value::as_str) {
        Some("date") => "2026-01-01",
        Some("date-time") => "2026-01-01T00:00:00Z",
        Some("email") => "someone@example.com",
        Some("uri") => "https://example.com/",
        Some("uuid") => "00000000-0000-4000-8000-000000000000",
        _ => "text",
    };
    let least = schema.get("minLength").and_then(Value::as_u64).unwrap_or(0).min(1_024);
    let missing = usize::try_from(least).unwrap_or_default().saturating_sub(sample.len());
    format!("{sample}{}", "x".repeat(missing))
}

fn lower_bound(schema: &Value) -> Option<f64> {
    let inclusive = schema.get("minimum").and_then(Value::as_f64);
    inclusive.or_else(|| schema.get("exclusiveMinimum").and_then(Value::as_f64).map(|least| least + 1.0))
}

fn resolve<'s>(path: &str, root: &'s Value) -> Option<&'s Value> {
    root.pointer(path.strip_prefix('#')?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn required_members_are_filled_by_type() {
        let schema = json!({"type": "object", "required": ["city", "unit", "days", "share", "tags", "when", "deep"],
            "properties": {
                "city": {"type": "string", "minLength": 6}, "unit": {"enum": ["c", "f"]},
                "days": {"type": ["null", "integer"], "minimum": 2.5}, "share": {"type": "number"},
                "tags": {"type": "array", "items": {"type": "boolean"}, "minItems": 2},
                "when": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
                "deep": {"$ref": "#/$defs/deep"}, "left_out": {"type": "string"}},
            "$defs": {"deep": {"properties": {"x": {"const": 7}}}}});
        assert_eq!(
            example(&schema),
            json!({"city": "textxx", "unit": "c", "days": 3, "share": 1.5, "tags": [true, true],
                "when": "2026-01-01", "deep": {"x": 7}})
        );
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let schema = json!({"type": "object", "properties": {"next": {"$ref": "#"}}});
        assert!(example(&schema).pointer("/next/next").is_some());
        assert_eq!(example(&json!(true)), json!("text"));
        assert_eq!(example(&json!({"$ref": "https://elsewhere.example/schema"})), json!("text"));
    }
}
