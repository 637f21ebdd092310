//! The race for budgets: many requests at once, budgets at every level, and an answer to what was overspent and what was
//! of use.

mod lanes;
mod report;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::chance::Chance;
use crate::databases::DatabaseKind;
use crate::http::{Ask, HangUp};
use crate::scene::{CHAT, Scene, chat, price};
use lanes::Lane;
pub use report::{LevelReport, Report};

/// What to do.
#[derive(Debug, Clone)]
pub struct Options {
    /// The gateway's binary.
    pub binary: PathBuf,
    /// Requests, all at once.
    pub requests: usize,
    /// Gateways that share the database.
    pub processes: usize,
    /// Their database.
    pub database: DatabaseKind,
    /// What chance begins with.
    pub seed: u64,
}

/// One request of the race.
#[derive(Debug, Clone)]
struct Runner {
    name: String,
    key: String,
    tag: Option<String>,
    words: u64,
    stream: bool,
    max_tokens: Option<u64>,
    script: serde_json::Value,
    hang_up: Option<HangUp>,
}

/// Runs the race.
///
/// # Errors
/// It could not be run. What was overspent is in the report.
pub async fn run(options: &Options) -> anyhow::Result<Report> {
    let mut chance = Chance::new(options.seed);
    // So many at once keep an unoptimised build busy for longer than a share is usually waited for.
    let patient = json!({"timeout_ms": 1_000});
    let scene = Scene::start_with(&options.binary, options.database, options.processes, &patient)?;
    let addresses =
        (0..options.processes).map(|number| scene.address(number)).collect::<anyhow::Result<Vec<_>>>()?;
    let runners: Vec<_> = (0..options.requests).map(|number| runner(number, &mut chance)).collect();
    let lanes = lanes::open(&scene, &demands(&runners)).await?;
    let runners: Vec<_> = runners
        .into_iter()
        .enumerate()
        .map(|(number, runner)| lanes::enter(&lanes, number, runner))
        .collect();
    let statuses = all_at_once(&addresses, runners).await?;
    // What is under way for clients that have gone comes to its end, and what replicas hold without use goes back.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut sweeps = 0;
    for lane in &lanes {
        sweeps += sweep(&addresses, lane).await;
    }
    let served = scene.vendor.served().await?;
    let books = scene.settled_books(served.len()).await?;
    Ok(Report::of(&lanes, &statuses, sweeps, &served, &books))
}

/// Clients that do not wait for a whole answer go after so many milliseconds at most.
const HANG_UP_MS: u64 = 60;

/// Half without `max_tokens`, half streamed, one of ten hangs up, one of ten is refused by the vendor; the vendor counts
/// prompts up to 30 % otherwise than a tokenizer would.
fn runner(number: usize, chance: &mut Chance) -> Runner {
    let tokens = chance.tokens();
    let stream = chance.happens(0.5);
    let words = chance.between(5, 60);
    let percent = chance.between(70, 130);
    let mut script = json!({
        "chunks": tokens,
        "obeys_max_tokens": true,
        "usage": {"prompt_tokens": (words * percent).div_ceil(100)},
        "delay_ms": chance.between(0, 60),
    });
    if chance.happens(0.1) {
        script["error"] = json!({"status": 500});
    }
    let hang_up = chance.happens(0.1).then(|| match stream {
        true => HangUp::Events(usize::try_from(chance.between(1, tokens)).unwrap_or(1)),
        false => HangUp::Millis(chance.between(1, HANG_UP_MS)),
    });
    if hang_up.is_some() {
        // At a pace, so that what was produced for a client that has gone is what was read of it: nothing of a whole answer
        // was made yet, and none was written and not read.
        let (pace, ms) = if stream { ("chunk_ms", 1) } else { ("first_chunk_ms", 2 * HANG_UP_MS) };
        script[pace] = ms.into();
    }
    let max_tokens = chance.happens(0.5).then(|| chance.between(tokens.div_ceil(2), tokens * 2).min(4_096));
    let name = format!("race-{number}");
    Runner { name, key: String::new(), tag: None, words, stream, max_tokens, script, hang_up }
}

/// What each lane would cost if nothing were refused.
fn demands(runners: &[Runner]) -> Vec<i64> {
    let mut demands = vec![0; lanes::LEVELS.len()];
    for (number, runner) in runners.iter().enumerate() {
        if runner.script["error"].is_null() {
            let tokens = runner.script["chunks"].as_i64().unwrap_or_default();
            let most = runner.max_tokens.and_then(|most| i64::try_from(most).ok()).unwrap_or(i64::MAX);
            let prompt = runner.script["usage"]["prompt_tokens"].as_i64().unwrap_or_default();
            demands[number % lanes::LEVELS.len()] += price(prompt, tokens.min(most));
        }
    }
    demands
}

fn ask(runner: &Runner) -> Ask<'_> {
    let mut body = chat(&runner.name, runner.words, runner.stream, &runner.script);
    if let Some(most) = runner.max_tokens {
        body["max_tokens"] = most.into();
    }
    let mut ask = Ask::post(CHAT, &runner.key, body);
    ask.name = &runner.name;
    ask.tag = runner.tag.as_deref();
    ask.hang_up = runner.hang_up;
    ask
}

/// All begin at the same moment, spread over the gateways. The status of each answer.
async fn all_at_once(addresses: &[SocketAddr], runners: Vec<Runner>) -> anyhow::Result<Vec<u16>> {
    let start = Arc::new(Barrier::new(runners.len()));
    let mut running = JoinSet::new();
    for (number, runner) in runners.into_iter().enumerate() {
        let (start, address) = (start.clone(), addresses[number % addresses.len()]);
        running.spawn(async move {
            start.wait().await;
            ask(&runner).of(address).await.status
        });
    }
    let mut statuses = Vec::new();
    while let Some(status) = running.join_next().await {
        statuses.push(status?);
    }
    Ok(statuses)
}

/// Asks for less and less until nothing fits any more: whoever stops earlier has not shown that a budget is used up.
async fn sweep(addresses: &[SocketAddr], lane: &Lane) -> usize {
    const SMALLEST: u64 = 1;
    /// Answers that say something of what is left: where nothing is refused, so many are enough to show it.
    const ENOUGH: usize = 400;
    /// A new Redis holds back for a lease of half a minute, and nobody can tell for longer than that.
    const PATIENCE: Duration = Duration::from_secs(120);
    let (mut asked, mut told, mut tokens, mut refused) = (0, 0, 4_096, 0);
    let began = Instant::now();
    // Each gateway has to refuse the smallest request, twice.
    while refused < 2 * addresses.len() && told < ENOUGH && began.elapsed() < PATIENCE {
        let runner = Runner {
            name: format!("sweep-{}-{asked}", lane.level),
            key: lane.keys[asked % lane.keys.len()].clone(),
            tag: lane.tag.clone(),
            words: 5,
            stream: false,
            max_tokens: Some(tokens),
            script: json!({"chunks": tokens, "obeys_max_tokens": true, "usage": {"prompt_tokens": 5}}),
            hang_up: None,
        };
        let status = ask(&runner).of(addresses[asked % addresses.len()]).await.status;
        asked += 1;
        told += usize::from(matches!(status, 200 | 429));
        match (status, tokens) {
            (200, _) => refused = 0,
            (429, SMALLEST) => {
                refused += 1;
                tokio::time::sleep(Duration::from_millis(150)).await;
            }
            (429, _) => {
                refused += 1;
                if refused >= addresses.len() {
                    (tokens, refused) = ((tokens / 4).max(SMALLEST), 0);
                }
            }
            // Nobody can tell now: that says nothing of what is left.
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    asked
}
