//! How long hyper waits for a request's head: one timer of the runtime for each connection, not one for each request.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Sleep, Timer};
use tokio::time::Instant;

/// The runtime's timer, while no head is waited for.
type Idle = Arc<Mutex<Option<Pin<Box<tokio::time::Sleep>>>>>;

/// The timer of one connection.
///
/// hyper asks for a new sleep before every head, and drops it once the head is there: the runtime's timer would be
/// armed and removed for each request. Here it stays armed, goes on from head to head, and is moved only when it runs
/// out too early or would run out too late.
#[derive(Debug, Default)]
pub(super) struct HeadTimer(Idle);

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: std::time::Instant) -> Pin<Box<dyn Sleep>> {
        let armed = take(&self.0);
        Box::pin(HeadSleep { deadline: deadline.into(), armed, idle: self.0.clone() })
    }

    fn now(&self) -> std::time::Instant {
        Instant::now().into()
    }
}

fn take(idle: &Idle) -> Option<Pin<Box<tokio::time::Sleep>>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// The wait for one head.
struct HeadSleep {
    deadline: Instant,
    armed: Option<Pin<Box<tokio::time::Sleep>>>,
    idle: Idle,
}

impl Sleep for HeadSleep {}

impl Future for HeadSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { deadline, armed, .. } = self.get_mut();
        let sleep = armed.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(*deadline)));
        if *deadline < sleep.deadline() {
            sleep.as_mut().reset(*deadline);
        }
        while sleep.as_mut().poll(cx).is_ready() {
            if Instant::now() >= *deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(*deadline);
        }
        Poll::Pending
    }
}

impl Drop for HeadSleep {
    fn drop(&mut self) {
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = self.armed.take();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_head_has_its_own_time() {
        let timer = HeadTimer::default();
        let began = Instant::now();
        for seconds in [10, 1, 5] {
            timer.sleep(Duration::from_secs(seconds)).await;
        }
        assert_eq!(began.elapsed().as_secs(), 16);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_armed_for_a_head_goes_on_to_the_next() {
        let timer = HeadTimer::default();
        let began = Instant::now();
        let head = tokio::time::timeout(Duration::from_secs(9), timer.sleep(Duration::from_secs(10)));
        assert!(head.await.is_err(), "the head came in time");
        let armed = take(&timer.0).unwrap();
        assert_eq!(armed.deadline() - began, Duration::from_secs(10));
        *timer.0.lock().unwrap() = Some(armed);
        timer.sleep(Duration::from_secs(10)).await;
        assert_eq!(began.elapsed().as_secs(), 19, "not when the one before would have run out");
    }
}
