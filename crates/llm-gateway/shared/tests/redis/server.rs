//! A Redis of a test's own: on loopback, at a free port, in a folder of its own, ended with the test.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// A Redis server, or a sentinel.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    folder: TempDir,
    options: Vec<String>,
    pub(crate) port: u16,
}

impl Server {
    /// A plain one.
    pub(crate) fn start() -> Self {
        Self::start_with(|_, _| Vec::new())
    }

    /// One with options, which may depend on its port and its folder.
    pub(crate) fn start_with(options: impl Fn(u16, &Path) -> Vec<String>) -> Self {
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            let port = free_port();
            let options = options(port, folder.path());
            let mut child = spawn(port, folder.path(), &options);
            if is_up(&mut child, port) {
                return Self { child, folder, options, port };
            }
            // Somebody else has taken the port in the meantime.
            end(&mut child);
        }
        panic!("redis-server does not start");
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Sends a signal: `STOP`, `CONT`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Ends it; what it held is lost.
    pub(crate) fn stop(&mut self) {
        end(&mut self.child);
    }

    /// Starts it again where it was.
    pub(crate) fn restart(&mut self) {
        self.stop();
        self.child = spawn(self.port, self.folder.path(), &self.options);
        assert!(is_up(&mut self.child, self.port), "redis-server does not start again");
    }

    /// Asks it something, in its inline form; the first line of the answer.
    pub(crate) fn ask(&self, command: &str) -> String {
        let mut socket = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.write_all(format!("{command}\r\n").as_bytes()).unwrap();
        let mut line = String::new();
        BufReader::new(socket).read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

pub(crate) fn free_port() -> u16 {
    // A cluster's nodes also use the port that is 10,000 higher.
    loop {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if port < 50_000 {
            return port;
        }
    }
}

fn spawn(port: u16, folder: &Path, options: &[String]) -> Child {
    let port = port.to_string();
    let is_sentinel = options.iter().any(|option| option == "--sentinel");
    let mut command = Command::new("redis-server");
    if is_sentinel {
        // A sentinel wants a file that it can write.
        let (file, options): (Vec<_>, Vec<_>) = options.iter().partition(|option| option.ends_with(".conf"));
        command.args(file).args(["--port", &port]).args(options);
    } else {
        let usual = ["--port", &port, "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"];
        command.args(usual).args(options);
    }
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("redis-server is needed")
}

fn is_up(child: &mut Child, port: u16) -> bool {
    const PAUSE: Duration = Duration::from_millis(10);
    for _ in 0..PATIENCE.as_millis() / PAUSE.as_millis() {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        if let Ok(mut socket) = TcpStream::connect(("127.0.0.1", port)) {
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            // It answers, or hangs up because it wants TLS.
            let answer = socket.write_all(b"PING\r\n").and_then(|()| socket.read(&mut [0; 1]));
            if answer.map_or_else(|error| error.kind() == ErrorKind::ConnectionReset, |_| true) {
                return true;
            }
        }
        std::thread::sleep(PAUSE);
    }
    false
}

fn end(child: &mut Child) {
    let _has_ended_already = child.kill();
    let _reaped_already = child.wait();
}
