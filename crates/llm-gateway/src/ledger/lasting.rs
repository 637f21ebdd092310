//! What is written survives the machine: many writers wait for one disk together.

use std::sync::Arc;

use llm_ledger::{Journal, Mark};
use tokio::sync::{Notify, watch};

/// Makes what is written to a journal lasting, over and over, for whoever waits for that.
#[derive(Debug)]
pub(super) struct Lasting {
    wanted: Notify,
    reached: watch::Sender<Reached>,
}

/// Up to where it is lasting.
#[derive(Debug, Clone, Copy, Default)]
struct Reached {
    mark: Mark,
    /// The disk has failed: nothing more will be lasting.
    has_failed: bool,
}

impl Lasting {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { wanted: Notify::new(), reached: watch::Sender::default() })
    }

    /// Waits until all that is written by now is lasting; whether it is.
    pub(super) async fn wait(self: Arc<Self>, mark: Mark) -> bool {
        let mut reached = self.reached.subscribe();
        self.wanted.notify_one();
        let there = reached.wait_for(|reached| reached.has_failed || reached.mark >= mark).await;
        there.is_ok_and(|reached| !reached.has_failed)
    }

    /// Goes on until it is dropped.
    pub(super) async fn run(&self, journal: &Journal) {
        loop {
            self.wanted.notified().await;
            let journal = journal.clone();
            let synced = tokio::task::spawn_blocking(move || journal.sync()).await;
            match synced {
                Ok(Ok(mark)) => self.reached.send_modify(|reached| reached.mark = mark),
                Ok(Err(error)) => {
                    tracing::error!(%error, "the journal does not last; new requests are refused");
                    self.reached.send_modify(|reached| reached.has_failed = true);
                }
                // The process ends.
                Err(_) => return,
            }
        }
    }
}
