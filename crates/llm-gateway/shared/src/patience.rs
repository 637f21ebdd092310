//! [`Patience`]: waits for an answer for so long as this process could have heard it. What it was kept from running on a busy
//! machine, and the answer lay there meanwhile, says nothing of whoever is asked.

use std::time::Duration;

use tokio::time::Instant;

/// Into how many parts a wait is divided. Of each no more is counted than it should take.
const PARTS: u32 = 8;
/// By how much longer a connection itself waits than whoever asks over it.
pub(crate) const SLACK: u32 = 8;

/// What is left of a time in which something must be answered.
#[derive(Debug)]
pub(crate) struct Patience {
    part: Duration,
    spent: Duration,
}

impl Patience {
    /// For waits of about this length.
    pub(crate) fn new(usual: Duration) -> Self {
        Self { part: (usual / PARTS).max(Duration::from_millis(1)), spent: Duration::ZERO }
    }

    /// What has been waited.
    pub(crate) const fn spent(&self) -> Duration {
        self.spent
    }

    /// Waits until so much has been waited altogether; `None` if nothing has come by then.
    pub(crate) async fn until<T>(&mut self, limit: Duration, coming: impl Future<Output = T>) -> Option<T> {
        let mut coming = std::pin::pin!(coming);
        loop {
            let part = self.part.min(limit.saturating_sub(self.spent));
            let began = Instant::now();
            let come = tokio::time::timeout(part, &mut coming).await;
            self.spent += began.elapsed().min(part);
            match come {
                Ok(come) => return Some(come),
                Err(_) if self.spent >= limit => return None,
                Err(_) => {}
            }
        }
    }
}

/// Waits for so long; `None` if nothing has come by then.
pub(crate) async fn within<T>(limit: Duration, coming: impl Future<Output = T>) -> Option<T> {
    Patience::new(limit).until(limit, coming).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(80);

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_in_time() {
        let began = Instant::now();
        assert_eq!(within(LIMIT, std::future::pending::<()>()).await, None);
        let took = began.elapsed();
        assert!(took >= LIMIT && took < LIMIT + Duration::from_millis(2 * u64::from(PARTS)), "{took:?}");
        assert_eq!(within(Duration::ZERO, std::future::ready(7)).await, Some(7), "what is there is heard");

        let mut patience = Patience::new(LIMIT);
        assert_eq!(patience.until(LIMIT / 2, std::future::pending::<()>()).await, None);
        assert_eq!(patience.spent(), LIMIT / 2);
        let later = tokio::time::sleep(LIMIT / 4);
        assert_eq!(patience.until(LIMIT, later).await, Some(()), "there is as much left");
        assert_eq!(patience.until(LIMIT, std::future::pending::<()>()).await, None);
    }

    #[tokio::test]
    async fn what_the_process_was_kept_from_running_does_not_count() {
        let (sender, answer) = tokio::sync::oneshot::channel();
        // One thread: while this blocks it, nobody hears anything.
        let busy = async move {
            for _ in 0..3 {
                std::thread::sleep(LIMIT);
                tokio::task::yield_now().await;
            }
            sender.send(7).unwrap();
        };
        let (heard, ()) = tokio::join!(within(LIMIT, answer), busy);
        assert_eq!(heard.unwrap(), Ok(7));
    }
}
