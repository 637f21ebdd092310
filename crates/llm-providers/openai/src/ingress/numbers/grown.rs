//! [`Grown`]: members that only a vendor knows, in a form that may be told more than once.

use std::collections::HashMap;

use llm_types::Extra;
use serde_json::{Map, Value, json};

use super::INDEX;

/// What has been told of each member, by its place.
#[derive(Debug, Default)]
pub(super) struct Grown(HashMap<String, Told>);

/// What has been told of one member.
#[derive(Debug, Default, Clone, Copy)]
struct Told {
    entries: u64,
    /// Whether all entries so far are text or numbers, which clients add to a list as they are.
    is_plain: bool,
}

impl Grown {
    /// Numbers the entries of every list that has been told before, or that comes one entry at a time.
    pub(super) fn members(&mut self, members: &mut Extra) {
        for (name, value) in members {
            self.value(name, value);
        }
    }

    fn value(&mut self, place: &str, value: &mut Value) {
        match value {
            Value::Object(members) => {
                self.0.entry(place.to_owned()).or_default();
                self.inner(place, members);
            }
            Value::Array(entries) => self.list(place, entries),
            _ => {}
        }
    }

    fn inner(&mut self, place: &str, members: &mut Map<String, Value>) {
        for (name, value) in members {
            self.value(&format!("{place}.{name}"), value);
        }
    }

    fn list(&mut self, place: &str, entries: &mut [Value]) {
        let before = self.0.get(place).copied();
        let told = before.unwrap_or(Told { entries: 0, is_plain: true });
        let is_plain = told.is_plain && entries.iter().all(|entry| entry.is_string() || entry.is_number());
        let is_numbered = |entry: &Value| entry.get(INDEX).is_some_and(Value::is_u64);
        // A list that is told once stays as it is, unless some of its entries have a number and others have none.
        let one_at_a_time = super::ONE_AT_A_TIME.contains(&place);
        let grows = before.is_some() || one_at_a_time || entries.iter().any(is_numbered);
        if grows && !is_plain {
            for (number, entry) in (told.entries..).zip(entries.iter_mut()) {
                match entry {
                    Value::Object(_) if is_numbered(entry) => {}
                    Value::Object(members) => {
                        members.insert(INDEX.to_owned(), number.into());
                    }
                    other => *other = json!({ INDEX: number, "value": other.take() }),
                }
            }
        }
        let entries_after = told.entries + entries.len() as u64;
        self.0.insert(place.to_owned(), Told { entries: entries_after, is_plain });
        for (number, entry) in (told.entries..).zip(entries) {
            let number = entry.get(INDEX).and_then(Value::as_u64).unwrap_or(number);
            if let Value::Object(members) = entry {
                self.inner(&format!("{place}[{number}]"), members);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(grown: &mut Grown, members: Value) -> Value {
        let Value::Object(mut members) = members else { panic!("no object") };
        grown.members(&mut members);
        Value::Object(members)
    }

    #[test]
    fn what_is_told_once_stays_as_it_is() {
        let members = json!({"a": [{"x": [1, null]}], "b": [[1]], "c": {"d": [{}]}, "e": 1, "f": []});
        assert_eq!(told(&mut Grown::default(), members.clone()), members);
    }

    #[test]
    fn what_is_told_again_is_numbered_on() {
        let mut grown = Grown::default();
        told(&mut grown, json!({"a": [{}, {}], "b": [[1]], "c": ["x"], "d": {"e": [{}]}}));
        assert_eq!(
            told(&mut grown, json!({"a": [{}], "b": [[2]], "c": ["y"], "d": {"e": [{}]}})),
            json!({"a": [{"index": 2}], "b": [{"index": 1, "value": [2]}], "c": ["y"], "d": {"e": [{"index": 1}]}})
        );
    }

    /// Pieces of one entry carry its number; lists within it grow too.
    #[test]
    fn the_vendors_own_numbers_count() {
        let mut grown = Grown::default();
        let piece = |text: &str| json!({"details": [{"index": 0, "of": [{"text": text}]}]});
        assert_eq!(told(&mut grown, piece("a")), piece("a"));
        assert_eq!(
            told(&mut grown, piece("b")),
            json!({"details": [{"index": 0, "of": [{"text": "b", "index": 1}]}]})
        );
        assert_eq!(
            told(&mut grown, json!({"mixed": [{"index": 0}, {}]})),
            json!({"mixed": [{"index": 0}, {"index": 1}]})
        );
    }
}
