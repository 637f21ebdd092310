//! Which database, and how long to wait for it.

mod address;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use llm_tenancy::Calendar;

#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) use address::ServerKind;
pub(crate) use address::{Address, Server};

/// Which database, and how long to wait for it.
///
/// Its debug form shows no password.
#[derive(Clone)]
#[non_exhaustive]
pub struct StoreSettings {
    /// `postgres://…`, `postgresql://…`, `mysql://…`, `mariadb://…`, or `sqlite:FILE`. Without one, the file
    /// `llm-gateway.db` in `data_dir`.
    pub url: Option<String>,
    /// Where SQLite's file is when `url` names none. Made when it is not there.
    pub data_dir: PathBuf,
    /// How many connections at most, per process. SQLite has one that writes beside them.
    pub max_connections: u32,
    /// Milliseconds to wait for a connection.
    pub connect_timeout_ms: u64,
    /// Milliseconds that one call may take in all, its connection included. Calls over many records have more.
    pub query_timeout_ms: u64,
    /// Milliseconds that the schema's steps may take, and the wait for another process that takes them.
    pub migration_timeout_ms: u64,
    /// Whether opening takes the schema's steps. If not, a database that wants some is refused.
    pub migrate: bool,
    /// Whether nothing is written, as whoever only looks wants it: SQLite's file may be another process's then. A schema
    /// that wants steps is not told beforehand there.
    pub reads_only: bool,
    /// By which days, weeks and months budgets begin anew.
    pub calendar: Calendar,
}

impl StoreSettings {
    /// Whether there is a file in `data_dir` already, for whoever would not make one.
    pub fn has_file(&self) -> bool {
        self.data_dir.join(address::FILE).is_file()
    }

    /// The file `llm-gateway.db` in a folder; 10 connections; 2 s for a connection, 5 s for a call, 10 min for the
    /// schema; days of UTC.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            url: None,
            data_dir: data_dir.into(),
            max_connections: 10,
            connect_timeout_ms: 2_000,
            query_timeout_ms: 5_000,
            migration_timeout_ms: 600_000,
            migrate: true,
            reads_only: false,
            calendar: Calendar::UTC,
        }
    }

    /// The same with a database's address.
    #[must_use]
    pub fn with_url(self, url: impl Into<String>) -> Self {
        Self { url: Some(url.into()), ..self }
    }

    pub(crate) const fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    pub(crate) const fn query_timeout(&self) -> Duration {
        Duration::from_millis(self.query_timeout_ms)
    }

    pub(crate) const fn migration_timeout(&self) -> Duration {
        Duration::from_millis(self.migration_timeout_ms)
    }
}

impl fmt::Debug for StoreSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreSettings")
            .field("url", &self.url.as_deref().map(address::shown))
            .field("data_dir", &self.data_dir)
            .field("max_connections", &self.max_connections)
            .field("connect_timeout_ms", &self.connect_timeout_ms)
            .field("query_timeout_ms", &self.query_timeout_ms)
            .field("migration_timeout_ms", &self.migration_timeout_ms)
            .field("migrate", &self.migrate)
            .field("calendar", &self.calendar)
            .finish()
    }
}
