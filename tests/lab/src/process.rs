//! A process that prints where it listens.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

/// Far longer than a start takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running process. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Starts it, its log added to a file, and waits for the line that says that it has started. The first line ends in
    /// its address.
    pub(crate) fn start(
        mut command: Command,
        log: &Path,
        has_started: impl Fn(&str) -> bool,
    ) -> anyhow::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(log)?;
        command.env("NO_PROXY", "*").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file);
        let mut child = command.spawn().with_context(|| format!("{command:?}"))?;
        let out = child.stdout.take().context("standard output was asked for")?;
        let (sender, lines) = mpsc::channel();
        // Read to its end, so that the process never waits for a reader.
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let _nobody_may_listen = sender.send(line);
            }
        });
        let mut printed = Vec::new();
        loop {
            match lines.recv_timeout(PATIENCE) {
                Ok(line) => printed.push(line),
                Err(_) => {
                    let _ended_already = child.kill();
                    let _reaped_already = child.wait();
                    bail!("{command:?} did not start; its log is {}", tail(log));
                }
            }
            if printed.last().is_some_and(|line| has_started(line)) {
                break;
            }
        }
        let address = printed.first().and_then(|line| line.rsplit("//").next()?.trim().parse().ok());
        let address = address.with_context(|| format!("no address in {printed:?}"))?;
        Ok(Self { child, address })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut would, for it: `kill -9`.
    pub(crate) fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Sets the size that its files may have, in bytes, or lets go of it.
    pub(crate) fn limit_files(&self, bytes: Option<u64>) -> anyhow::Result<()> {
        let limit = bytes.map_or("unlimited".to_owned(), |bytes| bytes.to_string());
        let mut prlimit = Command::new("prlimit");
        prlimit.args(["--pid", &self.id().to_string(), &format!("--fsize={limit}:unlimited")]);
        ensure!(prlimit.status().context("prlimit")?.success(), "{prlimit:?}");
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped_already = self.child.wait();
    }
}

/// The last lines of a log.
pub(crate) fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let from = text.len().saturating_sub(4_000);
    text.get(from..).unwrap_or(&text).to_owned()
}
