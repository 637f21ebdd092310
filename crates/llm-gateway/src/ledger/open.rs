//! Opening the books: a journal of this process's own, and what other processes have left.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use llm_ledger::{Journal, JournalError, JournalOptions, Recovered};
use llm_store::Store;

use super::Ledger;
use super::flush::{Flusher, Hear};
use crate::config::{Durability, LedgerSettings, Unpriced, WhenFull};
use crate::runtime::Runtime;

/// Processes of one machine that keep their journals side by side, at most.
const FOLDERS: u32 = 64;
/// Bytes of a piece of the journal.
const SEGMENT_BYTES: u64 = 16 << 20;

/// Where books are kept.
#[derive(Debug, Clone)]
pub struct Place {
    /// What relative folders are relative to.
    pub base: PathBuf,
    /// The folder for temporary files.
    pub temporary: PathBuf,
    /// What tells this database from others: journals of one must not be booked in another. Empty where the folder is that
    /// of the database itself.
    pub database: String,
}

/// What books are kept with.
pub struct Keeping {
    /// Where entries go.
    pub store: Store,
    /// The clock.
    pub runtime: Runtime,
    /// This process's name, where the database hands out shares of limits.
    pub replica: Option<String>,
    /// Who is told of what has been booked.
    pub hear: Hear,
}

/// Opens the books, and brings into the database what was left in journals.
///
/// # Errors
/// In words.
pub async fn open(
    settings: &LedgerSettings,
    place: Place,
    keeping: Keeping,
) -> Result<(Arc<Ledger>, Flusher), String> {
    let Place { base, temporary, database } = place;
    let overflow = settings.overflow_dir.as_ref().map(|dir| base.join(dir));
    let of = |dir: &Path| Folders { dir: base.join(dir), database: database.clone() };
    let taken = match &settings.dir {
        Some(dir) => first_free(settings, of(dir), overflow.clone()).await,
        None => Err("nothing names a folder for the journal".to_owned()),
    };
    let (folders, number, journal) = match taken {
        Err(why) if settings.is_implicit => {
            let folders = of(&temporary.join("llm-gateway-journal"));
            tracing::warn!(
                why,
                folder = %folders.dir.display(),
                "the journal is in a folder for temporary files: set llm_gateway.ledger.dir or LLM_GATEWAY_DATA_DIR"
            );
            first_free(settings, folders, overflow).await
        }
        taken => taken,
    }
    .map_err(|why| format!("llm_gateway.ledger.dir: {why}"))?;
    let flusher = |ledger: &Arc<Ledger>, keeping: &Keeping| {
        Flusher::new(
            ledger.clone(),
            keeping.store.clone(),
            keeping.runtime.clone(),
            keeping.replica.clone(),
            Duration::from_millis(settings.flush_interval_ms.get()),
            keeping.hear.clone(),
        )
    };
    let refuses_unpriced = settings.unpriced == Unpriced::Refuse;
    let ledger = Arc::new(Ledger::new(journal, refuses_unpriced));
    let mut own = flusher(&ledger, &keeping);
    // What has been spent counts from the first request on.
    if let Err(why) = own.flush().await {
        tracing::warn!(why, "entries of the last run wait in the journal");
    }
    for other in (0..FOLDERS).filter(|other| *other != number) {
        let path = folders.of(other);
        if !path.is_dir() {
            continue;
        }
        let opening = blocking(move || Ok(Journal::open(JournalOptions::new(&path)))).await?;
        // Another process has it.
        let Ok((journal, recovered)) = opening else { continue };
        tell(&recovered, &folders.of(other));
        let left = Arc::new(Ledger::new(journal, false));
        if let Err(why) = flusher(&left, &keeping).flush().await {
            tracing::warn!(why, "entries of another process wait in its journal");
        }
    }
    Ok((ledger, own))
}

/// The folders in which processes keep their journals for one database.
#[derive(Debug, Clone)]
struct Folders {
    dir: PathBuf,
    database: String,
}

impl Folders {
    fn of(&self, number: u32) -> PathBuf {
        self.dir.join(format!("journal{}-{number}", self.database))
    }
}

/// The first folder that no other process has.
async fn first_free(
    settings: &LedgerSettings,
    folders: Folders,
    overflow: Option<PathBuf>,
) -> Result<(Folders, u32, Journal), String> {
    let settings = settings.clone();
    blocking(move || {
        let mut last = String::new();
        for number in 0..FOLDERS {
            let path = folders.of(number);
            let mut options = JournalOptions::new(&path);
            options.max_bytes = settings.max_bytes.get();
            options.segment_bytes =
                SEGMENT_BYTES.min(options.max_bytes).max(JournalOptions::MIN_SEGMENT_BYTES);
            options.durability = match settings.durability {
                Durability::Process => llm_ledger::Durability::Process,
                Durability::Host => llm_ledger::Durability::Host,
            };
            if let (WhenFull::Overflow, Some(dir)) = (settings.when_full, &overflow) {
                let second = Folders { dir: dir.clone(), ..folders.clone() };
                options.when_full = llm_ledger::WhenFull::Overflow {
                    folder: second.of(number),
                    max_bytes: options.max_bytes,
                };
            }
            match Journal::open(options) {
                Ok((journal, recovered)) => {
                    tell(&recovered, &path);
                    return Ok((folders, number, journal));
                }
                Err(error @ JournalError::InUse { .. }) => last = error.to_string(),
                Err(error) => return Err(error.to_string()),
            }
        }
        Err(last)
    })
    .await
}

/// What was found in a journal is told.
fn tell(recovered: &Recovered, folder: &Path) {
    let folder = folder.display();
    if recovered.interrupted > 0 {
        tracing::warn!(%folder, entries = recovered.interrupted, "requests of the last run were interrupted");
    }
    for damage in &recovered.damaged {
        tracing::error!(%folder, ?damage, "the journal is damaged");
    }
    for copy in &recovered.removed_copies {
        tracing::warn!(copy = %copy.display(), "an old copy of a damaged piece of the journal was removed");
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    tokio::task::spawn_blocking(work).await.map_err(|error| error.to_string())?
}
