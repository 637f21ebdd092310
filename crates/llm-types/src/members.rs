//! How the structs of [`wire_struct!`](crate::wire_struct) read their members: what is the same for all of them.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;

use crate::{Extra, Nullable};

/// A member's name: its place among those that a type names, or the name itself.
#[derive(Debug)]
pub enum MemberName {
    /// Known, and which one.
    At(u16),
    /// Not known.
    Other(String),
}

/// Reads a member's name, given where the known ones are.
#[derive(Debug, Clone, Copy)]
pub struct Names(pub fn(&str) -> Option<u16>);

impl<'de> DeserializeSeed<'de> for Names {
    type Value = MemberName;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<MemberName, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Names {
    type Value = MemberName;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<MemberName, E> {
        Ok((self.0)(name).map_or_else(|| MemberName::Other(name.to_owned()), MemberName::At))
    }
}

/// Reads the value of a member that must be there.
///
/// # Errors
/// If it does not fit, or stood there before.
pub fn required<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    slot: &mut Option<T>,
    name: &'static str,
    map: &mut A,
) -> Result<(), A::Error> {
    if slot.is_some() {
        return Err(Error::duplicate_field(name));
    }
    *slot = Some(map.next_value()?);
    Ok(())
}

/// Reads the value of a member that may be there.
///
/// # Errors
/// If it does not fit, or stood there before.
pub fn optional<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    slot: &mut Nullable<T>,
    name: &'static str,
    map: &mut A,
) -> Result<(), A::Error> {
    if !slot.is_absent() {
        return Err(Error::duplicate_field(name));
    }
    *slot = map.next_value()?;
    Ok(())
}

/// Keeps a member that the type does not name.
///
/// # Errors
/// If its value is no JSON.
pub fn other<'de, A: MapAccess<'de>>(extra: &mut Extra, name: String, map: &mut A) -> Result<(), A::Error> {
    let value: Value = map.next_value()?;
    extra.insert(name, value);
    Ok(())
}

/// A name in camel case, made at compile time.
#[derive(Debug)]
pub struct CamelCase {
    bytes: [u8; 64],
    len: usize,
}

impl CamelCase {
    /// From a name in snake case.
    pub const fn of(snake: &str) -> Self {
        let (snake, mut bytes, mut len, mut at) = (snake.as_bytes(), [0; 64], 0, 0);
        while at < snake.len() {
            let is_boundary = snake[at] == b'_';
            at += is_boundary as usize;
            bytes[len] = if is_boundary { snake[at].to_ascii_uppercase() } else { snake[at] };
            len += 1;
            at += 1;
        }
        Self { bytes, len }
    }

    /// The name.
    pub const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(name) => name,
            Err(_) => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn camel_case_is_what_serde_makes_of_it() {
        for (snake, camel) in [("a", "a"), ("max_output_tokens", "maxOutputTokens"), ("top_p", "topP")] {
            assert_eq!(CamelCase::of(snake).as_str(), camel);
        }
    }
}
