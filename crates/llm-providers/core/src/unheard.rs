//! [`Unheard`]: members of a stream's events that nobody here knows.

use llm_types::{Extra, Nullable};
use serde_json::Value;

/// Members of a stream's events that have no place in a chunk, until one tells them in its `provider_specific_fields`.
///
/// What several events say differently under one name is told as a list.
#[derive(Debug, Default, PartialEq)]
pub struct Unheard(Extra);

/// Among so many of the latest a value is looked for: a stream may have a new one in each event.
const LATEST: usize = 8;

impl Unheard {
    /// Keeps members of an event. `null` says nothing beside a value.
    pub fn keep(&mut self, members: Extra) {
        for (name, value) in members {
            self.put(name, value);
        }
    }

    /// Keeps one member.
    pub fn put(&mut self, name: impl Into<String>, value: Value) {
        match self.0.entry(name.into()) {
            serde_json::map::Entry::Vacant(place) => {
                place.insert(value);
            }
            serde_json::map::Entry::Occupied(mut place) => match place.get_mut() {
                before if *before == value || value.is_null() => {}
                before @ Value::Null => *before = value,
                Value::Array(list) if list.iter().rev().take(LATEST).any(|one| *one == value) => {}
                Value::Array(list) => list.push(value),
                before => *before = vec![before.take(), value].into(),
            },
        }
    }

    /// Keeps an event of a kind that nobody here knows: whole, under the name of its kind. One that says nothing else is
    /// a sign of life.
    pub fn event(&mut self, event: Extra) {
        let says = |(name, value): (&String, &Value)| {
            !matches!(name.as_str(), "type" | "sequence_number") && !value.is_null()
        };
        if event.iter().any(says) {
            let kind = event.get("type").and_then(Value::as_str).unwrap_or("event").to_owned();
            self.put(kind, Value::Object(event));
        }
    }

    /// Keeps the last word of a member that is told anew.
    pub fn last(&mut self, name: impl Into<String>, value: Value) {
        self.0.insert(name.into(), value);
    }

    /// What was kept, for `provider_specific_fields`.
    pub fn take(&mut self) -> Nullable<Extra> {
        let kept = std::mem::take(&mut self.0);
        if kept.is_empty() { Nullable::Absent } else { Nullable::Value(kept) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_said_differently_is_told_as_a_list() {
        let mut unheard = Unheard::default();
        for event in
            [json!({"a": 1, "b": null}), json!({"a": 1, "b": "x"}), json!({"a": {"c": 2}, "b": null})]
        {
            unheard.keep(llm_types::from_value(event).unwrap());
        }
        assert_eq!(json!(unheard.take()), json!({"a": [1, {"c": 2}], "b": "x"}));
        assert_eq!(unheard.take(), Nullable::Absent);
    }

    #[test]
    fn an_event_is_told_whole_if_it_says_something() {
        let mut unheard = Unheard::default();
        for event in [
            json!({"type": "ping", "sequence_number": 3, "cost": null}),
            json!({"type": "weather", "sky": "blue"}),
            json!({"sky": "grey"}),
        ] {
            unheard.event(llm_types::from_value(event).unwrap());
        }
        let told = json!({"weather": {"type": "weather", "sky": "blue"}, "event": {"sky": "grey"}});
        assert_eq!(json!(unheard.take()), told);
    }
}
