//! From the tree to typed values: goes on after an error, so that all of them are told at once.
//!
//! A value is read by its `Deserialize`. If that fails, the fault is told with its place, the node at fault
//! is left out, and the value is read again, until what is left can be read.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, Expected, IntoDeserializer, Unexpected, Visitor};

use super::diagnostic::{Diagnostics, Mark};
use super::environment::Environment;
use super::names::{self, Level, REQUEST_PARAMETERS, suggestion};
use super::secret::SecretRef;
use super::tree::{Entry, Node, Value};

/// A reference to an environment variable that is not set.
#[derive(Debug, Clone)]
pub(super) struct Unset {
    pub(super) at: Mark,
    pub(super) path: String,
    pub(super) why: String,
}

/// Reads sections of one tree.
pub(super) struct Reader<'a> {
    environment: &'a Environment,
    diagnostics: RefCell<&'a mut Diagnostics>,
    left_out: RefCell<HashSet<*const Node>>,
    unset: RefCell<Vec<Unset>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(environment: &'a Environment, diagnostics: &'a mut Diagnostics) -> Self {
        Self {
            environment,
            diagnostics: RefCell::new(diagnostics),
            left_out: RefCell::default(),
            unset: RefCell::default(),
        }
    }

    /// Reads what is there to be read of `node`, or `T::default()` where nothing is.
    pub(super) fn read_or_default<T: DeserializeOwned + Default>(
        &self,
        node: Option<&Node>,
        path: &str,
        level: Level,
    ) -> T {
        node.and_then(|node| self.read(node, path, level)).unwrap_or_default()
    }

    /// Reads `node`; `None` if its faults leave nothing to be read. All faults have been told then.
    pub(super) fn read<T: DeserializeOwned>(&self, node: &Node, path: &str, level: Level) -> Option<T> {
        loop {
            let root = Path { parent: None, step: Step::Key(path) };
            match T::deserialize(At { reader: self, node, path: &root, level }) {
                Ok(value) => return Some(value),
                Err(fault) => {
                    let place = fault.place.unwrap_or_else(|| Place::of(node, &root));
                    if !fault.silent {
                        let message = format!("{}: {}", place.path, fault.message);
                        self.diagnostics.borrow_mut().error(&place.at, message);
                    }
                    let fresh = self.left_out.borrow_mut().insert(place.node);
                    if !fresh || std::ptr::eq(place.node, node) {
                        return None;
                    }
                }
            }
        }
    }

    /// The references that led nowhere since this was last asked.
    pub(super) fn take_unset(&self) -> Vec<Unset> {
        self.unset.take()
    }

    pub(super) fn error(&self, at: &Mark, message: impl Into<String>) {
        self.diagnostics.borrow_mut().error(at, message);
    }

    pub(super) fn warning(&self, at: &Mark, message: impl Into<String>) {
        self.diagnostics.borrow_mut().warning(at, message);
    }

    /// Tells what there is to tell about a key that the type does not have.
    fn unknown_key(&self, entry: &Entry, path: &Path<'_>, level: Level, ours: &'static [&'static str]) {
        unknown_key(*self.diagnostics.borrow_mut(), entry, &path.to_string(), level, ours);
    }

    fn note_unset(&self, at: &Mark, path: &Path<'_>, why: String) {
        let unset = Unset { at: at.clone(), path: path.to_string(), why };
        let mut all = self.unset.borrow_mut();
        if !all.iter().any(|known| known.at == unset.at && known.why == unset.why) {
            all.push(unset);
        }
    }
}

/// Tells what there is to tell about a key that is not among `ours`.
pub(super) fn unknown_key(
    diagnostics: &mut Diagnostics,
    entry: &Entry,
    path: &str,
    level: Level,
    ours: &[&'static str],
) {
    let Entry { key, at, .. } = entry;
    if level == Level::ModelInfo && level.is_lacking(key) {
        let why = "is kept, but this version does not act on it";
        return diagnostics.warning(at, format!("{path}: \"{key}\" {why}"));
    }
    if level.is_lacking(key) {
        let why = "is a LiteLLM setting that this version does not have; it is ignored";
        return diagnostics.warning(at, format!("{path}: \"{key}\" {why}"));
    }
    let nearest = level.nearest(key, ours);
    match level {
        Level::ModelInfo => {}
        Level::LitellmParams => {
            if let Some(nearest) = nearest.filter(|_| !REQUEST_PARAMETERS.contains(&key.as_str())) {
                let what = format!("\"{key}\" is passed on to the vendor; did you mean \"{nearest}\"?");
                diagnostics.warning(at, format!("{path}: {what}"));
            }
        }
        _ => {
            let hint = match (nearest, level.home_of(key)) {
                (_, Some(home)) => format!(", it belongs under \"{home}\""),
                (nearest, None) => suggestion(nearest),
            };
            let place = if path.is_empty() { String::new() } else { format!("{path}: ") };
            diagnostics.error(at, format!("{place}unknown key \"{key}\"{hint}"));
        }
    }
}

/// The fields of a struct that derives `Deserialize`.
pub(super) fn fields_of<T: DeserializeOwned>() -> &'static [&'static str] {
    struct Ask<'a>(&'a mut &'static [&'static str]);

    impl<'de> Deserializer<'de> for Ask<'_> {
        type Error = de::value::Error;

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Self::Error> {
            *self.0 = fields;
            Err(de::Error::custom("asked only for its fields"))
        }

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
            Err(de::Error::custom("not a struct"))
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
            unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }

    let mut fields: &'static [&'static str] = &[];
    let _ = T::deserialize(Ask(&mut fields));
    fields
}

/// The way from the section to a node.
struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}")?;
        }
        match self.step {
            Step::Key(key) if self.parent.is_none() => f.write_str(key),
            Step::Key(key) => write!(f, ".{key}"),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// What is wrong with a node.
#[derive(Debug)]
struct Fault {
    message: String,
    missing: Option<&'static str>,
    /// Already told, or to be told by somebody else.
    silent: bool,
    place: Option<Place>,
}

#[derive(Debug)]
struct Place {
    at: Mark,
    path: String,
    node: *const Node,
}

impl Place {
    fn of(node: &Node, path: &Path<'_>) -> Self {
        Self { at: node.at.clone(), path: path.to_string(), node }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), missing: None, silent: false, place: None }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("expected {}, found {}", plain(&expected.to_string()), describe(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(found: &str, expected: &'static [&'static str]) -> Self {
        let all = expected.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        let hint = suggestion(names::nearest(found, expected.iter().copied()));
        Self::custom(format_args!("unknown value \"{found}\"{hint} (one of {all})"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self { missing: Some(field), ..Self::custom(format_args!("\"{field}\" is missing")) }
    }
}

/// What a Rust type is called in a config.
fn plain(expected: &str) -> &str {
    match expected {
        "a string" | "string" | "str" => "text",
        "a boolean" | "bool" => "true or false",
        "a sequence" => "a list",
        "a map" => "a map of keys",
        "f64" => "a number",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i32" | "i64" => "a whole number",
        "a nonzero u32" | "a nonzero u64" | "a nonzero usize" => "a whole number, 1 or more",
        other if other.starts_with("struct ") => "a map of keys",
        other => other,
    }
}

fn describe(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(flag) => format!("{flag}"),
        Unexpected::Unsigned(number) => format!("{number}"),
        Unexpected::Signed(number) => format!("{number}"),
        Unexpected::Float(number) => format!("{number}"),
        Unexpected::Str(text) => format!("the text \"{text}\""),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a map of keys".to_owned(),
        other => other.to_string(),
    }
}

/// A node to be read.
#[derive(Clone, Copy)]
struct At<'r, 'p> {
    reader: &'r Reader<'r>,
    node: &'r Node,
    path: &'p Path<'p>,
    level: Level,
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
    fn expanded(&self, text: &'r str) -> std::borrow::Cow<'r, str> {
        self.reader.environment.expand(text).unwrap_or_else(|name| {
            let why = format!("environment variable {name} is not set");
            self.reader.note_unset(&self.node.at, self.path, why);
            text.into()
        })
    }

    /// Reads a number or a flag: as it stands, or as the text of an environment variable.
    fn visit_scalar<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let result = match &self.node.value {
            Value::Bool(flag) => visitor.visit_bool(*flag),
            Value::Number(number) => visit_number(number, visitor),
            Value::Text(text) => match self.reader.environment.expand(text) {
                Ok(std::borrow::Cow::Borrowed(_)) => self.mismatch(&visitor),
                Ok(expanded) => match serde_json::from_str::<serde_json::Value>(expanded.trim()) {
                    Ok(serde_json::Value::Bool(flag)) => visitor.visit_bool(flag),
                    Ok(serde_json::Value::Number(number)) => visit_number(&number, visitor),
                    _ => Err(de::Error::invalid_type(Unexpected::Other("what the variable holds"), &visitor)),
                },
                Err(name) => {
                    let why = format!("environment variable {name} is not set");
                    self.reader.note_unset(&self.node.at, self.path, why.clone());
                    Err(Fault { silent: true, ..de::Error::custom(why) })
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

            fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
                let parent = self.parent;
                let Some((index, node)) = self.rest.find(|(_, node)| !parent.is_left_out(node)) else {
                    return Ok(None);
                };
                let path = Path { parent: Some(parent.path), step: Step::Index(index) };
                seed.deserialize(At { node, path: &path, level: Level::Ours, ..parent }).map(Some)
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
                seed.deserialize(At { node: &entry.node, path: &path, level: Level::Ours, ..self.parent })
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
        self.located(visitor.visit_str(&self.expanded(text)))
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
            _ => return self.located(Err(de::Error::custom(format_args!("expected {}", &visitor as &dyn Expected)))),
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
            self.reader.unknown_key(entry, self.path, self.level, fields);
        }
        // A key that is set to nothing is a key that is not set.
        let ours = entries.iter().filter(|entry| {
            fields.contains(&entry.key.as_str()) && !matches!(entry.node.value, Value::Null)
        });
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
                let variant: StrDeserializer<'_, Fault> = (&*self.expanded(text)).into_deserializer();
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
