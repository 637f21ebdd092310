//! [`PlanBody`]: a plan's steps as an HTTP body, over time.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use crate::{Step, Steps};

/// The body was cut on purpose; a server breaks the connection on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the mock vendor cut the connection")]
pub struct Cut;

/// Plays [`Steps`] on tokio's clock.
///
/// Needs a tokio runtime with its timer on as soon as a step waits. It spawns nothing: dropped, it is gone.
#[derive(Debug)]
pub struct PlanBody {
    steps: Steps,
    now: Now,
    /// The step after the bytes just given out, where it was looked at early.
    ahead: Option<Step>,
    remaining: Option<u64>,
}

#[derive(Debug)]
enum Now {
    Playing,
    Waiting(Pin<Box<Sleep>>),
    Stalled,
    /// About to cut, once what was given out has been flushed.
    Cutting,
    Ended,
}

impl PlanBody {
    /// A body that plays `steps`. `content_length` is announced to the server, even if the steps fall short of it.
    pub fn new(steps: Steps, content_length: Option<u64>) -> Self {
        // A server does not ask a body without bytes for its end.
        let now = if content_length == Some(0) { Now::Ended } else { Now::Playing };
        Self { steps, now, ahead: None, remaining: content_length }
    }

    fn step(&mut self) -> Step {
        self.ahead.take().or_else(|| self.steps.next()).unwrap_or(Step::End)
    }
}

impl Body for PlanBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        loop {
            match &mut self.now {
                Now::Playing => {}
                Now::Waiting(timer) => {
                    ready!(timer.as_mut().poll(cx));
                    self.now = Now::Playing;
                }
                Now::Stalled => return Poll::Pending,
                Now::Cutting => {
                    self.now = Now::Ended;
                    return Poll::Ready(Some(Err(Cut)));
                }
                Now::Ended => return Poll::Ready(None),
            }
            // An endless stream is always ready: without this it would starve its neighbours.
            let budget = ready!(tokio::task::coop::poll_proceed(cx));
            budget.made_progress();
            match self.step() {
                Step::Wait(ms) => self.now = Now::Waiting(Box::pin(sleep(Duration::from_millis(ms)))),
                Step::Bytes(bytes) if bytes.is_empty() => {}
                Step::Bytes(bytes) => {
                    self.remaining = self.remaining.map(|left| left.saturating_sub(bytes.len() as u64));
                    // A server that knows the length stops asking at the last byte, so the end must show by then.
                    match self.steps.next() {
                        Some(Step::End) | None => self.now = Now::Ended,
                        other => self.ahead = other,
                    }
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Step::Stall => self.now = Now::Stalled,
                Step::Cut => {
                    // A server drops what it has not yet written when the body fails. Being pending once makes it
                    // flush, so that the client sees every byte before the cut.
                    self.now = Now::Cutting;
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Step::End => self.now = Now::Ended,
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.now, Now::Ended)
    }

    fn size_hint(&self) -> SizeHint {
        match self.remaining {
            Some(remaining) => SizeHint::with_exact(remaining),
            None => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_take_their_time_and_bytes_come_in_order() {
        let steps =
            vec![Step::Wait(30), Step::Bytes("a".into()), Step::Wait(12), Step::Bytes("b".into()), Step::End];
        let started = Instant::now();
        let mut body = PlanBody::new(steps.into(), None);
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "a");
        assert_eq!(started.elapsed(), Duration::from_millis(30));
        assert!(!body.is_end_stream());
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "b");
        assert_eq!(started.elapsed(), Duration::from_millis(42));
        assert!(body.is_end_stream());
        assert!(body.frame().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn cuts_fail_and_stalls_last() {
        let mut cut = PlanBody::new(vec![Step::Bytes("a".into()), Step::Cut].into(), Some(10));
        assert_eq!(cut.size_hint().exact(), Some(10));
        assert!(cut.frame().await.unwrap().is_ok());
        assert_eq!(cut.size_hint().exact(), Some(9));
        assert_eq!(cut.frame().await.unwrap().unwrap_err(), Cut);
        assert!(cut.frame().await.is_none());
        let mut stall = PlanBody::new(vec![Step::Stall].into(), None);
        assert!(tokio::time::timeout(Duration::from_secs(86_400), stall.frame()).await.is_err());
    }

    #[tokio::test]
    async fn an_endless_body_lets_others_run() {
        let mut body = PlanBody::new(Steps::new(std::iter::repeat(Step::Bytes("x".into()))), None);
        let endless = async { while body.frame().await.is_some() {} };
        tokio::select! {
            () = endless => panic!("it ended"),
            () = async { for _ in 0..10 { tokio::task::yield_now().await } } => {}
        }
    }
}
