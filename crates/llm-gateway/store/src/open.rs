//! From settings to connections.

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
mod sqlite;

use std::time::Duration;

use llm_types::UnixMs;
use sea_orm::DatabaseConnection;
use sqlx::pool::PoolOptions;

use crate::db::{Db, within};
use crate::error::{Result, StoreError};
use crate::lock::Lock;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use crate::settings::ServerKind;
use crate::settings::{Address, Server};
use crate::{StoreSettings, migrate};

/// A connection that nobody has used for so long is ended.
const IDLE: Duration = Duration::from_secs(600);
/// A connection is ended at this age, so that changes of addresses and credentials reach every one.
const AGE: Duration = Duration::from_secs(1_800);

/// An open database.
pub(crate) struct Opened {
    pub(crate) db: Db,
    /// SQLite's.
    pub(crate) lock: Option<Lock>,
}

/// Connects, and brings the schema up to date or refuses it.
pub(crate) async fn open(settings: &StoreSettings, now: UnixMs) -> Result<Opened> {
    match Address::of(settings)? {
        Address::Sqlite(path) if settings.reads_only => {
            let read = sqlite::reader(&path, settings);
            Ok(Opened { db: Db::new(read.clone(), read, settings.query_timeout()), lock: None })
        }
        Address::Sqlite(path) => {
            let lock = Lock::take(&path)?;
            let write = within(settings.connect_timeout(), sqlite::writer(&path, settings)).await?;
            migrate::prepare(&write, settings, now).await?;
            let read = sqlite::reader(&path, settings);
            let db = Db::new(write, read, settings.query_timeout());
            Ok(Opened { db: db.with_settling(sqlite::settler(&path, settings)), lock: Some(lock) })
        }
        Address::Server(server) => {
            // A connection of its own: it holds the lock under which the schema is changed, and ends with it.
            let one = within(settings.connect_timeout(), connect(&server, settings, Use::Schema)).await?;
            let prepared = migrate::prepare(&one, settings, now).await;
            let _closed = one.close().await;
            prepared?;
            let many = within(settings.connect_timeout(), connect(&server, settings, Use::Calls)).await?;
            Ok(Opened { db: Db::new(many.clone(), many, settings.query_timeout()), lock: None })
        }
    }
}

/// Connects for the schema alone.
pub(crate) async fn schema(settings: &StoreSettings) -> Result<(DatabaseConnection, Option<Lock>)> {
    match Address::of(settings)? {
        Address::Sqlite(path) => {
            let lock = Lock::take(&path)?;
            Ok((within(settings.connect_timeout(), sqlite::writer(&path, settings)).await?, Some(lock)))
        }
        Address::Server(server) => {
            Ok((within(settings.connect_timeout(), connect(&server, settings, Use::Schema)).await?, None))
        }
    }
}

/// What connections are for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Calls: many connections, with bounds of time.
    Calls,
    /// The schema: one connection, that may take its time.
    Schema,
}

async fn connect(server: &Server, settings: &StoreSettings, usage: Use) -> Result<DatabaseConnection> {
    match server.kind {
        #[cfg(feature = "postgres")]
        ServerKind::Postgres => postgres::connect(server, settings, usage).await,
        #[cfg(feature = "mysql")]
        ServerKind::MySql => mysql::connect(server, settings, usage).await,
        #[cfg(not(all(feature = "postgres", feature = "mysql")))]
        kind => {
            let _unused = (settings, usage);
            Err(StoreError::Invalid(format!("database_url: this build has no driver for {}", kind.label())))
        }
    }
}

/// A pool's bounds.
fn pool<D: sqlx::Database>(settings: &StoreSettings, most: u32) -> PoolOptions<D> {
    PoolOptions::new()
        .max_connections(most.max(1))
        .acquire_timeout(settings.connect_timeout())
        .idle_timeout(IDLE)
        .max_lifetime(AGE)
}

/// How many connections.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn most(server: &Server, settings: &StoreSettings, usage: Use) -> u32 {
    match usage {
        Use::Calls => server.max_connections.unwrap_or(settings.max_connections),
        Use::Schema => 1,
    }
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn unfit(error: &sqlx::Error) -> StoreError {
    StoreError::Invalid(format!("database_url: {error}"))
}
