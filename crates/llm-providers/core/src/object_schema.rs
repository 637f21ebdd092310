//! [`object_schema`]: what a function takes, for vendors that take objects only.

use serde_json::{Map, Value, json};

use crate::Note;

/// What a function takes as a schema of type `object`, which some vendors demand: the type is added where none is said,
/// and a function without parameters takes an object without members. `path` is where the parameters stand; what is no
/// schema of an object at all is told in `notes` as left out.
pub fn object_schema(parameters: Option<&Value>, path: &str, notes: &mut Vec<Note>) -> Value {
    match parameters {
        Some(Value::Object(schema)) if schema.contains_key("type") => Value::Object(schema.clone()),
        Some(Value::Object(schema)) => {
            let mut typed = Map::with_capacity(schema.len() + 1);
            typed.insert("type".to_owned(), "object".into());
            typed.extend(schema.iter().map(|(name, value)| (name.clone(), value.clone())));
            Value::Object(typed)
        }
        parameters => {
            if parameters.is_some_and(|parameters| !parameters.is_null()) {
                notes.push(Note::dropped(path, "it is no schema of an object"));
            }
            json!({ "type": "object", "properties": {} })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(parameters: Option<&Value>) -> (Value, Vec<String>) {
        let mut notes = Vec::new();
        let schema = object_schema(parameters, "tools[0].function.parameters", &mut notes);
        (schema, notes.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_schema_stays_and_gets_a_type() {
        let given = json!({ "type": ["object", "null"], "additionalProperties": false });
        assert_eq!(told(Some(&given)), (given.clone(), vec![]));
        let typed = json!({ "type": "object", "properties": { "a": {} } });
        assert_eq!(told(Some(&json!({ "properties": { "a": {} } }))), (typed, vec![]));
    }

    #[test]
    fn what_is_no_schema_is_told() {
        let empty = json!({ "type": "object", "properties": {} });
        for none in [None, Some(&Value::Null)] {
            assert_eq!(told(none), (empty.clone(), vec![]));
        }
        let note = "dropped tools[0].function.parameters: it is no schema of an object";
        for odd in [json!(true), json!(-1), json!([{ "type": "object" }]), json!("object")] {
            assert_eq!(told(Some(&odd)), (empty.clone(), vec![note.to_owned()]));
        }
    }
}
