//! What a price is set to, before it is read: a tree whose numbers are text.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess};

/// What a field is set to. Numbers keep their decimal text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PriceValue {
    /// Nothing.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A number, as decimal text.
    Number(String),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// Names and values.
    Map(Vec<(String, Self)>),
}

impl PriceValue {
    /// A number or text that may be one.
    pub(super) fn as_number(&self) -> Option<&str> {
        match self {
            Self::Number(text) | Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(super) fn as_list(&self) -> Option<&[Self]> {
        if let Self::List(list) = self { Some(list) } else { None }
    }

    pub(super) fn as_map(&self) -> Option<&[(String, Self)]> {
        if let Self::Map(map) = self { Some(map) } else { None }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let found = self.as_map()?.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value).filter(|value| **value != Self::Null)
    }
}

impl<'de> Deserialize<'de> for PriceValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = PriceValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a price")
    }

    fn visit_unit<E: de::Error>(self) -> Result<PriceValue, E> {
        Ok(PriceValue::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<PriceValue, E> {
        Ok(PriceValue::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<PriceValue, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E: de::Error>(self, yes: bool) -> Result<PriceValue, E> {
        Ok(PriceValue::Bool(yes))
    }

    fn visit_u64<E: de::Error>(self, whole: u64) -> Result<PriceValue, E> {
        Ok(PriceValue::Number(whole.to_string()))
    }

    fn visit_i64<E: de::Error>(self, whole: i64) -> Result<PriceValue, E> {
        Ok(PriceValue::Number(whole.to_string()))
    }

    fn visit_f64<E: de::Error>(self, float: f64) -> Result<PriceValue, E> {
        // The shortest text that means this float.
        Ok(PriceValue::Number(float.to_string()))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<PriceValue, E> {
        Ok(PriceValue::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<PriceValue, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = access.next_element()? {
            list.push(value);
        }
        Ok(PriceValue::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<PriceValue, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = access.next_entry()? {
            map.push(entry);
        }
        Ok(PriceValue::Map(map))
    }
}
