//! The rules: functions from metadata and table to the sentences that say what is broken.

use std::collections::{BTreeMap, BTreeSet};

use super::{spdx, table::Table};
use crate::workspace::{Kind, Package, Workspace};

/// Every rule that needs nothing but the metadata.
pub(super) fn all(workspace: &Workspace, table: &Table) -> Vec<String> {
    [
        missing_rows(workspace, table),
        edges(workspace, table),
        dev_cycles(workspace),
        parents(workspace, table),
        duplicates(workspace, table),
        licences(workspace, table),
        sources(workspace, table),
    ]
    .concat()
}

/// Every crate has a row, and every row a crate.
pub(super) fn missing_rows(workspace: &Workspace, table: &Table) -> Vec<String> {
    let without_row = workspace
        .members()
        .filter(|package| !table.crates.contains_key(&package.name))
        .map(|package| format!("{}: no row in xtask/layers.toml", package.name));
    let without_crate = table
        .crates
        .keys()
        .filter(|name| !workspace.is_member(name))
        .map(|name| format!("{name}: a row in xtask/layers.toml, but no crate"));
    without_row.chain(without_crate).collect()
}

/// A crate names only those crates of the workspace that its row allows.
pub(super) fn edges(workspace: &Workspace, table: &Table) -> Vec<String> {
    let mut broken = Vec::new();
    for package in workspace.members() {
        let Some(row) = table.crates.get(&package.name) else { continue };
        for dependency in package.dependencies.iter().filter(|found| found.kind != Kind::Dev) {
            let name = &dependency.name;
            if !workspace.is_member(name) || row.uses.contains(name) {
                continue;
            }
            if !row.optional.contains(name) {
                broken.push(format!("{} -> {name}: not in its row of xtask/layers.toml", package.name));
            } else if !dependency.optional {
                broken.push(format!("{} -> {name}: must be an optional dependency", package.name));
            }
        }
    }
    broken
}

/// No crate reaches itself through a dev-dependency: its tests would link two copies of it.
pub(super) fn dev_cycles(workspace: &Workspace) -> Vec<String> {
    let names = |package: &Package, dev: bool| -> Vec<String> {
        let wanted = package.dependencies.iter().filter(|found| (found.kind == Kind::Dev) == dev);
        wanted.map(|found| found.name.clone()).filter(|name| workspace.is_member(name)).collect()
    };
    let normal: BTreeMap<&str, Vec<String>> =
        workspace.members().map(|package| (package.name.as_str(), names(package, false))).collect();
    let mut broken = Vec::new();
    for package in workspace.members() {
        for dev in names(package, true) {
            if reaches(&normal, &dev, &package.name) {
                broken.push(format!("{} -> {dev}: a dev-dependency that leads back to it", package.name));
            }
        }
    }
    broken
}

fn reaches(edges: &BTreeMap<&str, Vec<String>>, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut next = vec![from];
    while let Some(name) = next.pop() {
        if name == to {
            return true;
        }
        if seen.insert(name) {
            next.extend(edges.get(name).into_iter().flatten().map(String::as_str));
        }
    }
    false
}

/// A crate with named parents has no others, in whatever kind of dependency.
pub(super) fn parents(workspace: &Workspace, table: &Table) -> Vec<String> {
    let names: BTreeMap<&str, &str> =
        workspace.packages.iter().map(|package| (package.id.as_str(), package.name.as_str())).collect();
    let mut broken = Vec::new();
    for node in &workspace.resolve.nodes {
        let Some(parent) = names.get(node.id.as_str()) else { continue };
        for child in node.dependencies.iter().filter_map(|id| names.get(id.as_str())) {
            let Some(allowed) = table.sole_parents.get(*child) else { continue };
            if !allowed.iter().any(|name| name == parent) {
                let may = if allowed.is_empty() { "nobody".to_owned() } else { allowed.join(", ") };
                broken.push(format!("{parent} -> {child}: {may} may depend on it"));
            }
        }
    }
    broken
}

/// The named crates are there once.
pub(super) fn duplicates(workspace: &Workspace, table: &Table) -> Vec<String> {
    let versions = |name: &String| -> Vec<&str> {
        let found = workspace.packages.iter().filter(|package| package.name == *name);
        found.map(|package| package.version.as_str()).collect()
    };
    let counted = table.single_version.crates.iter().map(|name| (name, versions(name)));
    counted
        .filter(|(_, versions)| versions.len() > 1)
        .map(|(name, versions)| format!("{name}: {} at once", versions.join(" and ")))
        .collect()
}

/// Every package is licensed under something that the table allows.
pub(super) fn licences(workspace: &Workspace, table: &Table) -> Vec<String> {
    let judge = |package: &Package| match package.license.as_deref() {
        None => Some("names no licence".to_owned()),
        Some(text) => match spdx::allows(text, &table.licences.allow) {
            Ok(true) => None,
            Ok(false) => Some(format!("licensed under {text}")),
            Err(error) => Some(format!("licence {text:?} cannot be read: {error}")),
        },
    };
    workspace
        .packages
        .iter()
        .filter_map(|package| Some(format!("{} {}: {}", package.name, package.version, judge(package)?)))
        .collect()
}

/// Every package comes from this workspace or from a source that the table allows.
pub(super) fn sources(workspace: &Workspace, table: &Table) -> Vec<String> {
    let mut broken = Vec::new();
    for package in &workspace.packages {
        let (name, version) = (&package.name, &package.version);
        match &package.source {
            Some(source) if !table.sources.allow.contains(source) => {
                broken.push(format!("{name} {version}: comes from {source}"));
            }
            None if !workspace.workspace_members.contains(&package.id) => {
                broken.push(format!("{name} {version}: a path outside the workspace"));
            }
            _ => {}
        }
    }
    broken
}

/// A tree holds none of the forbidden names.
pub(super) fn impure(tree: &str, names: &[String], without: &[String]) -> Vec<String> {
    without
        .iter()
        .filter(|name| names.contains(name))
        .map(|name| {
            format!("{name} is in a tree that must not have it: cargo tree {tree} -e normal -i {name}")
        })
        .collect()
}
