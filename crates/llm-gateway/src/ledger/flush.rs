//! From the journal into the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use llm_ledger::{Entry, Reader};
use llm_store::{Booked, Store, StoreError};
use llm_types::UnixMs;
use tokio_util::sync::CancellationToken;

use super::Ledger;
use crate::runtime::Runtime;

/// The most entries that are brought into the database at once. Under load that many wait; and the more of them are
/// booked together, the less each costs, and the longer do others wait who book to the same accounts.
const ENTRIES: usize = 4_000;
/// So few wait for others to be booked with.
const FEW: u64 = 1_000;
/// Bytes of those.
const BYTES: usize = 8 << 20;
/// The longest wait after a failure.
const LONGEST: Duration = Duration::from_secs(10);

/// How long the last entries may take.
const LAST: Duration = Duration::from_secs(5);

/// Whoever hears what has been booked.
pub type Hear = Arc<dyn Fn(&Booked) + Send + Sync>;

/// Brings what stands in the journal into the database, over and over.
pub struct Flusher {
    ledger: Arc<Ledger>,
    store: Store,
    runtime: Runtime,
    /// This process's name, where several share limits.
    replica: Option<String>,
    interval: Duration,
    hear: Hear,
    reader: Reader,
    booked: AtomicU64,
}

impl std::fmt::Debug for Flusher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flusher").field("interval", &self.interval).finish_non_exhaustive()
    }
}

impl Flusher {
    /// From this ledger's journal into this database, every `interval`. `hear` is told of what has been booked.
    pub fn new(
        ledger: Arc<Ledger>,
        store: Store,
        runtime: Runtime,
        replica: Option<String>,
        interval: Duration,
        hear: Hear,
    ) -> Self {
        let reader = ledger.journal().reader();
        Self { ledger, store, runtime, replica, interval, hear, reader, booked: AtomicU64::new(0) }
    }

    /// Entries that were brought into the database since the start.
    pub fn booked(&self) -> u64 {
        self.booked.load(Ordering::Relaxed)
    }

    /// Goes on until `over`, when the last request has ended; then what is left is brought over as well, if that does not
    /// take long.
    /// Answers whether everything is in the database.
    pub async fn run(mut self, over: CancellationToken) -> bool {
        let mut wait = self.interval;
        let mut is_away = false;
        while !over.is_cancelled() {
            match self.bring(FEW).await {
                Ok(()) => {
                    if std::mem::take(&mut is_away) {
                        tracing::info!("the database takes entries again");
                    }
                    wait = self.interval;
                }
                Err(why) => {
                    if !std::mem::replace(&mut is_away, true) {
                        tracing::warn!(why, "entries wait in the journal");
                    }
                    wait = (wait * 2).min(LONGEST.max(self.interval));
                }
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.ledger.has_many(), if !is_away => {}
                () = over.cancelled() => {}
            }
        }
        let is_booked = matches!(tokio::time::timeout(LAST, self.flush()).await, Ok(Ok(())));
        if !is_booked {
            tracing::warn!("entries stay in the journal until the next start");
        }
        is_booked
    }

    /// Brings everything that is in the journal now into the database.
    ///
    /// # Errors
    /// What stands against it, in words. What has not been booked stays in the journal.
    pub async fn flush(&mut self) -> Result<(), String> {
        self.bring(0).await
    }

    /// The same, but after a first batch leaves it for the next time when fewer than so many wait.
    async fn bring(&mut self, few: u64) -> Result<(), String> {
        self.ledger.waiting.store(0, Ordering::Relaxed);
        // Requests whose end could not be written down, which should be none, end as interrupted.
        match self.ledger.journal().sweep() {
            Ok(0) => {}
            Ok(swept) => {
                tracing::error!(swept, "entries are estimates, as they could not be written in time");
            }
            Err(error) => return Err(error.to_string()),
        }
        loop {
            let batch = self.reader.next_batch(ENTRIES, BYTES).map_err(|error| error.to_string())?;
            for damage in &batch.damaged {
                self.ledger.count_lost();
                tracing::error!(?damage, "an entry in the journal cannot be read");
            }
            if batch.entries.is_empty() && batch.damaged.is_empty() {
                return Ok(());
            }
            let now = self.runtime.now();
            match self.store.book(&batch.entries, self.replica.as_deref(), now).await {
                Ok(booked) => self.heard(&booked),
                Err(error) if is_passing(&error) => {
                    self.rewind();
                    return Err(error.to_string());
                }
                Err(error) => {
                    tracing::error!(%error, entries = batch.entries.len(), "entries are booked one by one");
                    if let Err(error) = self.one_by_one(&batch.entries, now).await {
                        self.rewind();
                        return Err(error);
                    }
                }
            }
            self.ledger.journal().acknowledge(&batch.position).map_err(|error| error.to_string())?;
            if self.ledger.journal().state().unacknowledged < few {
                return Ok(());
            }
        }
    }

    /// One entry that the database does not take must not keep the others from it.
    async fn one_by_one(&self, entries: &[Arc<Entry>], now: UnixMs) -> Result<(), String> {
        for entry in entries {
            match self.store.book(std::slice::from_ref(entry), self.replica.as_deref(), now).await {
                Ok(booked) => self.heard(&booked),
                Err(error) if is_passing(&error) => return Err(error.to_string()),
                Err(error) => {
                    self.ledger.count_lost();
                    let entry = serde_json::to_string(&**entry).unwrap_or_default();
                    tracing::error!(%error, entry, "the database does not take an entry");
                }
            }
        }
        Ok(())
    }

    /// What was read and not booked is read again.
    fn rewind(&mut self) {
        self.reader = self.ledger.journal().reader();
    }

    fn heard(&self, booked: &Booked) {
        self.booked.fetch_add(booked.added as u64, Ordering::Relaxed);
        (self.hear)(booked);
    }
}

/// Whether a failure is one of the moment, and not of what was to be booked.
const fn is_passing(error: &StoreError) -> bool {
    matches!(error, StoreError::Away(_) | StoreError::Busy(_))
}
