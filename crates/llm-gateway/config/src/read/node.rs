//! A node of the tree as serde's `Deserializer`.

use std::borrow::Cow;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, Expected, IntoDeserializer, Unexpected, Visitor};

use super::super::names::Level;
use super::super::secret::SecretRef;
use super::super::tree::{Entry, Node, Value};
use super::Reader;
use super::fault::{Fault, Path, Place, Step};

/// A node to be read.
#[derive(Clone, Copy)]
pub(super) struct At<'r, 'p> {
    pub(super) reader: &'r Reader<'r>,
    pub(super) node: &'r Node,
    pub(super) path: &'p Path<'p>,
    pub(super) level: Level,
}

impl<'r> At<'r, '_> {
    fn located<T>(&self, result: Result<T, Fault>) -> Result<T, Fault> {
        result.map_err(|mut fault| {
            fault.place.get_or_insert_with(|| Place::of(self.node, self.path));
            fault
        })
    }

    fn is_left_out(&self, node: &Node) -> bool {
        self.reader.left_out.borrow().contains(&std::ptr::from_ref(node))
    }

    fn mismatch<T>(&self, expected: &dyn Expected) -> Result<T, Fault> {
        let found = match &self.node.value {
            Value::Null => Unexpected::Unit,
            Value::Bool(flag) => Unexpected::Bool(*flag),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), ..) => Unexpected::Unsigned(number),
                (_, Some(number), _) => Unexpected::Signed(number),
                (.., number) => Unexpected::Float(number.unwrap_or(f64::NAN)),
            },
            Value::Text(text) => Unexpected::Str(text),
            Value::List(_) => Unexpected::Seq,
            Value::Map(_) => Unexpected::Map,
        };
        Err(de::Error::invalid_type(found, expected))
    }

    /// The text with its references replaced. One that leads nowhere is noted and stays as it is.
    fn expanded(&self, text: &'r str) -> Cow<'r, str> {
        self.reader.environment.expand(text).unwrap_or_else(|name| {
            let why = format!("environment variable {name} is not set");
            self.reader.note_unset(&self.node.at, self.path, why);
            text.into()
        })
    }

    /// Reads a number or a flag: as it stands, or out of a text or an environment variable.
    fn visit_scalar<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let result = match &self.node.value {
            Value::Bool(flag) => visitor.visit_bool(*flag),
            Value::Number(number) => visit_number(number, visitor),
            Value::Text(text) => match self.reader.environment.expand(text) {
                Ok(expanded) => match (scalar_of(&expanded), expanded) {
                    (Some(serde_json::Value::Bool(flag)), _) => visitor.visit_bool(flag),
                    (Some(serde_json::Value::Number(number)), _) => visit_number(&number, visitor),
                    (_, Cow::Borrowed(_)) => self.mismatch(&visitor),
                    _ => Err(de::Error::invalid_type(Unexpected::Other("what the variable holds"), &visitor)),
                },
                Err(name) => {
                    let why = format!("environment variable {name} is not set");
                    self.reader.note_unset(&self.node.at, self.path, why.clone());
                    Err(Fault::silent(&why))
                }
            },
            _ => self.mismatch(&visitor),
        };
        self.located(result)
    }

    fn visit_list<'de, V: Visitor<'de>>(self, nodes: &'r [Node], visitor: V) -> Result<V::Value, Fault> {
        struct Items<'r, 'p> {
            parent: At<'r, 'p>,
            rest: std::iter::Enumerate<std::slice::Iter<'r, Node>>,
        }

        impl<'de> de::SeqAccess<'de> for Items<'_, '_> {
            type Error = Fault;

            fn next_element_seed<S: DeserializeSeed<'de>>(
                &mut self,
                seed: S,
            ) -> Result<Option<S::Value>, Fault> {
                let parent = self.parent;
                let Some((index, node)) = self.rest.find(|(_, node)| !parent.is_left_out(node)) else {
                    return Ok(None);
                };
                let path = Path { parent: Some(parent.path), step: Step::Index(index) };
                let at = At { node, path: &path, level: Level::Ours, ..parent };
                at.located(seed.deserialize(at)).map(Some)
            }
        }

        visitor.visit_seq(Items { parent: self, rest: nodes.iter().enumerate() })
    }

    fn visit_entries<'de, V: Visitor<'de>>(
        self,
        entries: impl Iterator<Item = &'r Entry>,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        struct Entries<'r, 'p, I> {
            parent: At<'r, 'p>,
            rest: I,
            value: Option<&'r Entry>,
        }

        impl<'de, 'r, I: Iterator<Item = &'r Entry>> de::MapAccess<'de> for Entries<'r, '_, I> {
            type Error = Fault;

            fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
                let parent = self.parent;
                self.value = self.rest.find(|entry| !parent.is_left_out(&entry.node));
                let Some(entry) = self.value else { return Ok(None) };
                let key: StrDeserializer<'_, Fault> = entry.key.as_str().into_deserializer();
                seed.deserialize(key).map(Some)
            }

            fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
                let Some(entry) = self.value.take() else {
                    return Err(de::Error::custom("a value was asked for before its key"));
                };
                let path = Path { parent: Some(self.parent.path), step: Step::Key(&entry.key) };
                let at = At { node: &entry.node, path: &path, level: Level::Ours, ..self.parent };
                // Also what a conversion around the value has found.
                at.located(seed.deserialize(at))
            }
        }

        visitor.visit_map(Entries { parent: self, rest: entries, value: None })
    }
}

fn visit_number<'de, V: Visitor<'de>>(number: &serde_json::Number, visitor: V) -> Result<V::Value, Fault> {
    match (number.as_u64(), number.as_i64()) {
        (Some(number), _) => visitor.visit_u64(number),
        (_, Some(number)) => visitor.visit_i64(number),
        _ => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
    }
}

/// The number or the flag that a text says. Flags are written as Python writes them, too.
fn scalar_of(text: &str) -> Option<serde_json::Value> {
    match text.trim() {
        text if text.eq_ignore_ascii_case("true") => Some(true.into()),
        text if text.eq_ignore_ascii_case("false") => Some(false.into()),
        text => serde_json::from_str(text).ok().filter(serde_json::Value::is_number),
    }
}

macro_rules! scalars {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            self.visit_scalar(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for At<'_, '_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let result = match &self.node.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(*flag),
            Value::Number(number) => visit_number(number, visitor),
            Value::Text(text) => visitor.visit_str(&self.expanded(text)),
            Value::List(nodes) => self.visit_list(nodes, visitor),
            Value::Map(entries) => self.visit_entries(entries.iter(), visitor),
        };
        self.located(result)
    }

    scalars! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8
        deserialize_u16 deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let Value::Text(text) = &self.node.value else {
            return self.located(self.mismatch(&visitor));
        };
        let result = visitor.visit_str(&self.expanded(text));
        self.located(result.map_err(|fault: Fault| fault.about(text)))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.node.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if name != SecretRef::NAME {
            return visitor.visit_newtype_struct(self);
        }
        // Secrets stay references; what they hold is never part of a message.
        let text = match &self.node.value {
            Value::Text(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => {
                return self
                    .located(Err(de::Error::custom(format_args!("expected {}", &visitor as &dyn Expected))));
            }
        };
        for name in SecretRef::parse(&text).variables() {
            if self.reader.environment.get(name).is_none() {
                let why = format!("environment variable {name} is not set");
                self.reader.note_unset(&self.node.at, self.path, why);
            }
        }
        if text.starts_with("oidc/") {
            let why = "this version cannot mint OIDC tokens".to_owned();
            self.reader.note_unset(&self.node.at, self.path, why);
        }
        self.located(visitor.visit_str(&text))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let result = match &self.node.value {
            Value::List(nodes) => self.visit_list(nodes, visitor),
            _ => self.mismatch(&visitor),
        };
        self.located(result)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let result = match &self.node.value {
            Value::Map(entries) => self.visit_entries(entries.iter(), visitor),
            _ => self.mismatch(&visitor),
        };
        self.located(result)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let Value::Map(entries) = &self.node.value else {
            return self.located(self.mismatch(&visitor));
        };
        for entry in entries.iter().filter(|entry| !fields.contains(&entry.key.as_str())) {
            self.reader.unknown(entry, &self.path.to_string(), self.level, fields);
        }
        // A key that is set to nothing is a key that is not set.
        let ours = entries
            .iter()
            .filter(|entry| fields.contains(&entry.key.as_str()) && !matches!(entry.node.value, Value::Null));
        let result = self.visit_entries(ours, visitor).map_err(|mut fault| {
            // What is wrong with the field itself has been told.
            let told = |field| self.node.get(field).is_some_and(|node| self.is_left_out(node));
            fault.silent |= fault.place.is_none() && fault.missing.is_some_and(told);
            fault
        });
        self.located(result)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let result = match &self.node.value {
            Value::Text(text) => {
                let text = self.expanded(text);
                let variant: StrDeserializer<'_, Fault> = (&*text).into_deserializer();
                visitor.visit_enum(variant)
            }
            _ => self.mismatch(&visitor),
        };
        self.located(result)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct identifier
    }
}
