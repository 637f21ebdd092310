//! The HTTP/2 connections of one origin, and the streams taken on each.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, Connection, SendRequest};
use hyper::rt::Executor as _;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::Instant;

use super::super::connect::{Connector, Io};
use super::super::keep_alive::KeepAlive;
use super::super::lock;
use super::super::origin::Target;
use crate::error::{TransportError, TransportErrorKind};
use crate::options::{Http2Options, Protocol, TransportOptions};

/// An opening connection is given up after this time where the caller set no limit of its own.
const OPENING_LIMIT: Duration = Duration::from_secs(60);

/// Frames of a few bytes cost h2 more memory than they carry, so it bounds that overhead and closes the connection
/// past it. An event stream is made of such frames: the bound is this many times the connection's window, enough for
/// stalled readers of events of 30 bytes on every stream.
pub(crate) const SMALL_FRAME_FACTOR: u32 = 8;

/// The connections of one origin, in the order of their opening.
pub(in super::super) struct Links {
    links: Mutex<Vec<Arc<Link>>>,
    /// Streams to expect of a new connection: what the last one allowed.
    expected: Arc<AtomicUsize>,
    options: Http2Options,
    idle_timeout: Duration,
    buffer_bytes: usize,
}

/// One connection, from the moment it was asked for.
pub(super) struct Link {
    phase: watch::Sender<Phase>,
    /// Streams allowed at once; 0 when the link takes no more.
    limit: AtomicUsize,
    /// Streams taken.
    held: AtomicUsize,
    /// When a stream was last given back.
    released: Mutex<Instant>,
}

enum Phase {
    Opening,
    Open(SendRequest<Bytes>),
    Closed(TransportError),
}

/// A stream on a link, given back when dropped.
pub(super) struct Ticket {
    link: Arc<Link>,
    /// How many were taken before this one. A link whose limit turns out to be lower is not for this ticket.
    place: usize,
}

impl Links {
    pub(in super::super) fn new(options: &TransportOptions) -> Self {
        let mut http2 = options.http2;
        http2.max_streams = http2.max_streams.max(1);
        Self {
            links: Mutex::default(),
            expected: Arc::new(AtomicUsize::new(http2.max_streams)),
            options: http2,
            idle_timeout: options.idle_timeout,
            buffer_bytes: options.buffer_bytes(),
        }
    }

    /// A stream on an open connection.
    pub(super) async fn acquire(
        &self,
        target: &Target,
        connector: &Arc<Connector>,
        limit: Option<Duration>,
    ) -> Result<(Ticket, SendRequest<Bytes>), TransportError> {
        loop {
            let ticket = self.reserve(target, connector, limit);
            let was_open = ticket.link.is_open();
            let Some(mut sender) = ticket.opened().await? else { continue };
            match std::future::poll_fn(|cx| sender.poll_ready(cx)).await {
                Ok(()) => return Ok((ticket, sender)),
                Err(error) => {
                    let error = TransportError::unsent(TransportErrorKind::Closed).with_source(error);
                    ticket.link.retire(error.clone());
                    if !was_open {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Takes a stream on the oldest link that has one, so that younger links may run empty and close. Opens a link if
    /// there is none, or in advance if nearly none is left.
    fn reserve(&self, target: &Target, connector: &Arc<Connector>, limit: Option<Duration>) -> Ticket {
        let mut links = lock(&self.links);
        links.retain(|link| link.limit() > 0);
        let free: usize = links.iter().map(|link| link.free()).sum();
        let chosen = links.iter().find(|link| link.free() > 0).map(Arc::clone);
        let scarce = self.expected.load(Ordering::Relaxed) / 10;
        if chosen.is_none() || (free <= scarce && links.iter().all(|link| link.is_open())) {
            let link = Link::new(self.expected.load(Ordering::Relaxed));
            self.open(&link, target.clone(), Arc::clone(connector), limit);
            links.push(Arc::clone(&link));
            return Ticket::take(chosen.unwrap_or(link));
        }
        Ticket::take(chosen.unwrap_or_else(|| Arc::clone(&links[0])))
    }

    /// Connects in a task of its own: many requests wait for it, and none may take it down with itself.
    fn open(&self, link: &Arc<Link>, target: Target, connector: Arc<Connector>, limit: Option<Duration>) {
        let driver = Driver {
            link: Arc::downgrade(link),
            expected: Arc::clone(&self.expected),
            options: self.options,
            buffer_bytes: self.buffer_bytes,
        };
        TokioExecutor::new().execute(async move {
            let limit = limit.unwrap_or(OPENING_LIMIT);
            let ended =
                match tokio::time::timeout(limit, connector.connect(&target, Protocol::Http2, Some(limit)))
                    .await
                {
                    Ok(Ok(Io::Plain(stream))) => driver.run(stream, limit).await,
                    Ok(Ok(Io::Tls(stream))) => driver.run(*stream, limit).await,
                    Ok(Err(error)) => error,
                    Err(_elapsed) => TransportError::unsent(TransportErrorKind::ConnectTimeout),
                };
            if let Some(link) = driver.link.upgrade() {
                link.retire(ended);
            }
        });
    }

    pub(in super::super) fn sweep(&self, now: Instant) {
        lock(&self.links).retain(|link| {
            // Streams are taken under the lock held here, so an unused link stays unused.
            let unused = link.is_open() && link.held.load(Ordering::Acquire) == 0;
            if unused && now.saturating_duration_since(*lock(&link.released)) >= self.idle_timeout {
                link.retire(TransportError::unsent(TransportErrorKind::Closed));
            }
            link.limit() > 0
        });
    }

    pub(in super::super) fn is_empty(&self) -> bool {
        lock(&self.links).is_empty()
    }
}

impl Link {
    fn new(expected: usize) -> Arc<Self> {
        Arc::new(Self {
            phase: watch::Sender::new(Phase::Opening),
            limit: AtomicUsize::new(expected),
            held: AtomicUsize::new(0),
            released: Mutex::new(Instant::now()),
        })
    }

    fn limit(&self) -> usize {
        self.limit.load(Ordering::Acquire)
    }

    fn free(&self) -> usize {
        self.limit().saturating_sub(self.held.load(Ordering::Acquire))
    }

    fn is_open(&self) -> bool {
        matches!(*self.phase.borrow(), Phase::Open(_))
    }

    /// Takes no more requests. Those in flight go on; the connection closes after the last.
    fn retire(&self, error: TransportError) {
        self.limit.store(0, Ordering::Release);
        self.phase.send_replace(Phase::Closed(error));
    }
}

impl Ticket {
    fn take(link: Arc<Link>) -> Self {
        let place = link.held.fetch_add(1, Ordering::AcqRel);
        Self { link, place }
    }

    /// Waits for the link. `None` if it allows fewer streams than this ticket hoped for.
    async fn opened(&self) -> Result<Option<SendRequest<Bytes>>, TransportError> {
        let mut phases = self.link.phase.subscribe();
        let Ok(phase) = phases.wait_for(|phase| !matches!(phase, Phase::Opening)).await else {
            return Ok(None); // the sender lives in the link that this ticket holds
        };
        match &*phase {
            Phase::Closed(error) => Err(error.clone()),
            Phase::Open(sender) if self.place < self.link.limit() => Ok(Some(sender.clone())),
            Phase::Open(_) | Phase::Opening => Ok(None),
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        *lock(&self.link.released) = Instant::now();
        self.link.held.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Moves the bytes of one connection. Holds its link weakly, so that a link which nobody needs closes.
struct Driver {
    link: Weak<Link>,
    expected: Arc<AtomicUsize>,
    options: Http2Options,
    buffer_bytes: usize,
}

impl Driver {
    /// Drives the connection to its end and says why it ended.
    async fn run<T>(&self, stream: T, limit: Duration) -> TransportError
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let opened = tokio::time::timeout(limit, self.handshake(stream)).await;
        let (sender, mut connection) = match opened {
            Ok(Ok(opened)) => opened,
            Ok(Err(error)) => return error,
            Err(_elapsed) => return TransportError::unsent(TransportErrorKind::ConnectTimeout),
        };
        let mut keep_alive = self.options.ping_interval.and_then(|interval| {
            let pings = connection.ping_pong()?;
            Some(KeepAlive::new(pings, interval, self.options.ping_timeout))
        });
        let mut allowed = self.allow(connection.max_concurrent_send_streams());
        if let Some(link) = self.link.upgrade() {
            link.limit.store(allowed, Ordering::Release);
            link.phase.send_replace(Phase::Open(sender));
        } else {
            drop(sender);
        }

        std::future::poll_fn(|cx| {
            if let Poll::Ready(ended) = Pin::new(&mut connection).poll(cx) {
                let error = TransportError::unsent(TransportErrorKind::Closed);
                return Poll::Ready(match ended {
                    Ok(()) => error,
                    Err(cause) => error.with_source(cause),
                });
            }
            let Some(link) = self.link.upgrade() else { return Poll::Pending };
            let now_allowed = self.allow(connection.max_concurrent_send_streams());
            if now_allowed != allowed && link.is_open() {
                allowed = now_allowed;
                link.limit.store(allowed, Ordering::Release);
            }
            match &mut keep_alive {
                Some(keep_alive) => {
                    keep_alive.poll_dead(cx, link.held.load(Ordering::Acquire) > 0).map(|()| {
                        TransportError::unsent(TransportErrorKind::Closed)
                            .with_source("a ping was not answered")
                    })
                }
                None => Poll::Pending,
            }
        })
        .await
    }

    /// Greets the peer and waits for its settings: until they are here no stream is opened, so that none can be one
    /// too many.
    async fn handshake<T>(
        &self,
        stream: T,
    ) -> Result<(SendRequest<Bytes>, Connection<T, Bytes>), TransportError>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let failed = |error: h2::Error| {
            let kind = TransportError::from_h2(error);
            TransportError::unsent(kind.kind()).with_source(kind)
        };
        // One stream's window is what a stalled reader can pile up; the connection's window holds all of them, so
        // that stalled readers never stop the others.
        let window = u32::try_from(self.buffer_bytes).unwrap_or(u32::MAX);
        let streams = u32::try_from(self.options.max_streams).unwrap_or(u32::MAX);
        let whole_window = window.saturating_mul(streams).min(i32::MAX as u32);
        let (sender, mut connection) = Builder::new()
            .enable_push(false)
            .initial_max_send_streams(0)
            .initial_window_size(window)
            .initial_connection_window_size(whole_window.max(65_535))
            .data_frame_budget((whole_window as usize).saturating_mul(SMALL_FRAME_FACTOR as usize))
            .handshake::<T, Bytes>(stream)
            .await
            .map_err(failed)?;
        std::future::poll_fn(|cx| match Pin::new(&mut connection).poll(cx) {
            Poll::Ready(Ok(())) => Poll::Ready(Err(TransportError::unsent(TransportErrorKind::Closed))),
            Poll::Ready(Err(error)) => Poll::Ready(Err(failed(error))),
            Poll::Pending if connection.max_concurrent_send_streams() > 0 => Poll::Ready(Ok(())),
            Poll::Pending => Poll::Pending,
        })
        .await?;
        Ok((sender, connection))
    }

    /// The peer's limit within ours. A peer that lowers it to none wants this connection to run out.
    fn allow(&self, peer: usize) -> usize {
        let allowed = peer.min(self.options.max_streams);
        if allowed > 0 {
            self.expected.store(allowed, Ordering::Relaxed);
        }
        allowed
    }
}
