//! Prices of an entry of `model_list`, what is taken off them and put on them, and the days from which that changes.

use llm_pricing::{Dated, Margin, PriceValue, Prices, Share, Since};

use super::super::names::Level;
use super::super::price_changes::OwnTerms;
use super::super::read::Reader;
use super::super::tree::{Entry, Node, Value};

/// Where prices stand that hold from some day on; under `model_info` or `litellm_params`.
const CHANGES: &str = "price_changes";
/// The instant from which a change holds.
const FROM: &str = "from";

/// The share that is taken off.
const DISCOUNT: &str = "cost_discount";
/// What is put on.
const MARGIN: &str = "cost_margin";

/// One change: from when, and what it says.
type Change = (Since, Prices, OwnTerms);

/// Whether a key of an entry is about prices.
pub(super) fn is_price(key: &str) -> bool {
    key == CHANGES || is_set(key)
}

/// Whether a key says what holds from some time on.
fn is_set(key: &str) -> bool {
    is_term(key) || Prices::is_field(key)
}

fn is_term(key: &str) -> bool {
    matches!(key, DISCOUNT | MARGIN)
}

/// The prices that an entry sets, what is taken off them and put on them, and how that changes; what stands under
/// `litellm_params` wins. `entries` are such that [`is_price`] holds.
pub(super) fn read(reader: &Reader<'_>, entries: &[&Entry], path: &str) -> (Dated<Prices>, Dated<OwnTerms>) {
    let (changes, usual): (Vec<&Entry>, Vec<&Entry>) =
        entries.iter().copied().partition(|entry| entry.key == CHANGES);
    let mut dated = (Dated::new(prices(reader, &usual, path)), Dated::new(terms(reader, &usual, path)));
    let mut later: Vec<Change> = Vec::new();
    for entry in changes {
        read_changes(reader, &entry.node, &format!("{path}.{CHANGES}"), &mut later);
    }
    later.sort_by_key(|(from, ..)| *from);
    for (Since(from), prices, terms) in later {
        // What a change does not name stays as it was.
        if prices != Prices::default() {
            let prices = prices.over(dated.0.at(from));
            dated.0.change(from, prices);
        }
        if terms != OwnTerms::default() {
            let terms = terms.over(*dated.1.at(from));
            dated.1.change(from, terms);
        }
    }
    dated
}

fn read_changes(reader: &Reader<'_>, node: &Node, path: &str, changes: &mut Vec<Change>) {
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
        let (set, unknown): (Vec<&Entry>, Vec<&Entry>) = others.partition(|entry| is_set(&entry.key));
        for entry in &unknown {
            reader.error(&entry.at, format!("{path}: unknown key \"{}\"; no price has this name", entry.key));
        }
        if set.is_empty() && unknown.is_empty() {
            reader.error(&node.at, format!("{path}: sets no price"));
        }
        let (prices, terms) = (prices(reader, &set, &path), terms(reader, &set, &path));
        let Some(at) = node.get(FROM) else {
            reader.error(&node.at, format!("{path}: \"{FROM}\" is missing"));
            continue;
        };
        let Some(from) = reader.read::<Since>(at, &format!("{path}.{FROM}"), Level::Ours) else { continue };
        if changes.iter().any(|(other, ..)| *other == from) {
            reader
                .error(&at.at, format!("{path}.{FROM}: another change is from {} as well", from.0.rfc3339()));
            continue;
        }
        changes.push((from, prices, terms));
    }
}

fn terms(reader: &Reader<'_>, entries: &[&Entry], path: &str) -> OwnTerms {
    let mut terms = OwnTerms::default();
    for entry in entries {
        let path = format!("{path}.{}", entry.key);
        match entry.key.as_str() {
            DISCOUNT => {
                let own: Option<Option<Share>> = reader.read(&entry.node, &path, Level::Ours);
                terms.discount = own.flatten().or(terms.discount);
            }
            MARGIN => {
                let own: Option<Option<Margin>> = reader.read(&entry.node, &path, Level::Ours);
                terms.margin = own.flatten().or(terms.margin);
            }
            _ => {}
        }
    }
    terms
}

fn prices(reader: &Reader<'_>, entries: &[&Entry], path: &str) -> Prices {
    let mut fields: Vec<(&str, PriceValue)> = Vec::new();
    for entry in entries.iter().filter(|entry| !is_term(&entry.key)) {
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
