//! HTTP/1.1: one connection per request in flight, kept between requests.

mod link;

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::HOST;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Request, Response, Uri, Version};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::runtime;
use tokio::time::{Instant, Sleep};

use self::link::{Link, current_runtime};
use super::connect::{Connector, Io};
use super::lock;
use super::origin::Origin;
use crate::body::Body;
use crate::error::{TransportError, TransportErrorKind};
use crate::options::{Protocol, Timeouts, TransportOptions};
use crate::timer::Timer;

/// The unused connections of one origin.
///
/// A connection is used again in the runtime that looks out for its socket, and in no other: from there each event would
/// have to wake another thread, and with its runtime it ends.
pub(super) struct IdleConnections {
    homes: Mutex<Vec<Home>>,
    max: usize,
    timeout: Duration,
    buffer_bytes: usize,
}

/// Those of one runtime, the youngest last.
struct Home {
    runtime: Option<runtime::Id>,
    idle: Vec<Idle>,
}

struct Idle {
    link: Link,
    since: Instant,
}

/// An answer's body together with the connection on which it arrives.
pub(crate) struct Http1Body {
    incoming: Incoming,
    /// What came along with the piece before and is no data: trailers, the end or an error.
    ahead: Option<Option<Piece>>,
    lease: Option<Lease>,
}

type Piece = Result<Frame<Bytes>, TransportError>;

/// The connection in use, and the right to put it back.
struct Lease {
    link: Link,
    origin: Arc<Origin>,
}

/// Sends one request, on a kept connection if there is one.
pub(super) fn send(
    origin: &Arc<Origin>,
    connector: &Connector,
    parts: Parts,
    body: Bytes,
    timer: &mut Timer,
    timeouts: &Timeouts,
) -> impl Future<Output = Result<Response<Body>, TransportError>> {
    // No async function: those hold what they were given beside what they made of it.
    let mut unsent = Some(Request::from_parts(origin_form(parts, origin), Full::new(body)));
    async move {
        while let Some(link) = origin.http1.take(timer.now()) {
            match exchange(origin, link, &mut unsent, timer, timeouts).await {
                Err(_) if unsent.is_some() => {}
                other => return other,
            }
        }
        // Boxed: connecting is rare, and a handshake's state would be moved with every request.
        let connecting = Box::pin(connect(origin, connector, timeouts.connect));
        let link = timer
            .within(timeouts.connect, TransportErrorKind::ConnectTimeout, connecting)
            .await
            .map_err(TransportError::unsent)??;
        exchange(origin, link, &mut unsent, timer, timeouts).await
    }
}

async fn connect(
    origin: &Origin,
    connector: &Connector,
    limit: Option<Duration>,
) -> Result<Link, TransportError> {
    match connector.connect(&origin.target, Protocol::Http1, limit).await? {
        Io::Plain(stream) => Link::start(stream, origin.http1.buffer_bytes).await,
        Io::Tls(stream) => Link::start(*stream, origin.http1.buffer_bytes).await,
    }
}

/// One request on one connection. It is put back if it failed before any of it was written.
async fn exchange(
    origin: &Arc<Origin>,
    mut link: Link,
    unsent: &mut Option<Request<Full<Bytes>>>,
    timer: &mut Timer,
    timeouts: &Timeouts,
) -> Result<Response<Body>, TransportError> {
    let Some(request) = unsent.take() else { return Err(TransportError::unsent(TransportErrorKind::Closed)) };
    timer.borrow_sleep(link.sleep.take());
    let mut answer = pin!(link.ask(request));
    let answer = poll_fn(|cx| link.drive(cx, |cx| answer.as_mut().poll(cx)));
    let answer = timer
        .within(timeouts.first_byte, TransportErrorKind::FirstByteTimeout, answer)
        .await
        .map_err(TransportError::after_send)?;
    match answer {
        Ok(response) => {
            let lease = Some(Lease { link, origin: Arc::clone(origin) });
            Ok(response.map(|incoming| Body::http1(Http1Body { incoming, ahead: None, lease })))
        }
        Err(mut failed) => {
            *unsent = failed.take_message();
            Err(match unsent {
                Some(_) => {
                    TransportError::unsent(TransportErrorKind::Closed).with_source(failed.into_error())
                }
                None => TransportError::from_hyper(failed.into_error()),
            })
        }
    }
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
            homes: Mutex::default(),
            max: options.max_idle_per_origin,
            timeout: options.idle_timeout,
            buffer_bytes: options.buffer_bytes(),
        }
    }

    /// The youngest connection of this runtime. Whether its peer has closed it meanwhile shows when it is asked.
    fn take(&self, now: Instant) -> Option<Link> {
        let here = current_runtime();
        let mut homes = lock(&self.homes);
        let Home { idle, .. } = homes.iter_mut().find(|home| home.runtime == here)?;
        if now.saturating_duration_since(idle.last()?.since) >= self.timeout {
            idle.clear();
        }
        idle.pop().map(|idle| idle.link)
    }

    fn put(&self, mut link: Link) {
        if !link.rest() {
            return;
        }
        let mut homes = lock(&self.homes);
        if homes.iter().map(|home| home.idle.len()).sum::<usize>() >= self.max {
            return;
        }
        let idle = Idle { since: Instant::now(), link };
        let runtime = idle.link.runtime;
        match homes.iter_mut().find(|home| home.runtime == runtime) {
            Some(home) => home.idle.push(idle),
            None => homes.push(Home { runtime, idle: vec![idle] }),
        }
    }

    /// Closes what has been idle for too long, and what its peer has closed.
    pub(super) fn sweep(&self, now: Instant) {
        let is_good = |idle: &mut Idle| {
            now.saturating_duration_since(idle.since) < self.timeout && idle.link.is_alive()
        };
        lock(&self.homes).retain_mut(|home| {
            home.idle.retain_mut(is_good);
            !home.idle.is_empty()
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        lock(&self.homes).iter().all(|home| home.idle.is_empty())
    }
}

impl Http1Body {
    /// The next piece. Small ones that have arrived together come together: each that is handed on costs a write.
    pub(crate) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Piece>> {
        if let Some(ahead) = self.ahead.take() {
            return Poll::Ready(ahead);
        }
        let piece = ready!(self.poll_piece(cx));
        let Some(Ok(frame)) = piece else { return Poll::Ready(piece) };
        let mut data = match frame.into_data() {
            Ok(data) if data.len() <= SMALL_PIECE => data,
            Ok(data) => return Poll::Ready(Some(Ok(Frame::data(data)))),
            Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
        };
        let mut gathered = BytesMut::new();
        while gathered.len() < GATHERED {
            let Poll::Ready(piece) = self.poll_piece(cx) else { break };
            match piece {
                Some(Ok(frame)) if frame.is_data() => {
                    if gathered.is_empty() {
                        gathered.reserve(GATHERED);
                        gathered.extend_from_slice(&data);
                    }
                    gathered.extend_from_slice(&frame.into_data().unwrap_or_default());
                }
                other => {
                    self.ahead = Some(other);
                    break;
                }
            }
        }
        if !gathered.is_empty() {
            data = gathered.freeze();
        }
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    /// One piece as the connection gives it.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Piece>> {
        let Some(Lease { link, .. }) = &mut self.lease else { return Poll::Ready(None) };
        let incoming = &mut self.incoming;
        let polled = link.drive(cx, |cx| Pin::new(&mut *incoming).poll_frame(cx));
        polled.map_err(TransportError::from_hyper)
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        match &self.ahead {
            Some(ahead) => ahead.is_none(),
            None => self.incoming.is_end_stream(),
        }
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }

    /// The body was read to its end: the connection is free. The timer's sleep waits with it for the next request.
    pub(crate) fn give_back(&mut self, sleep: Option<Pin<Box<Sleep>>>) {
        if let Some(Lease { mut link, origin }) = self.lease.take() {
            link.sleep = sleep;
            origin.http1.put(link);
        }
    }
}

/// Pieces up to this many bytes are joined.
const SMALL_PIECE: usize = 4 << 10;
/// Joined pieces are handed on from this many bytes on.
const GATHERED: usize = 8 << 10;

/// A reader often stops at the vendor's last event, one step before the body's end: if that end is here, the
/// connection is as good as new. Anything else still to come closes it.
impl Drop for Http1Body {
    fn drop(&mut self) {
        if self.lease.is_none() || std::thread::panicking() {
            return;
        }
        let mut cx = Context::from_waker(Waker::noop());
        if self.is_end_stream() || matches!(self.poll_frame(&mut cx), Poll::Ready(None)) {
            self.give_back(None);
        }
    }
}

#[cfg(test)]
mod tests;
