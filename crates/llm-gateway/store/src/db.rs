//! Connections and transactions.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode,
    TransactionOptions, TransactionTrait as _,
};

use crate::error::{Result, StoreError};

/// How often a transaction is tried that others get in the way of.
const TRIES: u32 = 5;
/// After so many rows of the ledger, SQLite's log is written into the file.
const UNSETTLED: usize = 10_000;

/// The database's connections. SQLite has a single one that writes, so that writers queue here and not in the file.
#[derive(Debug)]
pub(crate) struct Db {
    write: DatabaseConnection,
    read: DatabaseConnection,
    /// SQLite's third, which writes the log into the file while the first goes on.
    settle: Option<DatabaseConnection>,
    /// Rows of the ledger since it did so.
    unsettled: AtomicUsize,
    patience: Duration,
}

impl Db {
    pub(crate) const fn new(write: DatabaseConnection, read: DatabaseConnection, patience: Duration) -> Self {
        Self { write, read, settle: None, unsettled: AtomicUsize::new(0), patience }
    }

    /// The same with a connection that writes SQLite's log into the file.
    pub(crate) fn with_settling(self, settle: DatabaseConnection) -> Self {
        Self { settle: Some(settle), ..self }
    }

    pub(crate) fn backend(&self) -> DbBackend {
        self.write.get_database_backend()
    }

    /// What is read outside of transactions.
    pub(crate) const fn reader(&self) -> &DatabaseConnection {
        &self.read
    }

    /// How long a call may take.
    pub(crate) const fn patience(&self) -> Duration {
        self.patience
    }

    /// Ends all connections, once they are given back.
    pub(crate) async fn close(&self) {
        // What a connection says to its end is of no use to anybody.
        if let Some(settle) = &self.settle {
            let _closed = settle.close_by_ref().await;
        }
        let _closed = self.read.close_by_ref().await;
        let _closed = self.write.close_by_ref().await;
    }

    /// Says how many rows of the ledger were changed. After many, SQLite's log is written into the file here, so that
    /// no transaction has to wait for that.
    pub(crate) async fn settle(&self, rows: usize) {
        let Some(settle) = &self.settle else { return };
        if self.unsettled.fetch_add(rows, Ordering::Relaxed).saturating_add(rows) < UNSETTLED {
            return;
        }
        self.unsettled.store(0, Ordering::Relaxed);
        // What does not succeed now does so the next time.
        let _written = settle.execute_unprepared("PRAGMA wal_checkpoint(PASSIVE)").await;
    }

    /// Reads, within the time that a call may take.
    pub(crate) async fn read<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        within(self.patience, work).await
    }

    /// Ends a transaction as its work has ended. `None`: others got in the way, and it should be tried again.
    pub(crate) async fn end<T>(
        &self,
        transaction: DatabaseTransaction,
        done: Result<T>,
        tried: &mut u32,
    ) -> Result<Option<T>> {
        *tried += 1;
        match done {
            Ok(done) => {
                transaction.commit().await?;
                Ok(Some(done))
            }
            Err(StoreError::Busy(_)) if *tried < TRIES => {
                transaction.rollback().await?;
                Ok(None)
            }
            Err(error) => {
                // Dropping it would roll it back as well, when the connection is next used.
                let _rolled_back = transaction.rollback().await;
                Err(error)
            }
        }
    }

    /// Begins a transaction. On SQLite it has the one connection that writes.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction> {
        // SQLite's readers that come to write would find that others have written in the meantime.
        let mode = (self.backend() == DbBackend::Sqlite).then_some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode: mode, ..TransactionOptions::default() };
        Ok(self.write.begin_with_options(options).await?)
    }
}

/// Runs a transaction with its journal, within a time: all of it happens, or nothing does. One that others get in the
/// way of is run again from its beginning. Gives what the work gives, and tells this process's watchers when it has
/// changed something.
///
/// A macro because the compiler cannot yet tell that the future of a closure over borrowed values can be sent.
macro_rules! transaction {
    ($store:expr, $patience:expr, $by:expr, |$db:ident, $journal:ident| $work:block) => {{
        let (store, by): (&$crate::Store, &$crate::By) = ($store, $by);
        $crate::db::within($patience, async {
            let mut tried = 0;
            loop {
                let open = store.db().begin().await?;
                let $db = &open;
                let mut journal = $crate::journal::Journal::new($db, by);
                let $journal = &mut journal;
                let done: $crate::error::Result<_> = async $work.await;
                let done = match done {
                    Ok(done) => journal.close().await.map(|changed| (done, changed)),
                    Err(error) => Err(error),
                };
                if let Some((done, changed)) = store.db().end(open, done, &mut tried).await? {
                    if changed {
                        store.nudge();
                    }
                    break Ok(done);
                }
            }
        })
        .await
    }};
}

pub(crate) use transaction;

/// Gives up on what takes longer. The database may have done it all the same.
pub(crate) async fn within<T>(patience: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(patience, work)
        .await
        .unwrap_or_else(|_| Err(StoreError::Away(format!("no answer within {} ms", patience.as_millis()))))
}
