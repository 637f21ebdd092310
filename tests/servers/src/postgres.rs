//! PostgreSQL's programs.

use std::process::Command;

use crate::program::{find, versions};
use crate::server::Folder;

fn program(name: &str) -> std::path::PathBuf {
    find(&[name], &versions("/usr/lib/postgresql"))
}

/// Makes the data's folder. Anybody on loopback is let in, with any password.
pub(crate) fn make(folder: &Folder) {
    let mut initdb = folder.command(&program("initdb"));
    initdb.arg("--pgdata").arg(folder.data());
    folder.run(initdb.args([
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
        "--no-instructions",
    ]));
}

pub(crate) fn serve(folder: &Folder, port: u16) -> Command {
    let mut postgres = folder.command(&program("postgres"));
    postgres.arg("-D").arg(folder.data()).args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k", "", "-F"]);
    for setting in ["shared_buffers=32MB", "max_connections=200", "max_wal_size=256MB"] {
        postgres.args(["-c", setting]);
    }
    postgres
}

pub(crate) fn client(port: u16, statement: &str) -> Command {
    let mut psql = Command::new(program("psql"));
    psql.args(["--host=127.0.0.1", "--username=postgres", "--no-password", "--no-psqlrc", "--tuples-only"]);
    psql.args(["--no-align", "--dbname=postgres"])
        .arg(format!("--port={port}"))
        .arg("--command")
        .arg(statement);
    psql
}
