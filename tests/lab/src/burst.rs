//! A burst for one new key: its budget has room for all that come at once, though not for an even part of it at each
//! gateway, and what the gateways share has just begun.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::databases::DatabaseKind;
use crate::http::Ask;
use crate::scene::{CHAT, Scene, chat, price};

/// What to do.
#[derive(Debug, Clone)]
pub struct Options {
    /// The gateway's binary.
    pub binary: PathBuf,
    /// Requests, all at once; each tenth goes to another gateway than the first.
    pub requests: usize,
    /// Gateways that share the database.
    pub processes: usize,
    /// Their database.
    pub database: DatabaseKind,
    /// Whether what Redis holds is lost just before.
    pub after_a_loss: bool,
    /// Of how many requests the budget has room for what they may cost at most.
    pub room: usize,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Report {
    /// How often each status was answered.
    pub statuses: BTreeMap<u16, usize>,
    /// The key's budget, in nano-dollars.
    pub budget_nanos: i64,
    /// What the vendor has answered costs so much.
    pub vendor_nanos: i64,
    /// What the ledger has booked.
    pub ledger_nanos: i64,
}

impl Report {
    /// Whether no more was spent than there was.
    pub fn is_within(&self) -> bool {
        self.vendor_nanos <= self.budget_nanos && self.ledger_nanos <= self.budget_nanos
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { statuses, budget_nanos, vendor_nanos, ledger_nanos } = self;
        write!(
            f,
            "answers by status {statuses:?}; budget {budget_nanos}, vendor {vendor_nanos}, ledger {ledger_nanos}"
        )
    }
}

/// Tokens of each answer.
const TOKENS: u64 = 50;
/// Tokens that each answer may have.
const MOST: i64 = 4_000;
/// Words of each prompt, and what the vendor counts.
const WORDS: u64 = 8;

/// Runs the burst.
///
/// # Errors
/// It could not be run. What was answered is in the report.
pub async fn run(options: &Options) -> anyhow::Result<Report> {
    let Options { binary, requests, processes, database, after_a_loss, room } = options;
    // An unoptimised build is busy with so many for longer than a share is usually waited for.
    let patient = json!({"timeout_ms": 3_000});
    let mut scene = Scene::start_with(binary, *database, *processes, &patient)?;
    let addresses =
        (0..*processes).map(|number| scene.address(number)).collect::<anyhow::Result<Vec<_>>>()?;
    // No tokenizer makes more than a token of a byte.
    let each = price(1_000, MOST);
    let budget_nanos = i64::try_from(*room)? * each;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let budget = budget_nanos as f64 / 1e9;
    let made = scene.manage("/key/generate", json!({"max_budget": budget})).await?;
    let key = made["key"].as_str().context("no key was made")?.to_owned();
    if *after_a_loss {
        let flushed = scene.database.redis()?.ask("FLUSHALL");
        anyhow::ensure!(flushed == "+OK", "{flushed}");
    }
    let start = Arc::new(Barrier::new(*requests));
    let mut running = JoinSet::new();
    for number in 0..*requests {
        let address = if number % 10 == 0 { addresses[number / 10 % addresses.len()] } else { addresses[0] };
        let (start, key) = (start.clone(), key.clone());
        running.spawn(async move {
            let name = format!("burst-{number}");
            let script = json!({"chunks": TOKENS, "usage": {"prompt_tokens": WORDS}, "delay_ms": 500});
            let mut body = chat(&name, WORDS, false, &script);
            body["max_tokens"] = MOST.into();
            let mut ask = Ask::post(CHAT, &key, body);
            ask.name = &name;
            start.wait().await;
            ask.of(address).await.status
        });
    }
    let mut statuses = BTreeMap::new();
    while let Some(status) = running.join_next().await {
        *statuses.entry(status?).or_default() += 1;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let served = scene.vendor.served().await?;
    let books = scene.settled_books(served.len()).await?;
    let answered = served.iter().filter(|leg| leg.status == 200);
    let vendor_nanos = answered.map(|leg| price(leg.prompt_tokens, leg.completion_tokens)).sum();
    let ledger_nanos = books.entries.iter().map(|entry| entry.nanos).sum();
    Ok(Report { statuses, budget_nanos, vendor_nanos, ledger_nanos })
}
