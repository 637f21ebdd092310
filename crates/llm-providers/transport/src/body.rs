//! The answer's body, piece by piece, under the clock of its exchange.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::time::Instant;

use crate::error::{TransportError, TransportErrorKind};
use crate::hyper_service::{Http1Body, Http2Body};
use crate::options::Timeouts;
use crate::timer::Timer;

type BoxBody = Pin<Box<dyn http_body::Body<Data = Bytes, Error = TransportError> + Send>>;

/// A response body that is read by pieces and never cut short in silence.
///
/// The body ends with `None` only when the peer said that it is complete; a cut is an error. After an error, or after
/// a limit of [`Timeouts`](crate::Timeouts) has passed, the upstream connection is gone and the body is at its end.
/// Dropping the body early closes its connection (h1) or resets its stream (h2). Nothing is read ahead of the reader
/// but the `buffer_bytes` of [`TransportOptions`](crate::TransportOptions).
pub struct Body {
    source: Source,
    clock: Option<Clock>,
}

enum Source {
    Done,
    Full(Bytes),
    Http1(Http1Body),
    Http2(Http2Body),
    Other(BoxBody),
}

/// The timers of one body.
struct Clock {
    timer: Timer,
    idle: Option<Duration>,
    /// Since when the reader has been waiting for the upstream.
    waiting_since: Option<Instant>,
    /// Whether a piece has come. The first comes with the head, for which there was a timer.
    has_begun: bool,
}

impl Body {
    /// A body without content.
    #[must_use]
    pub const fn empty() -> Self {
        Self { source: Source::Done, clock: None }
    }

    /// Wraps any other body, for transports that are not of this crate.
    pub fn wrap<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<TransportError>,
    {
        Self { source: Source::Other(Box::pin(body.map_err(Into::into))), clock: None }
    }

    /// Puts the body under limits that count from now, for transports that are not of this crate.
    #[must_use]
    pub fn limited(self, timeouts: Timeouts) -> Self {
        self.timed(Timer::start(timeouts.total), timeouts.idle)
    }

    pub(crate) const fn http1(body: Http1Body) -> Self {
        Self { source: Source::Http1(body), clock: None }
    }

    pub(crate) const fn http2(body: Http2Body) -> Self {
        Self { source: Source::Http2(body), clock: None }
    }

    /// Puts the body under the exchange's timer and an idle limit.
    pub(crate) fn timed(self, timer: Timer, idle: Option<Duration>) -> Self {
        Self { clock: Some(Clock { timer, idle, waiting_since: None, has_begun: false }), ..self }
    }

    /// The next piece, or `None` at the end. Trailers are passed over.
    ///
    /// # Errors
    /// [`TransportError`] when the body was cut or a limit has passed; then `None` follows.
    pub async fn next(&mut self) -> Option<Result<Bytes, TransportError>> {
        std::future::poll_fn(|cx| self.poll_data(cx)).await
    }

    /// [`next`](Self::next) for hand-written futures.
    pub fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        loop {
            match ready!(Pin::new(&mut *self).poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }

    /// Reads the whole body. A body that came in one piece is not copied.
    ///
    /// # Errors
    /// [`TransportErrorKind::BodyTooLarge`] past `limit` bytes (at once, if the head announced more), or what
    /// [`next`](Self::next) says.
    pub async fn collect(mut self, limit: usize) -> Result<Bytes, TransportError> {
        self.read(limit).await
    }

    /// [`collect`](Self::collect) where the body stands, which is not moved: all of it that has not been read yet.
    ///
    /// # Errors
    /// As [`collect`](Self::collect).
    pub async fn read(&mut self, limit: usize) -> Result<Bytes, TransportError> {
        let too_large = || TransportError::after_send(TransportErrorKind::BodyTooLarge);
        let announced = usize::try_from(http_body::Body::size_hint(self).lower()).unwrap_or(usize::MAX);
        if announced > limit {
            return Err(too_large());
        }
        let Some(first) = self.next().await.transpose()? else { return Ok(Bytes::new()) };
        if first.len() > limit {
            return Err(too_large());
        }
        let Some(second) = self.next().await.transpose()? else { return Ok(first) };
        let mut whole = BytesMut::with_capacity(announced.max(first.len() + second.len()));
        whole.extend_from_slice(&first);
        let mut piece = second;
        loop {
            if piece.len() > limit - whole.len() {
                return Err(too_large());
            }
            whole.extend_from_slice(&piece);
            match self.next().await.transpose()? {
                Some(next) => piece = next,
                None => return Ok(whole.freeze()),
            }
        }
    }

    /// Nothing more comes. A body that was read whole gives its connection back.
    fn end(&mut self, whole: bool) {
        let source = std::mem::replace(&mut self.source, Source::Done);
        if whole && let Source::Http1(mut body) = source {
            body.give_back(self.clock.take().and_then(|clock| clock.timer.into_sleep()));
        }
    }

    fn fail(&mut self, kind: TransportErrorKind) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        self.source = Source::Done;
        Poll::Ready(Some(Err(TransportError::after_send(kind))))
    }
}

impl Source {
    fn is_end_stream(&self) -> bool {
        match self {
            Self::Done => true,
            Self::Full(_) => false,
            Self::Http1(body) => body.is_end_stream(),
            Self::Http2(body) => body.is_end_stream(),
            Self::Other(body) => body.is_end_stream(),
        }
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        match self {
            Self::Done => Poll::Ready(None),
            Self::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                *self = Self::Done;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Self::Http1(body) => body.poll_frame(cx),
            Self::Http2(body) => body.poll_data(cx).map_ok(Frame::data),
            Self::Other(body) => body.as_mut().poll_frame(cx),
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let this = self.get_mut();
        if matches!(this.source, Source::Done) {
            return Poll::Ready(None);
        }
        // What has come whole is late no more.
        if this.clock.as_ref().is_some_and(|clock| clock.has_begun)
            && !this.source.is_end_stream()
            && this.clock.as_ref().is_some_and(|clock| clock.timer.total_passed())
        {
            return this.fail(TransportErrorKind::TotalTimeout);
        }
        match this.source.poll_frame(cx) {
            Poll::Ready(frame) => {
                if let Some(clock) = &mut this.clock {
                    clock.waiting_since = None;
                    clock.has_begun = true;
                }
                if !matches!(frame, Some(Ok(_))) {
                    this.end(frame.is_none());
                }
                Poll::Ready(frame)
            }
            Poll::Pending => {
                let Some(clock) = &mut this.clock else { return Poll::Pending };
                let expired = clock.poll_expired(cx);
                match expired {
                    Poll::Ready(kind) => this.fail(kind),
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.source.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Done => SizeHint::with_exact(0),
            Source::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Source::Http1(body) => body.size_hint(),
            Source::Http2(_) => SizeHint::default(),
            Source::Other(body) => body.size_hint(),
        }
    }
}

impl Clock {
    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<TransportErrorKind> {
        let until = self.idle.and_then(|idle| {
            let since = *self.waiting_since.get_or_insert_with(Instant::now);
            since.checked_add(idle)
        });
        self.timer.poll_expired(cx, until, TransportErrorKind::IdleTimeout)
    }
}

impl Stream for Body {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_data(cx)
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        let source = if bytes.is_empty() { Source::Done } else { Source::Full(bytes) };
        Self { source, clock: None }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match self.source {
            Source::Done => "done",
            Source::Full(_) => "full",
            Source::Http1(_) => "http1",
            Source::Http2(_) => "http2",
            Source::Other(_) => "other",
        };
        f.debug_struct("Body").field("source", &source).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
