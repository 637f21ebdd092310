//! Vendor, database and gateways of one test.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::books::Books;
use crate::databases::{Database, DatabaseKind};
use crate::disk::Disk;
use crate::http::Ask;
use crate::process::{Process, tail};
use crate::vendor::Vendor;

/// What a token of the prompt costs.
pub const PROMPT_NANOS: i64 = 1_000;
/// What a token of the answer costs.
pub const COMPLETION_NANOS: i64 = 2_000;

/// What so many tokens cost, in nano-dollars.
pub const fn price(prompt_tokens: i64, completion_tokens: i64) -> i64 {
    prompt_tokens * PROMPT_NANOS + completion_tokens * COMPLETION_NANOS
}

pub(crate) const MASTER: &str = "sk-master";
pub(crate) const CHAT: &str = "/v1/chat/completions";
/// The one model. Its answers have at most 4,096 tokens.
pub(crate) const MODEL: &str = "m";

/// Vendor, database and gateways. Fields end in this order.
pub(crate) struct Scene {
    pub(crate) gateways: Vec<Option<Process>>,
    pub(crate) vendor: Vendor,
    pub(crate) database: Database,
    binary: PathBuf,
    disk: Disk,
    folder: TempDir,
}

impl Scene {
    /// Starts the vendor, the database and so many gateways.
    pub(crate) fn start(binary: &Path, kind: DatabaseKind, gateways: usize) -> anyhow::Result<Self> {
        Self::start_with(binary, kind, gateways, &json!({}))
    }

    /// The same, with these `llm_gateway.limits`.
    pub(crate) fn start_with(
        binary: &Path,
        kind: DatabaseKind,
        gateways: usize,
        limits: &Value,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let disk = Disk::new(folder.path().join("data"))?;
        let vendor = Vendor::start(binary, folder.path())?;
        let database = Database::start(kind, &disk.folder);
        let mut scene =
            Self { gateways: Vec::new(), vendor, database, binary: binary.to_owned(), disk, folder };
        std::fs::write(scene.config_file(), serde_json::to_string_pretty(&scene.config(limits))?)?;
        for number in 0..gateways {
            scene.gateways.push(None);
            scene.start_gateway(number)?;
        }
        Ok(scene)
    }

    pub(crate) fn start_gateway(&mut self, number: usize) -> anyhow::Result<()> {
        let mut command = Command::new(&self.binary);
        command.env_clear();
        command.arg("--config").arg(self.config_file());
        command.args(["--port", "0", "--log-format", "json"]);
        let started = |line: &str| line.trim_start().starts_with("curl ");
        self.gateways[number] = Some(Process::start(command, &self.log(), started)?);
        Ok(())
    }

    pub(crate) fn kill_gateway(&mut self, number: usize) -> anyhow::Result<()> {
        self.gateways[number].take().context("it runs")?.kill()
    }

    pub(crate) fn gateway(&self, number: usize) -> anyhow::Result<&Process> {
        self.gateways[number].as_ref().context("it does not run")
    }

    pub(crate) fn address(&self, number: usize) -> anyhow::Result<SocketAddr> {
        Ok(self.gateway(number)?.address)
    }

    /// Asks the first gateway with the master key for what must succeed.
    pub(crate) async fn manage(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        let asked = Ask::post(path, MASTER, body).must(self.address(0)?).await;
        asked.with_context(|| format!("the gateway's log ends in {}", tail(&self.log())))
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join("gateway.log")
    }

    /// How long the log is, in bytes.
    pub(crate) fn log_length(&self) -> anyhow::Result<usize> {
        Ok(std::fs::read(self.log())?.len())
    }

    /// Whether the log has one of these texts, from this length on.
    pub(crate) fn has_logged(&self, from: usize, texts: &[&str]) -> anyhow::Result<bool> {
        let log = std::fs::read(self.log())?;
        let new = String::from_utf8_lossy(log.get(from..).unwrap_or_default());
        Ok(texts.iter().any(|text| new.contains(text)))
    }

    /// Waits until it has.
    pub(crate) async fn logs(&self, from: usize, texts: &[&str]) -> anyhow::Result<()> {
        for _ in 0..500 {
            if self.has_logged(from, texts)? {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::bail!("none of {texts:?} in the log, which ends in {}", tail(&self.log()))
    }

    /// Files of the journal, the one written last at the end.
    pub(crate) fn journal(&self) -> anyhow::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for folder in std::fs::read_dir(self.data())?.flatten() {
            if folder.file_name().to_string_lossy().starts_with("journal") && folder.path().is_dir() {
                for file in std::fs::read_dir(folder.path())?.flatten() {
                    let about = file.metadata()?;
                    if about.is_file() && about.len() > 0 {
                        files.push((about.modified()?, file.path()));
                    }
                }
            }
        }
        files.sort();
        Ok(files.into_iter().map(|(_, file)| file).collect())
    }

    /// The books, once so many entries are there and nothing in them has changed for a while; or what there is after a
    /// long time.
    pub(crate) async fn settled_books(&self, entries: usize) -> anyhow::Result<Books> {
        const QUIET: Duration = Duration::from_millis(2_000);
        const PATIENCE: u32 = 60;
        let mut last = Books::read(&self.database)?;
        for _ in 0..PATIENCE {
            tokio::time::sleep(QUIET).await;
            let books = Books::read(&self.database)?;
            // All of it: what is read one after the other may be older and newer than a batch that came in between.
            if books == last && books.entries.len() >= entries {
                return Ok(books);
            }
            last = books;
        }
        Ok(last)
    }

    /// Whether the database is on a disk that can be full to the last byte.
    pub(crate) fn has_database_on_disk(&self) -> bool {
        self.disk.is_mounted && self.database.url().is_none()
    }

    /// Leaves no room on the gateway's disk.
    pub(crate) fn fill_disk(&self) -> anyhow::Result<()> {
        self.disk.fill(self.gateway(0)?, &self.journal()?)
    }

    /// Gives it back.
    pub(crate) fn free_disk(&self) -> anyhow::Result<()> {
        self.disk.free(self.gateway(0)?)
    }

    fn data(&self) -> &Path {
        &self.disk.folder
    }

    fn config_file(&self) -> PathBuf {
        self.folder.path().join("config.yaml")
    }

    /// JSON is YAML.
    fn config(&self, limits: &Value) -> Value {
        let vendor = format!("http://{}/v1", self.vendor.address());
        let mut config = json!({
            "model_list": [{
                "model_name": MODEL,
                "litellm_params": {"model": "openai/m", "api_base": vendor, "api_key": "vendor-key",
                    "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6},
                "model_info": {"max_input_tokens": 8_192, "max_output_tokens": 4_096},
            }],
            "general_settings": {"master_key": MASTER},
            "router_settings": {"num_retries": 1, "disable_cooldowns": true},
            "llm_gateway": {"database": {"data_dir": self.data()}, "limits": limits},
        });
        if let Some(url) = self.database.url() {
            config["general_settings"]["database_url"] = url.into();
        }
        if let Some(url) = self.database.redis_url() {
            config["router_settings"]["redis_url"] = url.into();
        }
        config
    }
}

/// A request of a chat, whose answer the vendor makes as `script` says.
pub(crate) fn chat(name: &str, words: u64, stream: bool, script: &Value) -> Value {
    let prompt: Vec<_> = std::iter::once(name).chain((1..words).map(|_| "word")).collect();
    json!({"model": MODEL, "stream": stream, "mock": script,
        "messages": [{"role": "user", "content": prompt.join(" ")}]})
}
