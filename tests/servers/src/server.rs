//! A server's life.

use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::{mariadb, postgres};

/// Far longer than a server takes to start on a busy machine, in tries of [`PAUSE`].
const TRIES: u32 = 600;
const PAUSE: Duration = Duration::from_millis(100);
/// Debian's `nobody` and `nogroup`.
const NOBODY: u32 = 65_534;

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// PostgreSQL.
    Postgres,
    /// MariaDB.
    MariaDb,
}

/// A running server. Ends, with all that it holds, when it is dropped.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    child: Child,
    folder: Folder,
    port: u16,
}

/// Where a server lives, and as whom.
#[derive(Debug)]
pub(crate) struct Folder {
    folder: TempDir,
    as_nobody: bool,
}

impl Server {
    /// Starts one.
    ///
    /// # Panics
    /// If its programs are not there, or if it does not start.
    pub fn start(kind: Kind) -> Self {
        let folder = Folder::new();
        match kind {
            Kind::Postgres => postgres::make(&folder),
            Kind::MariaDb => mariadb::make(&folder),
        }
        let port = free_port();
        let child = spawn(kind, &folder, port);
        let mut server = Self { kind, child, folder, port };
        for _ in 0..5 {
            if server.is_up() {
                return server;
            }
            // Somebody else has taken the port in the meantime.
            server.end();
            server.port = free_port();
            server.child = spawn(kind, &server.folder, server.port);
        }
        panic!("{kind:?} does not start");
    }

    /// The address of a database, with a user and a password that the server takes.
    pub fn url(&self, database: &str) -> String {
        let port = self.port;
        match self.kind {
            Kind::Postgres => format!("postgres://postgres:a-password@127.0.0.1:{port}/{database}"),
            Kind::MariaDb => format!("mysql://tester:a-password@127.0.0.1:{port}/{database}"),
        }
    }

    /// Makes an empty database and gives its address.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn database(&self, name: &str) -> String {
        self.ask(&format!("CREATE DATABASE {name}"));
        self.url(name)
    }

    /// Has the server run a statement, as its superuser, by its own client; gives what that prints.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn ask(&self, statement: &str) -> String {
        let output = self.client(statement).output().expect("the server's client");
        assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Puts a file beside its data that it alone can read, such as the key of a certificate.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn give(&self, name: &str, contents: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, contents).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        if self.folder.as_nobody {
            chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        path
    }

    /// Halts it: it holds its connections and answers nothing.
    ///
    /// # Panics
    /// If there is no such process any more.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    ///
    /// # Panics
    /// If there is no such process any more.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    /// Ends it at once; what it holds stays.
    pub fn stop(&mut self) {
        self.end();
    }

    /// Starts it again where it was.
    ///
    /// # Panics
    /// If it does not start.
    pub fn restart(&mut self) {
        self.end();
        self.child = spawn(self.kind, &self.folder, self.port);
        assert!(self.is_up(), "{:?} does not start again", self.kind);
    }

    fn client(&self, statement: &str) -> Command {
        match self.kind {
            Kind::Postgres => postgres::client(self.port, statement),
            Kind::MariaDb => mariadb::client(&self.folder, statement),
        }
    }

    fn is_up(&mut self) -> bool {
        for _ in 0..TRIES {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            if self.client("SELECT 1").output().is_ok_and(|output| output.status.success()) {
                return true;
            }
            std::thread::sleep(PAUSE);
        }
        false
    }

    /// To the server and to the processes that it has made for its connections.
    fn signal(&self, name: &str) {
        let server = self.child.id();
        let all: Vec<_> = [server].into_iter().chain(children(server)).map(|id| id.to_string()).collect();
        let status = Command::new("kill").arg(format!("-{name}")).args(&all).status().unwrap();
        assert!(status.success(), "kill -{name} {all:?}");
    }

    fn end(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            // One that is halted ends as well; PostgreSQL gives its shared memory back only when asked to end.
            let server = self.child.id();
            for (name, ids) in [("CONT", children(server)), ("CONT", vec![server]), ("QUIT", vec![server])] {
                let ids = ids.iter().map(ToString::to_string);
                let _gone =
                    Command::new("kill").arg(format!("-{name}")).args(ids).stderr(Stdio::null()).status();
            }
        }
        for _ in 0..50 {
            if self.child.try_wait().is_ok_and(|status| status.is_some()) {
                return;
            }
            std::thread::sleep(PAUSE / 5);
        }
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let as_nobody = std::fs::metadata(folder.path()).unwrap().uid() == 0;
        if as_nobody {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        Self { folder, as_nobody }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where the server's data is.
    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// A command that runs in the folder, as whom the server runs.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path()).env("HOME", self.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if self.as_nobody {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, command: &mut Command) {
        let log = self.path().join("log");
        let file = std::fs::File::create(&log).unwrap();
        let status = command.stdout(file.try_clone().unwrap()).stderr(file).status().unwrap();
        assert!(status.success(), "{command:?}: {}", std::fs::read_to_string(&log).unwrap_or_default());
    }
}

fn spawn(kind: Kind, folder: &Folder, port: u16) -> Child {
    let mut command = match kind {
        Kind::Postgres => postgres::serve(folder, port),
        Kind::MariaDb => mariadb::serve(folder, port),
    };
    command.spawn().expect("the server's program")
}

/// Processes that a process has made. PostgreSQL has one for each connection.
fn children(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let of = |id: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // After the name, which is in brackets and may hold anything: the state, and the parent.
        let parent =
            stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        parent.unwrap_or_default()
    };
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| of(id) == parent).collect()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
