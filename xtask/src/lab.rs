//! The crash test, the race for budgets, and what sharing limits comes to when one of those who share is gone: the
//! gateway's binary driven from outside.

use crate::{shell::Cmd, workspace::Workspace};

#[derive(clap::Args)]
pub(crate) struct CrashArgs {
    /// How often the gateway is killed.
    #[arg(long, default_value_t = 200)]
    rounds: usize,
    /// sqlite, or postgres.
    #[arg(long, default_value = "sqlite")]
    database: String,
    /// What chance begins with.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(clap::Args)]
pub(crate) struct RaceArgs {
    /// Requests, all at once.
    #[arg(long, default_value_t = 1_000)]
    requests: usize,
    /// Gateways that share the database: more than one need a server.
    #[arg(long, default_value_t = 1)]
    processes: usize,
    /// sqlite, postgres, or postgres+redis.
    #[arg(long, default_value = "sqlite")]
    database: String,
    /// What chance begins with.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(clap::Args)]
pub(crate) struct LeaseArgs {
    /// postgres, or postgres+redis.
    #[arg(long, default_value = "postgres")]
    database: String,
}

#[derive(clap::Args)]
pub(crate) struct OutageArgs {
    /// Let everybody in while Redis is away, instead of refusing what no share covers.
    #[arg(long)]
    allow: bool,
}

/// Kills one of two gateways while it holds a budget; true when that was free again in time.
pub(crate) fn lease(args: &LeaseArgs) -> anyhow::Result<bool> {
    run(&["lease", "--database", &args.database])
}

/// Takes Redis away from two gateways under load; true when no request noticed, beyond what is configured.
pub(crate) fn outage(args: &OutageArgs) -> anyhow::Result<bool> {
    run(if args.allow { &["outage", "--allow"] } else { &["outage"] })
}

/// Kills it at random moments; true when the ledger says what the vendor has served.
pub(crate) fn crash(args: &CrashArgs) -> anyhow::Result<bool> {
    let CrashArgs { rounds, database, seed } = args;
    run(&["crash", "--rounds", &rounds.to_string(), "--database", database, "--seed", &seed.to_string()])
}

/// Lets many requests run for budgets; true when none was overspent and all were of use.
pub(crate) fn race(args: &RaceArgs) -> anyhow::Result<bool> {
    let RaceArgs { requests, processes, database, seed } = args;
    let (requests, processes, seed) = (requests.to_string(), processes.to_string(), seed.to_string());
    run(&[
        "race",
        "--requests",
        &requests,
        "--processes",
        &processes,
        "--database",
        database,
        "--seed",
        &seed,
    ])
}

fn run(arguments: &[&str]) -> anyhow::Result<bool> {
    Cmd::cargo("build --quiet --bins --package llm-cli --package llm-lab").run()?;
    let programs = Workspace::load()?.target_directory.join("debug");
    let lab = Cmd::new(programs.join("llm-lab")).arg("--binary").arg(programs.join("llm-gateway"));
    Ok(lab.args(arguments).tee()?.success)
}
