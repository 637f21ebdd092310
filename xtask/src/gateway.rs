//! The gateway's own binary, for steps that run it.

use std::path::PathBuf;

use crate::{
    shell::Cmd,
    workspace::{EVERYTHING, Workspace},
};

/// Builds the binary, unoptimised, and returns its path.
///
/// With the tests in the selection, because a selection without them has other features, and would
/// compile half of the tree a second time beside what the tests need anyway.
pub(crate) fn build() -> anyhow::Result<PathBuf> {
    Cmd::cargo("build --quiet --bins --tests").args(EVERYTHING).run()?;
    Ok(Workspace::load()?.target_directory.join("debug/llm-gateway"))
}
