//! Requests that go on until the gateway is gone.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use tokio::task::JoinSet;

use crate::chance::Chance;
use crate::http::Ask;
use crate::scene::{CHAT, chat};

/// Clients at a time.
const CLIENTS: usize = 24;

/// What a client was told.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub(super) name: String,
    pub(super) status: u16,
    /// The last byte of the answer was there.
    pub(super) is_whole: bool,
}

/// Clients that ask and ask.
pub(super) struct Load {
    is_over: Arc<AtomicBool>,
    clients: JoinSet<Vec<Heard>>,
}

impl Load {
    pub(super) fn start(address: SocketAddr, key: &str, round: usize, seed: u64) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            let (is_over, key) = (is_over.clone(), key.to_owned());
            let mut chance = Chance::new(seed.wrapping_add(number as u64));
            clients.spawn(async move {
                let mut heard = Vec::new();
                while !is_over.load(Ordering::Relaxed) {
                    let name = format!("r{round}-c{number}-{}", heard.len());
                    heard.push(one(address, &key, name, &mut chance).await);
                    if heard.last().is_some_and(|heard| heard.status == 0) {
                        // It is gone, or has not come yet.
                        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                    }
                }
                heard
            });
        }
        Self { is_over, clients }
    }

    /// Ends when each client has seen its last answer break.
    pub(super) async fn end(mut self) -> anyhow::Result<Vec<Heard>> {
        self.is_over.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        while let Some(heard) = self.clients.join_next().await {
            all.extend(heard?);
        }
        Ok(all)
    }
}

/// Three of four are streams; one of twenty is refused by the vendor at first.
async fn one(address: SocketAddr, key: &str, name: String, chance: &mut Chance) -> Heard {
    let stream = chance.happens(0.75);
    let mut script =
        json!({"chunks": chance.between(1, 40), "usage": {"prompt_tokens": chance.between(3, 90)}});
    if stream {
        script["chunk_ms"] = chance.between(2, 25).into();
    } else {
        script["delay_ms"] = chance.between(0, 80).into();
    }
    if chance.happens(0.05) {
        script["fail_first"] = 1.into();
    }
    let mut ask = Ask::post(CHAT, key, chat(&name, 6, stream, &script));
    ask.name = &name;
    let told = ask.of(address).await;
    let is_whole = told.is_whole;
    Heard { status: told.status, is_whole, name }
}
