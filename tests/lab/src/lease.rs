//! One of two gateways is killed while it holds a budget: what it held is free again within the lease.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::databases::DatabaseKind;
use crate::http::{Ask, Told};
use crate::scene::{CHAT, Scene, chat, price};

/// Milliseconds after which a silent gateway loses what it holds.
const LEASE_MS: u64 = 3_000;
/// What finding that out may take beside: looking once a second, and asking.
const SLACK: Duration = Duration::from_millis(2_500);
/// The most tokens of an answer.
const TOKENS: i64 = 4_096;

/// How it went.
#[derive(Debug, Clone)]
pub struct Report {
    /// What the other gateway answered while the budget was held: status and error code.
    pub refused: (u16, String),
    /// From the kill until the other gateway had the budget; `None` if it never did.
    pub returned: Option<Duration>,
}

impl Report {
    /// The budget was held, and came back in time.
    pub fn is_right(&self) -> bool {
        let in_time = self.returned.is_some_and(|after| after <= Duration::from_millis(LEASE_MS) + SLACK);
        self.refused == (429, "insufficient_quota".to_owned()) && in_time
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (status, code) = &self.refused;
        writeln!(f, "held by the first gateway: the second answers {status} {code}")?;
        if let Some(after) = self.returned {
            writeln!(f, "free again {after:?} after the first was killed; the lease is {LEASE_MS} ms")?;
        } else {
            writeln!(f, "never free again")?;
        }
        f.write_str(if self.is_right() { "right" } else { "WRONG" })
    }
}

/// Runs it.
///
/// # Errors
/// It could not be run.
pub async fn run(binary: &Path, database: DatabaseKind) -> anyhow::Result<Report> {
    let limits = json!({"lease_ms": LEASE_MS});
    let mut scene = Scene::start_with(binary, database, 2, &limits)?;
    // Room for one answer of full length, and not for two.
    let micros = price(1_000, TOKENS) / 1_000;
    let budget: Value = serde_json::from_str(&format!("0.{micros:06}"))?;
    let made = scene.manage("/key/generate", json!({"max_budget": budget})).await?;
    let key = made["key"].as_str().context("no key")?.to_owned();
    // Silence before the first event: nothing has been produced when the gateway is killed.
    let silent = json!({"chunks": 5, "first_chunk_ms": 60_000});
    let (first, second) = (scene.address(0)?, scene.address(1)?);
    let mut held = JoinSet::new();
    let (owned, body) = (key.clone(), full("held", &silent));
    held.spawn(async move {
        loop {
            let told = Ask::post(CHAT, &owned, body.clone()).of(first).await;
            // While a new Redis finds out what gateways hold, each has its part of a budget at most.
            if told.status != 503 {
                return told;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    reached(&scene, "held").await?;
    let quick = json!({"chunks": 5, "usage": {"prompt_tokens": 5}});
    let told = Ask::post(CHAT, &key, full("refused", &quick)).of(second).await;
    let code = told.json()["error"]["code"].as_str().unwrap_or_default().to_owned();
    let refused = (told.status, code);

    scene.kill_gateway(0)?;
    let killed = Instant::now();
    let mut returned = None;
    while killed.elapsed() < Duration::from_millis(LEASE_MS) * 5 {
        let Told { status, .. } = Ask::post(CHAT, &key, full("after", &quick)).of(second).await;
        if status == 200 {
            returned = Some(killed.elapsed());
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let held = held.join_all().await;
    ensure!(held.iter().all(|told| !told.is_whole), "the gateway that was killed has answered");
    Ok(Report { refused, returned })
}

/// A streamed request that may cost all there is.
fn full(name: &str, script: &Value) -> Value {
    let mut body = chat(name, 5, true, script);
    body["max_tokens"] = TOKENS.into();
    body
}

/// Waits until the vendor has a request.
async fn reached(scene: &Scene, name: &str) -> anyhow::Result<()> {
    const PATIENCE: Duration = Duration::from_secs(20);
    let began = Instant::now();
    while !scene.vendor.served().await?.iter().any(|leg| leg.name == name) {
        ensure!(began.elapsed() < PATIENCE, "the vendor was never asked");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_that_was_not_held_or_comes_back_late_is_seen() {
        let report = |status, code: &str, after_ms: Option<u64>| Report {
            refused: (status, code.to_owned()),
            returned: after_ms.map(Duration::from_millis),
        };
        assert!(report(429, "insufficient_quota", Some(LEASE_MS)).is_right());
        assert!(!report(200, "", Some(LEASE_MS)).is_right());
        assert!(!report(503, "limits_unavailable", Some(LEASE_MS)).is_right());
        assert!(!report(429, "insufficient_quota", Some(LEASE_MS * 2)).is_right());
        assert!(!report(429, "insufficient_quota", None).is_right());
    }
}
