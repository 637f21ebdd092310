//! Hearing of changes.

use std::sync::Arc;
use std::time::Duration;

use llm_store::{StoreError, Watch};
use llm_types::UnixMs;

use crate::Identities;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> UnixMs + Send + Sync>;

/// How long a change may go unheard where the database does not tell of it.
const INTERVAL: Duration = Duration::from_secs(1);

impl Identities {
    /// Begins to listen for changes. What is in memory from before is forgotten.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn listen(&self, now: UnixMs) -> Result<Watch, StoreError> {
        let watch = self.store.watch(now).await?;
        self.cache.apply(&llm_store::News::Everything);
        Ok(watch)
    }

    /// Drops keys when they, or what they belong to, change; never ends. What changes while the database is away is heard
    /// of when it is back; until then the keys in memory hold.
    pub async fn follow(self: Arc<Self>, mut watch: Watch, clock: Clock) {
        let mut is_away = false;
        loop {
            watch.wait(INTERVAL).await;
            match watch.poll(clock()).await {
                Ok(news) => {
                    self.cache.apply(&news);
                    if std::mem::take(&mut is_away) {
                        tracing::info!("the database answers again");
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut is_away, true) {
                        tracing::warn!(%error, "changes of keys are not heard of; those in memory hold");
                    }
                    // A database that refuses at once is not asked at once again.
                    tokio::time::sleep(INTERVAL).await;
                }
            }
        }
    }
}
