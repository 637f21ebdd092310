//! Where the gateway keeps its books: a file, or servers that live as long as the test.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use llm_test_servers::{Kind, Server};

use crate::redis;

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DatabaseKind {
    /// A file.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// PostgreSQL, and Redis for what several processes know together.
    #[value(name = "postgres+redis")]
    PostgresRedis,
}

/// A database, and what it needs to run.
#[derive(Debug)]
pub(crate) struct Database {
    file: PathBuf,
    server: Option<Server>,
    redis: Option<redis::Server>,
}

impl Database {
    pub(crate) fn start(kind: DatabaseKind, data: &Path) -> Self {
        Self {
            file: data.join("llm-gateway.db"),
            server: (kind != DatabaseKind::Sqlite).then(|| Server::start(Kind::Postgres)),
            redis: (kind == DatabaseKind::PostgresRedis).then(redis::Server::start),
        }
    }

    pub(crate) fn url(&self) -> Option<String> {
        self.server.as_ref().map(|server| server.url("postgres"))
    }

    pub(crate) fn redis_url(&self) -> Option<String> {
        self.redis.as_ref().map(redis::Server::url)
    }

    /// What several gateways know together.
    pub(crate) fn redis(&mut self) -> anyhow::Result<&mut redis::Server> {
        self.redis.as_mut().context("there is no Redis in this scene")
    }

    /// Ends the server under whoever uses it, if there is one. What it holds stays.
    pub(crate) fn stop(&mut self) -> bool {
        let server = self.server.as_mut();
        server.map(Server::stop).is_some()
    }

    /// Starts it again.
    pub(crate) fn restart(&mut self) {
        if let Some(server) = &mut self.server {
            server.restart();
        }
    }

    /// Rows of a query, by the database's own client.
    pub(crate) fn query(&self, sql: &str) -> anyhow::Result<Vec<Vec<String>>> {
        let text = match &self.server {
            Some(server) => server.ask(sql),
            None => self.ask_file(sql)?,
        };
        Ok(text.lines().map(|line| line.split('|').map(ToOwned::to_owned).collect()).collect())
    }

    fn ask_file(&self, sql: &str) -> anyhow::Result<String> {
        let mut client = Command::new("sqlite3");
        client.args(["-batch", "-cmd", ".timeout 10000"]).arg(&self.file).arg(sql);
        let output = client.output().context("sqlite3 is needed")?;
        ensure!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// How this database writes bytes as text.
    pub(crate) fn hex(&self, column: &str) -> String {
        if self.server.is_some() {
            format!("encode({column}, 'hex')")
        } else {
            format!("lower(hex({column}))")
        }
    }
}
