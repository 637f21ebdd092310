//! Where two JSON values differ, by path.

use serde_json::Value;

/// The differences between what was expected and what is there, one line each.
pub(crate) fn diff(expected: &Value, found: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    walk("", expected, found, &mut lines);
    lines
}

fn walk(path: &str, expected: &Value, found: &Value, lines: &mut Vec<String>) {
    let at = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (name, value) in expected {
                match found.get(name) {
                    Some(other) => walk(&at(name), value, other, lines),
                    None => lines.push(format!("{}: {} is missing", at(name), short(value))),
                }
            }
            for (name, value) in found {
                if !expected.contains_key(name) {
                    lines.push(format!("{}: {} is new", at(name), short(value)));
                }
            }
        }
        (Value::Array(expected), Value::Array(found)) => {
            for (index, pair) in expected.iter().zip(found).enumerate() {
                walk(&format!("{path}[{index}]"), pair.0, pair.1, lines);
            }
            if expected.len() != found.len() {
                lines.push(format!("{path}: {} items became {}", expected.len(), found.len()));
            }
        }
        // 1 and 1.0 are the same number.
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => {}
        (a, b) if a == b => {}
        (a, b) => lines.push(format!("{path}: {} became {}", short(a), short(b))),
    }
}

/// A value in at most 80 characters.
fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn differences_name_their_place() {
        let lines = diff(
            &json!({"a": [1, {"b": "x"}], "c": 1, "d": 2.0}),
            &json!({"a": [1, {"b": "y"}, 3], "d": 2, "e": null}),
        );
        assert_eq!(
            lines,
            ["a[1].b: \"x\" became \"y\"", "a: 2 items became 3", "c: 1 is missing", "e: null is new"]
        );
    }
}
