//! `llm-lab crash`, `race`, `lease` and `outage`, as `cargo xtask` starts them.
#![allow(clippy::print_stdout, reason = "what is printed is what this program is for")]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use llm_lab::{DatabaseKind, crash, lease, outage, race};

/// Drives the gateway's binary from outside, and holds its books against the vendor's record.
#[derive(Parser)]
struct Args {
    /// The gateway's binary.
    #[arg(long, value_name = "FILE")]
    binary: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Kills it at random moments.
    Crash {
        #[arg(long, default_value_t = 200)]
        rounds: usize,
        #[arg(long, value_enum, default_value = "sqlite")]
        database: DatabaseKind,
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Lets many requests run for budgets at once.
    Race {
        #[arg(long, default_value_t = 1_000)]
        requests: usize,
        #[arg(long, default_value_t = 1)]
        processes: usize,
        #[arg(long, value_enum, default_value = "sqlite")]
        database: DatabaseKind,
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Kills one of two gateways while it holds a budget.
    Lease {
        #[arg(long, value_enum, default_value = "postgres")]
        database: DatabaseKind,
    },
    /// Takes Redis away from two gateways under load.
    Outage {
        /// Whether everybody is let in meanwhile.
        #[arg(long)]
        allow: bool,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let Args { binary, command } = Args::parse();
    let is_right = match command {
        Command::Crash { rounds, database, seed } => {
            let outcome = crash::run(&crash::Options { binary, rounds, database, seed }).await?;
            println!("{outcome}");
            outcome.is_right()
        }
        Command::Race { requests, processes, database, seed } => {
            let report = race::run(&race::Options { binary, requests, processes, database, seed }).await?;
            println!("{report}");
            report.is_right()
        }
        Command::Lease { database } => {
            let report = lease::run(&binary, database).await?;
            println!("{report}");
            report.is_right()
        }
        Command::Outage { allow } => {
            let report = outage::run(&binary, allow).await?;
            println!("{report}");
            report.is_right()
        }
    };
    Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
