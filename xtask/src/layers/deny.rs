//! `deny.toml` says what `layers.toml` says.

use std::{collections::BTreeMap, fs, path::Path};

use serde::Deserialize;

use super::Table;

#[derive(Deserialize)]
struct DenyToml {
    bans: Bans,
    licenses: Licences,
    sources: Sources,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Bans {
    multiple_versions: String,
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    #[serde(default)]
    wrappers: Vec<String>,
    #[serde(default)]
    deny_multiple_versions: bool,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    unknown_registry: String,
    unknown_git: String,
    allow_registry: Vec<String>,
}

fn both() -> (Table, DenyToml) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = fs::read_to_string(root.join("deny.toml")).expect("deny.toml");
    (Table::load(&root).expect("layers.toml"), toml::from_str(&text).expect("deny.toml's shape"))
}

#[test]
fn sole_parents_agree() {
    let (table, deny) = both();
    let bans: BTreeMap<_, _> = deny
        .bans
        .deny
        .into_iter()
        .filter(|ban| !ban.deny_multiple_versions)
        .map(|ban| (ban.name, ban.wrappers))
        .collect();
    assert_eq!(bans, table.sole_parents);
}

#[test]
fn single_versions_agree() {
    let (table, deny) = both();
    assert_eq!(deny.bans.multiple_versions, "allow", "only the named crates are held to one version");
    let single = deny.bans.deny.into_iter().filter(|ban| ban.deny_multiple_versions).map(|ban| ban.name);
    // cargo-deny refuses both rules on one crate; that of the parents is the stricter.
    let expected =
        table.single_version.crates.into_iter().filter(|name| !table.sole_parents.contains_key(name));
    assert_eq!(single.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

#[test]
fn licences_and_sources_agree() {
    let (table, deny) = both();
    assert_eq!(deny.licenses.allow, table.licences.allow);
    assert_eq!((deny.sources.unknown_registry.as_str(), deny.sources.unknown_git.as_str()), ("deny", "deny"));
    let registries = deny.sources.allow_registry.iter().map(|url| format!("registry+{url}"));
    assert_eq!(registries.collect::<Vec<_>>(), table.sources.allow);
}
