//! Which vendor a model belongs to.

use std::borrow::Cow;
use std::sync::Arc;

use indexmap::IndexMap;
use llm_provider_core::ParameterInfo;

use super::names::{is_known_vendor, nearest, suggestion};
use super::wildcard::Pattern;

/// Models that people name without their vendor.
pub(super) const WELL_KNOWN: &[(&str, &str)] = &[
    ("gpt-*", "openai"),
    ("chatgpt-*", "openai"),
    ("o1*", "openai"),
    ("o3*", "openai"),
    ("o4*", "openai"),
    ("codex-*", "openai"),
    ("ft:gpt-*", "openai"),
    ("text-embedding-3-*", "openai"),
    ("text-embedding-ada-*", "openai"),
    ("claude-*", "anthropic"),
];

/// A vendor that this build can speak to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vendor<'a> {
    /// What stands before the slash in `vendor/model`.
    pub name: &'a str,
    /// Other names that may stand there.
    pub aliases: &'a [Cow<'static, str>],
    /// The environment variable that usually holds its key.
    pub key_env: Option<&'a str>,
    /// Whether it can be used without a key.
    pub key_optional: bool,
    /// Its settings beside model, key and address.
    pub parameters: &'a [ParameterInfo],
}

impl<'a> Vendor<'a> {
    /// A vendor with a key and nothing else.
    pub const fn new(name: &'a str, key_env: Option<&'a str>) -> Self {
        Self { name, aliases: &[], key_env, key_optional: false, parameters: &[] }
    }
}

/// The vendors of this build and of the config.
#[derive(Debug, Clone, Default)]
pub(super) struct Vendors(IndexMap<String, Arc<Known>>);

/// What is known of a vendor.
#[derive(Debug, Default)]
struct Known {
    name: String,
    key_env: Option<String>,
    key_optional: bool,
    /// Names of settings, each with the variables that may hold it.
    parameters: Vec<(String, Vec<String>)>,
}

/// Why a model has no vendor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VendorError {
    /// It names a vendor that exists, but not in this version.
    #[error("this version has no vendor \"{vendor}\"")]
    Lacking {
        /// The vendor.
        vendor: String,
    },
    /// It names something that is no vendor.
    #[error("unknown vendor \"{vendor}\"{}", suggestion(nearest.as_deref()))]
    Unknown {
        /// What stands where the vendor should.
        vendor: String,
        /// The vendor that was probably meant.
        nearest: Option<String>,
    },
    /// It names no vendor, and is not well known.
    #[error("cannot tell the vendor of \"{model}\"; write it as vendor/model, or set custom_llm_provider")]
    Missing {
        /// The model.
        model: String,
    },
}

impl Vendors {
    pub(super) fn new<'a>(built_in: &[Vendor<'_>], of_config: impl Iterator<Item = &'a String>) -> Self {
        let mut all = IndexMap::new();
        for vendor in built_in {
            let known = Arc::new(Known {
                name: vendor.name.to_owned(),
                key_env: vendor.key_env.map(str::to_owned),
                key_optional: vendor.key_optional,
                parameters: vendor.parameters.iter().map(named).collect(),
            });
            for alias in vendor.aliases {
                all.entry(alias.to_string()).or_insert_with(|| known.clone());
            }
            all.insert(vendor.name.to_owned(), known);
        }
        for name in of_config {
            all.insert(name.clone(), Arc::new(Known { name: name.clone(), ..Known::default() }));
        }
        Self(all)
    }

    /// Every name of a vendor.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The variable that usually holds the vendor's key.
    pub(super) fn key_env(&self, vendor: &str) -> Option<&str> {
        self.0.get(vendor)?.key_env.as_deref()
    }

    /// Whether the vendor can be used without a key.
    pub(super) fn key_optional(&self, vendor: &str) -> bool {
        self.0.get(vendor).is_some_and(|known| known.key_optional)
    }

    /// Whether the vendor has a setting of this name.
    pub(super) fn has_parameter(&self, vendor: &str, name: &str) -> bool {
        self.0.get(vendor).is_some_and(|known| known.parameters.iter().any(|(own, _)| own == name))
    }

    /// The variables that may hold a setting of the vendor.
    pub(super) fn variables(&self, vendor: &str, name: &str) -> &[String] {
        let known = self.0.get(vendor).map_or(&[][..], |known| &known.parameters);
        known.iter().find(|(own, _)| own == name).map_or(&[], |(_, variables)| variables)
    }

    /// The vendor of `model`, and the model's name there.
    pub(super) fn split<'m>(
        &'m self,
        model: &'m str,
        custom: Option<&'m str>,
    ) -> Result<(&'m str, &'m str), VendorError> {
        if let Some(vendor) = custom {
            let bare = model.strip_prefix(vendor).and_then(|rest| rest.strip_prefix('/')).unwrap_or(model);
            return self.known(vendor).map(|vendor| (vendor, bare));
        }
        match model.split_once('/') {
            Some((vendor, bare)) => self.known(vendor).map(|vendor| (vendor, bare)),
            None => match well_known(model) {
                Some(vendor) => self.known(vendor).map(|vendor| (vendor, model)),
                None => Err(VendorError::Missing { model: model.to_owned() }),
            },
        }
    }

    /// The vendor's own name.
    fn known(&self, vendor: &str) -> Result<&str, VendorError> {
        if let Some(known) = self.0.get(vendor) {
            return Ok(&known.name);
        }
        let name = vendor.to_owned();
        if is_known_vendor(vendor) {
            return Err(VendorError::Lacking { vendor: name });
        }
        let nearest = nearest(vendor, self.0.keys().map(String::as_str)).map(str::to_owned);
        Err(VendorError::Unknown { vendor: name, nearest })
    }
}

fn named(parameter: &ParameterInfo) -> (String, Vec<String>) {
    (parameter.name.to_string(), parameter.variables.iter().map(ToString::to_string).collect())
}

fn well_known(model: &str) -> Option<&'static str> {
    WELL_KNOWN
        .iter()
        .find(|(pattern, _)| Pattern::new(*pattern).matches(model).is_some())
        .map(|(_, vendor)| *vendor)
}
