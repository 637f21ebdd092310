//! Mutated input for the parsers: the short form runs on any toolchain, the long form needs cargo-fuzz.

use anyhow::bail;

use crate::{
    shell::Cmd,
    workspace::{EVERYTHING, Workspace},
};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run one target under libFuzzer (needs cargo-fuzz and a nightly toolchain).
    #[arg(long, value_name = "TARGET")]
    long: Option<String>,
    /// Seconds of the long form.
    #[arg(long, default_value_t = 600)]
    seconds: u32,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let Some(target) = &args.long else { return short() };
    // Not through $CARGO, which is one toolchain's cargo and knows no `+nightly`.
    let cargo = || Cmd::new("cargo").args(["+nightly", "fuzz"]);
    if !cargo().arg("--version").succeeds() {
        bail!("the long form needs: rustup toolchain install nightly && cargo install cargo-fuzz");
    }
    let folder = Workspace::load()?.workspace_root.join("tests/fuzz");
    cargo()
        .args(["run", "--fuzz-dir"])
        .arg(folder)
        .args([target, "--", &format!("-max_total_time={}", args.seconds)])
        .run()
}

/// The same functions over the corpus and seeded mutations, as plain tests with `fuzz` in their names.
fn short() -> anyhow::Result<()> {
    let runner = if Cmd::cargo("nextest --version").succeeds() { "nextest run" } else { "test" };
    Cmd::cargo(runner).args(EVERYTHING).arg("fuzz").run()
}
