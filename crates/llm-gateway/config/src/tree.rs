//! A config file as a tree in which every key and value knows its place.
//!
//! The typed reader in [`read`](super::read) works on this tree and not on the text, so that it can go on
//! after an error, and so that included files and defaults can be merged before types are looked at.

use std::fmt;
use std::sync::Arc;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number};
use serde_saphyr::Spanned;

use super::diagnostic::{Diagnostics, Mark};

/// A value and its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) at: Mark,
    pub(super) value: Value,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key, its place, and what it is set to.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) at: Mark,
    pub(super) node: Node,
}

impl Node {
    /// What `key` is set to, unless that is nothing.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// The same, to be changed.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        let Value::Map(entries) = &mut self.value else { return None };
        entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.node)
    }

    /// The entry of `key`, unless it is set to nothing.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key && !matches!(entry.node.value, Value::Null))
    }

    /// What the keys lead to, one below the other.
    pub(super) fn at_path(&self, keys: &[&str]) -> Option<&Self> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The value at a path such as `router_settings.fallbacks[0].gpt-4o[1]`, or as much of the way as there is.
    pub(super) fn nearest(&self, path: &str) -> &Self {
        let mut node = self;
        let mut rest = path;
        while !rest.is_empty() {
            let below = match (&node.value, rest.strip_prefix('[').and_then(|rest| rest.split_once(']'))) {
                (Value::List(items), Some((index, after))) => {
                    index.parse().ok().and_then(|index: usize| items.get(index)).map(|item| (item, after))
                }
                // Names of models hold dots: the longest key that fits is the one that is meant.
                (Value::Map(entries), _) => entries
                    .iter()
                    .filter(|entry| {
                        rest.strip_prefix(&*entry.key)
                            .is_some_and(|after| after.is_empty() || after.starts_with(['.', '[', ':']))
                    })
                    .max_by_key(|entry| entry.key.len())
                    .map(|entry| (&entry.node, &rest[entry.key.len()..])),
                _ => None,
            };
            let Some((next, after)) = below else { break };
            node = next;
            rest = after.strip_prefix('.').unwrap_or(after);
        }
        node
    }

    /// The entries of a map; none for anything else.
    pub(super) fn entries(&self) -> &[Entry] {
        if let Value::Map(entries) = &self.value { entries } else { &[] }
    }

    /// Adds the entries of `defaults` whose keys are not set here.
    pub(super) fn fill_from(&mut self, defaults: &Self) {
        let missing: Vec<Entry> =
            defaults.entries().iter().filter(|entry| self.get(&entry.key).is_none()).cloned().collect();
        if let Value::Map(entries) = &mut self.value {
            entries.retain(|entry| !missing.iter().any(|new| new.key == entry.key));
            entries.extend(missing);
        }
    }

    /// The value without its places.
    pub(super) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(flag) => (*flag).into(),
            Value::Number(number) => number.clone().into(),
            Value::Text(text) => text.as_str().into(),
            Value::List(nodes) => nodes.iter().map(Self::to_json).collect(),
            Value::Map(entries) => {
                entries.iter().map(|e| (e.key.clone(), e.node.to_json())).collect::<Map<_, _>>().into()
            }
        }
    }

    /// A tree that has no text behind it; every place is `source`.
    pub(super) fn from_json(json: serde_json::Value, source: &Arc<str>) -> Self {
        let at = Mark { file: source.clone(), line: 0, column: 0 };
        let value = match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(flag) => Value::Bool(flag),
            serde_json::Value::Number(number) => Value::Number(number),
            serde_json::Value::String(text) => Value::Text(text),
            serde_json::Value::Array(items) => {
                Value::List(items.into_iter().map(|item| Self::from_json(item, source)).collect())
            }
            serde_json::Value::Object(map) => {
                let entry = |(key, json)| Entry { key, at: at.clone(), node: Self::from_json(json, source) };
                Value::Map(map.into_iter().map(entry).collect())
            }
        };
        Self { at, value }
    }
}

/// Reads YAML (or JSON, which is YAML). An empty text is an empty map.
///
/// `None` if the text is not YAML; duplicate keys are told, and the first one of each is kept.
pub(super) fn parse(file: &Arc<str>, text: &str, diagnostics: &mut Diagnostics) -> Option<Node> {
    let options = serde_saphyr::options! {
        with_snippet: false,
        // Both of them reach us, so that we can say where the first one is.
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins,
    };
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options) {
        Ok(raw) => Some(place(raw, &Source { file, text }, diagnostics)),
        Err(error) => {
            let at = error.location().map_or((1, 1), |place| (narrow(place.line()), narrow(place.column())));
            let at = Mark { file: file.clone(), line: at.0, column: at.1 };
            diagnostics.error(&at, format!("not YAML: {}", without_place(&error.to_string())));
            None
        }
    }
}

/// The parser's message without the place that it ends in; we tell places in front.
fn without_place(message: &str) -> &str {
    let line = message.lines().next().unwrap_or_default();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    let line = line.split(" at line ").next().unwrap_or(line).trim_end_matches([',', ':', ' ']);
    // The parser tells programmers what to call instead.
    match line {
        _ if line.starts_with("multiple YAML documents") => "a second document begins here; a file is one",
        _ if line.starts_with("recursive references") => "an alias stands within what it stands for",
        line => line,
    }
}

fn narrow(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// What the values come from.
struct Source<'a> {
    file: &'a Arc<str>,
    text: &'a str,
}

impl Source<'_> {
    fn mark(&self, location: serde_saphyr::Location) -> Mark {
        Mark { file: self.file.clone(), line: narrow(location.line()), column: narrow(location.column()) }
    }

    /// A `y` or `n` at this place. YAML 1.1 takes it for yes or no, and so does the parser; what LiteLLM reads its files
    /// with takes it for text.
    fn letter(&self, location: serde_saphyr::Location) -> Option<&str> {
        let begin = usize::try_from(location.span().byte_offset()?).ok()?;
        let end = begin.checked_add(usize::try_from(location.span().byte_len()?).ok()?)?;
        Some(self.text.get(begin..end)?.trim()).filter(|text| text.len() == 1)
    }
}

/// Gives every value its file, and looks for keys that are set twice.
fn place(raw: Spanned<Raw>, source: &Source<'_>, diagnostics: &mut Diagnostics) -> Node {
    let value = match raw.value {
        Raw::Scalar(value @ Value::Bool(_)) => {
            source.letter(raw.defined).map_or(value, |letter| Value::Text(letter.to_owned()))
        }
        Raw::Scalar(value) => value,
        Raw::List(items) => {
            Value::List(items.into_iter().map(|item| place(item, source, diagnostics)).collect())
        }
        Raw::Map(pairs) => {
            let mut entries: Vec<Entry> = Vec::with_capacity(pairs.len());
            for (key, raw) in pairs {
                let at = source.mark(key.referenced);
                let key = key.value;
                if let Some(first) = entries.iter().find(|entry| entry.key == key) {
                    let first = format!("line {}, column {}", first.at.line, first.at.column);
                    diagnostics.error(&at, format!("key \"{key}\" is set twice; it is first set in {first}"));
                    continue;
                }
                entries.push(Entry { key, at, node: place(raw, source, diagnostics) });
            }
            Value::Map(entries)
        }
    };
    Node { at: source.mark(raw.referenced), value }
}

/// What the YAML parser hands over.
enum Raw {
    Scalar(Value),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RawVisitor;

        impl<'de> Visitor<'de> for RawVisitor {
            type Value = Raw;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_unit<E>(self) -> Result<Raw, E> {
                Ok(Raw::Scalar(Value::Null))
            }

            fn visit_none<E>(self) -> Result<Raw, E> {
                Ok(Raw::Scalar(Value::Null))
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
                Raw::deserialize(deserializer)
            }

            fn visit_bool<E>(self, flag: bool) -> Result<Raw, E> {
                Ok(Raw::Scalar(Value::Bool(flag)))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Raw, E> {
                Ok(Raw::Scalar(Value::Number(number.into())))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Raw, E> {
                Ok(Raw::Scalar(Value::Number(number.into())))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Raw, E> {
                let number = Number::from_f64(number).ok_or_else(|| E::custom("a number must be finite"))?;
                Ok(Raw::Scalar(Value::Number(number)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
                Ok(Raw::Scalar(Value::Text(text.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = access.next_element()? {
                    items.push(item);
                }
                Ok(Raw::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = access.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Raw::Map(pairs))
            }
        }
        deserializer.deserialize_any(RawVisitor)
    }
}
