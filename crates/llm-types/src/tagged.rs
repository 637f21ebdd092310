//! Objects whose `type` member says what the rest is.
//!
//! Serde's internal tags buffer the whole object, which costs time and loses the place of an error. Here the
//! tag is read first, as vendors and SDKs write it first; members that stand before it are kept aside.

use std::fmt;

use serde::Deserializer;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Error, IntoDeserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::members::{MemberName, Names};
use crate::{Extra, from_value};

/// The members of a tagged object besides its tag; feed it to a type with [`TaggedMap::read`].
#[derive(Debug)]
pub struct TaggedMap<A> {
    tag: String,
    /// Whether there was no tag: then all members are in `before`.
    is_untagged: bool,
    before: Extra,
    rest: A,
}

/// Reads up to the `type` member of a map.
///
/// # Errors
/// If the map has no `type`, or one that is not a string.
pub fn tagged<'de, A: MapAccess<'de>>(map: A) -> Result<TaggedMap<A>, A::Error> {
    let map = tagged_or_not(map)?;
    if map.is_untagged { Err(A::Error::missing_field("type")) } else { Ok(map) }
}

/// The same for an object whose `type` may be missing or `null`; its tag is empty then.
///
/// # Errors
/// If the map has a `type` that is not a string.
pub fn tagged_or_not<'de, A: MapAccess<'de>>(mut map: A) -> Result<TaggedMap<A>, A::Error> {
    let mut before = Extra::new();
    while let Some(name) = map.next_key_seed(NAMES)? {
        match name {
            MemberName::At(_) if before.contains_key("type") => return Err(Error::duplicate_field("type")),
            MemberName::At(_) => match map.next_value::<Option<String>>()? {
                Some(tag) => return Ok(TaggedMap { tag, is_untagged: false, before, rest: map }),
                None => {
                    before.insert("type".to_owned(), Value::Null);
                }
            },
            MemberName::Other(name) => {
                before.insert(name, map.next_value::<Value>()?);
            }
        }
    }
    Ok(TaggedMap { tag: String::new(), is_untagged: true, before, rest: map })
}

const NAMES: Names = Names(|name| (name == "type").then_some(0));

impl<'de, A: MapAccess<'de>> TaggedMap<A> {
    /// The value of `type`.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Whether there was no tag.
    pub const fn is_untagged(&self) -> bool {
        self.is_untagged
    }

    /// Whether one of the members before the tag, or of all if there is none, has this name.
    pub fn has_before(&self, name: &str) -> bool {
        self.before.contains_key(name)
    }

    /// Reads the other members as `T`.
    ///
    /// # Errors
    /// If they do not fit.
    pub fn read<T: DeserializeOwned>(mut self) -> Result<T, A::Error> {
        if self.before.is_empty() {
            return T::deserialize(serde::de::value::MapAccessDeserializer::new(NotTheTag(self.rest)));
        }
        self.keep_rest()?;
        from_value(Value::Object(self.before)).map_err(|error| error.within())
    }

    /// Keeps the whole object, tag included, as it came.
    ///
    /// # Errors
    /// If the rest is no JSON.
    pub fn keep(mut self) -> Result<Extra, A::Error> {
        if !self.is_untagged {
            self.before.insert("type".to_owned(), Value::String(std::mem::take(&mut self.tag)));
            self.keep_rest()?;
        }
        Ok(self.before)
    }

    fn keep_rest(&mut self) -> Result<(), A::Error> {
        if self.is_untagged {
            return Ok(());
        }
        while let Some(name) = self.rest.next_key_seed(NAMES)? {
            match name {
                MemberName::At(_) => return Err(Error::duplicate_field("type")),
                MemberName::Other(name) => {
                    self.before.insert(name, self.rest.next_value()?);
                }
            }
        }
        Ok(())
    }
}

/// What follows a tag. Refuses a second `type`: one reader might believe the first, another the last.
struct NotTheTag<A>(A);

impl<'de, A: MapAccess<'de>> MapAccess<'de> for NotTheTag<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        self.0.next_key_seed(NameOfAnother(seed))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.0.next_value_seed(seed)
    }
}

struct NameOfAnother<K>(K);

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for NameOfAnother<K> {
    type Value = K::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<K::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de, K: DeserializeSeed<'de>> Visitor<'de> for NameOfAnother<K> {
    type Value = K::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<K::Value, E> {
        if name == "type" {
            return Err(E::duplicate_field("type"));
        }
        self.0.deserialize(BorrowedStrDeserializer::new(name))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<K::Value, E> {
        if name == "type" {
            return Err(E::duplicate_field("type"));
        }
        self.0.deserialize(name.into_deserializer())
    }
}

/// An object written with its `type` first.
#[derive(serde::Serialize)]
pub(crate) struct WithTag<'a, T> {
    #[serde(rename = "type")]
    pub(crate) tag: &'a str,
    #[serde(flatten)]
    pub(crate) inner: &'a T,
}

/// Implements serde for an enum of tagged objects whose last variant, `Unknown`, keeps what it does not know.
macro_rules! tagged_enum {
    ($name:ident, $expecting:literal, { $( $tag:literal => $variant:ident, )+ }) => {
        $crate::tagged::tagged_enum!(@write $name, { $( $tag => $variant, )+ });
        $crate::tagged::tagged_enum!(@read $name, $expecting, { $( $tag => $variant, )+ }, |map| $crate::tagged(map));
    };
    // Objects without a tag are what their one telling member says, or unknown.
    ($name:ident, $expecting:literal, { $( $tag:literal => $variant:ident, )+ }, untagged: $member:literal => $as:ident) => {
        $crate::tagged::tagged_enum!(@write $name, { $( $tag => $variant, )+ });
        $crate::tagged::tagged_enum!(@read $name, $expecting, { $( $tag => $variant, )+ }, |map| {
            let map = $crate::tagged::tagged_or_not(map)?;
            if map.is_untagged() && map.has_before($member) {
                return map.read().map($name::$as);
            }
            Ok(map)
        });
    };
    (@write $name:ident, { $( $tag:literal => $variant:ident, )+ }) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $( Self::$variant(inner) => $crate::tagged::WithTag { tag: $tag, inner }.serialize(serializer), )+
                    Self::Unknown(map) => map.serialize(serializer),
                }
            }
        }

    };
    (@read $name:ident, $expecting:literal, { $( $tag:literal => $variant:ident, )+ }, |$map:ident| $tagged:expr) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl<'de> serde::de::Visitor<'de> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, $map: A) -> Result<$name, A::Error> {
                        let map: Result<$crate::TaggedMap<A>, A::Error> = $tagged;
                        let map = map?;
                        match map.tag() {
                            $( $tag => map.read().map($name::$variant), )+
                            _ => map.keep().map($name::Unknown),
                        }
                    }
                }
                deserializer.deserialize_map(Visitor)
            }
        }
    };
}
pub(crate) use tagged_enum;
