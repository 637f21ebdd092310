//! Mutated input for everything that reads what others send: a short form, a long form by the clock, and one target under
//! a fuzzer that looks at coverage.

use std::path::Path;

use anyhow::{Context as _, bail};

use crate::{
    clock,
    shell::Cmd,
    workspace::{Package, Workspace},
};

/// Where the bodies are: tests that are called so, or stand in a file that is.
const BODIES: &str = "binary(fuzz) + binary(hostile) + test(/fuzz|hostile/)";

/// The crate that runs them.
const KIT: &str = "llm-testkit";

/// Read by the runner of the bodies, `llm_testkit::fuzz::run`.
const MILLISECONDS: &str = "LLM_FUZZ_MILLISECONDS";
const SEED: &str = "LLM_FUZZ_SEED";
const REPORT: &str = "LLM_FUZZ_REPORT";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Go on for so long in all, shared by all bodies; without it, some thousand inputs each.
    #[arg(long)]
    seconds: Option<u64>,
    /// Let chance begin here; without it, runs are alike but for their length.
    #[arg(long, conflicts_with = "target")]
    seed: Option<u64>,
    /// Run one target under libFuzzer (needs cargo-fuzz and a nightly toolchain), for 600 s unless told otherwise.
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    match (&args.target, args.seconds) {
        (Some(target), seconds) => by_coverage(target, seconds.unwrap_or(600)),
        (None, None) => bodies(args.seed, &[]),
        (None, Some(seconds)) => by_clock(seconds, args.seed),
    }
}

fn by_coverage(target: &str, seconds: u64) -> anyhow::Result<()> {
    // Not through $CARGO, which is one toolchain's cargo and knows no `+nightly`.
    let cargo = || Cmd::new("cargo").args(["+nightly", "fuzz"]);
    if !cargo().arg("--version").succeeds() {
        bail!("it needs: rustup toolchain install nightly && cargo install cargo-fuzz");
    }
    let folder = Workspace::load()?.workspace_root.join("tests/fuzz");
    cargo()
        .args(["run", "--fuzz-dir"])
        .arg(folder)
        .args([target, "--", &format!("-max_total_time={seconds}")])
        .run()
}

/// Runs the bodies from a seed, with this in their environment.
fn bodies(seed: Option<u64>, environment: &[(&'static str, &str)]) -> anyhow::Result<()> {
    if !Cmd::cargo("nextest --version").succeeds() {
        bail!("it needs: cargo install cargo-nextest");
    }
    let all = Cmd::cargo("nextest run --no-fail-fast --all-features").args(["-E", BODIES]);
    let all = crates(&Workspace::load()?).iter().fold(all, |all, name| all.args(["-p", name]));
    let all = environment.iter().fold(all, |all, (name, value)| all.env(name, value));
    match seed {
        Some(seed) => all.env(SEED, seed.to_string()),
        None => all,
    }
    .run()
}

/// The crates that have bodies: the kit itself, and those that use it.
fn crates(workspace: &Workspace) -> Vec<&str> {
    let uses_kit = |package: &&Package| {
        package.name == KIT || package.dependencies.iter().any(|dependency| dependency.name == KIT)
    };
    workspace.members().filter(uses_kit).map(|package| package.name.as_str()).collect()
}

/// Every body for its share of the time. How many there are, a first run of one millisecond each tells.
fn by_clock(seconds: u64, seed: Option<u64>) -> anyhow::Result<()> {
    let report = std::env::temp_dir().join(format!("llm-gateway-fuzz-{}", std::process::id()));
    let rounds = |milliseconds: u64| -> anyhow::Result<Sum> {
        let file = report.to_str().context("the folder for temporary files has no name in Unicode")?;
        let done = bodies(seed, &[(MILLISECONDS, &milliseconds.to_string()), (REPORT, file)]);
        let sum = Sum::read(&report);
        drop(std::fs::remove_file(&report));
        done.map(|()| sum).and_then(|sum| sum)
    };
    let bodies = rounds(1)?.bodies;
    let began = clock::now();
    let sum = rounds((seconds * 1000).div_ceil(bodies.max(1)))?;
    println!(
        "\n{} inputs through {} bodies in {} s of their time, {} s by the clock: no finding",
        sum.inputs,
        sum.bodies,
        sum.milliseconds / 1000,
        began.elapsed().as_secs()
    );
    Ok(())
}

/// What the bodies did.
#[derive(Debug, Default, PartialEq)]
struct Sum {
    bodies: u64,
    inputs: u64,
    milliseconds: u64,
}

impl Sum {
    fn read(report: &Path) -> anyhow::Result<Self> {
        Self::of(&std::fs::read_to_string(report).context("the bodies reported nothing")?)
    }

    /// A line of two numbers each: inputs and milliseconds.
    fn of(report: &str) -> anyhow::Result<Self> {
        let mut sum = Self::default();
        for line in report.lines() {
            let (inputs, milliseconds) = line.split_once(' ').context("a line of the report is cut short")?;
            sum.bodies += 1;
            sum.inputs += inputs.parse::<u64>()?;
            sum.milliseconds += milliseconds.parse::<u64>()?;
        }
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_of_a_report() {
        let sum = Sum { bodies: 2, inputs: 12, milliseconds: 30 };
        assert_eq!(Sum::of("10 21\n2 9\n").expect("it is whole"), sum);
        assert!(Sum::of("10").is_err());
    }
}
