//! [`Peek`]: the top level of a request body, borrowed, without reading what is inside.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::IngressError;

/// The members of a JSON object, in order, each value as the text it is.
///
/// A name that stands twice is refused: the gateway and the vendor might each believe another one.
#[derive(Debug)]
pub struct Peek<'a> {
    body: &'a str,
    members: Vec<Member<'a>>,
    /// The marks of all names: most of those that are asked for are not there, and this tells at once.
    marks: u64,
}

/// Names that are looked for together.
#[derive(Debug, Clone, Copy)]
pub struct Names {
    names: &'static [&'static str],
    marks: u64,
}

impl Names {
    /// These.
    pub const fn new(names: &'static [&'static str]) -> Self {
        let (mut marks, mut at) = (0, 0);
        while at < names.len() {
            marks |= mark(names[at]);
            at += 1;
        }
        Self { names, marks }
    }

    /// One of them, as it stands here.
    #[inline]
    pub fn find(&self, name: &str) -> Option<&'static str> {
        if self.marks & mark(name) == 0 {
            return None;
        }
        self.names.iter().find(|own| **own == name).copied()
    }
}

/// One of 64 bits, by a name's length and its ends.
#[inline]
const fn mark(name: &str) -> u64 {
    let name = name.as_bytes();
    let (first, last) = match name {
        [] => (0, 0),
        [first, .., last] => (*first, *last),
        [only] => (*only, *only),
    };
    let sum = (name.len() as u8).wrapping_mul(11) ^ first.wrapping_mul(5) ^ last.wrapping_mul(3);
    1 << (sum % 64)
}

/// One member of the object.
#[derive(Debug, Clone)]
pub struct Member<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Its value, as JSON text.
    pub value: &'a str,
}

impl<'a> Peek<'a> {
    /// Reads the top level of `body`.
    ///
    /// # Errors
    /// [`IngressError`] if the body is not UTF-8, no JSON object, or names a member twice.
    pub fn new(body: &'a [u8]) -> Result<Self, IngressError> {
        let at_root = |message: String| IngressError { path: String::new(), message };
        let body = std::str::from_utf8(body)
            .map_err(|error| at_root(format!("the body is not UTF-8 at byte {}", error.valid_up_to())))?;
        if body.trim_ascii().is_empty() {
            return Err(at_root("the body is empty; a JSON object is expected".to_owned()));
        }
        let members: Members<'a> = serde_json::from_str(body)
            .map_err(|error| at_root(format!("the body is not a JSON object: {error}")))?;
        let members = members.0;
        if let Some(twice) = repeated(&members) {
            return Err(IngressError {
                path: twice.name.clone().into_owned(),
                message: "stands twice in the body".to_owned(),
            });
        }
        let marks = members.iter().fold(0, |marks, member| marks | mark(&member.name));
        Ok(Self { body, members, marks })
    }

    /// A member that is an object; one without members if there is none, or it is something else.
    ///
    /// # Errors
    /// As [`Peek::new`], of the object.
    pub fn object(&self, name: &str) -> Result<Self, IngressError> {
        match self.raw(name).filter(|raw| raw.starts_with('{')) {
            Some(raw) => Self::new(raw.as_bytes()),
            None => Ok(Self { body: "{}", members: Vec::new(), marks: 0 }),
        }
    }

    /// The body.
    pub const fn body(&self) -> &'a str {
        self.body
    }

    /// All members, in order.
    pub fn members(&self) -> &[Member<'a>] {
        &self.members
    }

    /// A member's value as JSON text; `None` if it is absent.
    #[inline]
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        if self.marks & mark(name) == 0 { None } else { self.among(name) }
    }

    fn among(&self, name: &str) -> Option<&'a str> {
        self.members.iter().find(|member| member.name == name).map(|member| member.value)
    }

    /// Whether one of these members is there.
    #[inline]
    pub fn any_of(&self, names: &Names) -> bool {
        self.marks & names.marks != 0 && self.members.iter().any(|member| names.find(&member.name).is_some())
    }

    /// Whether a member is there and not `null`.
    #[inline]
    pub fn has(&self, name: &str) -> bool {
        self.raw(name).is_some_and(|value| value != "null")
    }

    /// A member read as `T`; `None` if it is absent or `null`.
    ///
    /// # Errors
    /// [`IngressError`] names the member.
    #[inline]
    pub fn get<T: Deserialize<'a>>(&self, name: &str) -> Result<Option<T>, IngressError> {
        match self.raw(name) {
            None | Some("null") => Ok(None),
            Some(text) => serde_json::from_str(text).map(Some).map_err(|error| wrong(name, &error)),
        }
    }

    /// The member `model`.
    ///
    /// # Errors
    /// [`IngressError`] if it is missing or no string.
    pub fn model(&self) -> Result<Cow<'a, str>, IngressError> {
        self.text("model")?
            .ok_or_else(|| IngressError { path: "model".to_owned(), message: "is missing".to_owned() })
    }

    /// A member that is a string; `None` if it is absent or `null`.
    ///
    /// # Errors
    /// [`IngressError`] if it is something else.
    pub fn text(&self, name: &str) -> Result<Option<Cow<'a, str>>, IngressError> {
        Ok(self.get::<Text<'a>>(name)?.map(|text| text.0))
    }

    /// The member `stream`; absent and `null` count as no.
    ///
    /// # Errors
    /// [`IngressError`] if it is no boolean.
    pub fn stream(&self) -> Result<bool, IngressError> {
        Ok(self.get("stream")?.unwrap_or(false))
    }

    /// Where a value stands in the body.
    pub(crate) fn span(&self, value: &str) -> Range<usize> {
        let start = value.as_ptr().addr() - self.body.as_ptr().addr();
        start..start + value.len()
    }
}

/// A member of another type.
fn wrong(name: &str, error: &serde_json::Error) -> IngressError {
    let mut message = error.to_string();
    if let Some(end) = message.rfind(" at line ") {
        message.truncate(end);
    }
    IngressError { path: name.to_owned(), message: llm_types::in_words(message) }
}

/// A member whose name has stood before.
fn repeated<'m, 'a>(members: &'m [Member<'a>]) -> Option<&'m Member<'a>> {
    // Looking back is fastest for as many members as an honest request has; a million would take hours.
    const FEW: usize = 48;
    let (few, many) = members.split_at(members.len().min(FEW));
    let in_few = few.iter().enumerate().find(|(at, member)| few[..*at].iter().any(|m| m.name == member.name));
    in_few.map(|(_, member)| member).or_else(|| {
        let mut names: HashSet<&str> =
            if many.is_empty() { HashSet::new() } else { few.iter().map(|member| &*member.name).collect() };
        many.iter().find(|member| !names.insert(&member.name))
    })
}

struct Members<'a>(Vec<Member<'a>>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::with_capacity(16);
                while let Some((name, value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    members.push(Member { name: name.0, value: value.get() });
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

/// A string, borrowed where it holds no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Read)
    }
}

#[cfg(test)]
mod tests;
