//! Accepts connections, within bounds, until told to stop; then drains.

use std::future::{pending, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderValue, Request, Response, Version, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulConnection;
use llm_types::{ApiError, ErrorKind, Layer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::lanes::Lanes;
use super::patience::HeadTimer;
use super::proxies::TrustedProxies;
use super::reply::ReplyBody;
use super::tls::{Tls, TlsFiles};
use super::unread::{Lingering, Watched};
use crate::app::App;
use crate::error::overloaded;
use crate::http::front::{self, Client, simple_error};
use crate::routes;

/// Connections beyond the bound that are still answered, with 503 or to say that the process lives.
const OVERFLOW: usize = 64;

/// Bytes that the system takes for a client before it has sent them on: as many as are held for it here. What is on its
/// way is not counted. Without a bound the system takes megabytes for each client that does not read, and all of that is
/// asked of the vendor.
///
/// Source: Linux manual, tcp(7), and kernel documentation, ip-sysctl, `tcp_notsent_lowat`; read 2026-11.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 32 << 10;

/// How a listener behaves.
#[derive(Debug, Clone)]
pub struct EdgeOptions {
    /// Time to send a request's head.
    pub header_read_timeout: Duration,
    /// Connections at once.
    pub max_connections: usize,
    /// Bytes of a request's head, and of what is held for a client that reads slowly.
    pub buffer_bytes: usize,
    /// Time that requests under way have after the signal to stop.
    pub drain_timeout: Duration,
    /// Peers that are believed about whom they speak for.
    pub trusted_proxies: TrustedProxies,
    /// Certificate and key; without them the listener speaks plain HTTP.
    pub tls: Option<TlsFiles>,
}

impl EdgeOptions {
    /// The usual bound of a head and of what is held for a slow reader: 32 KiB.
    pub const BUFFER_BYTES: usize = 32 << 10;
}

/// A bound socket.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    options: EdgeOptions,
    tls: Option<Arc<Tls>>,
}

impl Listener {
    /// Binds an address.
    ///
    /// # Errors
    /// In words: the address is taken or not ours, or the certificate cannot be read.
    pub async fn bind(address: SocketAddr, options: EdgeOptions) -> Result<Self, String> {
        let tls = options.tls.clone().map(Tls::load).transpose()?.map(Arc::new);
        let socket = TcpListener::bind(address)
            .await
            .map_err(|error| format!("cannot listen on {address}: {error}"))?;
        Ok(Self { socket, options, tls })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// If the socket does not know.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Whether it speaks TLS.
    pub const fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Reads the certificate again when called; `None` if there is none.
    pub fn certificate_reloader(&self) -> Option<impl Fn() -> Result<(), String> + Send + Sync + 'static> {
        let tls = self.tls.clone()?;
        Some(move || tls.reload())
    }
}

/// Serves until `stop`, then lets what is under way finish within the time to drain. Connections are accepted here and
/// served by `lanes`.
pub async fn serve(
    app: Arc<App>,
    router: Router,
    listener: Listener,
    lanes: &Lanes,
    stop: CancellationToken,
) {
    let Listener { socket, options, tls } = listener;
    let options = Arc::new(options);
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .header_read_timeout(options.header_read_timeout)
        .max_buf_size(options.buffer_bytes.max(8192));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(options.buffer_bytes).unwrap_or(u32::MAX))
        .max_send_buf_size(options.buffer_bytes)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    let mut http1 = http1::Builder::new();
    http1.header_read_timeout(options.header_read_timeout).max_buf_size(options.buffer_bytes.max(8192));
    let builders = Arc::new(Builders { http1, any: builder });
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, or a connection that was gone at once: neither ends the gateway.
                tracing::warn!(error = %error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        let full = connections.len() >= options.max_connections;
        if connections.len() >= options.max_connections + OVERFLOW {
            app.metrics.refused_connections.inc();
            drop(stream);
            continue;
        }
        let connection = Connection {
            service: Service {
                app: app.clone(),
                router: router.clone(),
                options: options.clone(),
                peer,
                full,
                is_unread: Arc::default(),
            },
            builders: builders.clone(),
            stop: stop.clone(),
            cut: cut.clone(),
        };
        // The runtime that looks out for a socket is that of the thread which serves it.
        match stream.into_std() {
            Ok(stream) => connection.begin(stream, tls.clone(), lanes, &connections),
            Err(error) => tracing::debug!(error = %error, %peer, "a connection was gone at once"),
        }
    }
    drop(socket);
    app.stop();
    connections.close();
    tracing::info!(connections = connections.len(), "draining");
    let drained = async {
        connections.wait().await;
        // They had as long as the requests that they are copies of.
        app.give_up_copies();
        app.finished().await;
    };
    if tokio::time::timeout(options.drain_timeout, drained).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "the time to drain is over; cutting off what is left"
        );
        app.abort();
        cut.cancel();
        connections.wait().await;
    }
}

/// How connections are served.
struct Builders {
    http1: http1::Builder,
    /// Whichever version the first bytes tell.
    any: Builder<TokioExecutor>,
}

struct Connection {
    service: Service,
    builders: Arc<Builders>,
    stop: CancellationToken,
    cut: CancellationToken,
}

/// What answers the requests of one connection.
struct Service {
    app: Arc<App>,
    router: Router,
    options: Arc<EdgeOptions>,
    peer: SocketAddr,
    /// Whether this connection is beyond the bound.
    full: bool,
    /// Whether a request was answered without having been read.
    is_unread: Arc<AtomicBool>,
}

impl Connection {
    /// Serves in a task of its own, of one of the lanes.
    ///
    /// Here and in no async function, whose insides are compiled where they are polled: the way of a request is made for
    /// speed, as this crate is, and what starts and stops the gateway for size, as the program is.
    #[inline(never)]
    fn begin(
        self,
        stream: std::net::TcpStream,
        tls: Option<Arc<Tls>>,
        lanes: &Lanes,
        connections: &TaskTracker,
    ) {
        lanes.serve(connections.track_future(self.accept(stream, tls)));
    }

    async fn accept(self, stream: std::net::TcpStream, tls: Option<Arc<Tls>>) {
        bound_unsent(&stream);
        let stream = match stream.set_nodelay(true).and_then(|()| TcpStream::from_std(stream)) {
            Ok(stream) => stream,
            Err(error) => {
                tracing::debug!(error = %error, "a connection was gone at once");
                return;
            }
        };
        let patience = self.service.options.header_read_timeout;
        let peer = self.service.peer;
        let Some(tls) = tls else {
            return match self.first_bytes(&stream, patience).await {
                Some(true) => self.serve_http1(stream).await,
                Some(false) => Box::pin(self.serve_any(stream)).await,
                None => {}
            };
        };
        match tokio::time::timeout(patience, tls.acceptor().accept(stream)).await {
            Ok(Ok(stream)) => self.serve_any(stream).await,
            Ok(Err(error)) => tracing::debug!(error = %error, %peer, "no TLS handshake"),
            Err(_) => tracing::debug!(%peer, "the TLS handshake took too long"),
        }
    }

    /// Whether the first bytes are those of HTTP/1; `None` if none come.
    async fn first_bytes(&self, stream: &TcpStream, patience: Duration) -> Option<bool> {
        let mut begin = [0; HTTP2.len()];
        tokio::select! {
            biased;
            peeked = stream.peek(&mut begin) => Some(!HTTP2.starts_with(&begin[..peeked.ok()?])),
            () = tokio::time::sleep(patience) => {
                tracing::debug!(peer = %self.service.peer, "a connection asked for nothing in time");
                None
            }
            () = self.stop.cancelled() => None,
        }
    }

    /// The version of nearly all connections. What tells the versions apart by itself stands in the way of every byte.
    async fn serve_http1<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S) {
        let Self { service, builders, stop, cut } = self;
        let mut builder = builders.http1.clone();
        builder.timer(HeadTimer::default());
        let peer = service.peer;
        let stream = Lingering::new(stream, service.is_unread.clone());
        let service = Arc::new(service);
        let answer = service_fn(move |request: Request<Incoming>| {
            let service = service.clone();
            async move { service.answer(request).await }
        });
        let connection = pin!(builder.serve_connection(TokioIo::new(stream), answer));
        // hyper counts the time for the first head by itself, as its first bytes are there.
        attend(connection, pin!(pending()), &stop, &cut, peer).await;
    }

    async fn serve_any<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S) {
        let Self { service, builders, stop, cut } = self;
        let mut builder = builders.any.clone();
        builder.http1().timer(HeadTimer::default());
        let (patience, peer) = (service.options.header_read_timeout, service.peer);
        let stream = Lingering::new(stream, service.is_unread.clone());
        let has_asked = Arc::new(AtomicBool::new(false));
        let asked = has_asked.clone();
        let service = Arc::new(service);
        let answer = service_fn(move |request: Request<Incoming>| {
            asked.store(true, Ordering::Relaxed);
            let service = service.clone();
            async move { service.answer(request).await }
        });
        let connection = pin!(builder.serve_connection(TokioIo::new(stream), answer));
        attend(connection, pin!(silence(&has_asked, patience)), &stop, &cut, peer).await;
    }
}

/// Lets a client that does not read be felt soon, where the system knows how.
fn bound_unsent(stream: &std::net::TcpStream) {
    #[cfg(target_os = "linux")]
    if let Err(error) = socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES) {
        tracing::debug!(%error, "what waits unsent has no bound");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = stream;
}

/// How a connection of HTTP/2 begins, as far as no method of HTTP/1 does.
const HTTP2: &[u8; 3] = b"PRI";

/// Looks after a connection until it ends, falls silent, or the gateway stops.
async fn attend<C>(
    mut connection: Pin<&mut C>,
    silence: Pin<&mut impl Future<Output = ()>>,
    stop: &CancellationToken,
    cut: &CancellationToken,
    peer: SocketAddr,
) where
    C: GracefulConnection<Error: std::fmt::Display>,
{
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = silence => {
            tracing::debug!(%peer, "a connection asked for nothing in time");
            return;
        }
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection.as_mut() => ended,
                () = cut.cancelled() => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error = %error, %peer, "a connection ended early");
    }
}

/// Ends when a connection's first request has not come in time. hyper counts from the first byte that tells the version
/// of HTTP, so that nobody else looks after connections that never send one.
async fn silence(has_asked: &AtomicBool, patience: Duration) {
    let mut sleep = pin!(tokio::time::sleep(patience));
    // Polled with each wake-up of the connection: once it has asked, there is nothing to look at any more.
    poll_fn(|cx| if has_asked.load(Ordering::Relaxed) { Poll::Pending } else { sleep.as_mut().poll(cx) })
        .await;
}

/// Whether a request has the `Host` that it must have: of two, whoever stands in front may go by the other.
///
/// Source: RFC 9112, 3.2.
fn names_its_host<B>(request: &Request<B>) -> bool {
    match request.headers().get_all(header::HOST).iter().count() {
        0 => request.version() != Version::HTTP_11,
        hosts => hosts == 1,
    }
}

impl Service {
    /// One request of the connection.
    async fn answer(
        &self,
        mut request: Request<Incoming>,
    ) -> Result<Response<ReplyBody>, std::convert::Infallible> {
        let path = request.uri().path();
        if self.full && !path.starts_with("/health/") {
            self.app.metrics.refused_connections.inc();
            let error = overloaded("too many connections");
            let mut response =
                simple_error(&self.app, path, request.headers(), &error).map(ReplyBody::Answer);
            self.close(&mut response);
            return Ok(response);
        }
        if !names_its_host(&request) {
            let message = "a request of HTTP/1.1 names its host in one `host` header";
            let error = ApiError::new(ErrorKind::InvalidRequest, Layer::Client, message);
            let mut response =
                simple_error(&self.app, path, request.headers(), &error).map(ReplyBody::Answer);
            self.close(&mut response);
            return Ok(response);
        }
        let mut usual = routes::usual(request.method(), path);
        if usual.is_none()
            && let Some(uri) = routes::without_slash(request.uri())
        {
            *request.uri_mut() = uri;
            usual = routes::usual(request.method(), request.uri().path());
        }
        let address = self.options.trusted_proxies.client(self.peer.ip(), request.headers());
        let client = Client { address: Some(address) };
        if usual.is_none() {
            // Only the router has no other way to hand it on.
            request.extensions_mut().insert(client);
        }
        let is_http1 = request.version() < Version::HTTP_2;
        let (parts, body) = request.into_parts();
        let (body, end) = Watched::new(body);
        let mut response = match usual {
            Some(route) => front::serve(self.app.clone(), route, client, Request::from_parts(parts, body))
                .await
                .map(ReplyBody::Answer),
            // Boxed: what is rare shall not make the way of most requests larger.
            None => Box::pin(self.router.clone().oneshot(Request::from_parts(parts, Body::new(body))))
                .await?
                .map(ReplyBody::Other),
        };
        if is_http1 && !end.was_reached() {
            self.close(&mut response);
        }
        Ok(response)
    }

    /// Ends the connection with this answer, whose request was not read.
    fn close(&self, response: &mut Response<ReplyBody>) {
        self.is_unread.store(true, Ordering::Relaxed);
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
}
