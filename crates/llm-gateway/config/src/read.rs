//! From the tree to typed values: goes on after an error, so that all of them are told at once.
//!
//! A value is read by its `Deserialize`. If that fails, the fault is told with its place, the node at fault
//! is left out, and the value is read again, until what is left can be read.

use std::cell::RefCell;
use std::collections::HashSet;

use serde::de::{self, DeserializeOwned, Deserializer, Visitor};

use super::diagnostic::{Diagnostics, Mark};
use super::environment::Environment;
use super::names::{Level, REQUEST_PARAMETERS, suggestion};
use super::tree::{Entry, Node};
use fault::{Path, Place, Step};
use node::At;

mod fault;
mod node;

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
    diagnostics: RefCell<Diagnostics>,
    left_out: RefCell<HashSet<*const Node>>,
    unset: RefCell<Vec<Unset>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(environment: &'a Environment, diagnostics: Diagnostics) -> Self {
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
        // Addresses of nodes that are gone may be those of new ones.
        self.left_out.borrow_mut().clear();
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

    /// All that was found.
    pub(super) fn into_diagnostics(self) -> Diagnostics {
        self.diagnostics.into_inner()
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

    /// Tells what there is to tell about a key that is not among `ours`.
    pub(super) fn unknown(&self, entry: &Entry, path: &str, level: Level, ours: &[&'static str]) {
        unknown_key(&mut self.diagnostics.borrow_mut(), entry, path, level, ours);
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
    let place = if path.is_empty() { String::new() } else { format!("{path}: ") };
    if level == Level::ModelInfo && level.is_lacking(key) {
        let why = "is kept, but this version does not act on it";
        return diagnostics.warning(at, format!("{place}\"{key}\" {why}"));
    }
    if level.is_lacking(key) {
        let why = "is a LiteLLM setting that this version does not have; it is ignored";
        return diagnostics.warning(at, format!("{place}\"{key}\" {why}"));
    }
    let nearest = level.nearest(key, ours);
    match level {
        Level::ModelInfo => {}
        Level::LitellmParams => {
            if let Some(nearest) = nearest.filter(|_| !REQUEST_PARAMETERS.contains(&key.as_str())) {
                let what = format!("\"{key}\" is passed on to the vendor; did you mean \"{nearest}\"?");
                diagnostics.warning(at, format!("{place}{what}"));
            }
        }
        _ => {
            let hint = match (nearest, level.home_of(key)) {
                (_, Some(home)) => format!(", it belongs under \"{home}\""),
                (nearest, None) => suggestion(nearest),
            };
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
