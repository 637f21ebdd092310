//! The files that the binary writes about itself: `docs/generated` and `docs/providers.md`; and `docs/dialects.md`, which a
//! test of `llm-providers` writes, and compares whenever it runs.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::Context as _;

use crate::{gateway, shell::Cmd, workspace::Workspace};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail when a file is not what the binary would write.
    #[arg(long)]
    pub(crate) check: bool,
}

/// The page of vendors stands beside the pages that are written by hand.
const BESIDE: &str = "../providers.md";

/// File names and contents.
type Pages = BTreeMap<String, String>;

/// Writes the files, or compares them; true when they are as they should be.
pub(crate) fn run(args: &Args) -> anyhow::Result<bool> {
    let workspace = Workspace::load()?;
    let folder = workspace.workspace_root.join("docs/generated");
    let made = make(&workspace.target_directory.join("xtask/generated"))?;
    let mut found = read(&folder)?;
    if let Ok(text) = fs::read_to_string(folder.join(BESIDE)) {
        found.insert(BESIDE.to_owned(), text);
    }
    let different = differences(&made, &found);
    if args.check {
        for line in &different {
            println!("docs/generated/{line}");
        }
        if !different.is_empty() {
            println!("Write them anew with: cargo xtask generate");
        }
        return Ok(different.is_empty());
    }
    fs::create_dir_all(&folder)?;
    for name in found.keys().filter(|name| !made.contains_key(*name)) {
        fs::remove_file(folder.join(name))?;
    }
    for (name, text) in &made {
        fs::write(folder.join(name), text)?;
    }
    println!("docs/generated: {} files, {} changed", made.len(), different.len());
    dialects()?;
    Ok(true)
}

/// Has the test of all pairs of dialect and vendor write what it finds.
fn dialects() -> anyhow::Result<()> {
    Cmd::cargo("test --quiet --package llm-providers --all-features --test dialects")
        .env("LLM_GATEWAY_WRITE_DIALECTS", "1")
        .run()
}

/// What the binary writes now.
fn make(scratch: &Path) -> anyhow::Result<Pages> {
    let binary = gateway::build()?;
    if scratch.exists() {
        fs::remove_dir_all(scratch)?;
    }
    fs::create_dir_all(scratch)?;
    Cmd::new(&binary).arg("docs").arg(scratch).run()?;
    let mut pages = read(scratch)?;
    let vendors = pages.remove("providers.md").context("the binary writes no page of vendors")?;
    pages.insert(BESIDE.to_owned(), vendors);
    let schema = Cmd::new(&binary).arg("schema").output()?;
    pages.insert("config.schema.json".to_owned(), schema);
    Ok(pages)
}

/// The files of a folder; none when it is not there.
fn read(folder: &Path) -> anyhow::Result<Pages> {
    let mut pages = Pages::new();
    if !folder.exists() {
        return Ok(pages);
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let text = fs::read_to_string(entry.path()).with_context(|| format!("{}", entry.path().display()))?;
        pages.insert(entry.file_name().to_string_lossy().into_owned(), text);
    }
    Ok(pages)
}

fn differences(made: &Pages, found: &Pages) -> Vec<String> {
    let names: BTreeSet<&String> = made.keys().chain(found.keys()).collect();
    let difference = |name: &String| match (made.get(name), found.get(name)) {
        (Some(made), Some(found)) if made == found => None,
        (Some(made), Some(found)) => Some(format!("{name}:{}: out of date", first_difference(made, found))),
        (Some(_), None) => Some(format!("{name}: missing")),
        (None, _) => Some(format!("{name}: nothing writes it any more")),
    };
    names.into_iter().filter_map(difference).collect()
}

/// The number of the first line that differs.
fn first_difference(made: &str, found: &str) -> usize {
    made.lines().zip(found.lines()).take_while(|(made, found)| made == found).count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(of: &[(&str, &str)]) -> Pages {
        of.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn what_differs_is_named() {
        let made = pages(&[("a", "1\n2\n3"), ("b", "x"), ("c", "y")]);
        assert_eq!(differences(&made, &made), Vec::<String>::new());
        let found = pages(&[("a", "1\n2\n4"), ("b", "x"), ("d", "z")]);
        assert_eq!(
            differences(&made, &found),
            ["a:3: out of date", "c: missing", "d: nothing writes it any more"]
        );
    }
}
