//! Counts out of JSON, with a note of each that is none.

use llm_types::{Extra, Nullable};
use serde_json::Number;

use crate::decimal::Decimal;

use super::{Anomaly, Contradiction, Side};

/// Reads counts and keeps what is wrong with them.
#[derive(Default)]
pub(super) struct Numbers {
    pub(super) anomalies: Vec<Anomaly>,
}

impl Numbers {
    /// A detail; zero when it is not there or is no count.
    pub(super) fn field(&mut self, value: &Nullable<Number>, side: Side, field: &'static str) -> u64 {
        self.sum(value, side, field).unwrap_or(0)
    }

    /// A sum; `None` when it is not there or is no count.
    pub(super) fn sum(&mut self, value: &Nullable<Number>, side: Side, field: &'static str) -> Option<u64> {
        let value = value.get()?;
        // Nearly all are written as counts are.
        value.as_u64().or_else(|| self.count(&value.to_string(), side, field))
    }

    /// The total, whose faults are those of both sides.
    pub(super) fn total(&mut self, value: &Nullable<Number>) -> Option<u64> {
        let value = value.get()?;
        let total = value.as_u64().or_else(|| count(&value.to_string()));
        if total.is_none() {
            self.both(Contradiction::NoCount { field: "total_tokens", value: value.to_string() });
        }
        total
    }

    /// A count among members that no type names; zero when it is not there.
    pub(super) fn member(&mut self, object: Option<&Extra>, side: Side, field: &'static str) -> u64 {
        let value = object.and_then(|object| object.get(field)).filter(|value| !value.is_null());
        value.map_or(0, |value| self.count(&value.to_string(), side, field).unwrap_or(0))
    }

    /// An object among members that no type names.
    pub(super) fn object<'a>(&self, members: &'a Extra, field: &str) -> Option<&'a Extra> {
        members.get(field).and_then(|value| value.as_object())
    }

    /// Notes a part that is larger than its whole.
    pub(super) fn within(
        &mut self,
        tokens: u64,
        of: u64,
        side: Side,
        part: &'static str,
        whole: &'static str,
    ) {
        if tokens > of {
            self.note(side, Contradiction::Exceeds { part, tokens, whole, of });
        }
    }

    /// Notes a sum that is not there, unless it is known already to be no count.
    pub(super) fn missing(&mut self, missing: bool, side: Side, field: &'static str) {
        let known = |anomaly: &Anomaly| matches!(&anomaly.contradiction, Contradiction::NoCount { field: it, .. } if *it == field);
        if missing && !self.anomalies.iter().any(known) {
            self.note(side, Contradiction::Missing(field));
        }
    }

    /// Notes what makes both sides worthless.
    pub(super) fn both(&mut self, contradiction: Contradiction) {
        self.note(Side::Prompt, contradiction.clone());
        self.note(Side::Completion, contradiction);
    }

    fn count(&mut self, text: &str, side: Side, field: &'static str) -> Option<u64> {
        let count = count(text);
        if count.is_none() {
            self.note(side, Contradiction::NoCount { field, value: text.to_owned() });
        }
        count
    }

    fn note(&mut self, side: Side, contradiction: Contradiction) {
        self.anomalies.push(Anomaly { side, contradiction });
    }
}

/// A whole number not below zero; `12.0` is one.
fn count(text: &str) -> Option<u64> {
    Decimal::parse(text)
        .and_then(|decimal| decimal.scaled(0))
        .ok()
        .and_then(|count| u64::try_from(count).ok())
}
