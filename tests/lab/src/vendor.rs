//! The vendor: the mock server as a process of its own, and the record that it keeps.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::http::Ask;
use crate::process::Process;

/// The vendor. It outlives every gateway.
#[derive(Debug)]
pub struct Vendor {
    process: Process,
}

/// One leg, as the vendor has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// What the client called the request: the first word of its prompt.
    pub name: String,
    /// The status answered; 0 if there was none yet.
    pub status: u16,
    /// `open`, `complete`, `client_closed` or `cut`.
    pub outcome: String,
    /// Whether it was streamed.
    pub is_stream: bool,
    /// Tokens read.
    pub prompt_tokens: i64,
    /// Tokens of the whole answer.
    pub completion_tokens: i64,
    /// Tokens of it that were handed to the connection.
    pub produced_tokens: i64,
}

impl Vendor {
    /// Starts it.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(binary: &Path, folder: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new(binary);
        command.env_clear().args(["mock", "--port", "0", "--max-records", "1000000"]);
        let process =
            Process::start(command, &folder.join("vendor.log"), |line| line.contains("what it served"))?;
        Ok(Self { process })
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.process.address
    }

    /// All legs that it has received, from the first on.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn served(&self) -> anyhow::Result<Vec<Served>> {
        Ok(self.served_from(0).await?.into_iter().flatten().collect())
    }

    /// What it has received from this number on; requests that ask no model are empty.
    pub(crate) async fn served_from(&self, first: usize) -> anyhow::Result<Vec<Option<Served>>> {
        let mut all = Vec::new();
        loop {
            let path = format!("/_mock/requests.jsonl?from={}", first + all.len());
            let told = Ask::get(&path, "").of(self.address()).await;
            ensure!(told.status == 200 && told.is_whole, "the vendor's record: {}", told.status);
            let text = String::from_utf8(told.body)?;
            if text.is_empty() {
                return Ok(all);
            }
            for line in text.lines() {
                let record: Value = serde_json::from_str(line)?;
                ensure!(record["sequence"] == first + all.len(), "the vendor's record has a gap: {line}");
                all.push(served(&record)?);
            }
        }
    }
}

/// A leg, if it asks a model.
fn served(record: &Value) -> anyhow::Result<Option<Served>> {
    if record["path"] != "/v1/chat/completions" {
        return Ok(None);
    }
    let body: Value = serde_json::from_str(record["body"].as_str().unwrap_or_default())?;
    let prompt = body["messages"][0]["content"].as_str().context("a prompt")?;
    let is_stream = body["stream"] == true;
    let is_complete = record["outcome"] == "complete";
    let usage = |name: &str| record["usage"][name].as_i64().unwrap_or_default();
    let completion_tokens = usage("completion_tokens");
    // The first event of a stream has no word yet; each that follows has one.
    let frames = record["frames"].as_i64().unwrap_or_default();
    let produced_tokens = match (is_complete, is_stream) {
        (true, _) => completion_tokens,
        (false, true) => (frames - 1).clamp(0, completion_tokens),
        (false, false) => 0,
    };
    Ok(Some(Served {
        name: prompt.split(' ').next().unwrap_or_default().to_owned(),
        status: record["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or_default(),
        outcome: record["outcome"].as_str().unwrap_or_default().to_owned(),
        is_stream,
        prompt_tokens: usage("prompt_tokens"),
        completion_tokens,
        produced_tokens,
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_produced_is_counted_by_events() {
        let record = |outcome: &str, frames: u64, stream: bool| {
            let body =
                json!({"stream": stream, "messages": [{"role": "user", "content": "r1-7 some words"}]});
            json!({"path": "/v1/chat/completions", "outcome": outcome, "frames": frames, "status": 200,
                "usage": {"prompt_tokens": 3, "completion_tokens": 9}, "body": body.to_string()})
        };
        let produced = |record: &Value| served(record).unwrap().unwrap().produced_tokens;
        assert_eq!(produced(&record("client_closed", 5, true)), 4);
        assert_eq!(produced(&record("client_closed", 0, true)), 0);
        assert_eq!(produced(&record("complete", 12, true)), 9);
        assert_eq!(produced(&record("client_closed", 1, false)), 0);
        assert_eq!(served(&record("complete", 1, false)).unwrap().unwrap().name, "r1-7");
        assert_eq!(served(&json!({"path": "/v1/models"})).unwrap(), None);
    }
}
