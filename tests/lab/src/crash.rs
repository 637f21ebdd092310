//! The crash test: the gateway dies at random moments under load, and the ledger says what the vendor has served.

mod damage;
mod load;
mod verdict;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use crate::chance::Chance;
use crate::databases::DatabaseKind;
use crate::scene::Scene;
use crate::vendor::Vendor;
use damage::Damage;
use load::Load;
pub use verdict::Verdict;

/// What to do.
#[derive(Debug, Clone)]
pub struct Options {
    /// The gateway's binary.
    pub binary: PathBuf,
    /// How often it dies.
    pub rounds: usize,
    /// Its database.
    pub database: DatabaseKind,
    /// What chance begins with.
    pub seed: u64,
}

/// What a run was: how often it died, how, and what was wrong.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Rounds in which a stream was under way when it died.
    pub in_streams: usize,
    /// All of them.
    pub rounds: usize,
    /// What was compared, and what was wrong.
    pub verdict: Verdict,
}

impl Outcome {
    /// Whether the ledger is right, and the test was one.
    pub fn is_right(&self) -> bool {
        self.verdict.wrong.is_empty() && self.in_streams * 2 >= self.rounds && self.verdict.answered > 0
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { in_streams, rounds, verdict } = self;
        writeln!(f, "killed {rounds} times, {in_streams} of them inside streams")?;
        write!(f, "{verdict}")
    }
}

/// Kills and compares.
///
/// # Errors
/// The test could not be done. What is wrong with the ledger is in the outcome.
pub async fn run(options: &Options) -> anyhow::Result<Outcome> {
    let mut chance = Chance::new(options.seed);
    let mut scene = Scene::start(&options.binary, options.database, 1)?;
    let key = scene.manage("/key/generate", json!({})).await?;
    let key = key["key"].as_str().unwrap_or_default().to_owned();
    let (mut told, mut in_streams, mut forgiven, mut seen) = (Vec::new(), 0, 0, 0);
    for round in 0..options.rounds {
        let damage = Damage::of(round, options.database);
        let load = Load::start(scene.address(0)?, &key, round, chance.number());
        tokio::time::sleep(Duration::from_millis(chance.between(150, 900))).await;
        damage.before(&mut scene).await?;
        in_streams += usize::from(within_a_stream(&scene.vendor, &mut seen).await?);
        scene.kill_gateway(0)?;
        told.extend(load.end().await?);
        forgiven += damage.after(&mut scene, &mut chance)?;
        scene.start_gateway(0)?;
    }
    let served = scene.vendor.served().await?;
    let books = scene.settled_books(served.len().saturating_sub(forgiven)).await?;
    let verdict = Verdict::of(&told, &served, &books, forgiven);
    Ok(Outcome { in_streams, rounds: options.rounds, verdict })
}

/// Waits a moment for a stream to be under way at the vendor; whether one is. Looks at what came since it looked last.
async fn within_a_stream(vendor: &Vendor, seen: &mut usize) -> anyhow::Result<bool> {
    let first = *seen;
    for _ in 0..20 {
        let served = vendor.served_from(first).await?;
        *seen = first + served.len();
        if served.iter().flatten().any(|leg| leg.is_stream && leg.outcome == "open" && leg.status == 200) {
            return Ok(true);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(false)
}
