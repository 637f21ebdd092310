//! What a vendor says that has no place in OpenAI's form.

use serde_json::{Map, Value};

/// What is left of a vendor's words without the members that are known: those that nobody here knows, where they stand.
///
/// A member of a known name is looked into; what is neither object nor list is left out there.
pub fn unknown(said: &Value, known: &[&str]) -> Value {
    match said {
        Value::Object(members) => {
            let rest = members.iter().map(|(name, value)| {
                let rest = if known.contains(&name.as_str()) { unknown(value, known) } else { value.clone() };
                (name.clone(), rest)
            });
            Value::Object(rest.filter(|(_, rest)| says_something(rest)).collect())
        }
        Value::Array(items) => items.iter().map(|item| unknown(item, known)).filter(says_something).collect(),
        _ => Value::Null,
    }
}

/// [`unknown`], without the members of `told` names, whatever they hold: they are told whole, or not at all.
pub fn unknown_beside(said: &Value, told: &[&str], known: &[&str]) -> Value {
    let mut rest = unknown(said, known);
    if let Some(members) = rest.as_object_mut() {
        members.retain(|name, _| !told.contains(&name.as_str()));
    }
    rest
}

/// Adds members to `provider_specific_fields` of an answer or of a message; in a chunk of a stream, to those of its first
/// choice.
pub fn beside(told: &mut Value, rest: Value) {
    let Value::Object(mut rest) = rest else { return };
    rest.retain(|_, value| says_something(value));
    if rest.is_empty() {
        return;
    }
    let is_chunk = told["object"] == "chat.completion.chunk";
    let place = if is_chunk && told["choices"][0].is_object() { &mut told["choices"][0] } else { told };
    let Some(members) = place.as_object_mut() else { return };
    let fields = members.entry("provider_specific_fields").or_insert_with(|| Map::new().into());
    match fields.as_object_mut() {
        Some(fields) => fields.extend(rest),
        None => *fields = rest.into(),
    }
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Object(members) => !members.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_that_nobody_knows_keep_their_place() {
        let said = json!({ "text": "a", "mood": "b", "details": { "seed": 1, "none": null, "tokens": [
            { "id": 1 }, { "id": 2, "rank": 3 }] }, "history": ["a"], "notes": [1] });
        assert_eq!(
            unknown(&said, &["text", "details", "tokens", "id", "history"]),
            json!({ "mood": "b", "details": { "seed": 1, "tokens": [{ "rank": 3 }] }, "notes": [1] })
        );
        assert_eq!(
            unknown_beside(&said, &["details", "notes"], &["text", "history"]),
            json!({ "mood": "b" })
        );
    }

    #[test]
    fn members_stand_beside_those_that_are_told() {
        let mut answer = json!({ "id": "a", "provider_specific_fields": { "a": 1 } });
        beside(&mut answer, json!({ "b": 2, "c": {} }));
        beside(&mut answer, Value::Null);
        assert_eq!(answer, json!({ "id": "a", "provider_specific_fields": { "a": 1, "b": 2 } }));
        let mut chunk = json!({ "object": "chat.completion.chunk", "choices": [{ "delta": {} }] });
        beside(&mut chunk, json!({ "b": 2 }));
        assert_eq!(chunk["choices"], json!([{ "delta": {}, "provider_specific_fields": { "b": 2 } }]));
    }
}
