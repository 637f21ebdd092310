//! Hearing of changes.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::time::Duration;

use llm_store::{News, StoreError, Watch};
use llm_types::UnixMs;

use crate::Identities;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> UnixMs + Send + Sync>;

/// Hears of changes beside the keys in memory.
pub type Hear = Arc<dyn Fn(&News) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// How long a change may go unheard where the database does not tell of it.
const INTERVAL: Duration = Duration::from_secs(1);

impl Identities {
    /// Begins to listen for changes. What is in memory from before is forgotten.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn listen(&self, now: UnixMs) -> Result<Watch, StoreError> {
        let watch = self.store.watch(now).await?;
        self.apply(&News::Everything);
        Ok(watch)
    }

    /// Until a round is over that began after now, so that what is written by now holds; at most for so long.
    pub async fn settled(&self, at_most: Duration) {
        let next = self.begun.load(SeqCst) + 1;
        let mut over = self.over.subscribe();
        self.asked.notify_one();
        let waiting = over.wait_for(|round| *round >= next);
        let _over_or_late = tokio::time::timeout(at_most, waiting).await;
    }

    /// Drops keys when they, or what they belong to, change; never ends. What changes while the database is away is heard
    /// of when it is back; until then the keys in memory hold.
    ///
    /// `hear` is told of the same changes, and a round is over when it has ended.
    pub async fn follow(self: Arc<Self>, mut watch: Watch, clock: Clock, hear: Hear) {
        loop {
            tokio::select! {
                () = watch.wait(INTERVAL) => {}
                () = self.asked.notified() => {}
            }
            let round = self.begun.fetch_add(1, SeqCst) + 1;
            let polled = watch.poll(clock()).await;
            match polled {
                Ok(news) => {
                    self.apply(&news);
                    hear(&news).await;
                    self.over.send_replace(round);
                    if self.is_away.swap(false, Relaxed) {
                        tracing::info!("the database answers again");
                    }
                }
                Err(error) => {
                    if !self.is_away.swap(true, Relaxed) {
                        tracing::warn!(%error, "changes of keys are not heard of; those in memory hold");
                    }
                    self.over.send_replace(round);
                    // A database that refuses at once is not asked at once again.
                    tokio::time::sleep(INTERVAL).await;
                }
            }
        }
    }
}
