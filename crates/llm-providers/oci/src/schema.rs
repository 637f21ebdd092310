//! Schemas without references, which the service refuses.

use serde_json::Value;

/// Steps into references at most: a schema may refer to itself.
const MAX_DEPTH: usize = 8;

/// Puts what `$ref` refers to in its place. Whether there was any.
pub(crate) fn inline(schema: &mut Value) -> bool {
    let root = schema.clone();
    let found = walk(schema, &root, 0);
    if found && let Some(members) = schema.as_object_mut() {
        members.shift_remove("$defs");
        members.shift_remove("definitions");
    }
    found
}

fn walk(value: &mut Value, root: &Value, depth: usize) -> bool {
    let mut found = false;
    if let Some(target) = value.get("$ref").and_then(Value::as_str).map(str::to_owned) {
        found = true;
        let meant = target.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        *value = match meant {
            Some(meant) if depth < MAX_DEPTH => meant.clone(),
            _ => serde_json::json!({ "type": "object" }),
        };
        walk(value, root, depth + 1);
        return found;
    }
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if name != "$defs" && name != "definitions" {
                    found |= walk(member, root, depth);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                found |= walk(item, root, depth);
            }
        }
        _ => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_put_in_place() {
        let mut schema = json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}, "b": {"$ref": "#/nowhere"}},
            "$defs": {"A": {"type": "array", "items": {"$ref": "#/$defs/B"}}, "B": {"type": "string"}}});
        assert!(inline(&mut schema));
        assert_eq!(
            schema,
            json!({"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string"}}, "b": {"type": "object"}}})
        );
        let mut plain = json!({"type": "object", "$defs": {}});
        assert!(!inline(&mut plain));
        assert_eq!(plain, json!({"type": "object", "$defs": {}}));
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let mut schema =
            json!({"$ref": "#/$defs/T", "$defs": {"T": {"properties": {"next": {"$ref": "#/$defs/T"}}}}});
        assert!(inline(&mut schema));
        assert!(schema.to_string().len() < 1000);
    }
}
