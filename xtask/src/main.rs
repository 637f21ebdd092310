//! Everything about this workspace that is more than one cargo command: `cargo xtask help`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what is printed is what this program is for")]

mod bench;
mod check;
mod clock;
mod features;
mod fuzz;
mod gateway;
mod generate;
mod lab;
mod layers;
mod pricing;
mod shell;
mod suites;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Checks, generators and benchmarks of this workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything that CI checks, each step timed.
    Check(check::Args),
    /// All tests; prints what was left out and how to get it.
    Test,
    /// Holds the dependency graph against xtask/layers.toml.
    Layers,
    /// Builds each published library alone, feature by feature.
    Features,
    /// Writes docs/generated from the binary, or checks it.
    Generate(generate::Args),
    /// Writes the table of models and prices from LiteLLM's, or checks it.
    Pricing(pricing::Args),
    /// Feeds mutated input to the parsers.
    Fuzz(fuzz::Args),
    /// Measures the gateway against a minimal proxy, on loopback.
    Bench(bench::Args),
    /// Writes which functions a start and requests run, for the linker to put them together.
    Order,
    /// Writes what of the gateway runs how often, for the compiler (needs llvm-profdata).
    Profile,
    /// Kills the gateway at random moments, and holds its ledger against the vendor's record.
    Crash(lab::CrashArgs),
    /// Lets many requests run for budgets at once: what was overspent, and what was of use.
    Race(lab::RaceArgs),
    /// Kills one of two gateways while it holds a budget: when the other one has it.
    Lease(lab::LeaseArgs),
    /// Takes Redis away from two gateways under load: what fails, and what waits.
    Outage(lab::OutageArgs),
}

fn main() -> ExitCode {
    let done = match Args::parse().command {
        Command::Check(args) => check::run(&args),
        Command::Test => suites::run(),
        Command::Layers => layers::run(),
        Command::Features => features::run().map(|()| true),
        Command::Generate(args) => generate::run(&args),
        Command::Pricing(args) => pricing::run(&args),
        Command::Fuzz(args) => fuzz::run(&args).map(|()| true),
        Command::Bench(args) => bench::run(&args),
        Command::Order => bench::order::run(),
        Command::Profile => bench::profile::run(),
        Command::Crash(args) => lab::crash(&args),
        Command::Race(args) => lab::race(&args),
        Command::Lease(args) => lab::lease(&args),
        Command::Outage(args) => lab::outage(&args),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        // The command has said what is wrong.
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
