//! One timer for all phases of an exchange.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::error::TransportErrorKind;

/// Watches the whole exchange and its present phase with a single, lazily armed [`Sleep`].
///
/// The sleep is created by the first wait, moved only when it would fire too late, and when it fires too early it is
/// armed again. So a stream of a thousand chunks touches the runtime's timer once per idle period, not per chunk.
pub(crate) struct Timer {
    /// When the exchange began, until a phase has begun with it: clocks are read seldom.
    begun: Option<Instant>,
    total: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    /// Starts to count `total` now.
    pub(crate) fn start(total: Option<Duration>) -> Self {
        let now = Instant::now();
        Self { begun: Some(now), total: after(now, total), sleep: None }
    }

    /// When the exchange began, as long as no phase has; else the present.
    pub(crate) fn now(&self) -> Instant {
        self.begun.unwrap_or_else(Instant::now)
    }

    /// Goes on with a sleep of an earlier exchange, so that none has to be made and none removed.
    pub(crate) fn borrow_sleep(&mut self, sleep: Option<Pin<Box<Sleep>>>) {
        if self.sleep.is_none() {
            self.sleep = sleep;
        }
    }

    /// The sleep, for the next exchange.
    pub(crate) fn into_sleep(self) -> Option<Pin<Box<Sleep>>> {
        self.sleep
    }

    /// Runs one phase: `future`, unless `limit` (then `kind`) or the total runs out first.
    pub(crate) async fn within<F: Future>(
        &mut self,
        limit: Option<Duration>,
        kind: TransportErrorKind,
        future: F,
    ) -> Result<F::Output, TransportErrorKind> {
        let now = self.begun.take().unwrap_or_else(Instant::now);
        let until = after(now, limit);
        let mut future = std::pin::pin!(future);
        std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending => self.poll_expired(cx, until, kind).map(Err),
        })
        .await
    }

    /// Ready with a kind when `until` or the total has passed.
    pub(crate) fn poll_expired(
        &mut self,
        cx: &mut Context<'_>,
        until: Option<Instant>,
        kind: TransportErrorKind,
    ) -> Poll<TransportErrorKind> {
        let (due, kind) = match (until, self.total) {
            (Some(until), Some(total)) if total < until => (total, TransportErrorKind::TotalTimeout),
            (Some(until), _) => (until, kind),
            (None, Some(total)) => (total, TransportErrorKind::TotalTimeout),
            (None, None) => return Poll::Pending,
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if due < sleep.deadline() {
            sleep.as_mut().reset(due);
        }
        loop {
            ready!(sleep.as_mut().poll(cx));
            if Instant::now() >= due {
                return Poll::Ready(kind);
            }
            sleep.as_mut().reset(due);
        }
    }

    /// Whether the total has passed, for answers that never make their reader wait.
    pub(crate) fn total_passed(&self) -> bool {
        self.total.is_some_and(|total| Instant::now() >= total)
    }
}

/// The instant `limit` after `now`; limits beyond the clock's range are none.
fn after(now: Instant, limit: Option<Duration>) -> Option<Instant> {
    limit.and_then(|limit| now.checked_add(limit))
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;
    use crate::error::TransportErrorKind::{FirstByteTimeout, IdleTimeout, TotalTimeout};

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn the_earlier_limit_names_the_kind() {
        let mut timer = Timer::start(Some(SECOND * 5));
        let begun = Instant::now();
        assert_eq!(
            timer.within(Some(SECOND * 3), FirstByteTimeout, pending::<()>()).await,
            Err(FirstByteTimeout)
        );
        assert_eq!(begun.elapsed().as_secs(), 3);
        assert_eq!(
            timer.within(Some(SECOND * 3), FirstByteTimeout, pending::<()>()).await,
            Err(TotalTimeout)
        );
        assert_eq!(begun.elapsed().as_secs(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn an_armed_sleep_moves_both_ways() {
        let mut timer = Timer::start(None);
        let begun = Instant::now();
        let quick = timer.within(Some(SECOND * 600), FirstByteTimeout, tokio::time::sleep(SECOND)).await;
        assert_eq!(quick, Ok(()));
        // earlier than the armed 600 s
        assert_eq!(timer.within(Some(SECOND * 2), IdleTimeout, pending::<()>()).await, Err(IdleTimeout));
        assert_eq!(begun.elapsed().as_secs(), 3);
        // later than the fired sleep
        assert_eq!(timer.within(Some(SECOND * 9), IdleTimeout, pending::<()>()).await, Err(IdleTimeout));
        assert_eq!(begun.elapsed().as_secs(), 12);
    }

    #[tokio::test(start_paused = true)]
    async fn no_limit_never_arms() {
        let mut timer = Timer::start(Some(Duration::MAX));
        assert_eq!(timer.within(None, IdleTimeout, tokio::time::sleep(SECOND)).await, Ok(()));
        assert!(timer.sleep.is_none());
        assert!(!timer.total_passed());
    }
}
