//! Requests that are answered before they were read, as those without a key are: what is left of them would stand in
//! the way of the next request, so that HTTP/1 has to close the connection, and the client has to be told.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};

/// A body that notes when it was read to its end.
#[derive(Debug)]
pub(super) struct Watched<B> {
    inner: B,
    end: End,
}

/// Whether a [`Watched`] body was read to its end.
#[derive(Debug, Clone)]
pub(super) struct End(Arc<AtomicBool>);

impl End {
    pub(super) fn was_reached(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl<B: Body> Watched<B> {
    pub(super) fn new(inner: B) -> (Self, End) {
        let end = End(Arc::new(AtomicBool::new(inner.is_end_stream())));
        (Self { inner, end: end.clone() }, end)
    }
}

impl<B: Body + Unpin> Body for Watched<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if matches!(polled, Poll::Ready(None)) || self.inner.is_end_stream() {
            self.end.0.store(true, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::{BodyExt as _, Empty, Full};

    use super::*;

    #[tokio::test]
    async fn the_end_is_noted_once_it_is_reached() {
        let (body, end) = Watched::new(Full::new(Bytes::from_static(b"{}")));
        assert!(!end.was_reached());
        assert_eq!(body.collect().await.unwrap().to_bytes(), "{}");
        assert!(end.was_reached());
        assert!(Watched::new(Empty::<Bytes>::new()).1.was_reached());
    }
}
