//! What becomes of a streamed answer when its client goes away.

use std::task::{Context, Poll};

use llm_transport::Body;
use llm_types::ApiError;

use crate::exchange::{Exchange, Outcome};
use crate::services::completion::{Journey, Pump};

/// Hears the rest of a stream; what went wrong, if anything did.
pub(super) async fn rest(mut upstream: Body, pump: &mut Pump) -> Option<ApiError> {
    loop {
        match upstream.next().await {
            None => return pump.finish().error,
            Some(Err(error)) => return Some(error.into()),
            Some(Ok(bytes)) => {
                if let Some(error) = pump.feed(bytes).error {
                    return Some(error);
                }
            }
        }
    }
}

/// The most pieces that are heard at once of what has arrived.
const ARRIVED: usize = 64;

/// Hears what the vendor has sent as far as the runtime knows of it; pending if more may have come than that.
pub(super) fn hear_ready(upstream: &mut Body, pump: &mut Pump, cx: &mut Context<'_>) -> Poll<()> {
    for _ in 0..ARRIVED {
        let Some(Ok(bytes)) = std::task::ready!(upstream.poll_data(cx)) else { break };
        if pump.feed(bytes).error.is_some() {
            break;
        }
    }
    Poll::Ready(())
}

/// Hears what the vendor has sent already, without waiting for more, and lets it go: that was made, and is paid for.
///
/// A runtime knows what has arrived only once it has looked, which a busy one does now and then. So it is let look.
pub(super) async fn hear_arrived(mut upstream: Body, pump: &mut Pump) {
    let mut hear = async || std::future::poll_fn(|cx| Poll::Ready(hear_ready(&mut upstream, pump, cx))).await;
    if hear().await.is_pending() {
        tokio::task::yield_now().await;
        let _not_waited_for = hear().await;
    }
}

/// Closes the books on an answer whose client went away; `complete` if it had all of it.
pub(super) fn give_up(mut journey: Journey, mut exchange: Exchange, pump: &mut Pump, complete: bool) {
    close_books(&mut exchange, pump);
    if complete {
        journey.succeeded(&mut exchange);
        exchange.end(Outcome::Answered);
    }
    // An exchange that is dropped unended knows why.
}

/// What was heard goes into the record.
pub(super) fn close_books(exchange: &mut Exchange, pump: &mut Pump) {
    let notes = pump.notes();
    exchange.heard(pump.take_seen());
    exchange.record_mut().notes.extend(notes);
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use bytes::Bytes;
    use http_body::Frame;
    use llm_provider_core::{Dialect, Framing, Provider as _};
    use llm_providers::mock::Mock;
    use llm_transport::{TransportError, TransportErrorKind};

    use super::*;
    use crate::services::completion::RelayPump;

    /// What an upstream has when it is asked for more.
    enum Has {
        /// A word.
        Word(&'static str),
        /// Nothing that the runtime knows of.
        Nothing,
        /// A broken connection.
        Break,
    }

    /// An upstream that says what it is told to, and counts how often it was asked.
    struct Scripted {
        script: VecDeque<Has>,
        asked: Arc<AtomicUsize>,
    }

    impl http_body::Body for Scripted {
        type Data = Bytes;
        type Error = TransportError;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
            self.asked.fetch_add(1, Relaxed);
            match self.script.pop_front() {
                Some(Has::Word(word)) => {
                    let event = format!(
                        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{word}\"}}}}]}}\n\n"
                    );
                    Poll::Ready(Some(Ok(Frame::data(event.into()))))
                }
                // Nobody is woken: whoever waits would wait for ever.
                Some(Has::Nothing) => Poll::Pending,
                Some(Has::Break) => {
                    Poll::Ready(Some(Err(TransportError::new(TransportErrorKind::Reset, true))))
                }
                None => Poll::Ready(None),
            }
        }
    }

    /// Bytes of text that were heard, and how often the upstream was asked.
    async fn heard(script: impl IntoIterator<Item = Has>) -> (u64, usize) {
        let listener = Mock::new().relay(Dialect::OpenAiChat).unwrap().listener();
        let mut pump = Pump::Relay(Box::new(RelayPump::new(Framing::Sse, listener, false)));
        let asked = Arc::<AtomicUsize>::default();
        let upstream = Scripted { script: script.into_iter().collect(), asked: asked.clone() };
        hear_arrived(Body::wrap(upstream), &mut pump).await;
        (pump.take_seen().content_bytes, asked.load(Relaxed))
    }

    #[tokio::test]
    async fn what_has_arrived_is_heard_and_nothing_is_waited_for() {
        use Has::{Break, Nothing, Word};
        assert_eq!(heard([Word("one"), Word("two"), Nothing, Nothing, Word("late")]).await, (6, 4));
        // What the runtime learns of only when it is let look.
        assert_eq!(heard([Nothing, Word("three"), Nothing, Word("late")]).await, (5, 3));
        assert_eq!(heard([Nothing, Nothing, Word("late")]).await, (0, 2));
        assert_eq!(heard([Word("one"), Break, Word("late")]).await, (3, 2));
        assert_eq!(heard([Word("one")]).await, (3, 2), "it has ended");
    }

    #[tokio::test]
    async fn a_vendor_that_never_pauses_is_let_go_all_the_same() {
        let endless = std::iter::repeat_with(|| Has::Word("w")).take(10 * ARRIVED);
        assert_eq!(heard(endless).await, (ARRIVED as u64, ARRIVED));
    }
}
