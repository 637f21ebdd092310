//! `xtask/layers.toml` as types.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context as _;
use serde::Deserialize;

/// The whole table.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Table {
    pub(crate) crates: BTreeMap<String, Row>,
    pub(crate) sole_parents: BTreeMap<String, Vec<String>>,
    pub(crate) pure: Pure,
    pub(crate) single_version: SingleVersion,
    pub(crate) licences: Allowed,
    pub(crate) sources: Allowed,
}

/// What one crate of the workspace may use of the others.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Row {
    pub(crate) uses: Vec<String>,
    pub(crate) optional: Vec<String>,
}

/// Trees without a runtime.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pure {
    pub(crate) without: Vec<String>,
    /// Arguments of `cargo tree` and `cargo check`.
    pub(crate) trees: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SingleVersion {
    pub(crate) crates: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Allowed {
    pub(crate) allow: Vec<String>,
}

impl Table {
    /// Reads the table of the workspace at `root`.
    pub(crate) fn load(root: &Path) -> anyhow::Result<Self> {
        let file = root.join("xtask/layers.toml");
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is not a table of layers", file.display()))
    }
}
