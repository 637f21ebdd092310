//! [`Parameters`]: what a deployment says of its vendor beside model, key and address.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use crate::Secret;

/// A setting that a vendor takes beside model, key and address, such as a region or a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterInfo {
    /// Its name in a deployment's `litellm_params`.
    pub name: Cow<'static, str>,
    /// Environment variables that may hold it; the first that is set wins.
    pub variables: Vec<Cow<'static, str>>,
    /// What it is, in a few words.
    pub about: Cow<'static, str>,
}

impl ParameterInfo {
    /// A setting by its name, with the variables that may hold it.
    pub fn new(name: &'static str, variables: &[&'static str], about: &'static str) -> Self {
        Self {
            name: name.into(),
            variables: variables.iter().map(|name| Cow::Borrowed(*name)).collect(),
            about: about.into(),
        }
    }
}

/// A deployment's settings of its vendor, by the names of [`ParameterInfo`]. Any may be a secret, so none is printed.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Parameters(BTreeMap<String, Secret>);

impl Parameters {
    /// No settings, for calls that have none.
    pub const NONE: &'static Self = &Self(BTreeMap::new());

    /// The value of a setting; an empty one counts as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(Secret::expose).filter(|value| !value.is_empty())
    }

    /// Sets a setting.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), Secret::new(value));
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Parameters {
    fn from_iter<T: IntoIterator<Item = (N, V)>>(pairs: T) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), Secret::new(value))).collect())
    }
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
