//! What is wrong with a configuration, and where.

use std::fmt;

/// A fault in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where, such as `router_settings.rules[0].when`.
    pub path: String,
    /// What is wrong with it.
    pub what: String,
}

impl Fault {
    /// A fault at a place.
    pub fn new(path: impl Into<String>, what: impl Into<String>) -> Self {
        Self { path: path.into(), what: what.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.what)
    }
}

impl std::error::Error for Fault {}
