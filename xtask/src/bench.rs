//! What the gateway costs: processor time, latency and memory beside a proxy that does the least.
//!
//! Everything runs on loopback and is bounded in count and time. A machine shared with others makes
//! absolute figures worthless, so rounds are interleaved and the median of the ratios of each round counts.

mod lab;
mod load;
pub(crate) mod order;
mod process;
pub(crate) mod profile;
mod report;
mod request;
mod scenario;
mod service;
mod soak;
mod stats;

use std::{fs, path::PathBuf, process::Child};

use anyhow::Context as _;

use crate::{
    shell::Cmd,
    workspace::{EVERYTHING, Workspace},
};

use lab::Lab;
use report::Report;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A few short rounds that fail only when a same-dialect request costs 2.5 times the minimal proxy.
    #[arg(long)]
    quick: bool,
    /// Rounds of each scenario [default: 5, quick: 5].
    #[arg(long)]
    rounds: Option<usize>,
    /// Seconds of each measurement [default: 2, quick: 0.6].
    #[arg(long)]
    seconds: Option<f64>,
    /// Only these scenarios, by name.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Measure the minimal proxy (and nginx) without the gateway.
    #[arg(long)]
    no_gateway: bool,
    /// Write the figures of every round to a file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Run the micro-benchmarks of the crates instead.
    #[arg(long)]
    micro: bool,
    /// Load the gateway with everything on for so many seconds instead, and fail if its memory grows.
    #[arg(long, value_name = "SECONDS")]
    soak: Option<f64>,
}

/// How one run of the benchmark measures.
struct Effort {
    rounds: usize,
    seconds: f64,
    starts: usize,
}

impl Args {
    /// What CI runs.
    pub(crate) const fn quick() -> Self {
        Self {
            quick: true,
            rounds: None,
            seconds: None,
            only: Vec::new(),
            no_gateway: false,
            json: None,
            micro: false,
            soak: None,
        }
    }

    fn effort(&self) -> Effort {
        let usual = if self.quick {
            Effort { rounds: 9, seconds: 0.6, starts: 1 }
        } else {
            Effort { rounds: 5, seconds: 2.0, starts: 5 }
        };
        Effort {
            rounds: self.rounds.unwrap_or(usual.rounds).max(1),
            seconds: self.seconds.unwrap_or(usual.seconds),
            ..usual
        }
    }
}

/// Whether this system tells the processor time of a process as the benchmark reads it.
pub(crate) fn is_supported() -> bool {
    cfg!(target_os = "linux")
}

/// Begins to build what is measured, for others to wait for: link-time optimisation keeps one core busy for minutes.
pub(crate) fn begin_to_build() -> anyhow::Result<Child> {
    lab::build(true).command().spawn().context("cannot run cargo")
}

/// Measures, prints, and says whether every limit is kept.
pub(crate) fn run(args: &Args) -> anyhow::Result<bool> {
    if args.micro {
        return Cmd::cargo("bench --bench *").args(EVERYTHING).run().map(|()| true);
    }
    anyhow::ensure!(is_supported(), "processor time is read from /proc: this needs Linux");
    let effort = args.effort();
    let scenarios = scenario::chosen(args.quick, &args.only)?;
    let workspace = Workspace::load()?;
    let files = process::open_files_limit()?;
    let lab = Lab::build(&workspace, !args.no_gateway)?;
    if let Some(seconds) = args.soak {
        return soak::run(&lab, seconds);
    }
    let mut report = Report::new(&effort, args.quick);
    if !args.no_gateway {
        report.footprint = Some(lab.footprint(effort.starts)?);
    }
    let running = lab.start()?;
    for scenario in scenarios {
        if files < scenario.open_files() {
            println!("\n{}: left out, needs {} open files: ulimit -n", scenario.name, scenario.open_files());
            continue;
        }
        let figures = running.measure(scenario, &effort)?;
        report::print_scenario(&figures);
        report.scenarios.push(figures);
    }
    drop(running);
    report.judge();
    report::print_summary(&report);
    if let Some(file) = &args.json {
        let json = serde_json::to_string_pretty(&report)?;
        fs::write(file, json).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(report.passed())
}
