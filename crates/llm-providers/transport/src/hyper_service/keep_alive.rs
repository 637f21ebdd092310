//! Pings that tell a quiet HTTP/2 connection from a dead one.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use h2::{Ping, PingPong};
use tokio::time::{Instant, Sleep, sleep};

/// Pings a connection while it has requests in flight.
pub(super) struct KeepAlive {
    pings: PingPong,
    interval: Duration,
    timeout: Duration,
    sleep: Pin<Box<Sleep>>,
    unanswered: bool,
}

impl KeepAlive {
    pub(super) fn new(pings: PingPong, interval: Duration, timeout: Duration) -> Self {
        Self { pings, interval, timeout, sleep: Box::pin(sleep(interval)), unanswered: false }
    }

    /// Ready when a ping has not been answered in time.
    pub(super) fn poll_dead(&mut self, cx: &mut Context<'_>, busy: bool) -> Poll<()> {
        loop {
            // An error means that the connection is closing, of which it tells its driver itself.
            if self.unanswered && self.pings.poll_pong(cx).is_ready() {
                self.rest(false, self.interval);
            }
            ready!(self.sleep.as_mut().poll(cx));
            if self.unanswered {
                return Poll::Ready(());
            }
            if busy && self.pings.send_ping(Ping::opaque()).is_ok() {
                self.rest(true, self.timeout);
            } else {
                self.rest(false, self.interval);
            }
        }
    }

    fn rest(&mut self, unanswered: bool, time: Duration) {
        self.unanswered = unanswered;
        self.sleep.as_mut().reset(Instant::now() + time);
    }
}
