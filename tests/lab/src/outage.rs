//! Redis stopped, started again and paused while requests with limits and budgets are under way at two gateways.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::books::Books;
use crate::databases::DatabaseKind;
use crate::http::Ask;
use crate::scene::{CHAT, Scene, chat};

/// How long each phase is.
const PHASE: Duration = Duration::from_secs(2);
/// Clients of each gateway.
const CLIENTS: usize = 4;

/// One request: when it began, how long it took, what came of it.
type Asked = (Instant, Duration, (u16, String));

/// How it went.
#[derive(Debug, Clone)]
pub struct Report {
    /// Whether everybody is let in while nobody hands out shares.
    pub allows: bool,
    /// Each phase with the time that 99 of 100 requests kept to.
    pub phases: Vec<(&'static str, Duration)>,
    /// Answers by status and error code.
    pub answers: BTreeMap<(u16, String), usize>,
    /// Sums by day that are not those of the entries.
    pub wrong: Vec<String>,
    /// Answers of 200, and entries of the ledger.
    pub booked: (usize, usize),
}

impl Report {
    /// No request failed but as configured, none waited, and the books are right.
    pub fn is_right(&self) -> bool {
        let may = |(status, code): &(u16, String)| {
            *status == 200 || !self.allows && *status == 503 && code == "limits_unavailable"
        };
        self.answers.keys().all(may)
            && self.slow().is_none()
            && self.wrong.is_empty()
            && self.booked.0 == self.booked.1
    }

    /// The most that a phase may take: the machine may get busier or less so, the larger of both ends counts.
    fn most(&self) -> Duration {
        let ends = [self.phases.first(), self.phases.last()];
        let baseline = ends.into_iter().flatten().map(|(_, p99)| *p99).max().unwrap_or_default();
        baseline.mul_f64(1.5) + Duration::from_millis(5)
    }

    /// A phase that took longer than it may, if any did.
    fn slow(&self) -> Option<&'static str> {
        let most = self.most();
        self.phases.iter().find(|(_, p99)| *p99 > most).map(|(name, _)| *name)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, p99) in &self.phases {
            writeln!(f, "{name:<14} p99 {p99:?}")?;
        }
        writeln!(f, "at most {:?}", self.most())?;
        for ((status, code), count) in &self.answers {
            writeln!(f, "{count} x {status} {code}")?;
        }
        writeln!(f, "{} answered, {} entries", self.booked.0, self.booked.1)?;
        for wrong in &self.wrong {
            writeln!(f, "WRONG {wrong}")?;
        }
        f.write_str(if self.is_right() { "right" } else { "WRONG" })
    }
}

/// Runs it. With `allows`, everybody is let in while nobody hands out shares; else requests beyond what a gateway holds
/// are refused.
///
/// # Errors
/// It could not be run.
pub async fn run(binary: &Path, allows: bool) -> anyhow::Result<Report> {
    let limits = json!({"when_away": if allows { "allow" } else { "refuse" }});
    let mut scene = Scene::start_with(binary, DatabaseKind::PostgresRedis, 2, &limits)?;
    let team =
        json!({"team_alias": "all", "max_budget": 10_000, "budget_duration": "30d", "rpm_limit": 10_000_000});
    let team = scene.manage("/team/new", team).await?;
    let key = json!({"team_id": team["team_id"], "max_budget": 10_000, "rpm_limit": 10_000_000,
        "tpm_limit": 100_000_000_000_i64, "max_parallel_requests": 1_000});
    let made = scene.manage("/key/generate", key).await?;
    let key = made["key"].as_str().context("no key")?.to_owned();
    let is_over = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for gateway in 0..2 {
        let address = scene.address(gateway)?;
        for _ in 0..CLIENTS {
            clients.spawn(client(address, key.clone(), is_over.clone()));
        }
    }
    sleep(PHASE).await;

    let mut phases = vec![("before", Instant::now())];
    sleep(PHASE).await;
    phases.push(("stopped", Instant::now()));
    scene.database.redis()?.stop();
    sleep(PHASE).await;
    phases.push(("started again", Instant::now()));
    scene.database.redis()?.restart();
    sleep(PHASE).await;
    phases.push(("paused", Instant::now()));
    scene.database.redis()?.signal("STOP");
    sleep(PHASE).await;
    phases.push(("continued", Instant::now()));
    scene.database.redis()?.signal("CONT");
    sleep(PHASE).await;
    phases.push(("after", Instant::now()));
    sleep(PHASE).await;
    phases.push(("end", Instant::now()));

    is_over.store(true, Relaxed);
    let asked: Vec<Asked> = clients.join_all().await.into_iter().flatten().collect();
    let answered = asked.iter().filter(|(_, _, (status, _))| *status == 200).count();
    let books: Books = scene.settled_books(answered).await?;
    let mut answers = BTreeMap::new();
    for (_, _, told) in &asked {
        *answers.entry(told.clone()).or_default() += 1;
    }
    let windows = phases.windows(2);
    let phases = windows.map(|pair| Ok((pair[0].0, p99(&asked, pair[0].1, pair[1].1)?)));
    Ok(Report {
        allows,
        phases: phases.collect::<anyhow::Result<_>>()?,
        answers,
        wrong: books.wrong_days(),
        booked: (answered, books.entries.len()),
    })
}

/// One client, until it is told to end.
async fn client(address: SocketAddr, key: String, is_over: Arc<AtomicBool>) -> Vec<Asked> {
    let script = json!({"chunks": 5, "usage": {"prompt_tokens": 5}});
    let mut asked = Vec::new();
    while !is_over.load(Relaxed) {
        let began = Instant::now();
        let mut body = chat("outage", 5, false, &script);
        body["max_tokens"] = 100.into();
        let told = Ask::post(CHAT, &key, body).of(address).await;
        let code = told.json()["error"]["code"].as_str().unwrap_or_default().to_owned();
        asked.push((began, began.elapsed(), (told.status, code)));
        sleep(Duration::from_millis(10)).await;
    }
    asked
}

/// What 99 of 100 requests that began within these instants kept to.
fn p99(asked: &[Asked], from: Instant, until: Instant) -> anyhow::Result<Duration> {
    let within = asked.iter().filter(|(began, ..)| (from..until).contains(began));
    let mut took: Vec<Duration> = within.map(|(_, took, _)| *took).collect();
    took.sort();
    ensure!(took.len() >= 200, "{} requests are too few to tell", took.len());
    Ok(took[took.len() * 99 / 100])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(allows: bool, slowest_ms: u64, answers: &[(u16, &str)], entries: usize) -> Report {
        let ms = Duration::from_millis;
        Report {
            allows,
            phases: vec![("before", ms(10)), ("stopped", ms(slowest_ms)), ("after", ms(8))],
            answers: answers.iter().map(|(status, code)| ((*status, (*code).to_owned()), 1)).collect(),
            wrong: Vec::new(),
            booked: (1, entries),
        }
    }

    #[test]
    fn a_request_that_waits_or_fails_otherwise_than_configured_is_seen() {
        let well = (200, "");
        assert!(report(true, 20, &[well], 1).is_right());
        assert!(!report(true, 21, &[well], 1).is_right(), "it took too long");
        assert!(!report(true, 10, &[well], 2).is_right(), "an entry too many");
        let refused = (503, "limits_unavailable");
        assert!(!report(true, 10, &[well, refused], 1).is_right());
        assert!(report(false, 10, &[well, refused], 1).is_right());
        assert!(!report(false, 10, &[well, (500, "")], 1).is_right());
        assert!(!report(false, 10, &[(0, "")], 1).is_right());
    }
}
