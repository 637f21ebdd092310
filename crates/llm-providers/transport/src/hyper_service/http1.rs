//! HTTP/1.1: one connection per request in flight, kept between requests.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Request, Response, Uri, Version};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::rt::Executor as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::connect::{Connector, Io};
use super::lock;
use super::origin::Origin;
use crate::body::Body;
use crate::error::{TransportError, TransportErrorKind};
use crate::options::{Protocol, Timeouts, TransportOptions};
use crate::timer::Timer;

type Sender = SendRequest<Full<Bytes>>;

/// The unused connections of one origin, the youngest last.
pub(super) struct IdleConnections {
    idle: Mutex<Vec<Idle>>,
    max: usize,
    timeout: Duration,
    buffer_bytes: usize,
}

struct Idle {
    sender: Sender,
    since: Instant,
}

/// An answer's body together with the connection on which it arrives.
pub(crate) struct Http1Body {
    incoming: Incoming,
    lease: Option<Lease>,
}

/// The right to put a connection back.
struct Lease {
    sender: Sender,
    origin: Arc<Origin>,
}

/// Sends one request, on a kept connection if there is one.
pub(super) async fn send(
    origin: &Arc<Origin>,
    connector: &Connector,
    parts: Parts,
    body: Bytes,
    timer: &mut Timer,
    timeouts: &Timeouts,
) -> Result<Response<Body>, TransportError> {
    let mut request = Request::from_parts(origin_form(parts, origin), Full::new(body));
    if let Some(sender) = origin.http1.take() {
        match exchange(origin, sender, request, timer, timeouts).await {
            Err((_, Some(unsent))) => request = unsent,
            other => return other.map_err(|(error, _)| error),
        }
    }
    let sender = timer
        .within(timeouts.connect, TransportErrorKind::ConnectTimeout, async {
            let io = connector.connect(&origin.target, Protocol::Http1, timeouts.connect).await?;
            match io {
                Io::Plain(stream) => start(stream, origin.http1.buffer_bytes).await,
                Io::Tls(stream) => start(*stream, origin.http1.buffer_bytes).await,
            }
        })
        .await
        .map_err(TransportError::unsent)??;
    exchange(origin, sender, request, timer, timeouts).await.map_err(|(error, _)| error)
}

/// One request on one connection. The request comes back with the error if none of it was written.
async fn exchange(
    origin: &Arc<Origin>,
    mut sender: Sender,
    request: Request<Full<Bytes>>,
    timer: &mut Timer,
    timeouts: &Timeouts,
) -> Result<Response<Body>, (TransportError, Option<Request<Full<Bytes>>>)> {
    let answer = timer
        .within(timeouts.first_byte, TransportErrorKind::FirstByteTimeout, sender.try_send_request(request))
        .await
        .map_err(|kind| (TransportError::after_send(kind), None))?;
    match answer {
        Ok(response) => {
            let lease = Some(Lease { sender, origin: Arc::clone(origin) });
            Ok(response.map(|incoming| Body::http1(Http1Body { incoming, lease })))
        }
        Err(mut failed) => match failed.take_message() {
            Some(unsent) => {
                let error =
                    TransportError::unsent(TransportErrorKind::Closed).with_source(failed.into_error());
                Err((error, Some(unsent)))
            }
            None => Err((TransportError::from_hyper(failed.into_error()), None)),
        },
    }
}

/// Speaks HTTP/1.1 on `stream`, driven by a task of its own until either side closes.
async fn start<T>(stream: T, buffer_bytes: usize) -> Result<Sender, TransportError>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = Builder::new()
        .max_buf_size(buffer_bytes)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| TransportError::unsent(TransportErrorKind::Connect).with_source(error))?;
    TokioExecutor::new().execute(async move {
        // Whoever had a request on this connection has been told the error.
        let _told = connection.await;
    });
    Ok(sender)
}

/// The request line names the path only; the host goes into its header.
fn origin_form(mut parts: Parts, origin: &Origin) -> Parts {
    parts.headers.entry(HOST).or_insert_with(|| origin.host.clone());
    let path = parts.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    parts.uri = Uri::from(path);
    parts.version = Version::HTTP_11;
    parts
}

impl IdleConnections {
    pub(super) fn new(options: &TransportOptions) -> Self {
        Self {
            idle: Mutex::default(),
            max: options.max_idle_per_origin,
            timeout: options.idle_timeout,
            buffer_bytes: options.buffer_bytes(),
        }
    }

    /// The youngest connection that can take a request now.
    fn take(&self) -> Option<Sender> {
        let mut idle = lock(&self.idle);
        if idle.last().is_some_and(|youngest| youngest.since.elapsed() >= self.timeout) {
            idle.clear();
        }
        for at in (0..idle.len()).rev() {
            if idle[at].sender.is_closed() {
                idle.remove(at);
            } else if idle[at].sender.is_ready() {
                return Some(idle.remove(at).sender);
            }
            // else its task has not yet looked up from the last answer; it will be ready for the next caller
        }
        None
    }

    fn put(&self, sender: Sender) {
        if sender.is_closed() {
            return;
        }
        let mut idle = lock(&self.idle);
        if idle.len() < self.max {
            idle.push(Idle { sender, since: Instant::now() });
        }
    }

    pub(super) fn sweep(&self, now: Instant) {
        lock(&self.idle).retain(|idle| {
            !idle.sender.is_closed() && now.saturating_duration_since(idle.since) < self.timeout
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        lock(&self.idle).is_empty()
    }
}

impl Http1Body {
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let polled = Pin::new(&mut self.incoming).poll_frame(cx).map_err(TransportError::from_hyper);
        match &polled {
            Poll::Ready(None) => self.give_back(),
            Poll::Ready(Some(Err(_))) => self.lease = None,
            Poll::Ready(Some(Ok(_))) | Poll::Pending => {}
        }
        polled
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }

    fn give_back(&mut self) {
        if let Some(Lease { sender, origin }) = self.lease.take() {
            origin.http1.put(sender);
        }
    }
}

/// A reader often stops at the vendor's last event, one step before the body's end: if that end is here, the
/// connection is as good as new. Anything else still to come closes it.
impl Drop for Http1Body {
    fn drop(&mut self) {
        if self.lease.is_none() {
            return;
        }
        let mut cx = Context::from_waker(Waker::noop());
        if self.incoming.is_end_stream() || matches!(self.poll_frame(&mut cx), Poll::Ready(None)) {
            self.give_back();
        }
    }
}

#[cfg(test)]
mod tests;
