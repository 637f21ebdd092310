//! SQLite's file.

use std::fs::OpenOptions;
use std::path::Path;

use sea_orm::{DatabaseConnection, SqlxSqliteConnector};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::pool;
use crate::StoreSettings;
use crate::error::{Result, StoreError, away};

/// More would only wait for the same disk.
const READERS: u32 = 4;

/// What the connection that writes keeps of the file in memory, in KiB: the ledger's indexes are written all over, and
/// would be read again with each batch. It fills up as the ledger grows and stays as large.
const CACHE_KIB: &str = "-16384";
/// Pages of the log, 256 MiB, after which whoever writes writes it into the file: what the ledger changes is usually
/// written there by another connection long before.
const LOG_PAGES: &str = "65536";

/// The one connection that writes. Makes the file if there is none.
pub(super) async fn writer(path: &Path, settings: &StoreSettings) -> Result<DatabaseConnection> {
    create(path)?;
    let options = options(path, settings);
    // What a statement would need to be undone is written down with every page that it changes: not into a file.
    let options = options.pragma("temp_store", "MEMORY");
    let options = options.pragma("cache_size", CACHE_KIB).pragma("wal_autocheckpoint", LOG_PAGES);
    let pool = pool(settings, 1).idle_timeout(None).max_lifetime(None);
    let pool = pool.connect_with(options).await.map_err(|error| away(&error))?;
    Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
}

/// The one that writes the log into the file, made when it is needed.
pub(super) fn settler(path: &Path, settings: &StoreSettings) -> DatabaseConnection {
    let options = options(path, settings).pragma("wal_autocheckpoint", "0");
    SqlxSqliteConnector::from_sqlx_sqlite_pool(pool(settings, 1).connect_lazy_with(options))
}

/// Makes the file if there is none, for its owner's eyes only; SQLite gives its other files the same rights.
fn create(path: &Path) -> Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let made = options.open(path).map(|_| ());
    made.map_err(|error| StoreError::Invalid(format!("{}: {error}", path.display())))
}

/// Those that read, made when they are needed.
pub(super) fn reader(path: &Path, settings: &StoreSettings) -> DatabaseConnection {
    let most = settings.max_connections.min(READERS);
    let pool = pool(settings, most).connect_lazy_with(options(path, settings).read_only(true));
    SqlxSqliteConnector::from_sqlx_sqlite_pool(pool)
}

fn options(path: &Path, settings: &StoreSettings) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // What is committed outlives a power cut.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(settings.query_timeout())
        .disable_statement_logging()
}
