//! Which vendor a model belongs to.

use indexmap::IndexMap;

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
    /// The environment variable that usually holds its key.
    pub key_env: Option<&'a str>,
}

/// The vendors of this build and of the config, with the variables of their keys.
#[derive(Debug, Clone, Default)]
pub(super) struct Vendors(IndexMap<String, Option<String>>);

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
        let built_in =
            built_in.iter().map(|vendor| (vendor.name.to_owned(), vendor.key_env.map(str::to_owned)));
        Self(built_in.chain(of_config.map(|name| (name.clone(), None))).collect())
    }

    /// The variable that usually holds the vendor's key.
    pub(super) fn key_env(&self, vendor: &str) -> Option<&str> {
        self.0.get(vendor)?.as_deref()
    }

    /// The vendor of `model`, and the model's name there.
    pub(super) fn split<'m>(
        &self,
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

    fn known<'v>(&self, vendor: &'v str) -> Result<&'v str, VendorError> {
        if self.0.contains_key(vendor) {
            return Ok(vendor);
        }
        let name = vendor.to_owned();
        if is_known_vendor(vendor) {
            return Err(VendorError::Lacking { vendor: name });
        }
        let nearest = nearest(vendor, self.0.keys().map(String::as_str)).map(str::to_owned);
        Err(VendorError::Unknown { vendor: name, nearest })
    }
}

fn well_known(model: &str) -> Option<&'static str> {
    WELL_KNOWN
        .iter()
        .find(|(pattern, _)| Pattern::new(*pattern).matches(model).is_some())
        .map(|(_, vendor)| *vendor)
}
