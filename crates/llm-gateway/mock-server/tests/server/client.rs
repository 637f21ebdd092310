//! Clients: hyper's for well-formed talk, a bare socket for what happens on the wire.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use llm_mock_server::{Handle, MockServer, Options, Outcome, Record};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

pub(crate) const CHAT: &str = "/v1/chat/completions";
pub(crate) const MESSAGES: &str = "/v1/messages";

/// Nothing here takes nearly as long; a test that hangs fails.
const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) async fn start() -> Handle {
    MockServer::start(Options { clock: || 1_767_225_600_123, ..Options::default() }).await.unwrap()
}

pub(crate) fn chat(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "Hi"}]})
}

pub(crate) fn streamed(model: &str) -> Value {
    let mut body = chat(model);
    body["stream"] = true.into();
    body
}

/// One connection; gone when dropped.
pub(crate) struct Client {
    sender: Sender,
    _connection: JoinSet<()>,
}

enum Sender {
    H1(http1::SendRequest<Full<Bytes>>),
    H2(http2::SendRequest<Full<Bytes>>),
}

impl Client {
    pub(crate) async fn h1(server: &Handle) -> Self {
        let stream = TcpStream::connect(server.addr()).await.unwrap();
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        Self::with(Sender::H1(sender), async move { drop(connection.await) })
    }

    pub(crate) async fn h2(server: &Handle) -> Self {
        let stream = TcpStream::connect(server.addr()).await.unwrap();
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        Self::with(Sender::H2(sender), async move { drop(connection.await) })
    }

    fn with(sender: Sender, connection: impl Future<Output = ()> + Send + 'static) -> Self {
        let mut tasks = JoinSet::new();
        tasks.spawn(connection);
        Self { sender, _connection: tasks }
    }

    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> Response<Incoming> {
        let response = async {
            match &mut self.sender {
                Sender::H1(sender) => sender.send_request(request).await,
                Sender::H2(sender) => sender.send_request(request).await,
            }
        };
        soon(response).await.unwrap()
    }

    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Response<Incoming> {
        self.send(request(Method::POST, path, body)).await
    }

    /// Status and body of a whole exchange.
    pub(crate) async fn call(&mut self, method: Method, path: &str, body: &Value) -> (StatusCode, String) {
        let response = self.send(request(method, path, body)).await;
        let status = response.status();
        (status, text(response).await)
    }

    pub(crate) async fn json(&mut self, method: Method, path: &str, body: &Value) -> Value {
        serde_json::from_str(&self.call(method, path, body).await.1).unwrap()
    }
}

pub(crate) fn request(method: Method, path: &str, body: &Value) -> Request<Full<Bytes>> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    Request::builder()
        .method(method)
        .uri(format!("http://mock.test{path}"))
        .header("host", "mock.test")
        .header("authorization", "Bearer sk-0123456789abcd")
        .body(Full::from(body))
        .unwrap()
}

pub(crate) async fn text(response: Response<Incoming>) -> String {
    let body = soon(response.into_body().collect()).await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

/// Sends a request over a bare socket, which stays open.
pub(crate) async fn raw(server: &Handle, body: &Value) -> TcpStream {
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    let body = body.to_string();
    let request =
        format!("POST {CHAT} HTTP/1.1\r\nhost: mock.test\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Everything up to the end of the connection.
pub(crate) async fn read_to_end(mut stream: TcpStream) -> String {
    let mut text = String::new();
    soon(stream.read_to_string(&mut text)).await.unwrap();
    text
}

/// Everything up to and with the so-manyth event.
pub(crate) async fn read_events(stream: &mut TcpStream, events: usize) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4_096];
    while text.matches("\n\n").count() < events {
        let length = soon(stream.read(&mut buffer)).await.unwrap();
        assert_ne!(length, 0, "the connection ended after {text}");
        text += std::str::from_utf8(&buffer[..length]).unwrap();
    }
    text
}

/// The only record, once it says how the exchange ended.
pub(crate) async fn ended(server: &Handle) -> Record {
    let ended = |records: &[Record]| records.iter().any(|record| record.outcome != Outcome::Open);
    let mut records = soon(server.records_when(ended)).await;
    assert_eq!(records.len(), 1);
    records.remove(0)
}

pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(DEADLINE, future).await.unwrap()
}
