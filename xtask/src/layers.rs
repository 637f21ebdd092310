//! Which crate may depend on which, proven from what cargo resolved.

#[cfg(test)]
mod deny;
mod rules;
mod spdx;
mod table;
#[cfg(test)]
mod tests;

use anyhow::Context as _;

use crate::{shell::Cmd, workspace::Workspace};

pub(crate) use table::Table;

/// Prints what breaks the table; true when nothing does.
pub(crate) fn run() -> anyhow::Result<bool> {
    let workspace = Workspace::load()?;
    let table = Table::load(&workspace.workspace_root)?;
    let mut broken = rules::all(&workspace, &table);
    for tree in &table.pure.trees {
        let names = tree_names(tree)?;
        broken.extend(rules::impure(tree, &names, &table.pure.without));
    }
    for line in &broken {
        println!("{line}");
    }
    let (members, packages) = (workspace.members().count(), workspace.packages.len());
    println!(
        "layers: {} broken; {members} crates, {packages} packages, {} pure trees",
        broken.len(),
        table.pure.trees.len()
    );
    Ok(broken.is_empty())
}

/// The names in a tree of normal dependencies, on whatever platform.
fn tree_names(tree: &str) -> anyhow::Result<Vec<String>> {
    let text = Cmd::cargo("tree --edges normal --target all --prefix none --format {p}")
        .args(tree.split_whitespace())
        .output()
        .with_context(|| format!("the tree `{tree}` of xtask/layers.toml"))?;
    Ok(first_words(&text))
}

fn first_words(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}
