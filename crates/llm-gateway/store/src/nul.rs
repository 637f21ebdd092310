//! The one character that not every database takes in a text or a document.

use serde_json::Value;

/// Whether a document holds it, in a value or in a name.
pub(crate) fn is_in(document: &Value) -> bool {
    match document {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(is_in),
        Value::Object(members) => members.iter().any(|(name, value)| name.contains('\0') || is_in(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A document with what stands for a character that cannot be shown in its place.
pub(crate) fn replaced(document: Value) -> Value {
    let shown = |text: String| text.replace('\0', "\u{fffd}");
    match document {
        Value::String(text) => Value::String(shown(text)),
        Value::Array(items) => items.into_iter().map(replaced).collect(),
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(name, value)| (shown(name), replaced(value))).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_found_and_replaced_wherever_it_is() {
        for document in [json!("\0"), json!(["a", {"b": "\0"}]), json!({"a\0": 1})] {
            assert!(is_in(&document), "{document}");
            assert!(!is_in(&replaced(document)));
        }
        let without = json!({"a": ["\\u0000", "0", null, 0, true]});
        assert!(!is_in(&without));
        assert_eq!(replaced(without.clone()), without);
        assert_eq!(replaced(json!({"a\0": ["\0b"]})), json!({"a\u{fffd}": ["\u{fffd}b"]}));
    }
}
