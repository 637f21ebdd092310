//! The roll of replicas, kept where no loss of Redis reaches it: once all of them have told a new Redis what they hold,
//! there is nothing left to be found out.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use llm_limits::AuthorityError;
use tokio::time::Instant;

use super::Seed;
use crate::patience;

/// For how long a replica stays on the roll without saying that it lives.
pub(crate) const KEPT: Duration = Duration::from_secs(3_600);
/// How often it says so.
const RENEWED: Duration = Duration::from_secs(60);

/// Who was on the roll after a bucket of Redis had begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Roll {
    /// When the bucket began, in Redis' own words.
    pub(crate) since: String,
    pub(crate) names: Arc<[String]>,
}

/// Whether this replica is on the roll.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    written: Mutex<Option<Instant>>,
    writing: tokio::sync::Mutex<()>,
}

impl Entry {
    fn written(&self) -> Option<Instant> {
        *self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is, for longer than a lease still.
    pub(crate) fn holds(&self, lease: Duration) -> bool {
        self.written().is_some_and(|at| at.elapsed() + lease * 2 < KEPT)
    }

    /// Writes it down anew from time to time. Without it nothing is taken: the others would not know who may hold something.
    ///
    /// # Errors
    /// It is not on the roll, or not for long, and could not be written down.
    pub(crate) async fn renew(
        &self,
        seed: &dyn Seed,
        replica: &str,
        within: Duration,
        lease: Duration,
    ) -> Result<(), AuthorityError> {
        if self.written().is_some_and(|at| at.elapsed() < RENEWED) {
            return Ok(());
        }
        let began = Instant::now();
        let written = patience::within(within, seed.enlist(replica, KEPT)).await.unwrap_or_else(|| {
            Err(AuthorityError(format!("the roll of replicas is not written within {within:?}")))
        });
        match written {
            Ok(()) => {
                *self.written.lock().unwrap_or_else(PoisonError::into_inner) = Some(began);
                Ok(())
            }
            Err(_) if self.holds(lease) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Writes it down if it is not there yet; one does so for all.
    ///
    /// # Errors
    /// As [`renew`](Self::renew).
    pub(crate) async fn ensure(
        &self,
        seed: &dyn Seed,
        replica: &str,
        within: Duration,
        lease: Duration,
    ) -> Result<(), AuthorityError> {
        if self.holds(lease) {
            return Ok(());
        }
        let _one_writes = self.writing.lock().await;
        if self.holds(lease) { Ok(()) } else { self.renew(seed, replica, within, lease).await }
    }
}
