//! Servers that do exactly what a test tells them.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, combinators::BoxBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use llm_transport::{
    Body, CallOptions, HttpService, HyperService, Protocol, Timeouts, TransportError, TransportOptions,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Longer than anything here should take; a test that gets here has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A server that counts its connections.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Hands every connection to `handler`.
pub(crate) async fn serve<F, R>(handler: F) -> Server
where
    F: Fn(TcpStream) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server { address: listener.local_addr().unwrap(), connections: Arc::default() };
    let connections = Arc::clone(&server.connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::SeqCst);
            stream.set_nodelay(true).unwrap();
            tokio::spawn(handler(stream));
        }
    });
    server
}

pub(crate) type Answer = Response<BoxBody<Bytes, Infallible>>;

pub(crate) fn answer(body: impl Into<Bytes>) -> Answer {
    Response::new(Full::new(body.into()).boxed())
}

/// An HTTP/1.1 server.
pub(crate) async fn serve_http1<F, R>(handler: F) -> Server
where
    F: Fn(Request<Incoming>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Answer> + Send + 'static,
{
    serve(move |stream| {
        let handler = handler.clone();
        async move {
            let service = service_fn(move |request| {
                let answer = handler(request);
                async move { Ok::<_, Infallible>(answer.await) }
            });
            let _ended = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        }
    })
    .await
}

/// An HTTP/2 server that allows `streams` at once on each connection.
pub(crate) async fn serve_http2<F, R>(streams: u32, handler: F) -> Server
where
    F: Fn(Request<Incoming>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Answer> + Send + 'static,
{
    serve(move |stream| {
        let handler = handler.clone();
        async move {
            let service = service_fn(move |request| {
                let answer = handler(request);
                async move { Ok::<_, Infallible>(answer.await) }
            });
            let _ended = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .max_concurrent_streams(streams)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        }
    })
    .await
}

/// Reads one HTTP/1.1 request from `stream`: its head, and a body with a length. `None` if the peer went away.
pub(crate) async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut read = Vec::new();
    loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse::<usize>().unwrap());
            if read.len() >= end + 4 + length {
                return Some(String::from_utf8(read).unwrap());
            }
        }
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    }
}

/// Answers one request with `text`, byte for byte.
pub(crate) async fn reply(stream: &mut TcpStream, text: &str) {
    let _gone = stream.write_all(text.as_bytes()).await;
}

/// Resolves when the peer has closed its side.
pub(crate) async fn closed(stream: &mut TcpStream) {
    let mut sink = [0; 1024];
    while !matches!(stream.read(&mut sink).await, Ok(0) | Err(_)) {}
}

pub(crate) fn service() -> HyperService {
    HyperService::new(TransportOptions::default()).unwrap()
}

pub(crate) fn post(url: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    Request::post(url).body(body.into()).unwrap()
}

pub(crate) const HTTP1: CallOptions = CallOptions { timeouts: Timeouts::NONE, protocol: Protocol::Http1 };
pub(crate) const HTTP2: CallOptions = CallOptions { timeouts: Timeouts::NONE, protocol: Protocol::Http2 };

/// Sends and reads everything, within [`PATIENCE`].
pub(crate) async fn ask(
    service: &dyn HttpService,
    request: Request<Bytes>,
    options: CallOptions,
) -> Result<Bytes, TransportError> {
    within(async { service.call(request, options).await?.into_body().collect(64 << 20).await }).await
}

/// The future's output, or a failed test.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.expect("took too long")
}

/// Reads the whole body piece by piece: the bytes before its end, and its error.
pub(crate) async fn drain(mut body: Body) -> (Vec<u8>, Option<TransportError>) {
    let mut read = Vec::new();
    while let Some(piece) = within(body.next()).await {
        match piece {
            Ok(piece) => read.extend_from_slice(&piece),
            Err(error) => return (read, Some(error)),
        }
    }
    (read, None)
}

pub(crate) fn source_text(error: &TransportError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
