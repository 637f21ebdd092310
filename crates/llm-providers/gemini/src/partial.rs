//! Arguments that come in pieces, each with the place that it belongs to.
//!
//! Source: Vertex AI docs, "Function calling", streaming of arguments (docs.cloud.google.com), read 2026-11:
//! `{"jsonPath": "$.a.b[0]", "stringValue": "…", "willContinue": true}`; pieces of one text are joined.

use serde_json::{Map, Value};

/// Arguments so far.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    value: Map<String, Value>,
}

/// One step on the way to a value.
#[derive(Debug, PartialEq)]
enum Step {
    Name(String),
    Index(usize),
}

/// A list longer than this is none that a model wrote.
const LONGEST: usize = 1 << 16;

impl Arguments {
    /// Takes a piece. One that cannot be read adds nothing.
    pub(crate) fn add(&mut self, piece: &Value) {
        let Some(path) = piece.get("jsonPath").and_then(Value::as_str) else { return };
        let value = ["stringValue", "numberValue", "boolValue"].iter().find_map(|name| piece.get(*name));
        let value = match value {
            Some(value) => value.clone(),
            None if piece.get("nullValue").is_some() => Value::Null,
            None => return,
        };
        let mut steps = steps(path).into_iter();
        let Some(Step::Name(name)) = steps.next() else { return };
        let mut place = self.value.entry(name).or_insert(Value::Null);
        for step in steps {
            match step {
                Step::Name(name) => {
                    if !place.is_object() {
                        *place = Value::Object(Map::new());
                    }
                    let Value::Object(members) = place else { return };
                    place = members.entry(name).or_insert(Value::Null);
                }
                Step::Index(index) => {
                    if !place.is_array() {
                        *place = Value::Array(Vec::new());
                    }
                    let Value::Array(items) = place else { return };
                    if items.len() <= index && index < LONGEST {
                        items.resize(index + 1, Value::Null);
                    }
                    let Some(item) = items.get_mut(index) else { return };
                    place = item;
                }
            }
        }
        match (&mut *place, value) {
            (Value::String(text), Value::String(more)) => text.push_str(&more),
            (place, value) => *place = value,
        }
    }

    /// Whether a piece says more than is known of pieces.
    pub(crate) fn is_unread(piece: &Value) -> bool {
        const KNOWN: &[&str] =
            &["jsonPath", "stringValue", "numberValue", "boolValue", "nullValue", "willContinue"];
        piece.as_object().is_none_or(|members| members.keys().any(|name| !KNOWN.contains(&name.as_str())))
    }

    /// The arguments.
    pub(crate) fn into_value(self) -> Value {
        Value::Object(self.value)
    }
}

/// The steps of a path such as `$.a['b'][0]`.
fn steps(path: &str) -> Vec<Step> {
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let Some((inside, after)) = after.split_once(']') else { break };
            let quoted = inside.strip_prefix(['\'', '"']).and_then(|text| text.strip_suffix(['\'', '"']));
            match (quoted, inside.parse()) {
                (Some(name), _) => steps.push(Step::Name(name.to_owned())),
                (None, Ok(index)) => steps.push(Step::Index(index)),
                (None, Err(_)) => break,
            }
            rest = after;
        } else {
            let name = rest.strip_prefix('.').unwrap_or(rest);
            let end = name.find(['.', '[']).unwrap_or(name.len());
            if end == 0 {
                break;
            }
            steps.push(Step::Name(name[..end].to_owned()));
            rest = &name[end..];
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pieces_find_their_places() {
        let mut arguments = Arguments::default();
        for piece in [
            json!({"jsonPath": "$.city", "stringValue": "Par", "willContinue": true}),
            json!({"jsonPath": "$.city", "stringValue": "is"}),
            json!({"jsonPath": "$.days[1].high", "numberValue": 21.5}),
            json!({"jsonPath": "$['with.dot']", "boolValue": true}),
            json!({"jsonPath": "$.none", "nullValue": "NULL_VALUE"}),
            json!({"jsonPath": "$.far[99999999]", "numberValue": 1}),
            json!({"jsonPath": "", "numberValue": 1}),
            json!({"stringValue": "nowhere"}),
        ] {
            arguments.add(&piece);
        }
        assert_eq!(
            arguments.into_value(),
            json!({
                "city": "Paris", "days": [null, {"high": 21.5}], "with.dot": true, "none": null, "far": []
            })
        );
    }
}
