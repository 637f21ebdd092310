//! Prices of an entry of `model_list`, and the days from which they change.

use llm_pricing::{Dated, PriceValue, Prices, Since};

use super::super::names::Level;
use super::super::read::Reader;
use super::super::tree::{Entry, Node, Value};

/// Where prices stand that hold from some day on; under `model_info` or `litellm_params`.
const CHANGES: &str = "price_changes";
/// The instant from which a change holds.
const FROM: &str = "from";

/// Whether a key of an entry is about prices.
pub(super) fn is_price(key: &str) -> bool {
    key == CHANGES || Prices::is_field(key)
}

/// The prices that an entry sets, and how they change; those under `litellm_params` win. `entries` are such that
/// [`is_price`] holds.
pub(super) fn read(reader: &Reader<'_>, entries: &[&Entry], path: &str) -> Dated<Prices> {
    let (changes, usual): (Vec<&Entry>, Vec<&Entry>) =
        entries.iter().copied().partition(|entry| entry.key == CHANGES);
    let mut dated = Dated::new(prices(reader, &usual, path));
    let mut later: Vec<(Since, Prices)> = Vec::new();
    for entry in changes {
        read_changes(reader, &entry.node, &format!("{path}.{CHANGES}"), &mut later);
    }
    later.sort_by_key(|(from, _)| *from);
    for (Since(from), change) in later {
        // What a change does not name stays as it was.
        let change = change.over(dated.at(from));
        dated.change(from, change);
    }
    dated
}

fn read_changes(reader: &Reader<'_>, node: &Node, path: &str, changes: &mut Vec<(Since, Prices)>) {
    let items = match &node.value {
        Value::List(items) => items,
        Value::Null => return,
        _ => return reader.error(&node.at, format!("{path}: expected a list of changes")),
    };
    for (index, node) in items.iter().enumerate() {
        let path = format!("{path}[{index}]");
        if !matches!(node.value, Value::Map(_)) {
            reader.error(&node.at, format!("{path}: expected a map of from and prices"));
            continue;
        }
        let others = node.entries().iter().filter(|entry| entry.key != FROM);
        let (set, unknown): (Vec<&Entry>, Vec<&Entry>) =
            others.partition(|entry| Prices::is_field(&entry.key));
        for entry in &unknown {
            reader.error(&entry.at, format!("{path}: unknown key \"{}\"; no price has this name", entry.key));
        }
        if set.is_empty() && unknown.is_empty() {
            reader.error(&node.at, format!("{path}: sets no price"));
        }
        let prices = prices(reader, &set, &path);
        let Some(at) = node.get(FROM) else {
            reader.error(&node.at, format!("{path}: \"{FROM}\" is missing"));
            continue;
        };
        let Some(from) = reader.read::<Since>(at, &format!("{path}.{FROM}"), Level::Ours) else { continue };
        if changes.iter().any(|(other, _)| *other == from) {
            reader
                .error(&at.at, format!("{path}.{FROM}: another change is from {} as well", from.0.rfc3339()));
            continue;
        }
        changes.push((from, prices));
    }
}

fn prices(reader: &Reader<'_>, entries: &[&Entry], path: &str) -> Prices {
    let mut fields: Vec<(&str, PriceValue)> = Vec::new();
    for entry in entries {
        let read = |entry: &Entry| -> Option<PriceValue> {
            let path = format!("{path}.{}", entry.key);
            let value: serde_json::Value = reader.read(&entry.node, &path, Level::Ours)?;
            llm_types::from_value(value).ok()
        };
        let Some(value) = read(entry) else { continue };
        match Prices::from_fields([(entry.key.as_str(), &value)]) {
            Ok(_) => fields.push((&entry.key, value)),
            Err(error) => reader.error(&entry.at, format!("{path}: {error}")),
        }
    }
    Prices::from_fields(fields.iter().map(|(name, value)| (*name, value))).unwrap_or_default()
}
