//! [`Waited`]: a request's work, as long as somebody waits for it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::app::App;
use crate::exchange::Presence;

/// A request's work. Dropped before its end, because the client went away, it is looked at once more: what a vendor has
/// answered by then was made, and is paid for.
pub(super) struct Waited<F>
where
    F: Future + Send + 'static,
{
    pub(super) app: Arc<App>,
    pub(super) presence: Arc<Presence>,
    /// `None` once it has ended.
    pub(super) work: Option<Pin<Box<F>>>,
}

impl<F> Future for Waited<F>
where
    F: Future + Send + 'static,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // Taken out, so that work which panics is not looked at again.
        let Some(mut work) = self.work.take() else { return Poll::Pending };
        let polled = work.as_mut().poll(cx);
        if polled.is_pending() {
            self.work = Some(work);
        }
        polled
    }
}

impl<F> Drop for Waited<F>
where
    F: Future + Send + 'static,
{
    fn drop(&mut self) {
        let Some(work) = self.work.take() else { return };
        if self.presence.leave() && !self.app.is_draining() && !std::thread::panicking() {
            self.app.background(look_again(work));
        }
    }
}

/// Lets work take what has arrived, without waiting for more, and drops it.
async fn look_again<F>(mut work: Pin<Box<F>>)
where
    F: Future,
{
    /// Head and body of an answer may become known one after the other, and then the books are written.
    const LOOKS: usize = 4;
    for _ in 0..LOOKS {
        // Only once the runtime has looked does it know what has arrived.
        tokio::task::yield_now().await;
        let polled = std::future::poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx))).await;
        if polled.is_ready() {
            break;
        }
    }
}
