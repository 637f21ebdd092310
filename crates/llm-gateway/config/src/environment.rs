//! Environment variables, as the config sees them.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;

use super::secret::Secret;

/// How a variable of the process is looked up; `boot` hands in the real environment, tests a map.
pub type Lookup = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What a reference to an environment variable begins with.
pub(super) const REFERENCE: &str = "os.environ/";

/// The process's environment under the config's own `environment_variables`.
///
/// The section is never written into the process's environment; it only stands in front of it here.
#[derive(Clone)]
pub struct Environment {
    lookup: Lookup,
    overlay: IndexMap<String, Secret>,
}

impl Environment {
    /// The environment that `lookup` gives, with nothing in front of it.
    pub fn new(lookup: Lookup) -> Self {
        Self { lookup, overlay: IndexMap::new() }
    }

    /// Puts a variable in front.
    pub(super) fn set(&mut self, name: String, value: Secret) {
        self.overlay.insert(name, value);
    }

    /// Whether the config puts the same variables in front.
    pub(super) fn same_overlay(&self, other: &Self) -> bool {
        self.overlay == other.overlay
    }

    /// The variable's value. An empty one counts as not set.
    pub fn get(&self, name: &str) -> Option<Secret> {
        let overlaid = self.overlay.get(name).cloned();
        overlaid.or_else(|| (self.lookup)(name).map(Secret::new)).filter(|value| !value.expose().is_empty())
    }

    /// Replaces every `os.environ/NAME` in `text`.
    ///
    /// # Errors
    /// The name of the first variable that is not set.
    pub fn expand<'a>(&self, text: &'a str) -> Result<Cow<'a, str>, String> {
        if !text.contains(REFERENCE) {
            return Ok(Cow::Borrowed(text));
        }
        let mut expanded = String::with_capacity(text.len());
        for part in parts(text) {
            match part {
                Part::Text(text) => expanded.push_str(text),
                Part::Variable(name) => {
                    expanded.push_str(self.get(name).ok_or_else(|| name.to_owned())?.expose());
                }
            }
        }
        Ok(Cow::Owned(expanded))
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").field("overlay", &self.overlay).finish_non_exhaustive()
    }
}

/// A piece of a text that may hold references.
pub(super) enum Part<'a> {
    Text(&'a str),
    Variable(&'a str),
}

/// Cuts a text into its references and what stands between them.
///
/// A name is letters, digits and underscores, as the shell has them; `os.environ/` without one is text.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut rest, mut searched) = (text, 0);
    while let Some(start) = rest[searched..].find(REFERENCE).map(|found| found + searched) {
        let name = &rest[start + REFERENCE.len()..];
        let len = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
        if len == 0 {
            searched = start + REFERENCE.len();
            continue;
        }
        if start > 0 {
            parts.push(Part::Text(&rest[..start]));
        }
        parts.push(Part::Variable(&name[..len]));
        (rest, searched) = (&name[len..], 0);
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    parts
}
