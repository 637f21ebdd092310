//! Requests that are answered before they were read, as those without a key are: what is left of them would stand in
//! the way of the next request, so that HTTP/1 has to close the connection, and the client has to be told. A socket that
//! is closed with bytes unread is reset, and the reset can overtake the answer: so that the client sees it, what it
//! still sends is read and thrown away for a while ([`Lingering`]; RFC 9112 §9.6).

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// How long a client may go on sending what nobody reads.
const PATIENCE: Duration = Duration::from_secs(2);

/// How much of it is thrown away.
const DISCARDED_BYTES: usize = 64 << 20;

/// A connection that, if it ends with something unread, listens on after it has said its last word.
#[derive(Debug)]
pub(super) struct Lingering<S> {
    stream: S,
    is_unread: Arc<AtomicBool>,
    /// Set once the last word is said.
    until: Option<Pin<Box<Sleep>>>,
    discarded: usize,
}

impl<S> Lingering<S> {
    /// `is_unread` is set by whoever answers a request that was not read.
    pub(super) fn new(stream: S, is_unread: Arc<AtomicBool>) -> Self {
        Self { stream, is_unread, until: None, discarded: 0 }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.until.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            if !this.is_unread.load(Ordering::Relaxed) {
                return Poll::Ready(Ok(()));
            }
        }
        let until = this.until.get_or_insert_with(|| Box::pin(tokio::time::sleep(PATIENCE)));
        let mut scratch = [0; 8192];
        while this.discarded < DISCARDED_BYTES && until.as_mut().poll(cx).is_pending() {
            let mut into = ReadBuf::new(&mut scratch);
            // The client has ended too, one way or the other.
            if ready!(Pin::new(&mut this.stream).poll_read(cx, &mut into)).is_err()
                || into.filled().is_empty()
            {
                break;
            }
            this.discarded += into.filled().len();
        }
        Poll::Ready(Ok(()))
    }
}

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
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// Shuts one end of a connection down while the other still sends; how much of that was read.
    async fn shut_down(is_unread: bool, sent: usize) -> usize {
        let (ours, mut theirs) = tokio::io::duplex(1000);
        let mut ours = Lingering::new(ours, Arc::new(AtomicBool::new(is_unread)));
        let client = async {
            let mut written = 0;
            while written < sent && theirs.write_all(&[b'x'; 100]).await.is_ok() {
                written += 100;
            }
            theirs.shutdown().await.unwrap();
            assert_eq!(theirs.read(&mut [0; 1]).await.unwrap(), 0, "the last word was said");
        };
        let server = async {
            ours.shutdown().await.unwrap();
            let discarded = ours.discarded;
            drop(ours);
            discarded
        };
        tokio::join!(server, client).0
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_reads_is_thrown_away_after_the_last_word() {
        assert_eq!(shut_down(true, 50_000).await, 50_000);
        assert_eq!(shut_down(false, 500).await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends() {
        let (ours, _theirs) = tokio::io::duplex(1000);
        let mut ours = Lingering::new(ours, Arc::new(AtomicBool::new(true)));
        let began = tokio::time::Instant::now();
        ours.shutdown().await.unwrap();
        assert_eq!(began.elapsed().as_secs(), PATIENCE.as_secs());
    }

    #[tokio::test]
    async fn the_end_is_noted_once_it_is_reached() {
        let (body, end) = Watched::new(Full::new(Bytes::from_static(b"{}")));
        assert!(!end.was_reached());
        assert_eq!(body.collect().await.unwrap().to_bytes(), "{}");
        assert!(end.was_reached());
        assert!(Watched::new(Empty::<Bytes>::new()).1.was_reached());
    }
}
