//! Nothing is lost between reading and writing.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Members whose content is the client's own, so that the order inside them must stay too: vendors' prompt
/// caches see the bytes of a tool's schema.
const VERBATIM: &[&str] = &["parameters", "schema", "metadata", "logit_bias", "input_schema", "format"];

/// Reads `json` as `T` and writes it again: the same JSON, with the order of members kept inside schemas and
/// maps; a second round gives the same bytes.
///
/// # Panics
/// If it does not hold.
#[track_caller]
pub fn json_identity<T: DeserializeOwned + Serialize>(json: &str) {
    let given: Value = serde_json::from_str(json).unwrap_or_else(|error| panic!("no JSON: {error}\n{json}"));
    let read: T = llm_types::from_slice(json.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{json}"));
    let written = serde_json::to_string(&read).unwrap();
    let back: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(given, back, "reading and writing changed the JSON\n given: {json}\n wrote: {written}");
    if let Some(path) = order_changed(&given, &back, false, String::new()) {
        panic!("the order of members changed in `{path}`\n given: {json}\n wrote: {written}");
    }
    let again: T = llm_types::from_slice(written.as_bytes()).unwrap();
    assert_eq!(serde_json::to_string(&again).unwrap(), written, "a second round gives other bytes");
    let from_tree: T =
        llm_types::from_value(given).unwrap_or_else(|error| panic!("from a tree: {error}\n{json}"));
    assert_eq!(serde_json::to_string(&from_tree).unwrap(), written, "a tree reads otherwise than its text");
}

/// The first place whose members stand in another order, looked for inside [`VERBATIM`] members.
fn order_changed(given: &Value, back: &Value, inside: bool, path: String) -> Option<String> {
    match (given, back) {
        (Value::Object(given), Value::Object(back)) => {
            if inside && !given.keys().eq(back.keys()) {
                return Some(path);
            }
            given.iter().find_map(|(name, value)| {
                let inside = inside || VERBATIM.contains(&name.as_str());
                order_changed(value, &back[name], inside, format!("{path}.{name}"))
            })
        }
        (Value::Array(given), Value::Array(back)) => {
            given.iter().zip(back).enumerate().find_map(|(index, (given, back))| {
                order_changed(given, back, inside, format!("{path}[{index}]"))
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Serialize, serde::Deserialize)]
    struct Lossy {
        a: u8,
    }

    #[test]
    #[should_panic(expected = "reading and writing changed the JSON")]
    fn a_lost_member_is_seen() {
        json_identity::<Lossy>(r#"{"a":1,"b":2}"#);
    }

    #[test]
    #[should_panic(expected = "the order of members changed in `.schema`")]
    fn a_changed_order_is_seen() {
        json_identity::<std::collections::BTreeMap<String, std::collections::BTreeMap<String, u8>>>(
            r#"{"schema":{"b":1,"a":2}}"#,
        );
    }
}
