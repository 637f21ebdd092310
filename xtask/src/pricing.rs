//! The table of models and prices that `llm-pricing` carries.
//!
//! It is made from two committed files in `crates/llm-types/pricing/data`: `upstream.jsonl`, which is what LiteLLM
//! publishes without the members that nobody here reads, and `corrections.toml`, which is kept by hand. So `--check`
//! needs no network: it makes the table anew from these two and compares. Only a run without `--check` and
//! `--offline` fetches anything.

mod changes;
mod convert;
mod corrections;
mod fetch;
mod json;
mod snapshot;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use llm_pricing::Provenance;

use crate::workspace::Workspace;
use corrections::Corrections;
use snapshot::Snapshot;

const UPSTREAM: &str = "upstream.jsonl";
const CORRECTIONS: &str = "corrections.toml";
const TABLE: &str = "models.bin";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A wheel of LiteLLM, instead of the latest from PyPI.
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    wheel: Option<PathBuf>,
    /// LiteLLM's model_prices_and_context_window.json, instead of a wheel.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// With --json: which release the file is from.
    #[arg(long, requires = "json", default_value = "litellm, release unknown")]
    release: String,
    /// Make the table anew from the files that are here: after a change to corrections.toml.
    #[arg(long, conflicts_with_all = ["wheel", "json"])]
    offline: bool,
    /// Write nothing; fail when the table is not what the files beside it give.
    #[arg(long, conflicts_with = "offline")]
    check: bool,
}

/// Writes the table and what it is made from, or checks them; true when they are as they should be.
pub(crate) fn run(args: &Args) -> anyhow::Result<bool> {
    let workspace = Workspace::load()?;
    let folder = workspace.workspace_root.join("crates/llm-types/pricing/data");
    let scratch = workspace.target_directory.join("xtask/pricing");
    let here = folder.join(UPSTREAM);
    let known = if here.exists() { Snapshot::read(&here)? } else { Snapshot::default() };

    let given = args.wheel.is_some() || args.json.is_some();
    let fresh = match (&args.wheel, &args.json) {
        (Some(wheel), _) => Some(fetch::wheel(wheel)?),
        (None, Some(json)) => Some(fetch::json(json, &args.release)?),
        (None, None) if args.check || args.offline => None,
        (None, None) => Some(fetch::latest(&scratch)?),
    };
    if let (true, true, Some(fresh)) = (args.check, given, &fresh)
        && fresh.models != known.models
    {
        println!(
            "{UPSTREAM} is not what this file holds. Take it over with: cargo xtask pricing --wheel FILE"
        );
        return Ok(false);
    }
    let snapshot = match fresh {
        Some(fresh) if !args.check => fresh,
        _ => known.clone(),
    };
    let made = make(&snapshot, &folder.join(CORRECTIONS))?;
    if args.check {
        return check(&made.table, &folder.join(TABLE));
    }

    made.report();
    changes::report(&known, &snapshot);
    snapshot.write(&here)?;
    fs::write(folder.join(TABLE), &made.table)?;
    println!(
        "{TABLE}: {} models, {} bytes, from {}",
        made.models,
        made.table.len(),
        snapshot.header.upstream
    );
    Ok(true)
}

/// A table, and what was noticed while it was made.
struct Made {
    table: Vec<u8>,
    models: usize,
    notes: convert::Notes,
}

fn make(snapshot: &Snapshot, corrections: &Path) -> anyhow::Result<Made> {
    let text = fs::read_to_string(corrections).with_context(|| corrections.display().to_string())?;
    let corrected = Corrections::parse(&text)?.apply(snapshot.models.clone())?;
    let mut notes = convert::Notes::default();
    let models: Vec<_> = corrected
        .iter()
        .map(|(key, fields)| convert::model(key, fields, &mut notes))
        .collect::<Result<_, _>>()?;
    let infos: Vec<_> = models.iter().map(convert::Model::info).collect();
    let from = Provenance {
        source: &snapshot.header.upstream,
        read_on: &snapshot.header.read,
        sha256: &snapshot.header.sha256,
    };
    Ok(Made { models: infos.len(), table: llm_pricing::write(infos, from)?, notes })
}

fn check(made: &[u8], committed: &Path) -> anyhow::Result<bool> {
    let found = fs::read(committed).with_context(|| committed.display().to_string())?;
    if found != made {
        println!("{TABLE} is not what {UPSTREAM} and {CORRECTIONS} give");
        println!("Write it anew with: cargo xtask pricing --offline");
    }
    Ok(found == made)
}

impl Made {
    fn report(&self) {
        for (text, rate, key) in &self.notes.rounded {
            println!("rounded: {key}: {text} to {rate}");
        }
        for field in &self.notes.unread {
            println!("left out: the field {field}, which is new");
        }
    }
}

#[cfg(test)]
mod tests;
