//! The gateway as a process: its output read to the end, its life ended by its own handle.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;

/// Far longer than anything here takes; reached only by what is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The binary, which cargo builds into the folder above the tests' own. It names the place in a variable as well, but the
/// hyphen in that one's name does not survive the shell before the compiler (`.cargo/rustc`).
pub(crate) fn binary() -> PathBuf {
    let folder = std::env::current_exe().unwrap().parent().and_then(Path::parent).unwrap().to_owned();
    folder.join(format!("llm-gateway{}", std::env::consts::EXE_SUFFIX))
}

/// The binary, with nothing of this machine's keys, ports and proxies in its environment.
pub(crate) fn command() -> Command {
    let mut command = Command::new(binary());
    command.env_clear().env("NO_PROXY", "*").stdin(Stdio::null());
    command
}

/// Runs a command that ends by itself.
pub(crate) fn run(arguments: &[&str]) -> Output {
    command().args(arguments).output().unwrap()
}

/// Standard output of a command that must succeed.
pub(crate) fn output(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What a command that must not start has to say, and its exit code.
pub(crate) fn refusal(mut command: Command) -> (i32, String) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let Some(status) = wait(&mut child, PATIENCE) else {
        child.kill().unwrap();
        panic!("it started");
    };
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (status.code().unwrap(), said)
}

/// A gateway that listens. Dropped, it is killed.
pub(crate) struct Gateway {
    child: Child,
    /// What it printed when it had started.
    pub(crate) printed: Vec<String>,
    log: Arc<Log>,
    pub(crate) address: SocketAddr,
    folder: Option<TempDir>,
}

#[derive(Default)]
struct Log {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

impl Gateway {
    /// Starts what `command` names and waits until it says where it listens.
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Log::default());
        let writer = log.clone();
        let errors = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                writer.lines.lock().unwrap().push(line);
                writer.more.notify_all();
            }
        });
        let (sender, lines) = std::sync::mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _nobody_may_listen = sender.send(line);
            }
        });
        let mut printed: Vec<String> = Vec::new();
        while !printed.last().is_some_and(|line| line.trim_start().starts_with("curl ")) {
            match lines.recv_timeout(PATIENCE) {
                Ok(line) => printed.push(line),
                Err(_) => {
                    child.kill().unwrap();
                    child.wait().unwrap();
                    panic!("it did not start: {printed:?} {:?}", log.lines.lock().unwrap());
                }
            }
        }
        let address = printed[0].rsplit("//").next().unwrap().parse().unwrap();
        Self { child, printed, log, address, folder: None }
    }

    /// Starts on a configuration, at a free port.
    pub(crate) fn start(config: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("config.yaml"), config);
        Self::start_in(folder)
    }

    /// Starts on the `config.yaml` of a folder, at a free port.
    pub(crate) fn start_in(folder: TempDir) -> Self {
        let mut command = command();
        let file = folder.path().join("config.yaml");
        command.arg("--config").arg(file).args(["--port", "0", "--log-format", "json"]);
        let mut gateway = Self::spawn(command);
        gateway.folder = Some(folder);
        gateway
    }

    /// Ends it at once, and starts another in the same folder.
    pub(crate) fn restart(mut self) -> Self {
        let folder = self.folder.take().unwrap();
        drop(self);
        Self::start_in(folder)
    }

    /// A file beside the configuration.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.as_ref().unwrap().path().join(name)
    }

    /// Replaces the configuration, in one step.
    pub(crate) fn rewrite(&self, config: &Value) {
        write(&self.file("config.yaml"), config);
    }

    /// The process's number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal: `TERM`, `HUP`, `INT`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        // The standard library sends no signals but the last one.
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self, within: Duration) -> ExitStatus {
        wait(&mut self.child, within).expect("it goes on")
    }

    /// The first line of its log that holds all of `words`, from now or before.
    pub(crate) fn logged(&self, words: &[&str]) -> Value {
        let wanted = |line: &String| words.iter().all(|word| line.contains(word));
        let lines = self.log.lines.lock().unwrap();
        let (lines, _) =
            self.log.more.wait_timeout_while(lines, PATIENCE, |lines| !lines.iter().any(wanted)).unwrap();
        let found = lines.iter().find(|line| wanted(line));
        let line = found.unwrap_or_else(|| panic!("no line with {words:?} in {lines:#?}"));
        serde_json::from_str(line).unwrap_or_else(|_| json!(line))
    }

    /// All that it has logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lines.lock().unwrap().join("\n")
    }

    /// Memory that it has in use, in bytes.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _has_ended_already = self.child.kill();
        let _reaped_already = self.child.wait();
    }
}

fn wait(child: &mut Child, within: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + within;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        if Instant::now() > deadline {
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// JSON is YAML. Written beside and moved, so that nobody reads half of it.
pub(crate) fn write(file: &Path, config: &Value) {
    write_text(file, &serde_json::to_string_pretty(config).unwrap());
}

pub(crate) fn write_text(file: &Path, text: &str) {
    let fresh = file.with_extension("fresh");
    std::fs::write(&fresh, text).unwrap();
    std::fs::rename(&fresh, file).unwrap();
}

/// Both dialects' vendors at one address, the models named as they are there.
pub(crate) fn vendors(base: &str) -> Value {
    let at = |name: &str, base: &str| json!({"model_name": name, "litellm_params": {"model": name, "api_base": base, "api_key": "vendor-key"}});
    json!([at("openai/*", &format!("{base}/v1")), at("anthropic/*", base)])
}

/// A configuration with these vendors and settings of `llm_gateway`.
pub(crate) fn config(base: &str, gateway: &Value) -> Value {
    json!({"model_list": vendors(base), "llm_gateway": gateway})
}
